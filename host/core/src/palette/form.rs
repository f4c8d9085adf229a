//! Forms: what a flat form of the frontend can show of a JSON Schema, and what
//! it makes of values.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What the frontend has for types it has no card for.
const WIDGETS: [&str; 4] = ["text", "number", "select", "textarea"];

/// A form field of a palette entry.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Parameter {
    name: String,
    label: String,
    description: String,
    #[serde(rename = "type")]
    kind: String,
    required: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    options: Vec<Choice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max: Option<Value>,
}

#[derive(Debug, Clone, Serialize)]
struct Choice {
    value: String,
    label: String,
}

/// As much of a JSON Schema as a flat form can show.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ObjectSchema {
    properties: BTreeMap<String, PropertySchema>,
    required: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PropertySchema {
    title: String,
    description: String,
    #[serde(rename = "type")]
    kind: Value,
    default: Option<Value>,
    #[serde(rename = "enum")]
    choices: Vec<Value>,
    minimum: Option<Value>,
    maximum: Option<Value>,
    #[serde(rename = "x-order")]
    order: Option<i64>,
    #[serde(rename = "x-form")]
    widget: Option<Value>,
    #[serde(rename = "x-placeholder")]
    placeholder: String,
}

impl PropertySchema {
    /// Whether values of no other type are allowed.
    fn is_only(&self, kind: &str) -> bool {
        match &self.kind {
            Value::Array(kinds) => {
                let mut kinds = kinds.iter().filter(|it| *it != "null");
                kinds.next().is_some_and(|it| it == kind) && kinds.next().is_none()
            }
            it => it == kind,
        }
    }
}

/// A form field of a plugin's node type.
#[derive(Debug, Clone, Serialize)]
pub(super) struct PluginField {
    id: String,
    label: String,
    #[serde(rename = "type")]
    kind: String,
    required: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    options: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    placeholder: String,
}

impl PluginField {
    pub(super) fn of(it: &Parameter) -> Self {
        Self {
            id: it.name.clone(),
            label: it.label.clone(),
            kind: it.kind.clone(),
            required: it.required,
            default: it.default.as_ref().map(shown),
            options: it.options.iter().map(|it| it.value.clone()).collect(),
            placeholder: it.description.clone(),
        }
    }
}

/// The fields of a schema. For types the frontend has no card for it knows
/// `text`, `number`, `select` and `textarea` only.
pub(super) fn parameters(schema: &str, native: bool) -> Vec<Parameter> {
    let schema: ObjectSchema = serde_json::from_str(schema).unwrap_or_default();
    let ObjectSchema { properties, required } = schema;
    // A schema that orders some of its properties leaves the others to people
    // who know them.
    let chooses = properties.values().any(|it| it.order.is_some());
    let is_listed = |name: &str, it: &PropertySchema| {
        !name.starts_with('_') && (it.order.is_some() || !chooses)
    };
    let mut ordered: Vec<_> =
        properties.into_iter().filter(|(name, it)| is_listed(name, it)).collect();
    ordered.sort_by_key(|(_, it)| it.order.unwrap_or(i64::MAX));
    let parameter = |(name, mut it): (String, PropertySchema)| {
        if it.is_only("boolean") && !native {
            it.choices = vec![true.into(), false.into()];
            it.default = it.default.as_ref().map(shown).map(Value::from);
        }
        Parameter {
            required: required.contains(&name),
            label: if it.title.is_empty() { name.clone() } else { it.title.clone() },
            kind: widget(&it, native),
            description: if it.placeholder.is_empty() { it.description } else { it.placeholder },
            default: it.default,
            options: it.choices.iter().map(choice).collect(),
            min: it.minimum,
            max: it.maximum,
            name,
        }
    };
    ordered.into_iter().map(parameter).collect()
}

