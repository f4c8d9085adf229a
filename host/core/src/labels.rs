//! How objects in a cluster say whose they are.

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::id::Id;

/// Who manages an object (Kubernetes, "Recommended Labels").
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// The value of [`MANAGED_BY`].
pub const MANAGER: &str = "bowsprit";
/// Label: the workflow's id. Also the selector of our informers.
pub const WORKFLOW: &str = "bowsprit.dev/workflow";
/// Label: the node, as [`node_value`] writes it.
pub const NODE: &str = "bowsprit.dev/node";
/// Annotation: the node's id as drawn.
pub const NODE_ID: &str = "bowsprit.dev/node-id";

/// The labels by which objects and pods of a node are found again.
pub fn identity(workflow: Id, node: &str) -> Vec<(String, String)> {
    vec![(WORKFLOW.to_owned(), workflow.to_string()), (NODE.to_owned(), node_value(node))]
}

/// A node's id as a label value: itself where the syntax allows it (63
/// characters, alphanumeric at both ends), else a digest.
pub fn node_value(node: &str) -> String {
    let alphanumeric = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let valid = node.len() <= 63
        && alphanumeric(node.chars().next())
        && alphanumeric(node.chars().next_back())
        && node.chars().all(inner);
    if valid {
        return node.to_owned();
    }
    let digest = hex::encode(Sha256::digest(node));
    format!("id-{}", digest.get(..24).unwrap_or_default())
}

/// Writes the namespace into an object.
pub fn place(object: &mut Value, namespace: &str) {
    if let Some(metadata) = child(object, "metadata") {
        metadata.insert("namespace".into(), namespace.into());
    }
}

/// Writes our labels and our annotation into an object. Only what is the same
/// at every run: anything else would make every run a change.
pub fn stamp(object: &mut Value, workflow: Id, node: &str) {
    let Some(metadata) = child(object, "metadata") else { return };
    if let Some(labels) = metadata_map(metadata, "labels") {
        labels.insert(MANAGED_BY.into(), MANAGER.into());
        for (key, value) in identity(workflow, node) {
            labels.insert(key, value.into());
        }
    }
    if let Some(annotations) = metadata_map(metadata, "annotations") {
        annotations.insert(NODE_ID.into(), node.into());
    }
}

/// Whether a live object carries the labels of this workflow.
pub fn is_of_workflow(object: &Value, workflow: Id) -> bool {
    let labels = object.get("metadata").and_then(|it| it.get("labels"));
    labels.and_then(|it| it.get(WORKFLOW)).and_then(Value::as_str) == Some(&workflow.to_string())
}

fn child<'a>(object: &'a mut Value, key: &str) -> Option<&'a mut Map<String, Value>> {
    let fields = object.as_object_mut()?;
    metadata_map(fields, key)
}

fn metadata_map<'a>(
    fields: &'a mut Map<String, Value>,
    key: &str,
) -> Option<&'a mut Map<String, Value>> {
    let value = fields.entry(key).or_insert_with(|| Value::Object(Map::new()));
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_ids_become_label_values() {
        assert_eq!(node_value("node-1"), "node-1");
        for odd in ["", "-a", "a b", "ü", &"x".repeat(64)] {
            let value = node_value(odd);
            assert!(value.starts_with("id-") && value.len() == 27, "{odd} {value}");
        }
        assert_ne!(node_value("a b"), node_value("a c"));
    }

    #[test]
    fn stamps_keep_what_is_there() {
        let workflow = Id::new();
        let mut object = serde_json::json!({"metadata": {"name": "x", "labels": {"app": "x"}}});
        place(&mut object, "ns");
        stamp(&mut object, workflow, "n");
        assert_eq!(object["metadata"]["labels"]["app"], "x");
        assert_eq!(object["metadata"]["namespace"], "ns");
        assert!(is_of_workflow(&object, workflow));
        assert!(!is_of_workflow(&object, Id::new()));
    }
}
