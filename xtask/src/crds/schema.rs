//! Pieces of structural schemas, for definitions that are read from types.

use serde_json::{Map, Value, json};

/// The identity of a kind.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) kind: String,
    pub(super) plural: String,
    pub(super) namespaced: bool,
}

/// A definition of one version, with a status that is written apart.
pub(super) fn definition(kind: &Kind, root: &Value) -> Value {
    let singular = kind.kind.to_lowercase();
    json!({
        "spec": {
            "group": kind.group,
            "names": {
                "kind": kind.kind,
                "listKind": format!("{}List", kind.kind),
                "plural": kind.plural,
                "singular": singular,
            },
            "scope": if kind.namespaced { "Namespaced" } else { "Cluster" },
            "versions": [{
                "name": kind.version,
                "served": true,
                "storage": true,
                "schema": { "openAPIV3Schema": root },
                "subresources": { "status": {} },
            }],
        },
    })
}

/// An object with `properties`, of which some have to be there.
pub(super) fn object(properties: Map<String, Value>, mut required: Vec<String>) -> Value {
    required.sort();
    let mut schema = json!({ "type": "object", "properties": properties });
    if let Some(schema) = schema.as_object_mut()
        && !required.is_empty()
    {
        schema.insert("required".into(), json!(required));
    }
    schema
}

/// Any value at all.
pub(super) fn anything() -> Value {
    json!({ "x-kubernetes-preserve-unknown-fields": true })
}

/// A number or a text, as ports and quantities are.
pub(super) fn int_or_string() -> Value {
    json!({ "x-kubernetes-int-or-string": true })
}

/// `meta/v1` Condition, which the API machinery defines.
pub(super) fn condition() -> Value {
    json!({
        "type": "object",
        "required": ["lastTransitionTime", "message", "reason", "status", "type"],
        "properties": {
            "lastTransitionTime": { "type": "string", "format": "date-time" },
            "message": { "type": "string" },
            "observedGeneration": { "type": "integer", "format": "int64" },
            "reason": { "type": "string" },
            "status": { "type": "string", "enum": ["True", "False", "Unknown"] },
            "type": { "type": "string" },
        },
    })
}
