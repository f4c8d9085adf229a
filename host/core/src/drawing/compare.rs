//! What changed from one drawing to another, node by node and field by field.
//!
//! Statuses are not part of a drawing, wherever the canvas saved them, and
//! neither are its own keys around a node (selection, size).

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Drawing, overlay::STATUS};
use crate::{Error, Result};

/// The changes from an older drawing to a newer one, in the order of the
/// drawings. No list is ever absent.
#[derive(Debug, Default, PartialEq, Serialize)]
pub struct Comparison {
    /// Nodes that came.
    pub added_nodes: Vec<NodeChange>,
    /// Nodes that went.
    pub removed_nodes: Vec<NodeChange>,
    /// Nodes of which something changed.
    pub modified_nodes: Vec<NodeChange>,
    /// Edges that came.
    pub added_edges: Vec<EdgeChange>,
    /// Edges that went.
    pub removed_edges: Vec<EdgeChange>,
    /// Edges that lead elsewhere.
    pub modified_edges: Vec<EdgeChange>,
}

/// A node that differs.
#[derive(Debug, PartialEq, Serialize)]
pub struct NodeChange {
    /// Its id.
    pub node_id: String,
    /// Its type, the newer one if that changed.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Its data before, unless it is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old_data: Option<Value>,
    /// Its data after, unless it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_data: Option<Value>,
    /// What changed in a node that stayed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<FieldChange>,
}

/// An edge that differs; its ends are the newer ones.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EdgeChange {
    /// Its id.
    #[serde(rename = "edge_id")]
    pub edge_id: String,
    /// Id of the node it starts at.
    pub source: String,
    /// Id of the node it ends at.
    pub target: String,
    /// Handle it starts at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_handle: Option<String>,
    /// Handle it ends at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_handle: Option<String>,
    /// What changed in an edge that stayed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<FieldChange>,
}

/// One value that differs. A list is one value.
#[derive(Debug, PartialEq, Serialize)]
pub struct FieldChange {
    /// Where: a JSON Pointer (RFC 6901) into the node or edge.
    pub field: String,
    /// The value before, unless there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<Value>,
    /// The value after, unless there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<Value>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    #[serde(rename = "type")]
    type_name: String,
    #[serde(default)]
    position: Value,
    #[serde(default)]
    data: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Edge {
    #[serde(default)]
    id: String,
    source: String,
    target: String,
    #[serde(default)]
    source_handle: Option<String>,
    #[serde(default)]
    target_handle: Option<String>,
    #[serde(default, rename = "type")]
    type_name: Option<String>,
}

#[derive(Deserialize)]
struct Parts {
    nodes: Vec<Node>,
    edges: Vec<Edge>,
}

impl Drawing {
    /// What changed from here to `newer`.
    pub fn compared(&self, newer: &Self) -> Result<Comparison> {
        let (older, newer) = (self.parsed()?, newer.parsed()?);
        let mut found = Comparison::default();
        let old: IndexMap<_, _> = older.nodes.into_iter().map(|it| (it.id.clone(), it)).collect();
        let new: IndexMap<_, _> = newer.nodes.into_iter().map(|it| (it.id.clone(), it)).collect();
        for (id, node) in &new {
            match old.get(id) {
                None => found.added_nodes.push(node.change(None)),
                Some(before) => {
                    let change = node.change(Some(before));
                    found.modified_nodes.extend((!change.changes.is_empty()).then_some(change));
                }
            }
        }
        let gone = old.values().filter(|it| !new.contains_key(&it.id));
        found.removed_nodes = gone.map(Node::removal).collect();
        let old: IndexMap<_, _> = older.edges.into_iter().map(|it| (it.key(), it)).collect();
        let new: IndexMap<_, _> = newer.edges.into_iter().map(|it| (it.key(), it)).collect();
        for (key, edge) in &new {
            match old.get(key) {
                None => found.added_edges.push(edge.change(None)),
                Some(before) => {
                    let change = edge.change(Some(before));
                    found.modified_edges.extend((!change.changes.is_empty()).then_some(change));
                }
            }
        }
        let gone = old.iter().filter(|(key, _)| !new.contains_key(*key));
        found.removed_edges = gone.map(|(_, it)| it.change(None)).collect();
        Ok(found)
    }

