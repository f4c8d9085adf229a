//! Drawings under examination: as they are saved, or as somebody would save
//! them. What is asked about a draft stores nothing.

mod export;
mod layout;
mod names;
mod preview;
mod suggestions;
mod validation;

use std::sync::Arc;

use serde_json::value::RawValue;

use crate::{
    Error, Result,
    access::Caller,
    clusters::Clusters,
    custom_kinds::{Kept, KeptKinds},
    drawing::Drawing,
    id::Id,
    kubernetes::Cluster,
    node_types::{Catalogue, NodeTypes},
    runs::{
        inventory::Inventory,
        plan::{OnFault, Target},
        vault::{ValueNames, Vaults},
    },
    store::Repository,
    workflows::Workflows,
};
pub use export::{Export, ExportLimits, Format};
pub use layout::Layout;
pub use names::{NameSuggestions, Nameless};
pub use preview::Preview;
pub use suggestions::EdgeSuggestions;
pub use validation::Validation;

/// Namespace for nodes that name none, where no cluster says another.
const NAMESPACE: &str = "default";

/// Nodes and edges in place of the saved ones; none leaves those.
#[derive(Debug, Clone, Copy, Default)]
pub struct Drawn<'a> {
    /// A list of nodes.
    pub nodes: Option<&'a RawValue>,
    /// A list of edges.
    pub edges: Option<&'a RawValue>,
}

/// Opens drawings for those who ask about them.
#[derive(Clone)]
pub struct Drafts {
    workflows: Workflows,
    clusters: Clusters,
    node_types: Arc<dyn NodeTypes>,
    custom: KeptKinds,
    vaults: Vaults,
    inventories: Repository<Inventory>,
    exports: ExportLimits,
}

/// A drawing with all that calls about its nodes need.
struct Draft {
    workflow: Id,
    name: String,
    drawing: Drawing,
    namespace: String,
    /// With the id of its record.
    cluster: Option<(Id, Arc<dyn Cluster>)>,
    /// Charges its calls to the caller.
    catalogue: Arc<dyn Catalogue>,
    /// Custom kinds among the nodes.
    kept: Kept,
    /// Names of the values given for earlier runs.
    given: ValueNames,
}

impl Drafts {
    /// Drafts of these workflows.
    pub fn new(
        (workflows, clusters, node_types): (Workflows, Clusters, Arc<dyn NodeTypes>),
        custom: KeptKinds,
        (vaults, inventories): (Vaults, Repository<Inventory>),
        exports: ExportLimits,
    ) -> Self {
        Self { workflows, clusters, node_types, custom, vaults, inventories, exports }
    }

    /// For questions whose answers nobody sees as they are.
    async fn open(&self, caller: &Caller, id: Id, drawn: Drawn<'_>) -> Result<Draft> {
        let catalogue = self.node_types.questions_of(caller.user);
        self.open_with(catalogue, caller, id, drawn).await
    }

    async fn open_with(
        &self,
        catalogue: Arc<dyn Catalogue>,
        caller: &Caller,
        id: Id,
        Drawn { nodes, edges }: Drawn<'_>,
    ) -> Result<Draft> {
        let workflow = self.workflows.drafted(caller, id, (nodes, edges)).await?;
        let (namespace, cluster) = self.place(caller, &workflow.cluster_id).await?;
        let (owner, drawing) = (workflow.owner_id, workflow.drawing);
        let kept = self.custom.in_drawing(owner, &drawing, &*catalogue).await?;
        let none = kept.types.is_empty();
        Ok(Draft {
            workflow: workflow.id,
            name: workflow.name,
            drawing,
            namespace,
            cluster,
            catalogue: if none { catalogue } else { catalogue.with(kept.types.clone()) },
            kept,
            given: self.vaults.names(id).await?,
        })
    }

    /// Where the objects would go. The cluster has to be there when the
    /// workflow is run, not before.
    async fn place(
        &self,
        caller: &Caller,
        name: &str,
    ) -> Result<(String, Option<(Id, Arc<dyn Cluster>)>)> {
        match self.clusters.mine(caller, name).await {
            Ok(record) => {
                let cluster = self.clusters.connect(&record).await.ok();
                Ok((record.namespace().to_owned(), cluster.map(|it| (record.id, it))))
            }
            Err(Error::NotFound { .. }) => Ok((NAMESPACE.to_owned(), None)),
            Err(other) => Err(other),
        }
    }
}

impl Draft {
    /// What a plan of it is made for: objects as a run would apply them.
    fn target(&self) -> Target<'_> {
        Target {
            workflow: Some(self.workflow),
            namespace: &self.namespace,
            given: &self.given,
            cluster: self.cluster.as_ref().map(|(_, cluster)| cluster),
            definitions: &self.kept.definitions,
            on_fault: OnFault::Tell,
        }
    }
}

/// Why there is no such type, and what to do about it.
fn missing(catalogue: &dyn Catalogue, type_name: &str) -> (String, String) {
    match catalogue.disabled(type_name) {
        Some(plugin) => (
            format!("plugin `{plugin}`, which provides the node type `{type_name}`, is disabled"),
            format!("let an administrator enable the plugin `{plugin}`"),
        ),
        None => (
            format!("no plugin provides the node type `{type_name}`"),
            "install a plugin that provides it".to_owned(),
        ),
    }
}
