//! Name, namespace, labels and annotations: what every object has.

use std::borrow::Cow;

use crate::rules::{self, Rule};
use crate::{Context, Node, Object, Report, quoted};

/// The label by which Services and policies find an application's pods.
pub const APP_LABEL: &str = "app";

/// Total size of an object's annotations, in bytes.
///
/// Source: `apimachinery/pkg/api/validation.TotalAnnotationSizeLimitB`.
const ANNOTATION_BYTES: usize = 256 * 1024;

/// What a node's data says about the metadata of its objects.
#[derive(Debug, Clone)]
pub struct Metadata<'a> {
    /// The main object's name.
    pub name: Cow<'a, str>,
    /// The objects' namespace.
    pub namespace: Cow<'a, str>,
    user_labels: Vec<(&'a str, Cow<'a, str>)>,
    annotations: Vec<(&'a str, Cow<'a, str>)>,
    identity: &'a [(String, String)],
}

impl<'a> Metadata<'a> {
    /// Reads `name` (by `rule`; the node's id when absent), `namespace`,
    /// `labels` and `annotations`. Faults go to `report`.
    pub fn read(
        node: &'a Node<'_>,
        context: &'a Context<'_>,
        rule: Rule,
        report: &mut Report,
    ) -> Self {
        let fields = node.fields();
        let name = match fields.text_by("name", rule) {
            Ok(Some(name)) => name,
            Ok(None) => fallback_name(node, rule, report),
            Err(invalid) => {
                report.optional::<()>(Err(invalid));
                node.name()
            }
        };
        let namespace = report.optional(fields.text_by("namespace", rules::dns_label));
        let default = if context.namespace.is_empty() { "default" } else { context.namespace };
        let metadata = Self {
            name,
            namespace: namespace.unwrap_or(Cow::Borrowed(default)),
            user_labels: fields.map_by("labels", rules::label_key, rules::label_value, report),
            annotations: fields.map_by(
                "annotations",
                rules::annotation_key,
                rules::anything,
                report,
            ),
            identity: context.identity_labels,
        };
        metadata.check(report);
        metadata
    }

    fn check(&self, report: &mut Report) {
        let app = self.user_labels.iter().find(|(key, _)| *key == APP_LABEL);
        if let Some((_, value)) = app.filter(|(_, value)| *value != self.name) {
            let value = quoted(value);
            report
                .warning(
                    "labels.reserved",
                    format!("The label `app` is always the name; {value} is left out."),
                )
                .at("/labels/app")
                .suggest("Use another key for this label.");
        }
        let bytes: usize = self.annotations.iter().map(|(k, v)| k.len() + v.len()).sum();
        if bytes > ANNOTATION_BYTES {
            report
                .error("annotations.size", "The annotations are larger than 256 KiB together.")
                .at("/annotations");
        }
    }

    /// Labels of the node's objects and pods: the user's, `app`, and those by
    /// which the host finds the pods.
    pub fn labels(&self) -> Object<'a> {
        let user = self.user_labels.iter().map(|(key, value)| (*key, value.clone()));
        let mut labels: Object<'a> = user.collect();
        set_app(&mut labels, self.name.clone());
        self.add_identity(&mut labels);
        labels
    }

    /// Labels that never change while the object keeps its name: for objects
    /// whose labels are immutable.
    pub fn stable_labels(&self) -> Object<'a> {
        let mut labels = Object::new();
        set_app(&mut labels, self.name.clone());
        self.add_identity(&mut labels);
        labels
    }

    /// The labels by which the node's pods are selected.
    pub fn selector(&self) -> Object<'a> {
        Object::new().with(APP_LABEL, self.name.clone())
    }

    /// The `metadata` of the node's main object.
    pub fn object(&self) -> Object<'a> {
        let annotations = self.annotations.iter().map(|(key, value)| (*key, value.clone()));
        self.plain_object(self.name.clone())
            .with_filled("annotations", annotations.collect::<Object<'a>>())
    }

    /// The `metadata` of another object of the node: without the user's
    /// annotations, which are about the main object.
    pub fn plain_object(&self, name: impl Into<Cow<'a, str>>) -> Object<'a> {
        Object::new()
            .with("labels", self.labels())
            .with("name", name.into())
            .with("namespace", self.namespace.clone())
    }

    fn add_identity(&self, labels: &mut Object<'a>) {
        for (key, value) in self.identity {
            labels.set(key.as_str(), value.as_str());
        }
    }
}

/// A node without a name is called like its id, if that can be a name.
fn fallback_name<'a>(node: &'a Node<'_>, rule: Rule, report: &mut Report) -> Cow<'a, str> {
    if rule(node.id).is_err() {
        report.error("name.missing", "`name` is missing.").at("/name").suggest("Fill in `name`.");
    }
    Cow::Borrowed(node.id)
}

/// Sets the label `app`, unless the name is too long for a label.
fn set_app<'a>(labels: &mut Object<'a>, name: Cow<'a, str>) {
    labels.remove(APP_LABEL);
    if rules::label_value(&name).is_ok() {
        labels.set(APP_LABEL, name);
    }
}

/// What every public view tells: name, namespace, kind, labels, and the roles
/// in which other nodes can use this one.
pub fn public_view<'a>(node: &'a Node<'_>, kind: &'a str, provides: &[&'a str]) -> Object<'a> {
    let fields = node.fields();
    let user = fields.map("labels").unwrap_or_default().into_iter();
    let mut labels: Object<'a> = user.collect();
    set_app(&mut labels, node.name());
    let provides = provides.to_vec();
    Object::new()
        .with("kind", kind)
        .with("labels", labels)
        .with("name", node.name())
        .with_some("namespace", node.own_namespace())
        .with("provides", provides)
}

#[cfg(test)]
mod tests;
