//! Laying what the host knows over what the canvas saved.

use std::{borrow::Cow, collections::HashMap};

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Drawing;
use crate::{Error, Result};

/// The key under which a node's data shows how it is doing.
pub(super) const STATUS: &str = "_status";

/// Keys to lay over nodes' data, by node id. Values are JSON texts.
pub type Overlay = HashMap<String, Vec<(String, Box<RawValue>)>>;

#[derive(Deserialize)]
struct RawParts<'a> {
    #[serde(borrow)]
    nodes: Vec<&'a RawValue>,
    #[serde(borrow)]
    edges: &'a RawValue,
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
}

impl Drawing {
    /// The drawing with `overlay` laid over it. Nodes the overlay does not
    /// name are copied as they are.
    pub fn overlaid(&self, overlay: &Overlay) -> Result<Self> {
        if overlay.is_empty() {
            return Ok(self.clone());
        }
        self.with_nodes(256 * overlay.len(), |id, node| {
            overlay.get(id).map(|keys| lay_over(node, keys)).transpose()
        })
    }

    /// The drawing as if it had never been run: without statuses and without
    /// the marks that `overlay` would lay over it, which the canvas saved too.
    pub fn without_marks(&self, overlay: &Overlay) -> Result<Self> {
        self.with_nodes(0, |id, node| {
            let marks = overlay.get(id).into_iter().flatten().map(|(key, _)| key.as_str());
            without(node, marks.chain([STATUS]))
        })
    }

    /// The drawing with the nodes for which `change` has another text.
    fn with_nodes(
        &self,
        more: usize,
        change: impl Fn(&str, &str) -> Result<Option<String>>,
    ) -> Result<Self> {
        let parts: RawParts<'_> = serde_json::from_slice(&self.text).map_err(Error::internal)?;
        let mut text = String::with_capacity(self.text.len() + more);
        text.push_str(r#"{"nodes":["#);
        for (n, node) in parts.nodes.iter().enumerate() {
            super::separate(&mut text, n);
            let Named { id } = serde_json::from_str(node.get()).map_err(Error::internal)?;
            match change(&id, node.get())? {
                Some(changed) => text.push_str(&changed),
                None => text.push_str(node.get()),
            }
        }
        text.push_str(r#"],"edges":"#);
        text.push_str(parts.edges.get());
        text.push('}');
        Ok(Self { text: text.into() })
    }
}

fn lay_over(node: &str, keys: &[(String, Box<RawValue>)]) -> Result<String> {
    let mut all: IndexMap<Cow<'_, str>, &RawValue> =
        serde_json::from_str(node).map_err(Error::internal)?;
    let data = all.get("data").map(|it| it.get()).filter(|it| *it != "null").unwrap_or("{}");
    let mut fields: IndexMap<Cow<'_, str>, &RawValue> =
        serde_json::from_str(data).map_err(Error::internal)?;
    for (key, value) in keys {
        fields.insert(key.as_str().into(), value);
    }
    let data = serde_json::value::to_raw_value(&fields).map_err(Error::internal)?;
    all.insert("data".into(), &data);
    serde_json::to_string(&all).map_err(Error::internal)
}

/// The node without some keys of its data; `None` if it has none of them.
fn without<'a>(node: &str, keys: impl Iterator<Item = &'a str>) -> Result<Option<String>> {
    let mut all: IndexMap<Cow<'_, str>, &RawValue> =
        serde_json::from_str(node).map_err(Error::internal)?;
    let Some(data) = all.get("data").map(|it| it.get()).filter(|it| *it != "null") else {
        return Ok(None);
    };
    let mut fields: IndexMap<Cow<'_, str>, &RawValue> =
        serde_json::from_str(data).map_err(Error::internal)?;
    let before = fields.len();
    for key in keys {
        fields.shift_remove(key);
    }
    if fields.len() == before {
        return Ok(None);
    }
    let data = serde_json::value::to_raw_value(&fields).map_err(Error::internal)?;
    all.insert("data".into(), &data);
    serde_json::to_string(&all).map(Some).map_err(Error::internal)
}
