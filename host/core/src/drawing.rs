//! Drawings: nodes and edges exactly as the canvas saved them.
//!
//! A drawing is kept as text. What the canvas put into a node comes back byte
//! for byte, whether the host understands it or not; reading a drawing for an
//! answer copies the text, it does not parse and print it.

mod compare;
pub mod layout;
mod overlay;
mod patch;

use std::borrow::Cow;

use bytes::Bytes;
use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{Error, Result};
pub use compare::Comparison;
pub use overlay::Overlay;

/// How large a drawing may be.
#[derive(Debug, Clone, Copy)]
pub struct DrawingLimits {
    /// Most nodes.
    pub nodes: usize,
    /// Most edges.
    pub edges: usize,
    /// Most levels of nested values in a node.
    pub depth: usize,
}

impl Default for DrawingLimits {
    fn default() -> Self {
        Self { nodes: 2_000, edges: 8_000, depth: 64 }
    }
}

impl DrawingLimits {
    /// Whether a drawing may have so many nodes and edges.
    pub(crate) fn check(self, nodes: usize, edges: usize) -> Result<()> {
        within("the number of nodes", nodes, self.nodes)?;
        within("the number of edges", edges, self.edges)
    }
}

/// A checked drawing: `{"nodes":[…],"edges":[…]}` as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawing {
    text: Bytes,
}

/// A node, borrowed from its drawing.
#[derive(Debug, Deserialize)]
pub struct NodeView<'a> {
    /// Unique in the drawing.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// The node type's name.
    #[serde(borrow, rename = "type")]
    pub type_name: Cow<'a, str>,
    /// A JSON object, or nothing.
    #[serde(borrow, default)]
    pub data: Option<&'a RawValue>,
}

/// An edge, borrowed from its drawing.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EdgeView<'a> {
    /// Unique in the drawing, by habit of the canvas.
    #[serde(borrow, default)]
    pub id: Cow<'a, str>,
    /// Id of the node it starts at.
    #[serde(borrow)]
    pub source: Cow<'a, str>,
    /// Id of the node it ends at.
    #[serde(borrow)]
    pub target: Cow<'a, str>,
    /// Handle it starts at.
    #[serde(borrow, default)]
    pub source_handle: Option<Cow<'a, str>>,
    /// Handle it ends at.
    #[serde(borrow, default)]
    pub target_handle: Option<Cow<'a, str>>,
}

/// A drawing taken apart.
#[derive(Debug, Deserialize)]
pub struct Parts<'a> {
    /// In the order they were saved.
    #[serde(borrow)]
    pub nodes: Vec<NodeView<'a>>,
    /// In the order they were saved.
    #[serde(borrow)]
    pub edges: Vec<EdgeView<'a>>,
}

#[derive(Deserialize)]
struct RawParts<'a> {
    #[serde(borrow)]
    nodes: &'a RawValue,
    #[serde(borrow)]
    edges: &'a RawValue,
}

