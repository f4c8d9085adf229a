//! Generations that come back: what served when the host stopped, and what an
//! operator or the guard goes back to.

use std::{
    path::PathBuf,
    sync::{Arc, atomic::Ordering},
};

use bowsprit_host_core::{
    Error, Result,
    plugins::{GenerationReport, LoadFailure},
};

use super::{Candidate, book, book::Journey, depot};
use crate::{PluginEngine, generations::Generation, package::Package};

impl PluginEngine {
    /// While the host starts: see [`Self::resume_kept`].
    pub(crate) async fn resume_if_loading(&self, id: &str) {
        if self.loading.load(Ordering::Acquire) {
            self.resume_kept(id).await;
        }
    }

    /// Brings back what served when the host stopped, if the plugin's folder
    /// has nothing that serves.
    async fn resume_kept(&self, id: &str) {
        let kept = {
            let generations = self.generations();
            if generations.live(id).is_some() || generations.source(id).is_none() {
                return;
            }
            generations.book(id).and_then(book::live).cloned()
        };
        let Some(kept) = kept else { return };
        match self.rebuild(id, &kept).await.map(|it| self.resume(&it)) {
            Ok(Ok(_)) => tracing::info!(plugin = id, generation = kept.digest, "plugin resumed"),
            Ok(Err(LoadFailure { message, .. })) => {
                tracing::warn!(plugin = id, message, "plugin not resumed");
            }
            Err(error) => tracing::warn!(plugin = id, %error, "plugin not resumed"),
        }
    }

    /// Builds an earlier generation from its kept package, or from its folder if
    /// that holds the same still.
    pub(crate) async fn rebuild(
        &self,
        id: &str,
        kept: &GenerationReport,
    ) -> Result<Arc<Generation>> {
        let source = self.generations().source(id);
        self.rebuild_from(id, kept, source).await
    }

    async fn rebuild_from(
        &self,
        id: &str,
        kept: &GenerationReport,
        source: Option<PathBuf>,
    ) -> Result<Arc<Generation>> {
        let gone = || Error::Refused {
            code: "plugin.generation.gone",
            message: format!("generation {} of plugin `{id}` is no longer kept", kept.digest),
        };
        let source = source.ok_or_else(gone)?;
        let (depot, folder, digest) = (self.depot.clone(), source.clone(), kept.package.clone());
        let found = tokio::task::spawn_blocking(move || {
            let kept = depot.and_then(|it| it.find(&digest));
            // The folder has the same if all that was changed are golden files.
            kept.or_else(|| depot::lying_in(&folder, &digest))
        });
        let package = found.await.ok().flatten().ok_or_else(gone)?;
        let package = Package { folder: source, ..package };
        // It has passed its golden files, and need not pass later ones.
        let mut journey = Journey::begin();
        let built = Box::pin(self.assemble(&package, &mut journey)).await.map_err(|_| gone())?;
        // Another plugin's component may have changed meanwhile.
        let same = built.program.generation == kept.digest;
        same.then_some(built).ok_or_else(gone)
    }

    /// While the host starts: what served when it stopped, if a candidate is
    /// something else and there is anything to compare them by.
    pub(super) async fn served_before(&self, candidate: &Candidate) -> Option<Arc<Generation>> {
        let Candidate { generation, package, .. } = candidate;
        let program = &generation.program;
        if !self.loading.load(Ordering::Acquire) {
            return None;
        }
        let kept = self.generations().book(&program.plugin).and_then(book::live).cloned()?;
        if kept.digest == program.generation
            || self.inputs(&program.plugin, &program.recent).await.is_empty()
        {
            return None;
        }
        let folder = Some(package.folder.clone());
        self.rebuild_from(&program.plugin, &kept, folder).await.ok()
    }
}
