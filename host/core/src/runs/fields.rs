//! Single fields of an object, by JSON pointer (RFC 6901).

use serde_json::{Map, Value, json};

/// What names an object, without anything else.
pub(super) fn identity(object: &Value) -> Value {
    let mut metadata = Map::new();
    for key in ["name", "namespace"] {
        if let Some(value) = object.pointer(&format!("/metadata/{key}")) {
            metadata.insert(key.into(), value.clone());
        }
    }
    let text = |key: &str| object.get(key).cloned();
    json!({ "apiVersion": text("apiVersion"), "kind": text("kind"), "metadata": metadata })
}

/// Removes a member of an object, and answers it.
pub(super) fn take(object: &mut Value, pointer: &str) -> Option<Value> {
    let (parent, key) = pointer.rsplit_once('/')?;
    object.pointer_mut(parent)?.as_object_mut()?.remove(&unescaped(key))
}

/// Sets a member of an object, making the objects on the way to it.
pub(super) fn put(object: &mut Value, pointer: &str, value: Value) {
    let mut place = object;
    for key in pointer.split('/').skip(1) {
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        let Value::Object(members) = place else { return };
        place = members.entry(unescaped(key)).or_insert(Value::Null);
    }
    *place = value;
}

/// A member's name as a pointer writes it.
pub(super) fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// Whether a field that the server names in its own notation is this one.
pub(super) fn is_named(field: &str, pointer: &str) -> bool {
    field == pointer.replace('/', ".")
}

/// The field managers of a live object's field, as `managedFields` has them.
pub(super) fn owners<'v>(live: &'v Value, pointer: &str) -> Vec<&'v str> {
    let place = format!("/fieldsV1{}", pointer.replace('/', "/f:"));
    let managed = live.pointer("/metadata/managedFields").and_then(Value::as_array);
    let owning = managed.into_iter().flatten().filter(|it| it.pointer(&place).is_some());
    owning.filter_map(|it| it.get("manager").and_then(Value::as_str)).collect()
}

fn unescaped(key: &str) -> String {
    key.replace("~1", "/").replace("~0", "~")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_move_from_one_object_to_another() {
        let mut from = json!({
            "apiVersion": "apps/v1", "kind": "K",
            "metadata": {"name": "n", "namespace": "s", "labels": {"a": "b"}},
            "spec": {"replicas": 2, "x/y": 1},
        });
        let mut to = identity(&from);
        let metadata = json!({"name": "n", "namespace": "s"});
        assert_eq!(to, json!({"apiVersion": "apps/v1", "kind": "K", "metadata": metadata}));
        for pointer in ["/spec/replicas", "/spec/x~1y"] {
            let value = take(&mut from, pointer).unwrap();
            put(&mut to, pointer, value);
        }
        assert_eq!((&from["spec"], &to["spec"]), (&json!({}), &json!({"replicas": 2, "x/y": 1})));
        assert_eq!(take(&mut from, "/spec/replicas"), None);
        assert_eq!(take(&mut from, "/status/replicas"), None);
    }

    #[test]
    fn the_object_tells_whose_a_field_is() {
        let by = |manager: &str, fields: Value| json!({"manager": manager, "fieldsV1": fields});
        let live = json!({"metadata": {"managedFields": [
            by("a", json!({"f:spec": {"f:replicas": {}, "f:template": {}}})),
            by("b", json!({"f:spec": {"f:replicas": {}}})),
            by("c", json!({"f:status": {"f:replicas": {}}, "f:data": {"f:x/y": {}}})),
        ]}});
        assert_eq!(owners(&live, "/spec/replicas"), ["a", "b"]);
        assert_eq!(owners(&live, "/data/x~1y"), ["c"]);
        assert!(owners(&live, "/spec/paused").is_empty());
        assert!(owners(&json!({}), "/spec/replicas").is_empty());
        assert!(is_named(".spec.replicas", "/spec/replicas"));
    }
}
