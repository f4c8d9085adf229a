//! The engine as the core sees it.

use std::sync::{Arc, PoisonError, atomic::Ordering};

use async_trait::async_trait;
use bowsprit_host_core::{
    Error, Result,
    audit::Actor,
    catalogues::{Catalogues, EntryCatalogue},
    diagnostics::{CheckCatalogue, Diagnostics},
    id::Id,
    importers::{ImporterCatalogue, Importers},
    node_types::{Catalogue, NodeTypes},
    plugins::{
        ComparisonReport, FailedCall, FailedCallSummary, GenerationReport, LogLevel, LogLine,
        PluginReport, Plugins, SwapPolicy, Trial, Validation,
    },
};
use bytes::Bytes;

use crate::{
    PluginEngine,
    catalogue::{Pinned, Table},
    generations::Generations,
    journal::Journal,
};

impl NodeTypes for PluginEngine {
    fn catalogue(&self) -> Arc<dyn Catalogue> {
        Arc::new(self.pinned(None))
    }

    fn catalogue_for(&self, user: Id) -> Arc<dyn Catalogue> {
        Arc::new(self.pinned(Some(user)))
    }

    fn questions_of(&self, user: Id) -> Arc<dyn Catalogue> {
        Arc::new(self.pinned(Some(user)).unnoted())
    }
}

impl Importers for PluginEngine {
    fn importers(&self) -> Arc<dyn ImporterCatalogue> {
        Arc::new(self.pinned(None))
    }

    fn importers_for(&self, user: Id) -> Arc<dyn ImporterCatalogue> {
        Arc::new(self.pinned(Some(user)))
    }
}

impl Diagnostics for PluginEngine {
    fn checks(&self) -> Arc<dyn CheckCatalogue> {
        Arc::new(self.pinned(None))
    }

    fn checks_for(&self, user: Id) -> Arc<dyn CheckCatalogue> {
        Arc::new(self.pinned(Some(user)))
    }
}

impl Catalogues for PluginEngine {
    fn entries(&self) -> Arc<dyn EntryCatalogue> {
        Arc::new(self.pinned(None))
    }
}

#[async_trait]
impl Plugins for PluginEngine {
    fn list(&self) -> Vec<PluginReport> {
        Self::generations(self).reports()
    }

    fn report(&self, id: &str) -> Result<PluginReport> {
        let report = Self::generations(self).report(id);
        report.ok_or_else(|| Error::not_found("plugin", id))
    }

    fn generations(&self, id: &str) -> Result<Vec<GenerationReport>> {
        self.history(id)
    }

    fn comparison(&self, id: &str, digest: &str) -> Result<ComparisonReport> {
        self.compared(id, digest)
    }

    async fn consent(&self, id: &str, digest: &str, by: Actor) -> Result<PluginReport> {
        self.accept(id, digest, by).await
    }

    async fn rollback(&self, id: &str, to: Option<&str>, by: Actor) -> Result<PluginReport> {
        self.back(id, to, None, ("an operator went back", by)).await
    }

    async fn enable(&self, id: &str, by: Actor) -> Result<PluginReport> {
        self.switch(id, true, by).await
    }

    async fn disable(&self, id: &str, by: Actor) -> Result<PluginReport> {
        self.switch(id, false, by).await
    }

    async fn set_policy(&self, id: &str, policy: SwapPolicy, by: Actor) -> Result<PluginReport> {
        self.rule(id, policy, by).await
    }

    async fn reload(&self, id: &str, by: Actor) -> Result<PluginReport> {
        self.load_again(id, by).await
    }

    async fn validate(&self, packed: Bytes) -> Result<Validation> {
        self.validate_packed(packed).await
    }

    fn log(&self, id: &str, least: LogLevel, limit: usize) -> Result<Vec<LogLine>> {
        Self::generations(self).report(id).ok_or_else(|| Error::not_found("plugin", id))?;
        let journal = self.shared.written(id);
        Ok(journal.map(|it| it.recent(least, limit)).unwrap_or_default())
    }

    fn failed_calls(&self, plugin: Option<&str>) -> Vec<FailedCallSummary> {
        self.runtime.failures.list(plugin)
    }

    fn failed_call(&self, id: Id) -> Result<FailedCall> {
        let found = self.runtime.failures.find(id);
        found.ok_or_else(|| Error::not_found("failed call", id))
    }

    async fn try_call(&self, id: &str, function: &str, input: &str) -> Result<Trial> {
        self.try_function(id, function, input).await
    }
}

impl PluginEngine {
    /// The log of a plugin.
    pub(crate) fn journal(&self, id: &str) -> Arc<Journal> {
        let is_known = |id: &str| Self::generations(self).source(id).is_some();
        self.shared.journal(id, is_known, || Journal::new(id, Arc::clone(&self.events)))
    }

    fn pinned(&self, payer: Option<Id>) -> Pinned {
        let table = Arc::clone(&self.table.read().unwrap_or_else(PoisonError::into_inner));
        Pinned::new(table, Arc::clone(&self.runtime), payer)
    }

    /// Replaces the catalogue whole, now or when the batch that is being taken
    /// has ended; requests keep the one they have.
    pub(crate) fn swap(&self, generations: &Generations) {
        self.due.store(true, Ordering::Release);
        if !self.batching.load(Ordering::Acquire) {
            self.swap_now(generations);
        }
    }

    /// The same at once.
    pub(crate) fn swap_now(&self, generations: &Generations) {
        self.due.store(false, Ordering::Release);
        let edition = self.swaps.fetch_add(1, Ordering::Relaxed) + 1;
        let table = Arc::new(Table::of(generations, edition));
        *self.table.write().unwrap_or_else(PoisonError::into_inner) = table;
    }

    /// What a batch has put off.
    pub(crate) fn swap_if_due(&self) {
        let generations = Self::generations(self);
        if self.due.load(Ordering::Acquire) {
            self.swap_now(&generations);
        }
    }
}
