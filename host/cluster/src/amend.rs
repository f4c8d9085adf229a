//! Changing a few fields of an object that we applied as a whole.
//!
//! Server-side apply takes what a manager sends as all that it wants: what it
//! sent before and leaves out now is removed. So a change of one field has to
//! send the others again. Which those are, and with which values, the object
//! itself tells: `metadata.managedFields` lists what each manager owns.

use bowsprit_host_core::{
    error::{Error, Result},
    kubernetes::{Applied, ObjectKey},
    node_types::Kind,
};
use serde_json::{Map, Value, json};

use crate::{FIELD_MANAGER, apply, clients::Clients, discovery::Discovery, objects};

/// A set of fields, as `managedFields` writes it (`FieldsV1`): `f:` before a
/// member's name, `k:` before the keys of a list's element, `v:` before an
/// element's value, `.` for the thing itself. An empty set is a whole value.
type Fields = Map<String, Value>;

/// Applies `fields` with what else we own of the object. With `trial` nothing
/// is written.
pub(crate) async fn amend(
    clients: &Clients,
    discovery: &Discovery,
    fields: &Value,
    trial: bool,
) -> Result<Applied> {
    let text = |pointer| fields.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let namespace = Some(text("/metadata/namespace")).filter(|it| !it.is_empty());
    let key = ObjectKey {
        kind: Kind::parse(text("/apiVersion"), text("/kind")),
        namespace: namespace.map(str::to_owned),
        name: text("/metadata/name").to_owned(),
    };
    let Some(live) = objects::get(clients, discovery, &key).await? else {
        let message = format!("there is no {} `{}`", key.kind.kind, key.name);
        return Err(Error::Cluster { code: "cluster.not-found", message });
    };
    apply::apply_or_try(clients, discovery, &amended(&live, fields), trial).await
}

/// What we own of a live object, with `fields` laid over it.
fn amended(live: &Value, fields: &Value) -> Value {
    let owned = owned(live);
    let mut wanted = match &owned {
        Some(owned) => picked(live, owned),
        None => json!({}),
    };
    lay_over(&mut wanted, fields, owned.as_ref());
    // Whatever was written meanwhile is seen before it is overwritten.
    let metadata = wanted.get_mut("metadata").and_then(Value::as_object_mut);
    if let (Some(version), Some(metadata)) = (live.pointer("/metadata/resourceVersion"), metadata) {
        metadata.insert("resourceVersion".into(), version.clone());
    }
    wanted
}

/// The fields that we applied.
fn owned(live: &Value) -> Option<Fields> {
    let managers = live.pointer("/metadata/managedFields")?.as_array()?;
    let is = |it: &Value, key: &str, word: &str| it.get(key).and_then(Value::as_str) == Some(word);
    let ours = managers.iter().find(|it| {
        is(it, "manager", FIELD_MANAGER)
            && is(it, "operation", "Apply")
            && it.get("subresource").is_none()
    });
    ours?.get("fieldsV1")?.as_object().cloned()
}

/// The part of a value that a set names.
fn picked(value: &Value, fields: &Fields) -> Value {
    match value {
        _ if fields.is_empty() => value.clone(),
        Value::Object(members) => {
            let named = fields.iter().filter_map(|(key, inner)| {
                let name = key.strip_prefix("f:")?;
                Some((name.to_owned(), picked(members.get(name)?, inner.as_object()?)))
            });
            Value::Object(named.collect())
        }
        Value::Array(items) => {
            let named = items.iter().filter_map(|item| {
                let (_, inner) = fields.iter().find(|(key, _)| names(key, item))?;
                Some(picked(item, inner.as_object()?))
            });
            Value::Array(named.collect())
        }
        plain => plain.clone(),
    }
}

/// Whether a key of a set means this element of a list. Keys that an element
/// leaves out are defaults and fit.
fn names(key: &str, item: &Value) -> bool {
    if let Some(value) = key.strip_prefix("v:") {
        return serde_json::from_str::<Value>(value).is_ok_and(|it| it == *item);
    }
    let keys = key.strip_prefix("k:").and_then(|it| serde_json::from_str::<Fields>(it).ok());
    let fits = |(name, value): (&String, &Value)| item.get(name).is_none_or(|it| it == value);
    keys.is_some_and(|keys| keys.iter().all(fits))
}

/// Lays `patch` over `target`. Where the set of what we own says that a value
/// has parts of its own, only those are replaced that the patch has.
fn lay_over(target: &mut Value, patch: &Value, fields: Option<&Fields>) {
    let inner = |key: &str| fields.and_then(|it| it.get(key)).and_then(Value::as_object);
    let has_parts = fields.is_some_and(|it| !it.is_empty());
    match (target, patch) {
        (Value::Object(target), Value::Object(patch)) if has_parts || target.is_empty() => {
            for (name, value) in patch {
                match target.get_mut(name) {
                    Some(part) => lay_over(part, value, inner(&format!("f:{name}"))),
                    None => drop(target.insert(name.clone(), value.clone())),
                }
            }
        }
        (Value::Array(target), Value::Array(patch)) if has_parts => {
            for item in patch {
                let key = fields.into_iter().flat_map(Map::keys).find(|it| names(it, item));
                let part = key.and_then(|key| target.iter_mut().find(|it| names(key, it)));
                match (part, key) {
                    (Some(part), Some(key)) => lay_over(part, item, inner(key)),
                    _ => target.push(item.clone()),
                }
            }
        }
        (target, patch) => *target = patch.clone(),
    }
}

#[cfg(test)]
mod tests;
