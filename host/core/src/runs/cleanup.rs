//! Removing what runs left in a cluster: by inventory and uid, never by name
//! alone.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use futures::FutureExt as _;

use super::{
    comparison::{described, uid},
    inventory::{self, Inventory},
};
use crate::{
    Error, Result, clusters::Clusters, id::Id, kubernetes::Cluster, labels, node_types::Prune,
    parallel::in_order, store::Repository,
};

const PARALLEL: usize = 16;

/// Removes objects of workflows.
#[derive(Clone)]
pub(super) struct Cleanup {
    pub(super) clusters: Clusters,
    pub(super) inventories: Repository<Inventory>,
}

impl Cleanup {
    /// Removes the objects of these entries, as the caller found them in the
    /// inventory. Answers what could not be removed or was kept, in sentences;
    /// those that could not be removed stay in the inventory.
    pub(super) async fn remove(
        &self,
        workflow: Id,
        mut entries: Vec<inventory::Entry>,
    ) -> Result<Vec<String>> {
        if entries.is_empty() {
            return Ok(Vec::new());
        }
        entries.reverse();
        let mut clusters: HashMap<Id, Result<Arc<dyn Cluster>, String>> = HashMap::new();
        for entry in &entries {
            if let Entry::Vacant(place) = clusters.entry(entry.cluster) {
                place.insert(self.connect(entry.cluster).await);
            }
        }
        let mut calls = Vec::with_capacity(entries.len());
        for entry in entries {
            let cluster = clusters.get(&entry.cluster);
            calls.push(
                async move {
                    let result = match cluster {
                        Some(Ok(cluster)) => remove_one(cluster, workflow, &entry).await,
                        Some(Err(why)) => Err(why.clone()),
                        None => Ok(()),
                    };
                    (entry, result)
                }
                .boxed(),
            );
        }
        let removed = in_order(calls, PARALLEL).await;
        let mut warnings = Vec::new();
        let mut gone = Vec::new();
        for (entry, result) in removed {
            match result {
                Ok(()) if entry.prune == Prune::Delete => gone.push(entry),
                Ok(()) => {
                    warnings
                        .push(format!("{} was kept, it may hold data", described(&entry.key())));
                    gone.push(entry);
                }
                Err(why) => warnings.push(why),
            }
        }
        self.forget(workflow, &gone).await?;
        warnings.sort();
        warnings.dedup();
        Ok(warnings)
    }

    async fn connect(&self, cluster: Id) -> Result<Arc<dyn Cluster>, String> {
        let record = self.clusters.by_id(cluster).await.map_err(|it| it.to_string())?;
        let Some(record) = record else {
            return Err("the cluster of earlier runs was removed; its objects stay".into());
        };
        self.clusters.connect(&record).await.map_err(|it| it.to_string())
    }

    /// Forgets entries that are still as they were found: what a run has
    /// applied anew meanwhile is that run's.
    async fn forget(&self, workflow: Id, gone: &[inventory::Entry]) -> Result<()> {
        self.inventories
            .update(&workflow.to_string(), |it| {
                gone.iter().for_each(|entry| it.remove(entry));
                Ok::<_, Error>(())
            })
            .await?;
        Ok(())
    }
}

async fn remove_one(
    cluster: &Arc<dyn Cluster>,
    workflow: Id,
    entry: &inventory::Entry,
) -> Result<(), String> {
    if entry.prune != Prune::Delete {
        return Ok(());
    }
    let key = entry.key();
    let removed = async {
        let uid = if entry.uid.is_empty() {
            // The host died before it was answered. If the object is there it
            // is ours only if it says so itself.
            let live = cluster.get(&key).await?;
            let ours = live.filter(|it| labels::is_of_workflow(it, workflow));
            ours.as_ref().map(uid).unwrap_or_default()
        } else {
            entry.uid.clone()
        };
        if uid.is_empty() { Ok(false) } else { cluster.delete(&key, &uid).await }
    };
    let outcome: Result<bool> = removed.await;
    outcome.map(drop).map_err(|error| format!("{} was not removed: {error}", described(&key)))
}
