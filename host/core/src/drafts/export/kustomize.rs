//! A Kustomize base with a file for each object, and a kustomization on top of
//! it in which images are changed.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    files::{Files, yaml},
    objects::Source,
    placeholders::Placeholders,
    plain::header,
};
use crate::Result;

const FILE: &str = "kustomization.yaml";

pub(super) fn files(source: &Source) -> Result<Files> {
    let mut files = Files::default();
    let mut placeholders = Placeholders::default();
    let mut resources = Vec::new();
    for (key, body) in source.namespaces() {
        resources.push(files.add_object("base/", &key, yaml(&body)?));
    }
    let mut images = BTreeMap::new();
    for object in source.objects() {
        let body = placeholders.put(object);
        collect_images(&body, &mut images);
        resources.push(files.add_object("base/", &object.key, yaml(&body)?));
    }
    let base = kustomization(json!({ "resources": resources }));
    files.add(format!("base/{FILE}"), header(source, &placeholders) + &yaml(&base)?);
    let mut top = json!({ "resources": ["base"] });
    let images: Vec<Value> = images.into_iter().filter_map(image).collect();
    if let Some(fields) = top.as_object_mut().filter(|_| !images.is_empty()) {
        fields.insert("images".into(), images.into());
    }
    files.add(FILE, yaml(&kustomization(top))?);
    Ok(files)
}

fn kustomization(fields: Value) -> Value {
    let mut whole = json!({
        "apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization",
    });
    if let (Some(whole), Value::Object(fields)) = (whole.as_object_mut(), fields) {
        whole.extend(fields);
    }
    whole
}

/// What containers run: for each repository the rest of the reference, `None`
/// where there are several, of which a kustomization could not keep one apart.
type Images = BTreeMap<String, Option<Reference>>;

#[derive(Clone, PartialEq)]
enum Reference {
    Tag(String),
    Digest(String),
}

fn collect_images(value: &Value, images: &mut Images) {
    match value {
        Value::Object(fields) => {
            for key in ["containers", "initContainers"] {
                let list = fields.get(key).and_then(Value::as_array).into_iter().flatten();
                let named = list.filter_map(|it| it.get("image")?.as_str());
                named.filter_map(split).for_each(|(name, reference)| {
                    let kept = images.entry(name).or_insert_with(|| Some(reference.clone()));
                    if kept.as_ref().is_some_and(|it| *it != reference) {
                        *kept = None;
                    }
                });
            }
            fields.values().for_each(|it| collect_images(it, images));
        }
        Value::Array(items) => items.iter().for_each(|it| collect_images(it, images)),
        _ => {}
    }
}

/// A repository, and which of its images is meant.
fn split(image: &str) -> Option<(String, Reference)> {
    if let Some((name, digest)) = image.split_once('@') {
        // A tag beside a digest says nothing.
        let name =
            name.rsplit_once(':').filter(|(_, it)| !it.contains('/')).map_or(name, |it| it.0);
        return Some((name.to_owned(), Reference::Digest(digest.to_owned())));
    }
    let (name, tag) = image.rsplit_once(':').filter(|(_, tag)| !tag.contains('/'))?;
    Some((name.to_owned(), Reference::Tag(tag.to_owned())))
}

fn image((name, reference): (String, Option<Reference>)) -> Option<Value> {
    Some(match reference? {
        Reference::Tag(tag) => json!({ "name": name, "newTag": tag }),
        Reference::Digest(digest) => json!({ "name": name, "digest": digest }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_that_can_be_told_apart_are_listed() {
        let pod = json!({"spec": {
            "initContainers": [{"image": "busybox:1"}, {"image": "bare"}],
            "containers": [
                {"image": "r.example:5000/a/b:2"}, {"image": "busybox:2"},
                {"image": "c:1@sha256:00"}, {"image": "r.example:5000/d"},
            ],
        }});
        let mut images = Images::new();
        collect_images(&pod, &mut images);
        let listed: Vec<Value> = images.into_iter().filter_map(image).collect();
        let expected = json!([
            {"name": "c", "digest": "sha256:00"}, {"name": "r.example:5000/a/b", "newTag": "2"},
        ]);
        assert_eq!(Value::from(listed), expected);
    }
}