impl Drawing {
    /// A drawing without nodes and edges.
    pub fn empty() -> Self {
        Self { text: Bytes::from_static(br#"{"nodes":[],"edges":[]}"#) }
    }

    /// Takes a drawing from a request: checks its shape (see
    /// [`DrawingLimits`]), trims `data.name`, `data.namespace` and
    /// `data.image`, and leaves everything else as it is.
    pub fn accept(nodes: &RawValue, edges: &RawValue, limits: DrawingLimits) -> Result<Self> {
        let nodes: Vec<&RawValue> = serde_json::from_str(nodes.get())
            .map_err(|_| Error::invalid("nodes", "must be a list of nodes"))?;
        let edges: Vec<&RawValue> = serde_json::from_str(edges.get())
            .map_err(|_| Error::invalid("edges", "must be a list of edges"))?;
        limits.check(nodes.len(), edges.len())?;
        let mut seen = std::collections::HashSet::with_capacity(nodes.len());
        let mut text = String::from(r#"{"nodes":["#);
        for (n, node) in nodes.iter().enumerate() {
            let (accepted, id) = accept_node(n, node.get(), limits)?;
            if !seen.insert(id) {
                return Err(Error::invalid(format!("nodes.{n}.id"), "is used by an earlier node"));
            }
            separate(&mut text, n);
            text.push_str(&accepted);
        }
        text.push_str(r#"],"edges":["#);
        for (n, edge) in edges.iter().enumerate() {
            accept_edge(n, edge.get(), limits)?;
            separate(&mut text, n);
            text.push_str(edge.get());
        }
        text.push_str("]}");
        Ok(Self { text: text.into() })
    }

    /// Takes back what [`Drawing::bytes`] gave.
    pub fn from_bytes(text: Bytes) -> Self {
        Self { text }
    }

    /// Takes back what was kept of it, if anything was.
    pub(crate) fn restore(&mut self, kept: Option<Bytes>) {
        if let Some(bytes) = kept {
            *self = Self::from_bytes(bytes);
        }
    }

    /// The text of a drawing that lies as `nodes` and `edges` in a larger
    /// object, as the reference product keeps it; `None` if neither is there.
    pub fn bytes_in(object: &str) -> Option<Bytes> {
        #[derive(Deserialize)]
        struct Lists<'a> {
            #[serde(borrow, default)]
            nodes: Option<&'a RawValue>,
            #[serde(borrow, default)]
            edges: Option<&'a RawValue>,
        }
        let Lists { nodes, edges } = serde_json::from_str(object).ok()?;
        if nodes.is_none() && edges.is_none() {
            return None;
        }
        let text = |list: Option<&'_ RawValue>| list.map_or("[]".to_owned(), |it| it.get().into());
        Some(format!(r#"{{"nodes":{},"edges":{}}}"#, text(nodes), text(edges)).into())
    }

    /// The text to store.
    pub fn bytes(&self) -> Bytes {
        self.text.clone()
    }

    /// The text without its outer braces: `"nodes":[…],"edges":[…]`, to be
    /// put into a larger object.
    pub fn fields(&self) -> &str {
        let text = std::str::from_utf8(&self.text).unwrap_or_default();
        text.strip_prefix('{')
            .and_then(|it| it.strip_suffix('}'))
            .unwrap_or(r#""nodes":[],"edges":[]"#)
    }

    /// Takes it apart.
    pub fn parts(&self) -> Result<Parts<'_>> {
        serde_json::from_slice(&self.text).map_err(Error::internal)
    }

    /// The drawing with other nodes or other edges.
    pub fn with_replaced(
        &self,
        nodes: Option<&RawValue>,
        edges: Option<&RawValue>,
        limits: DrawingLimits,
    ) -> Result<Self> {
        let own: RawParts<'_> = serde_json::from_slice(&self.text).map_err(Error::internal)?;
        Self::accept(nodes.unwrap_or(own.nodes), edges.unwrap_or(own.edges), limits)
    }
}

fn within(what: &'static str, size: usize, limit: usize) -> Result<()> {
    if size <= limit { Ok(()) } else { Err(Error::TooLarge { what, limit: limit.to_string() }) }
}

fn separate(text: &mut String, n: usize) {
    if n > 0 {
        text.push(',');
    }
}

#[derive(Deserialize)]
struct Position {
    #[expect(dead_code, reason = "checked to be a number")]
    x: f64,
    #[expect(dead_code, reason = "checked to be a number")]
    y: f64,
}

/// Checks a node; answers its text, trimmed where the contract says so, and
/// its id.
fn accept_node(n: usize, text: &str, limits: DrawingLimits) -> Result<(Cow<'_, str>, String)> {
    let wrong = |field: &str, problem: &str| Error::invalid(format!("nodes.{n}{field}"), problem);
    let keys: IndexMap<Cow<'_, str>, &RawValue> =
        serde_json::from_str(text).map_err(|_| wrong("", "must be an object"))?;
    check_depth(text, limits.depth).map_err(|()| wrong("", "is nested too deeply"))?;
    let string = |key: &str| -> Result<String> {
        let value = keys.get(key).map(|it| it.get());
        value
            .and_then(|it| serde_json::from_str::<String>(it).ok())
            .filter(|it| !it.is_empty())
            .ok_or_else(|| wrong(&format!(".{key}"), "must be a text that is not empty"))
    };
    let id = string("id")?;
    string("type")?;
    let position = keys.get("position").map(|it| it.get()).unwrap_or_default();
    serde_json::from_str::<Position>(position)
        .map_err(|_| wrong(".position", "must have the numbers `x` and `y`"))?;
    let Some(data) = keys.get("data").map(|it| it.get()).filter(|it| *it != "null") else {
        return Ok((text.into(), id));
    };
    let fields: IndexMap<Cow<'_, str>, &RawValue> =
        serde_json::from_str(data).map_err(|_| wrong(".data", "must be an object"))?;
    let Some(data) = trimmed(&fields)? else { return Ok((text.into(), id)) };
    let mut all: IndexMap<Cow<'_, str>, &RawValue> = keys.clone();
    all.insert("data".into(), &data);
    Ok((serde_json::to_string(&all).map_err(Error::internal)?.into(), id))
}

/// The data with its names trimmed, or `None` if there is nothing to trim.
fn trimmed(fields: &IndexMap<Cow<'_, str>, &RawValue>) -> Result<Option<Box<RawValue>>> {
    let mut changes = Vec::new();
    for key in ["name", "namespace", "image"] {
        let text = fields.get(key).and_then(|it| serde_json::from_str::<String>(it.get()).ok());
        if let Some(text) = text
            && text.trim().len() != text.len()
        {
            let value = serde_json::value::to_raw_value(text.trim()).map_err(Error::internal)?;
            changes.push((key, value));
        }
    }
    if changes.is_empty() {
        return Ok(None);
    }
    let mut all: IndexMap<Cow<'_, str>, &RawValue> = fields.clone();
    for (key, value) in &changes {
        all.insert((*key).into(), value);
    }
    serde_json::value::to_raw_value(&all).map(Some).map_err(Error::internal)
}

/// An edge is an object whose ends are named; whether they exist is for a run
/// to find out.
fn accept_edge(n: usize, text: &str, limits: DrawingLimits) -> Result<()> {
    check_depth(text, limits.depth)
        .map_err(|()| Error::invalid(format!("edges.{n}"), "is nested too deeply"))?;
    serde_json::from_str::<EdgeView<'_>>(text).map(drop).map_err(|_| {
        Error::invalid(
            format!("edges.{n}"),
            "must be an object with the texts `source` and `target`",
        )
    })
}

/// Counts brackets outside strings: `serde_json` stops at 128 levels, plugins
/// and browsers sooner.
fn check_depth(text: &str, limit: usize) -> Result<(), ()> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                if depth > limit {
                    return Err(());
                }
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