    fn parsed(&self) -> Result<Parts> {
        let mut parts: Parts = serde_json::from_slice(&self.text).map_err(Error::internal)?;
        for data in parts.nodes.iter_mut().filter_map(|it| it.data.as_mut()) {
            data.remove(STATUS);
        }
        Ok(parts)
    }
}

impl Node {
    fn data(&self) -> Value {
        self.data.clone().map_or(Value::Null, Value::Object)
    }

    fn change(&self, before: Option<&Self>) -> NodeChange {
        let mut changes = Vec::new();
        if let Some(before) = before {
            let types = (&before.type_name, &self.type_name);
            text("/type", Some(types.0), Some(types.1), &mut changes);
            differ("/position", Some(&before.position), Some(&self.position), &mut changes);
            // No data and empty data mean the same.
            let filled = |it: &Self| Value::Object(it.data.clone().unwrap_or_default());
            differ("/data", Some(&filled(before)), Some(&filled(self)), &mut changes);
        }
        NodeChange {
            node_id: self.id.clone(),
            type_name: self.type_name.clone(),
            old_data: before.map(Self::data),
            new_data: Some(self.data()),
            changes,
        }
    }

    fn removal(&self) -> NodeChange {
        let added = self.change(None);
        NodeChange { old_data: added.new_data, new_data: None, ..added }
    }
}

impl Edge {
    /// What makes it the same edge: its id, or where it leads.
    fn key(&self) -> String {
        if !self.id.is_empty() {
            return format!("id {}", self.id);
        }
        format!("{:?}", (&self.source, &self.source_handle, &self.target, &self.target_handle))
    }

