//! Names for a new node: unique in the drawing, and good for every kind of
//! object.

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Drafts, Drawn};
use crate::{Error, Result, access::Caller, drawing::Drawing, id::Id};

/// Longest name that is suggested, characters. A DNS label has at most 63, and
/// controllers add to names.
const LONGEST: usize = 50;
/// Bytes of a type or an image that are looked at.
const MOST_BYTES: usize = 1_000;
/// Letters of a last resort.
const NAMELESS: &str = "node";

/// What a name is wanted for.
#[derive(Debug, Default)]
pub struct Nameless {
    /// The node's type.
    pub type_name: Option<String>,
    /// The image it runs.
    pub image: Option<String>,
}

/// Names, the best first.
#[derive(Debug, Serialize, JsonSchema)]
pub struct NameSuggestions {
    names: Vec<NameSuggestion>,
}

/// One name.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
struct NameSuggestion {
    /// A DNS label (RFC 1035) that no node of the drawing has.
    name: String,
    /// Where it comes from.
    reason: String,
}

impl Drafts {
    /// Names for a new node of a drawing.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if neither type nor image is given.
    pub async fn names(
        &self,
        caller: &Caller,
        workflow: Id,
        Drawn { nodes, edges }: Drawn<'_>,
        wanted: Nameless,
    ) -> Result<NameSuggestions> {
        let drawing = self.workflows.drafted(caller, workflow, (nodes, edges)).await?.drawing;
        suggested(&drawing, &wanted)
    }
}

fn suggested(drawing: &Drawing, wanted: &Nameless) -> Result<NameSuggestions> {
    let given = |it: &Option<String>| it.clone().filter(|it| !it.trim().is_empty());
    let (type_name, image) = (given(&wanted.type_name), given(&wanted.image));
    for (field, value) in [("type", &type_name), ("image", &image)] {
        if value.as_ref().is_some_and(|it| it.len() > MOST_BYTES) {
            let problem = format!("must have at most {MOST_BYTES} bytes");
            return Err(Error::invalid(field, problem));
        }
    }
    let mut bases: Vec<(String, String)> = Vec::new();
    if let Some(image) = &image {
        let base = label(repository(image));
        if let Some(type_name) = &type_name {
            let both = label(&format!("{base}-{type_name}"));
            bases.push((both, "from image and type".into()));
        }
        bases.insert(0, (base, "from the image".into()));
    }
    if let Some(type_name) = &type_name {
        bases.push((label(type_name), "from the type".into()));
    }
    if bases.is_empty() {
        return Err(Error::invalid("type", "or `image` must be given: a name comes from them"));
    }
    let mut taken = names_of(drawing)?;
    let mut names = Vec::new();
    for (base, reason) in bases {
        let name = free(&base, &taken);
        let reason =
            if name == base { reason } else { format!("{reason}; `{base}` is a node's already") };
        taken.insert(name.clone());
        names.push(NameSuggestion { name, reason });
    }
    Ok(NameSuggestions { names })
}

/// What the nodes of a drawing are called.
fn names_of(drawing: &Drawing) -> Result<HashSet<String>> {
    #[derive(Deserialize)]
    struct Named {
        name: String,
    }
    let parts = drawing.parts()?;
    let name = |it: &crate::drawing::NodeView<'_>| {
        let named = it.data.and_then(|it| serde_json::from_str::<Named>(it.get()).ok());
        named.map_or_else(|| it.id.to_string(), |it| it.name)
    };
    Ok(parts.nodes.iter().map(name).collect())
}

/// The last part of an image's repository: `api` of
/// `registry:5000/team/api:1@sha256:…`.
fn repository(image: &str) -> &str {
    let image = image.trim().split('@').next().unwrap_or_default();
    let last = image.rsplit('/').next().unwrap_or_default();
    last.split(':').next().unwrap_or_default()
}

/// A text as a DNS label.
pub(super) fn label(text: &str) -> String {
    let mut label = String::new();
    for letter in text.chars().flat_map(char::to_lowercase) {
        if letter.is_ascii_alphanumeric() {
            label.push(letter);
        } else if !label.is_empty() && !label.ends_with('-') {
            label.push('-');
        }
    }
    if label.starts_with(|it: char| it.is_ascii_digit()) {
        label.insert(0, 'n');
    }
    label.truncate(LONGEST);
    let label = label.trim_end_matches('-');
    if label.is_empty() { NAMELESS.to_owned() } else { label.to_owned() }
}

/// The name, or the first of `name-2`, `name-3`, … that is free.
fn free(base: &str, taken: &HashSet<String>) -> String {
    let numbered = (2..).map(|n: u32| format!("{base}-{n}"));
    let mut names = std::iter::once(base.to_owned()).chain(numbered);
    names.find(|it| !taken.contains(it)).unwrap_or_else(|| base.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn names(drawn: &[&str], type_name: &str, image: &str) -> Vec<String> {
        let node = |it: &&str| json!({"id": format!("id of {it}"), "type": "t", "position": {"x": 0, "y": 0}, "data": {"name": it}});
        let nodes: Vec<_> = drawn.iter().map(node).collect();
        let drawing = Drawing::from_bytes(json!({"nodes": nodes, "edges": []}).to_string().into());
        let wanted = Nameless { type_name: Some(type_name.into()), image: Some(image.into()) };
        suggested(&drawing, &wanted).unwrap().names.into_iter().map(|it| it.name).collect()
    }

    #[test]
    fn an_image_says_best_what_a_node_is() {
        let image = "ghcr.io:443/acme/Shop_API:1.2@sha256:00";
        assert_eq!(names(&[], "job", image), ["shop-api", "shop-api-job", "job"]);
        assert_eq!(names(&["job", "job-2"], "job", ""), ["job-3"]);
        assert_eq!(names(&["redis"], "statefulset", "redis:7")[0], "redis-2");
    }

    #[test]
    fn without_type_and_image_there_is_nothing_to_go_by() {
        let error = suggested(&Drawing::empty(), &Nameless::default()).unwrap_err();
        assert!(matches!(error, Error::Invalid { field, .. } if field == "type"));
        let long = Nameless { image: Some("x".repeat(MOST_BYTES + 1)), ..Nameless::default() };
        assert!(suggested(&Drawing::empty(), &long).is_err());
    }

    proptest! {
        #[test]
        fn every_name_is_a_label_nobody_has(
            type_name in ".{0,40}", image in ".{0,120}", drawn in prop::collection::vec("[a-c]", 0..4),
        ) {
            prop_assume!(!type_name.trim().is_empty());
            let drawn: Vec<&str> = drawn.iter().map(String::as_str).collect();
            for name in names(&drawn, &type_name, &image) {
                prop_assert!(!drawn.contains(&name.as_str()));
                prop_assert!(name.len() <= 63 && name.starts_with(|it: char| it.is_ascii_lowercase()));
                prop_assert!(!name.ends_with('-'));
                let allowed = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-';
                prop_assert!(name.chars().all(allowed), "{}", name);
            }
        }
    }
}
