//! Whose a drawn node is.

use std::sync::Arc;

use serde::Deserialize;

use crate::{
    drawing::NodeView,
    node_types::{Catalogue, Node, NodeType},
    palette::typed,
};

/// How the canvas names a type of those it has a card for.
const NATIVE: &str = "core/";

/// The name of a node's type.
pub(crate) fn type_name(node: &NodeView<'_>) -> String {
    drawn_type(node).name
}

/// A node's type, as it is drawn.
struct DrawnType {
    name: String,
    /// The plugin it was drawn for, where the drawing says it.
    plugin: Option<String>,
}

/// A node's type. The canvas draws every type it has no card for as `plugin`, and
/// keeps the type's name in `data.templateId` and whose it is in
/// `data.pluginId`.
fn drawn_type(node: &NodeView<'_>) -> DrawnType {
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct PluginNode {
        template_id: Option<String>,
        plugin_id: Option<String>,
    }
    let data = node.data.filter(|_| node.type_name == "plugin");
    let named: PluginNode =
        data.and_then(|it| serde_json::from_str(it.get()).ok()).unwrap_or_default();
    let name = named.template_id.as_deref().unwrap_or(&node.type_name);
    DrawnType {
        name: name.strip_prefix(NATIVE).unwrap_or(name).to_owned(),
        plugin: named.plugin_id.filter(|it| !it.is_empty()),
    }
}

impl DrawnType {
    /// Another plugin may have a type of this name by now.
    fn is(&self, found: &NodeType) -> bool {
        let plugin = self.plugin.as_ref();
        plugin.is_none_or(|it| *it == found.offered_as || *it == found.plugin)
    }
}

/// The node as its plugin is asked about it, or the name of a type that nobody
/// provides.
pub(super) fn provided(
    catalogue: &Arc<dyn Catalogue>,
    node: &NodeView<'_>,
) -> Result<Node, String> {
    let drawn = drawn_type(node);
    let Some(found) = catalogue.find(&drawn.name).filter(|it| drawn.is(it)) else {
        return Err(match drawn.plugin {
            Some(plugin) => format!("{plugin}/{}", drawn.name),
            None => drawn.name,
        });
    };
    let data = node.data.map_or("{}", |it| it.get());
    let typed = if found.native { None } else { typed(&found.descriptor.schema, data) };
    Ok(Node {
        id: node.id.to_string(),
        type_name: drawn.name,
        data: typed.unwrap_or_else(|| data.to_owned()),
    })
}
