//! Changing the data of one node and nothing else of a drawing.

use std::borrow::Cow;

use indexmap::IndexMap;
use serde_json::{
    Map, Value,
    value::{RawValue, to_raw_value},
};

use super::{Drawing, DrawingLimits, NodeView, RawParts};
use crate::{Error, Result};

impl Drawing {
    /// The drawing with a merge patch (RFC 7386) laid over one node's data.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is no such node; what
    /// [`Drawing::accept`] refuses.
    pub fn with_patched(
        &self,
        node: &str,
        patch: &Map<String, Value>,
        limits: DrawingLimits,
    ) -> Result<Self> {
        let own: RawParts<'_> = serde_json::from_slice(&self.text).map_err(Error::internal)?;
        let texts: Vec<&RawValue> =
            serde_json::from_str(own.nodes.get()).map_err(Error::internal)?;
        let mut nodes: Vec<Cow<'_, str>> = Vec::with_capacity(texts.len());
        let mut is_there = false;
        for text in texts {
            let view: NodeView<'_> = serde_json::from_str(text.get()).map_err(Error::internal)?;
            let is_meant = view.id == node;
            is_there |= is_meant;
            nodes.push(if is_meant {
                patched(text.get(), patch)?.into()
            } else {
                text.get().into()
            });
        }
        if !is_there {
            return Err(Error::not_found("node", node));
        }
        let nodes = RawValue::from_string(format!("[{}]", nodes.join(",")));
        Self::accept(&nodes.map_err(Error::internal)?, own.edges, limits)
    }
}

/// The text of a node; what the patch does not name is as it was, byte for
/// byte.
fn patched(node: &str, patch: &Map<String, Value>) -> Result<String> {
    type Texts = IndexMap<String, Box<RawValue>>;
    let mut keys: Texts = serde_json::from_str(node).map_err(Error::internal)?;
    let data = keys.get("data").map_or("null", |it| it.get());
    let data: Option<Texts> = serde_json::from_str(data).map_err(Error::internal)?;
    let mut data = data.unwrap_or_default();
    for (key, change) in patch {
        if change.is_null() {
            data.shift_remove(key);
            continue;
        }
        let mut value: Option<Value> =
            data.get(key).and_then(|it| serde_json::from_str(it.get()).ok());
        let value = value.get_or_insert_default();
        merge(value, change);
        data.insert(key.clone(), to_raw_value(value).map_err(Error::internal)?);
    }
    keys.insert("data".into(), to_raw_value(&data).map_err(Error::internal)?);
    serde_json::to_string(&keys).map_err(Error::internal)
}

/// RFC 7386 §2.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        target.clone_from(patch);
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(fields) = target else { return };
    for (key, value) in patch {
        if value.is_null() {
            fields.remove(key);
        } else {
            merge(fields.entry(key.as_str()).or_insert(Value::Null), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn patch(it: Value) -> Map<String, Value> {
        it.as_object().unwrap().clone()
    }

    fn drawing() -> Drawing {
        let node = |id: &str| {
            format!(
                r#"{{"type":"service","id":"{id}","position":{{"x":1,"y":2}},"data":{{"name":"{id}","n":1.50,"a":{{"b":1,"c":2}}}}}}"#
            )
        };
        let nodes = RawValue::from_string(format!("[{},{}]", node("x"), node("y"))).unwrap();
        let edges = RawValue::from_string("[]".into()).unwrap();
        Drawing::accept(&nodes, &edges, DrawingLimits::default()).unwrap()
    }

    #[test]
    fn one_node_changes_as_the_patch_says() {
        let before = drawing();
        let patch = patch(json!({"name": null, "a": {"b": null, "d": [3]}, "new": "1"}));
        let after = before.with_patched("y", &patch, DrawingLimits::default()).unwrap();
        let data =
            |it: &Drawing, n: usize| it.parts().unwrap().nodes[n].data.unwrap().get().to_owned();
        assert_eq!(data(&after, 0), data(&before, 0), "the other one is as it was");
        assert_eq!(data(&after, 1), r#"{"n":1.50,"a":{"c":2,"d":[3]},"new":"1"}"#);
    }

    #[test]
    fn a_node_that_is_not_there_is_said_so() {
        let patched = drawing().with_patched("z", &Map::new(), DrawingLimits::default());
        assert!(matches!(patched, Err(Error::NotFound { kind: "node", .. })));
    }
}
