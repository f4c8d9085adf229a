//! What an object may say that a component wants to be applied.
//!
//! A component renders for one node: its objects are of the kinds it is
//! granted, in a namespace the drawing names, and without what belongs to the
//! cluster (owners, field managers, finalizers) or to the host (its labels).

use bowsprit_host_core::{labels, node_types as core};
use serde_json::{Map, Value};

use super::answers::invalid;
use crate::{bindings::v0_1::node_types as wit, fault::Fault};

/// Labels of the host begin with it.
const OURS: &str = "bowsprit.dev/";
/// Longest name of any object, bytes (RFC 1123 subdomain).
const NAME: usize = 253;
/// Fields of `metadata` that say who owns an object, who wrote it and when it
/// may go: for the API server and its controllers to write. `finalizers` and
/// `ownerReferences` count in templates too: they are copied to what is made
/// of them.
const FOREIGN: [&str; 9] = [
    "ownerReferences",
    "managedFields",
    "finalizers",
    "uid",
    "resourceVersion",
    "generation",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "selfLink",
];

/// What the objects of one call may be.
pub(crate) struct Allowed<'a> {
    /// Kinds the node's type may produce.
    pub(crate) produces: &'a [core::Kind],
    /// Whether they may be outside of namespaces.
    pub(crate) cluster_scoped: bool,
    /// What the component was told about the node's surroundings.
    pub(crate) context: &'a wit::Context,
    /// The node's data, a JSON object.
    pub(crate) data: &'a str,
}

impl Allowed<'_> {
    /// The object in `text`, if it may be applied. `id` is its key within the
    /// node.
    pub(super) fn body(&self, id: &str, text: &str, order: core::Order) -> Result<Value, Fault> {
        let body = of_kind(id, text, self.produces)?;
        self.check_place(id, &body, order)?;
        self.check_metadata(id, &body)?;
        Ok(body)
    }

    fn check_place(&self, id: &str, body: &Value, order: core::Order) -> Result<(), Fault> {
        if order == core::Order::ClusterScope && !self.cluster_scoped {
            return Err(Fault::NotGranted(format!(
                "manifest `{id}` is outside of namespaces, which takes `wants.cluster-scoped`"
            )));
        }
        let namespace = match body.pointer("/metadata/namespace") {
            None | Some(Value::Null) => return Ok(()),
            Some(Value::String(namespace)) => namespace,
            Some(_) => {
                return Err(invalid(format!("manifest `{id}` has a namespace that is no text")));
            }
        };
        if self.is_drawn(namespace) {
            return Ok(());
        }
        Err(Fault::NotGranted(format!(
            "manifest `{id}` is in namespace `{namespace}`, which neither its node nor its \
             neighbours name"
        )))
    }

    /// Whether the namespace is the default one, or one that the user wrote
    /// into this node or a neighbour.
    fn is_drawn(&self, namespace: &str) -> bool {
        let default = if self.context.namespace.is_empty() {
            "default"
        } else {
            self.context.namespace.as_str()
        };
        let says = |text: &str| {
            // Most texts need no parsing to be left out.
            text.contains(namespace)
                && serde_json::from_str(text).is_ok_and(|it: Value| holds(&it, namespace))
        };
        namespace.is_empty()
            || namespace == default
            || says(self.data)
            || self.context.neighbours.iter().any(|it| says(&it.view))
    }

    /// Looks at every `metadata`, also those of templates.
    fn check_metadata(&self, id: &str, value: &Value) -> Result<(), Fault> {
        match value {
            Value::Object(fields) => {
                if let Some(Value::Object(metadata)) = fields.get("metadata") {
                    self.check_fields(id, metadata)?;
                }
                fields.values().try_for_each(|it| self.check_metadata(id, it))
            }
            Value::Array(items) => items.iter().try_for_each(|it| self.check_metadata(id, it)),
            _ => Ok(()),
        }
    }

    fn check_fields(&self, id: &str, metadata: &Map<String, Value>) -> Result<(), Fault> {
        if let Some(field) = foreign(metadata) {
            return Err(Fault::Forged(format!("manifest `{id}` has `metadata.{field}`")));
        }
        let forged = |map: &str, is_forged: &dyn Fn(&str, &Value) -> bool| {
            let entries = metadata.get(map).and_then(Value::as_object)?;
            let (key, _) = entries.iter().find(|(key, value)| is_forged(key, value))?;
            Some(format!("manifest `{id}` has `{key}` among its {map}"))
        };
        let what = forged("labels", &|key, value| self.is_forged(key, value))
            .or_else(|| forged("annotations", &|key, _| is_identity(key)));
        what.map_or(Ok(()), |what| Err(Fault::Forged(what)))
    }

    /// Whether a label of the host says anything but what the host told. What
    /// a user wrote with the same prefix may be copied, but for the labels
    /// that objects are found by. Nothing is found by annotations: of them
    /// only those the host writes are its own.
    fn is_forged(&self, key: &str, value: &Value) -> bool {
        if key == labels::MANAGED_BY {
            return value != labels::MANAGER && !self.data.contains(key);
        }
        if !key.starts_with(OURS) {
            return false;
        }
        let told = self.context.identity_labels.iter().find(|(own, _)| own == key);
        match told {
            Some((_, own)) => value != own.as_str(),
            None => is_identity(key) || !self.data.contains(key),
        }
    }
}

/// The object in `text` that a fix puts in place of one of these kinds.
pub(super) fn patched(text: &str, kinds: &[core::Kind]) -> Result<Value, Fault> {
    let body = of_kind("patch", text, kinds)?;
    let metadata = body.get("metadata").and_then(Value::as_object);
    match metadata.and_then(foreign) {
        Some(field) => Err(Fault::Forged(format!("a patch has `metadata.{field}`"))),
        None => Ok(body),
    }
}

/// The object in `text`, named and of one of these kinds.
fn of_kind(id: &str, text: &str, kinds: &[core::Kind]) -> Result<Value, Fault> {
    let body: Value = serde_json::from_str(text)
        .map_err(|error| invalid(format!("manifest `{id}` is not JSON: {error}")))?;
    let word = |at: &str| body.pointer(at).and_then(Value::as_str).filter(|it| !it.is_empty());
    let (Some(api_version), Some(kind), Some(name)) =
        (word("/apiVersion"), word("/kind"), word("/metadata/name"))
    else {
        return Err(invalid(format!(
            "manifest `{id}` lacks `apiVersion`, `kind` or `metadata.name`"
        )));
    };
    if name.len() > NAME {
        return Err(invalid(format!("manifest `{id}` has a name of more than {NAME} bytes")));
    }
    if kinds.contains(&core::Kind::parse(api_version, kind)) {
        return Ok(body);
    }
    let what = format!("manifest `{id}` is a `{api_version}` `{kind}`");
    Err(Fault::NotGranted(format!("{what}, which its type may not produce")))
}

/// A field of `metadata` that is not the plugin's to write.
fn foreign(metadata: &Map<String, Value>) -> Option<&'static str> {
    let present = |field: &&str| metadata.get(*field).is_some_and(|it| !it.is_null());
    FOREIGN.into_iter().find(present)
}

/// Whether objects are found by it.
fn is_identity(key: &str) -> bool {
    [labels::WORKFLOW, labels::NODE, labels::NODE_ID].contains(&key)
}

/// Whether `word` is one of the texts in `value`.
fn holds(value: &Value, word: &str) -> bool {
    match value {
        Value::String(text) => text == word,
        Value::Array(items) => items.iter().any(|it| holds(it, word)),
        Value::Object(fields) => fields.values().any(|it| holds(it, word)),
        _ => false,
    }
}
