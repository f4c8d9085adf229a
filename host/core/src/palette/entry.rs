//! A node type as the palette lists it.

use serde::Serialize;

use super::form::{Parameter, parameters};
use crate::node_types::NodeType;

/// A palette entry. No list in it may be absent: the frontend reads them all.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PaletteEntry {
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

impl PaletteEntry {
    pub(super) fn of(it: &NodeType) -> Self {
        let descriptor = &it.descriptor;
        let name = descriptor.name.clone();
        Self {
            id: if it.native { format!("core/{name}") } else { name.clone() },
            name,
            display_name: descriptor.title.clone(),
            category: descriptor.category.clone(),
            description: descriptor.description.clone(),
            icon: descriptor.icon.clone(),
            version: it.plugin_version.clone(),
            tags: tags(it),
            usage_frequency: it.usage_frequency.clone(),
            difficulty: it.difficulty.clone(),
            dependencies: [],
            parameters: parameters(&descriptor.schema, it.native),
            is_plugin: (!it.native).then_some(true),
            plugin_id: (!it.native).then(|| it.offered_as.clone()),
        }
    }
}

/// Its own, and for plugins those by which the frontend groups them.
fn tags(it: &NodeType) -> Vec<String> {
    let mut tags = it.descriptor.tags.clone();
    if !it.native {
        for tag in ["plugin", &it.descriptor.category, &it.offered_as] {
            if !tags.iter().any(|it| it == tag) {
                tags.push(tag.to_owned());
            }
        }
    }
    tags
}
