//! Kubernetes clusters behind the host's port [`Kubernetes`]: connections,
//! server-side apply, informers.
//!
//! No kind has a meaning here: objects are JSON, and what a kind is called in
//! URLs is asked of the cluster. The exceptions are what the port itself names:
//! namespaces are created, and a probe counts nodes and names namespaces and
//! storage classes.
//!
//! Absent on purpose: a rate limit of our own (the server's priority and
//! fairness answers are honoured instead), forced applies, everything that
//! would read a credential from the host's disk or run a program for one.

mod address;
mod amend;
mod apply;
mod attached;
mod clients;
mod cluster;
mod credentials;
mod definitions;
mod discovery;
mod errors;
mod informer;
mod informers;
mod kubeconfig;
mod objects;
mod paths;
mod probe;
mod requests;
mod trial;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use bowsprit_host_core::{
    error::Result,
    id::Id,
    kubernetes::{Cluster, Kubernetes, Target},
};

/// The field manager under which Bowsprit applies, and the value of the
/// managed-by label of namespaces it creates.
pub use bowsprit_host_core::kubernetes::FIELD_MANAGER;

use crate::cluster::KubeCluster;

/// Who holds fields for others until they take them over.
const KEEPER: &str = "bowsprit-handover";
/// Who takes single fields from others, and holds them until they are applied.
const TAKER: &str = "bowsprit-takeback";

/// Connections to clusters, one per cluster record.
///
/// Needs a Tokio runtime wherever it is called.
#[derive(Default)]
pub struct KubeClusters {
    connected: Mutex<HashMap<Id, Connected>>,
}

struct Connected {
    generation: i64,
    cluster: Arc<KubeCluster>,
}

impl KubeClusters {
    /// No connections yet.
    ///
    /// Chooses ring for TLS in this process unless a choice was made before:
    /// kube builds its TLS configurations from the process's default.
    pub fn new() -> Self {
        rustls::crypto::ring::default_provider().install_default().ok();
        Self::default()
    }

    fn cached(&self, target: &Target) -> Option<Arc<KubeCluster>> {
        let connected = lock(&self.connected);
        let found = connected.get(&target.id)?;
        (found.generation == target.generation).then(|| found.cluster.clone())
    }

    /// Keeps `cluster` for `target` unless a newer generation is kept already
    /// or another caller was faster; answers the one to use.
    fn keep(&self, target: &Target, cluster: Arc<KubeCluster>) -> Arc<KubeCluster> {
        let mut connected = lock(&self.connected);
        if let Some(found) = connected.get(&target.id) {
            if found.generation == target.generation {
                return found.cluster.clone();
            }
            if found.generation > target.generation {
                return cluster;
            }
        }
        let entry = Connected { generation: target.generation, cluster: cluster.clone() };
        if let Some(old) = connected.insert(target.id, entry) {
            old.cluster.close();
        }
        cluster
    }
}

#[async_trait]
impl Kubernetes for KubeClusters {
    async fn connect(&self, target: &Target) -> Result<Arc<dyn Cluster>> {
        if let Some(cluster) = self.cached(target) {
            return Ok(cluster);
        }
        let access = credentials::access(target)?;
        let cluster = Arc::new(KubeCluster::new(clients::Clients::new(access)?));
        Ok(self.keep(target, cluster))
    }

    async fn forget(&self, id: Id) {
        if let Some(old) = lock(&self.connected).remove(&id) {
            old.cluster.close();
        }
    }
}

/// Whether a field manager only holds fields for [`FIELD_MANAGER`], which may
/// have them at any time.
fn is_stand_in(manager: &str) -> bool {
    matches!(manager, KEEPER | TAKER)
}

/// Nothing behind our locks is left half-changed by a panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
