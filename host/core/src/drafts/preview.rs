//! Previews: what one node would render, for people to look at.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::{Drafts, Drawn, missing};
use crate::{
    Error, Result,
    access::Caller,
    id::Id,
    masking::mask,
    node_types::{Finding, Order},
    runs::plan::{Plan, Planned, rendered},
};

/// What one node would render.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Preview {
    node: String,
    #[serde(rename = "type")]
    type_name: String,
    plugin: MadeBy,
    /// None if `findings` holds an error.
    manifests: Vec<Previewed>,
    findings: Vec<Finding>,
}

/// The plugin that was asked.
#[derive(Debug, Serialize, JsonSchema)]
struct MadeBy {
    id: String,
    version: String,
    /// Digest of its generation, hex.
    generation: String,
}

/// One object, with values of secrets masked.
#[derive(Debug, Serialize, JsonSchema)]
struct Previewed {
    /// Its key within the node.
    id: String,
    /// When it would be applied.
    order: Order,
    /// The object.
    object: Value,
    /// The same as YAML.
    yaml: String,
}

impl Drafts {
    /// What a node would render in its surroundings.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is no such node;
    /// `node.type.unknown` if nobody provides its type.
    pub async fn preview(
        &self,
        caller: &Caller,
        workflow: Id,
        node: &str,
        drawn: Drawn<'_>,
    ) -> Result<Preview> {
        // Somebody looks at what this renders: a later generation of the plugin
        // is compared by it, as by what a run renders.
        let catalogue = self.node_types.catalogue_for(caller.user);
        let draft = self.open_with(catalogue, caller, workflow, drawn).await?;
        let plan = Plan::prepared(&draft.drawing, &draft.catalogue, &draft.target()).await?;
        if let Some((_, type_name)) = plan.skipped.iter().find(|(id, _)| id == node) {
            let (message, _) = missing(&*draft.catalogue, type_name);
            return Err(Error::Refused { code: "node.type.unknown", message });
        }
        let prepared = plan.nodes.iter().find(|it| it.node.id == node);
        let prepared = prepared.ok_or_else(|| Error::not_found("node", node))?;
        let by = draft.catalogue.find(&prepared.node.type_name);
        let by = by.ok_or_else(|| Error::not_found("node type", &prepared.node.type_name))?;
        let (objects, told) = rendered(prepared, &draft.catalogue, &draft.target()).await?;
        let own = plan.findings.into_iter().filter(|it| it.node.as_deref() == Some(node));
        Ok(Preview {
            node: node.to_owned(),
            type_name: prepared.node.type_name.clone(),
            plugin: MadeBy {
                id: by.plugin.clone(),
                version: by.plugin_version.clone(),
                generation: by.generation.clone(),
            },
            manifests: objects.into_iter().map(previewed).collect::<Result<_>>()?,
            findings: own.chain(told).collect(),
        })
    }
}

fn previewed(object: Planned) -> Result<Previewed> {
    let Planned { local_id, order, key, mut body, .. } = object;
    mask(&key.kind, &mut body);
    let yaml = serde_saphyr::to_string(&body).map_err(Error::internal)?;
    Ok(Previewed { id: local_id, order, object: body, yaml })
}
