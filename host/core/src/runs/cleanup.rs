//! Removing what runs left in a cluster: by inventory and uid, never by name
//! alone.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use futures::FutureExt as _;

use super::{
    apply::described,
    inventory::{self, Inventory},
};
use crate::{
    Error, Result, clusters::Clusters, id::Id, kubernetes::Cluster, node_types::Prune,
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
    /// Removes the objects that `chosen` picks. Answers what could not be
    /// removed or was kept, in sentences; those that could not be removed
    /// stay in the inventory.
    pub(super) async fn remove(
        &self,
        workflow: Id,
        chosen: impl Fn(&inventory::Entry) -> bool,
    ) -> Result<Vec<String>> {
        let Some(inventory) = self.inventories.get(&workflow.to_string()).await? else {
            return Ok(Vec::new());
        };
        let mut entries: Vec<inventory::Entry> =
            inventory.value.entries.iter().filter(|it| chosen(it)).cloned().collect();
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
                        Some(Ok(cluster)) => remove_one(cluster, &entry).await,
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

async fn remove_one(cluster: &Arc<dyn Cluster>, entry: &inventory::Entry) -> Result<(), String> {
    // Without a uid nothing was ever answered: it may be there or not, and if
    // it is, it is not known to be ours.
    if entry.prune != Prune::Delete || entry.uid.is_empty() {
        return Ok(());
    }
    match cluster.delete(&entry.key(), &entry.uid).await {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("{} was not removed: {error}", described(&entry.key()))),
    }
}
