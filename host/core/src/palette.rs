//! The palette: node types as the web frontend lists them.

use std::{collections::BTreeMap, sync::Arc};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::node_types::{NodeType, NodeTypes};

/// A palette entry. No list in it may be absent: the frontend reads them all.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PaletteEntry {
    id: String,
    name: String,
    display_name: String,
    category: String,
    description: String,
    icon: String,
    version: String,
    tags: Vec<String>,
    usage_frequency: String,
    difficulty: String,
    dependencies: [String; 0],
    parameters: Vec<Parameter>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_plugin: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    plugin_id: Option<String>,
}

/// A form field of a palette entry.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Parameter {
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

#[derive(Debug, Clone, Serialize, JsonSchema)]
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
}

/// Lists what can be put on a canvas.
#[derive(Clone)]
pub struct Palette {
    node_types: Arc<dyn NodeTypes>,
}

impl Palette {
    /// The palette of these node types.
    pub fn new(node_types: Arc<dyn NodeTypes>) -> Self {
        Self { node_types }
    }

    /// All entries, ordered by name.
    pub fn entries(&self) -> Vec<PaletteEntry> {
        self.node_types.catalogue().types().iter().map(entry).collect()
    }
}

fn entry(it: &NodeType) -> PaletteEntry {
    let descriptor = &it.descriptor;
    let schema: ObjectSchema = serde_json::from_str(&descriptor.schema).unwrap_or_default();
    let name = descriptor.name.clone();
    PaletteEntry {
        id: if it.native { format!("core/{name}") } else { name.clone() },
        name,
        display_name: descriptor.title.clone(),
        category: descriptor.category.clone(),
        description: descriptor.description.clone(),
        icon: descriptor.icon.clone(),
        version: it.plugin_version.clone(),
        tags: descriptor.tags.clone(),
        usage_frequency: it.usage_frequency.clone(),
        difficulty: it.difficulty.clone(),
        dependencies: [],
        parameters: parameters(schema, it.native),
        is_plugin: (!it.native).then_some(true),
        plugin_id: (!it.native).then(|| it.plugin.clone()),
    }
}

fn parameters(schema: ObjectSchema, native: bool) -> Vec<Parameter> {
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
    let parameter = |(name, it): (String, PropertySchema)| Parameter {
        required: required.contains(&name),
        label: if it.title.is_empty() { name.clone() } else { it.title.clone() },
        kind: widget(&it, native),
        description: it.description,
        default: it.default,
        options: it.choices.iter().map(choice).collect(),
        min: it.minimum,
        max: it.maximum,
        name,
    };
    ordered.into_iter().map(parameter).collect()
}

/// The form widget. For types the frontend has no card for it knows `text`,
/// `number`, `select` and `textarea` only.
fn widget(it: &PropertySchema, native: bool) -> String {
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
        (_, false) => match it.widget.as_ref().and_then(Value::as_str) {
            Some("textarea") => "textarea".into(),
            _ => "text".into(),
        },
    }
}

fn choice(value: &Value) -> Choice {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Choice { value: text.clone(), label: text }
}
