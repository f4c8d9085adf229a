//! The engine as the core sees it, and what it tells about itself.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, atomic::Ordering},
};

use async_trait::async_trait;
use bowsprit_host_core::{
    Error, Result,
    audit::Actor,
    catalogues::{Catalogues, EntryCatalogue},
    diagnostics::{CheckCatalogue, Diagnostics},
    events::Topic,
    id::Id,
    importers::{ImporterCatalogue, Importers},
    node_types::{Catalogue, NodeTypes},
    plugins::{
        ComparisonReport, GenerationReport, LoadFailure, PluginReport, Plugins, SwapPolicy, Trial,
        Validation,
    },
};
use bytes::Bytes;
use serde::Serialize;

use crate::{
    PluginEngine,
    catalogue::{Pinned, Table},
    generations::{Generation, Generations, NoWayBack},
};

impl NodeTypes for PluginEngine {
    fn catalogue(&self) -> Arc<dyn Catalogue> {
        Arc::new(self.pinned(None))
    }

    fn catalogue_for(&self, user: Id) -> Arc<dyn Catalogue> {
        Arc::new(self.pinned(Some(user)))
    }
}

impl Importers for PluginEngine {
    fn importers(&self) -> Arc<dyn ImporterCatalogue> {
        Arc::new(self.pinned(None))
    }
}

impl Diagnostics for PluginEngine {
    fn checks(&self) -> Arc<dyn CheckCatalogue> {
        Arc::new(self.pinned(None))
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
        self.generations().report(id).ok_or_else(|| Error::not_found("plugin", id))
    }

    fn generations(&self, id: &str) -> Result<Vec<GenerationReport>> {
        Err(not_yet(id))
    }

    fn comparison(&self, id: &str, _: &str) -> Result<ComparisonReport> {
        Err(not_yet(id))
    }

    async fn consent(&self, id: &str, _: &str, _: Actor) -> Result<PluginReport> {
        Err(not_yet(id))
    }

    async fn rollback(&self, id: &str, _: Option<&str>, _: Actor) -> Result<PluginReport> {
        let report = {
            let mut generations = self.generations();
            generations.roll_back(id).map_err(|why| no_way_back(id, why))?;
            self.swap(&generations);
            generations.report(id).ok_or_else(|| Error::not_found("plugin", id))?
        };
        tracing::info!(plugin = id, generation = report.generation, "plugin rolled back");
        self.events.publish(&Topic::Plugins, "plugin.generation.rolled-back", &report);
        self.processed();
        Ok(report)
    }

    async fn enable(&self, id: &str, _: Actor) -> Result<PluginReport> {
        Err(not_yet(id))
    }

    async fn disable(&self, id: &str, _: Actor) -> Result<PluginReport> {
        Err(not_yet(id))
    }

    async fn set_policy(&self, id: &str, _: SwapPolicy, _: Actor) -> Result<PluginReport> {
        Err(not_yet(id))
    }

    async fn reload(&self, id: &str, _: Actor) -> Result<PluginReport> {
        Err(not_yet(id))
    }

    async fn validate(&self, _: Bytes) -> Result<Validation> {
        Err(not_yet("?"))
    }

    async fn try_call(&self, id: &str, _: &str, _: &str) -> Result<Trial> {
        Err(not_yet(id))
    }
}

fn not_yet(id: &str) -> Error {
    let message = format!("the engine cannot do this with plugin `{id}` yet");
    Error::Refused { code: "plugin.not-yet", message }
}

/// What is told when a plugin is no longer there.
#[derive(Serialize)]
struct Removed<'a> {
    id: &'a str,
}

impl PluginEngine {
    fn pinned(&self, payer: Option<Id>) -> Pinned {
        let table = Arc::clone(&self.table.read().unwrap_or_else(PoisonError::into_inner));
        Pinned::new(table, Arc::clone(&self.runtime), payer)
    }

    /// Lets a generation serve; whether it did not before.
    pub(crate) fn activate(&self, generation: Arc<Generation>) -> Result<bool, LoadFailure> {
        let id = generation.program.plugin.clone();
        let report = {
            let mut generations = self.generations();
            if generations.live(&id).is_some_and(|it| Arc::ptr_eq(it, &generation)) {
                generations.forgive(&id);
                return Ok(false);
            }
            generations.activate(generation)?;
            self.swap(&generations);
            generations.report(&id)
        };
        if let Some(report) = report {
            let (version, generation) = (&report.version, &report.generation);
            tracing::info!(plugin = id, version, generation, "plugin live");
            self.events.publish(&Topic::Plugins, "plugin.generation.live", &report);
        }
        Ok(true)
    }

    /// Records why something does not serve.
    pub(crate) fn refuse(&self, id: &str, source: &Path, why: LoadFailure) {
        let LoadFailure { stage, code, message, .. } = &why;
        tracing::warn!(plugin = id, ?stage, code, message, "plugin refused");
        let report = {
            let mut generations = self.generations();
            generations.refuse(id, source, why);
            generations.report(id)
        };
        if let Some(report) = report {
            self.events.publish(&Topic::Plugins, "plugin.generation.failed", &report);
        }
    }

    /// Takes a plugin out of the catalogue, if it comes from `source`.
    pub(crate) fn remove(&self, id: &str, source: &Path) -> bool {
        {
            let mut generations = self.generations();
            if !generations.remove(id, source) {
                return false;
            }
            self.swap(&generations);
        }
        tracing::info!(plugin = id, "plugin removed");
        self.events.publish(&Topic::Plugins, "plugin.removed", &Removed { id });
        true
    }

    /// Drops the record of a refusal that no longer holds.
    pub(crate) fn withdraw(&self, id: &str, source: &Path) {
        self.generations().remove(id, source);
    }

    /// All folders that are or were plugins.
    pub(crate) async fn all_folders(&self) -> Vec<PathBuf> {
        self.reloader.lock().await.sources.all().await
    }

    /// Replaces the catalogue whole; requests keep the one they have.
    pub(crate) fn swap(&self, generations: &Generations) {
        if self.loading.load(Ordering::Acquire) {
            return;
        }
        let table = Arc::new(Table::of(generations));
        *self.table.write().unwrap_or_else(PoisonError::into_inner) = table;
    }
}

fn no_way_back(id: &str, why: NoWayBack) -> Error {
    match why {
        NoWayBack::Unknown => Error::not_found("plugin", id),
        NoWayBack::None => Error::Refused {
            code: "plugin.rollback.none",
            message: format!("no earlier generation of plugin `{id}` is kept"),
        },
        NoWayBack::Taken(failure) => {
            Error::Conflict { code: "plugin.name.taken", message: failure.message }
        }
    }
}