    fn change(&self, before: Option<&Self>) -> EdgeChange {
        let mut changes = Vec::new();
        if let Some(before) = before {
            text("/source", Some(&before.source), Some(&self.source), &mut changes);
            text("/target", Some(&before.target), Some(&self.target), &mut changes);
            for (field, old, new) in [
                ("/sourceHandle", &before.source_handle, &self.source_handle),
                ("/targetHandle", &before.target_handle, &self.target_handle),
                ("/type", &before.type_name, &self.type_name),
            ] {
                text(field, old.as_ref(), new.as_ref(), &mut changes);
            }
        }
        EdgeChange {
            edge_id: self.id.clone(),
            source: self.source.clone(),
            target: self.target.clone(),
            source_handle: self.source_handle.clone(),
            target_handle: self.target_handle.clone(),
            changes,
        }
    }
}

fn text(field: &str, old: Option<&String>, new: Option<&String>, changes: &mut Vec<FieldChange>) {
    let value = |it: Option<&String>| it.cloned().map(Value::String);
    differ(field, value(old).as_ref(), value(new).as_ref(), changes);
}

fn differ(field: &str, old: Option<&Value>, new: Option<&Value>, changes: &mut Vec<FieldChange>) {
    if let (Some(Value::Object(old)), Some(Value::Object(new))) = (old, new) {
        let added = new.keys().filter(|it| !old.contains_key(*it));
        for key in old.keys().chain(added) {
            let field = format!("{field}/{}", key.replace('~', "~0").replace('/', "~1"));
            differ(&field, old.get(key), new.get(key), changes);
        }
        return;
    }
    let same = match (old, new) {
        (Some(old), Some(new)) => same(old, new),
        (None, None) => true,
        _ => false,
    };
    if !same {
        changes.push(FieldChange { field: field.into(), old: old.cloned(), new: new.cloned() });
    }
}

/// Equal whatever way numbers are written: the canvas makes 10 of 10.0.
fn same(old: &Value, new: &Value) -> bool {
    match (old, new) {
        (Value::Number(old), Value::Number(new)) => {
            old == new || (!(old.is_i64() && new.is_i64()) && old.as_f64() == new.as_f64())
        }
        (Value::Array(old), Value::Array(new)) => {
            old.len() == new.len() && old.iter().zip(new).all(|(old, new)| same(old, new))
        }
        (Value::Object(old), Value::Object(new)) => {
            old.len() == new.len()
                && old.iter().all(|(key, old)| new.get(key).is_some_and(|new| same(old, new)))
        }
        _ => old == new,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn drawing(nodes: &Value, edges: &Value) -> Drawing {
        Drawing::from_bytes(json!({ "nodes": nodes, "edges": edges }).to_string().into())
    }

    fn node(id: &str, data: Value) -> Value {
        json!({"id": id, "type": "t", "position": {"x": 1, "y": 2}, "data": data})
    }

    #[test]
    fn tells_what_came_went_and_changed_by_field() {
        let old = json!([
            node("kept", json!({"replicas": 2, "env": {"A": "1", "B/C": "2"}, "ports": [1, 2]})),
            node("gone", json!({"a": 1})),
            node("same", json!({"n": 1.0})),
        ]);
        let mut kept =
            node("kept", json!({"replicas": 3, "env": {"A": "1", "D": null}, "ports": [1]}));
        kept["position"]["x"] = json!(5);
        let new = json!([kept, node("same", json!({"n": 1})), node("new", Value::Null)]);
        let found = drawing(&old, &json!([])).compared(&drawing(&new, &json!([]))).unwrap();
        let found = serde_json::to_value(found).unwrap();
        assert_eq!(
            found["added_nodes"],
            json!([{"node_id": "new", "type": "t", "new_data": null}])
        );
        assert_eq!(
            found["removed_nodes"],
            json!([{"node_id": "gone", "type": "t", "old_data": {"a": 1}}])
        );
        assert_eq!(found["modified_nodes"].as_array().unwrap().len(), 1);
        assert_eq!(
            found["modified_nodes"][0]["changes"],
            json!([
                {"field": "/position/x", "old": 1, "new": 5},
                {"field": "/data/env/B~1C", "old": "2"},
                {"field": "/data/env/D", "new": null},
                {"field": "/data/ports", "old": [1, 2], "new": [1]},
                {"field": "/data/replicas", "old": 2, "new": 3},
            ])
        );
        assert_eq!(found["modified_nodes"][0]["new_data"]["replicas"], 3);
    }

    #[test]
    fn statuses_and_marks_of_the_canvas_do_not_count() {
        let mut seen = node("n", json!({"a": 1, "_status": {"state": "healthy"}}));
        seen["selected"] = json!(true);
        let plain = json!([node("n", json!({"a": 1}))]);
        let found =
            drawing(&plain, &json!([])).compared(&drawing(&json!([seen]), &json!([]))).unwrap();
        assert_eq!(found, Comparison::default());
    }

    #[test]
    fn an_edge_that_leads_elsewhere_is_modified() {
        let old = json!([
            {"id": "e", "source": "a", "target": "b", "targetHandle": null},
            {"source": "a", "target": "c"},
        ]);
        let new = json!([
            {"id": "e", "source": "a", "target": "c", "targetHandle": "in"},
            {"source": "b", "target": "c"},
        ]);
        let found = drawing(&json!([]), &old).compared(&drawing(&json!([]), &new)).unwrap();
        let found = serde_json::to_value(found).unwrap();
        assert_eq!(
            found["modified_edges"],
            json!([{"edge_id": "e", "source": "a", "target": "c", "targetHandle": "in", "changes": [
                {"field": "/target", "old": "b", "new": "c"},
                {"field": "/targetHandle", "new": "in"},
            ]}])
        );
        let ends = |n: &str| json!([{"edge_id": "", "source": n, "target": "c"}]);
        assert_eq!((&found["added_edges"], &found["removed_edges"]), (&ends("b"), &ends("a")));
    }
}
