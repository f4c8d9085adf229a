//! Objects for people to look at: without values that nobody but their users
//! may see.

use serde_json::Value;

use crate::{node_types::Kind, runs::vault::reference};

/// Stands for a value that is not shown.
pub(crate) const MASK: &str = "********";

/// Masks the values of an object that holds secrets, and every place that waits
/// for a value of the vault.
pub(crate) fn mask(kind: &Kind, object: &mut Value) {
    for field in ["data", "stringData"] {
        let values = object.get_mut(field).filter(|_| kind.is_secret());
        let values = values.and_then(Value::as_object_mut).into_iter().flatten();
        values.for_each(|(_, value)| *value = MASK.into());
    }
    mask_references(object);
}

fn mask_references(value: &mut Value) {
    if reference(value).is_some() {
        *value = MASK.into();
        return;
    }
    match value {
        Value::Object(fields) => fields.values_mut().for_each(mask_references),
        Value::Array(items) => items.iter_mut().for_each(mask_references),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_secrets_hold_is_masked_whoever_made_it() {
        let mut secret = json!({"metadata": {"name": "s"}, "data": {"a": "aGk=", "b": {"$vault": "secret/b"}}, "stringData": {"c": "hi"}, "type": "Opaque"});
        mask(&Kind::parse("v1", "Secret"), &mut secret);
        let masked = json!({"metadata": {"name": "s"}, "data": {"a": MASK, "b": MASK}, "stringData": {"c": MASK}, "type": "Opaque"});
        assert_eq!(secret, masked);
    }

    #[test]
    fn other_objects_keep_all_but_what_the_vault_holds() {
        let mut map = json!({"data": {"a": "b"}, "env": [{"value": {"$vault": "env/X"}}]});
        mask(&Kind::parse("v1", "ConfigMap"), &mut map);
        assert_eq!(map, json!({"data": {"a": "b"}, "env": [{"value": MASK}]}));
    }
}
