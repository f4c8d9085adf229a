//! How nodes are doing, kept apart from drawings and laid over them when they
//! are read.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    Error, Result,
    drawing::Overlay,
    id::Id,
    node_types::NodeStatus,
    store::{Collection, Documents, Filter, Patch, Record, Repository, StoreError},
    workflows::Workflow,
};

/// The statuses of one workflow's nodes; the document's id is the workflow's.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct StatusDocument {
    #[serde(skip)]
    workflow: Id,
    nodes: BTreeMap<String, NodeStatus>,
}

/// Where statuses are kept.
pub static STATUSES: Collection =
    Collection { name: "node_statuses", fields: &[], indexes: &[], unique: &[], expiry: None };

impl Record for StatusDocument {
    const COLLECTION: &'static Collection = &STATUSES;

    fn key(&self) -> String {
        self.workflow.to_string()
    }

    fn restore_key(&mut self, id: &str) {
        self.workflow = id.parse().unwrap_or_default();
    }
}

/// Statuses in the store.
#[derive(Clone)]
pub struct Statuses {
    stored: Repository<StatusDocument>,
    workflows: Repository<Workflow>,
}

impl Statuses {
    /// Statuses in `store`.
    pub fn new(store: &Arc<dyn Documents>) -> Self {
        Self {
            stored: Repository::new(Arc::clone(store)),
            workflows: Repository::new(Arc::clone(store)),
        }
    }

    /// All statuses of a workflow, by node id.
    pub async fn of(&self, workflow: Id) -> Result<BTreeMap<String, NodeStatus>> {
        let stored = self.stored.get(&workflow.to_string()).await?;
        Ok(stored.map(|it| it.value.nodes).unwrap_or_default())
    }

    /// What to lay over the drawing of this workflow. Most are read far more
    /// often than they are run, so those that never were cost no second read.
    pub async fn overlay_of(&self, workflow: &Workflow) -> Result<Overlay> {
        // Earlier builds kept statuses without a mark, but counted the run.
        if !workflow.observed && workflow.run_count == 0 {
            return Ok(Overlay::default());
        }
        self.overlay(workflow.id).await
    }

    /// What to lay over the workflow's drawing.
    pub async fn overlay(&self, workflow: Id) -> Result<Overlay> {
        let statuses = self.of(workflow).await?;
        statuses.into_iter().map(|(node, status)| Ok((node, keys(&status)?))).collect()
    }

    /// Keeps new statuses and forgets nodes that are not among `nodes`.
    pub async fn put(
        &self,
        workflow: Id,
        changed: BTreeMap<String, NodeStatus>,
        nodes: impl Fn(&str) -> bool + Send + Sync,
    ) -> Result<()> {
        let id = workflow.to_string();
        let merge = |it: &mut StatusDocument| {
            it.nodes.extend(changed.clone());
            it.nodes.retain(|node, _| nodes(node));
            Ok::<_, Error>(())
        };
        while self.stored.update(&id, merge).await?.is_none() {
            // First the mark: statuses without it would not be looked for.
            self.mark(&id).await?;
            let empty = StatusDocument { workflow, nodes: BTreeMap::new() };
            match self.stored.insert(empty).await {
                Ok(_) | Err(StoreError::Taken(_)) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Ok(())
    }

    async fn mark(&self, workflow: &str) -> Result<()> {
        let set = [("observed".to_owned(), true.into())].into_iter().collect();
        let patch = Patch { set, ..Patch::default() };
        match self.workflows.patch(workflow, None, &Filter::All, &patch).await {
            Ok(_) | Err(StoreError::Missing) => Ok(()),
            Err(other) => Err(other.into()),
        }
    }

    /// Forgets all statuses of a workflow.
    pub async fn clear(&self, workflow: Id) -> Result<()> {
        self.stored.remove(&workflow.to_string()).await?;
        Ok(())
    }
}

/// The keys a status lays over its node's data.
fn keys(status: &NodeStatus) -> Result<Vec<(String, Box<RawValue>)>> {
    let raw = |text: &str| RawValue::from_string(text.to_owned()).map_err(Error::internal);
    let mut keys = vec![("_status".to_owned(), raw(&status.card)?)];
    let marks: BTreeMap<String, Box<RawValue>> =
        serde_json::from_str(&status.marks).map_err(Error::internal)?;
    keys.extend(marks.into_iter().filter(|(key, _)| key.starts_with('_') && key != "_status"));
    Ok(keys)
}
