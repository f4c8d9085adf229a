//! Shapes: JSON Schemas for answers a handler writes by hand.
//!
//! A shape looks like the JSON it describes: `{"name": "text", "tags?":
//! ["text"]}`. A text names a type (`text integer number boolean object any id
//! time`), a component (`#Workflow`) or is exact (`=completed`); `|` joins
//! alternatives. A key that ends in `?` may be absent; a list has one element,
//! the shape of all of its own.

use serde_json::{Map, Value, json};

/// The schema of a shape.
pub(super) fn schema(shape: &Value) -> Value {
    match shape {
        Value::String(word) => alternatives(word),
        Value::Array(items) => {
            json!({ "type": "array", "items": items.first().map_or(json!({}), schema) })
        }
        Value::Object(fields) => object(fields),
        exact => json!({ "const": exact }),
    }
}

fn object(fields: &Map<String, Value>) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (key, shape) in fields {
        let name = key.strip_suffix('?').unwrap_or(key);
        if name == key {
            required.push(name);
        }
        properties.insert(name.to_owned(), schema(shape));
    }
    json!({ "type": "object", "properties": properties, "required": required })
}

fn alternatives(words: &str) -> Value {
    let mut all: Vec<Value> = words.split('|').map(word).collect();
    if all.len() == 1 { all.remove(0) } else { json!({ "anyOf": all }) }
}

fn word(word: &str) -> Value {
    if let Some(component) = word.strip_prefix('#') {
        return json!({ "$ref": format!("#/components/schemas/{component}") });
    }
    if let Some(exact) = word.strip_prefix('=') {
        return json!({ "const": exact });
    }
    match word {
        "text" => json!({ "type": "string" }),
        "id" => json!({ "type": "string", "pattern": "^[0-9a-f]{24}$" }),
        "time" => json!({ "type": "string", "format": "date-time" }),
        "integer" | "number" | "boolean" | "object" | "null" => json!({ "type": word }),
        _ => json!({}),
    }
}

/// Components that no Rust type stands for: what the canvas draws is kept as
/// text.
pub(super) fn components() -> Vec<(&'static str, Value)> {
    let node = json!({
        "id": "text", "type": "text", "position": {"x": "number", "y": "number"}, "data?": "object|null",
    });
    let edge = json!({
        "id": "text", "source": "text", "target": "text", "sourceHandle?": "text|null",
        "targetHandle?": "text|null", "type?": "text|null",
    });
    let workflow = json!({
        "id": "id", "name": "text", "description": "text", "cluster_id": "text",
        "status": "=draft|=published|=archived", "tags": ["text"], "nodes": ["#WorkflowNode"],
        "edges": ["any"], "versions?": ["any"], "current_version": "integer", "owner_id": "id",
        "team_id": "text", "created_at": "time", "updated_at": "time", "deleted_at?": "time",
        "last_run_at?": "time", "last_run_id?": "id", "run_count": "integer", "success_count": "integer",
        "failure_count": "integer",
    });
    let version = json!({
        "id": "id", "workflow_id": "id", "version": "integer", "nodes": ["#WorkflowNode"],
        "edges": ["any"], "name?": "text", "tag?": "text", "description": "text",
        "created_at": "time", "created_by": "id", "restored_from?": "integer",
        "is_automatic": "boolean", "run_id?": "id",
        "run_status?": "=running|=completed|=failed", "unsettled?": "boolean",
    });
    [
        ("WorkflowNode", node),
        ("WorkflowEdge", edge),
        ("Workflow", workflow),
        ("WorkflowVersion", version),
    ]
    .map(|(name, shape)| (name, schema(&shape)))
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_the_shape_shows() {
        let made = schema(&json!({"a": "id|null", "b?": [{"c": "#WorkflowNode"}], "d": "=x"}));
        assert_eq!(made["required"], json!(["a", "d"]));
        assert_eq!(made["properties"]["a"]["anyOf"][1], json!({"type": "null"}));
        let items = &made["properties"]["b"]["items"];
        assert_eq!(items["properties"]["c"]["$ref"], "#/components/schemas/WorkflowNode");
        assert_eq!(made["properties"]["d"], json!({"const": "x"}));
    }
}