fn widget(it: &PropertySchema, native: bool) -> String {
    let wanted = it.widget.as_ref().and_then(Value::as_str);
    if let Some(wanted) = wanted.filter(|it| !native && WIDGETS.contains(it)) {
        return wanted.into();
    }
    if !it.choices.is_empty() {
        return "select".into();
    }
    let declared = match &it.kind {
        Value::String(kind) => kind.as_str(),
        Value::Array(kinds) => kinds.iter().find_map(Value::as_str).unwrap_or("string"),
        _ => "string",
    };
    match (declared, native) {
        ("integer" | "number", _) => "number".into(),
        (kind, true) => kind.into(),
        ("object" | "array", false) => "textarea".into(),
        (_, false) => "text".into(),
    }
}

fn choice(value: &Value) -> Choice {
    let text = shown(value);
    Choice { value: text.clone(), label: text }
}

/// A value as it stands in a field.
fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The data of a node with numbers and truth values where its schema wants them.
/// Forms of the frontend leave a default as the text it is listed as, until
/// somebody edits it; an empty number field is none.
///
/// `None` if there is nothing to change.
pub(crate) fn typed(schema: &str, data: &str) -> Option<String> {
    let schema: ObjectSchema = serde_json::from_str(schema).ok()?;
    let mut data: Map<String, Value> = serde_json::from_str(data).ok()?;
    let mut changed = false;
    for (name, property) in &schema.properties {
        let Some(text) = data.get(name).and_then(Value::as_str).map(str::trim) else { continue };
        let number = property.is_only("integer") || property.is_only("number");
        let value = match text {
            "" if number => None,
            _ if number => serde_json::from_str(text).ok().map(Value::Number),
            "true" | "false" if property.is_only("boolean") => Some((text == "true").into()),
            _ => continue,
        };
        match value {
            Some(value) => drop(data.insert(name.clone(), value)),
            None if text.is_empty() => drop(data.remove(name)),
            None => continue,
        }
        changed = true;
    }
    changed.then(|| Value::Object(data).to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> String {
        json!({"type": "object", "required": ["name"], "properties": {
            "name": {"type": "string", "title": "Name", "x-order": 1, "x-placeholder": "my-app"},
            "replicas": {"type": "integer", "default": 3, "x-order": 2},
            "port": {"type": ["integer", "string"], "x-order": 3},
            "on": {"type": "boolean", "default": false, "x-order": 4},
            "size": {"enum": ["s", "m"], "default": "s", "x-order": 5},
            "more": {"type": "object", "x-order": 6},
            "hidden": {"type": "string"},
        }})
        .to_string()
    }

    #[test]
    fn a_plugin_gets_the_four_widgets_the_frontend_has() {
        let fields = parameters(&schema(), false);
        let fields: Vec<_> = fields.iter().map(PluginField::of).collect();
        let kinds: Vec<_> = fields.iter().map(|it| (it.id.as_str(), it.kind.as_str())).collect();
        assert_eq!(
            kinds,
            [
                ("name", "text"),
                ("replicas", "number"),
                ("port", "number"),
                ("on", "select"),
                ("size", "select"),
                ("more", "textarea"),
            ]
        );
        let json = serde_json::to_value(&fields).unwrap();
        assert_eq!(
            json[0],
            json!({"id": "name", "label": "Name", "type": "text", "required": true, "placeholder": "my-app"})
        );
        assert_eq!((&json[1]["default"], &json[3]["default"]), (&json!("3"), &json!("false")));
        assert_eq!(json[3]["options"], json!(["true", "false"]));
    }

    #[test]
    fn texts_become_what_the_schema_wants_and_nothing_else_changes() {
        let of = |data: Value| typed(&schema(), &data.to_string());
        let read = |it: Option<String>| serde_json::from_str::<Value>(&it.unwrap()).unwrap();
        let made =
            of(json!({"name": "7", "replicas": " 5 ", "port": "80", "on": "true", "x": "1"}));
        assert_eq!(
            read(made),
            json!({"name": "7", "replicas": 5, "port": "80", "on": true, "x": "1"})
        );
        assert_eq!(read(of(json!({"replicas": ""}))), json!({}));
        for untouched in [json!({"replicas": "many"}), json!({"replicas": 5}), json!({"on": "yes"})]
        {
            assert_eq!(of(untouched), None);
        }
    }
}
