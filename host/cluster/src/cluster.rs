//! One cluster behind the port: every call finds its part here.

use std::{sync::Arc, time::Instant};

use async_trait::async_trait;
use bowsprit_host_core::{
    catalogues,
    error::Result,
    kubernetes::{Applied, Cluster, ClusterFacts, Informer, ObjectKey, Served, Trial},
    node_types::Kind,
};
use serde_json::Value;

use crate::{
    amend, apply, attached, clients::Clients, definitions::Definitions, discovery::Discovery,
    informers::Informers, objects, probe, trial,
};

/// A connection to a cluster and what was learnt through it.
pub(crate) struct KubeCluster {
    clients: Clients,
    discovery: Discovery,
    definitions: Definitions,
    informers: Informers,
}

impl KubeCluster {
    /// Nothing is known yet.
    pub(crate) fn new(clients: Clients) -> Self {
        Self {
            clients,
            discovery: Discovery::default(),
            definitions: Definitions::default(),
            informers: Informers::default(),
        }
    }

    /// Ends the informers; calls under way go on.
    pub(crate) fn close(&self) {
        self.informers.close();
    }
}

#[async_trait]
impl Cluster for KubeCluster {
    async fn probe(&self) -> Result<ClusterFacts> {
        probe::probe(self.clients.reads()).await
    }

    async fn served(&self, kind: &Kind) -> Result<Option<Served>> {
        self.discovery.served(self.clients.reads(), kind).await
    }

    async fn served_since(&self, kind: &Kind, since: Instant) -> Result<Option<Served>> {
        self.discovery.served_since(self.clients.reads(), kind, since).await
    }

    async fn custom_kinds(&self) -> Result<Arc<Vec<catalogues::Served>>> {
        self.definitions.kinds(&self.clients, &self.discovery, &self.informers).await
    }

    async fn definition(&self, kind: &Kind) -> Result<Option<catalogues::Served>> {
        self.definitions.one(&self.clients, &self.discovery, &self.informers, kind).await
    }

    async fn definition_named(&self, name: &str) -> Result<Option<catalogues::Served>> {
        self.definitions.named(&self.clients, &self.discovery, &self.informers, name).await
    }

    async fn apply(&self, object: &Value) -> Result<Applied> {
        apply::apply(&self.clients, &self.discovery, object).await
    }

    async fn try_out(&self, object: &Value) -> Result<Trial> {
        trial::try_out(&self.clients, &self.discovery, object).await
    }

    async fn hand_over(&self, fields: &Value) -> Result<Applied> {
        apply::hand_over(&self.clients, &self.discovery, fields).await
    }

    async fn take_back(&self, object: &Value, fields: &Value) -> Result<Applied> {
        apply::take_back(&self.clients, &self.discovery, object, fields).await
    }

    async fn amend(&self, fields: &Value, trial: bool) -> Result<Applied> {
        amend::amend(&self.clients, &self.discovery, fields, trial).await
    }

    async fn get(&self, key: &ObjectKey) -> Result<Option<Value>> {
        objects::get(&self.clients, &self.discovery, key).await
    }

    async fn list(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
        selector: &str,
    ) -> Result<Vec<Value>> {
        objects::list(&self.clients, &self.discovery, kind, namespace, selector).await
    }

    async fn some(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
        selector: &str,
        limit: u32,
    ) -> Result<Vec<Value>> {
        objects::some(&self.clients, &self.discovery, kind, namespace, (selector, limit)).await
    }

    async fn events(&self, namespace: &str, uid: &str, limit: u32) -> Result<Vec<Value>> {
        attached::events(&self.clients, namespace, uid, limit).await
    }

    async fn log_tail(
        &self,
        pod: (&str, &str),
        container: &str,
        lines: u32,
    ) -> Result<Vec<String>> {
        attached::log_tail(self.clients.reads(), pod, container, lines).await
    }

    async fn delete(&self, key: &ObjectKey, uid: &str) -> Result<bool> {
        objects::delete(&self.clients, &self.discovery, key, uid).await
    }

    async fn ensure_namespace(&self, name: &str) -> Result<bool> {
        objects::ensure_namespace(&self.clients, name).await
    }

    async fn informer(
        &self,
        kind: &Kind,
        namespace: &str,
        selector: &str,
    ) -> Result<Arc<dyn Informer>> {
        let served = self.discovery.required(self.clients.reads(), kind).await?;
        let found = self.informers.get(&self.clients, kind, &served, namespace, selector);
        Ok(found.await?)
    }
}
