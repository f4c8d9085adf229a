//! Importers, for those who bring a source.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use bowsprit_host_core::{
    importers::{Analysis, Confidence, Importer, ImporterCatalogue, Progress, SourceTree},
    node_types::{CallError, Json},
};

use super::Pinned;
use crate::{
    functions::importer::{Analyze, Detect, Files},
    generations::Generation,
    grants::globs,
};

#[async_trait]
impl ImporterCatalogue for Pinned {
    fn list(&self) -> &[Importer] {
        &self.table.importers
    }

    async fn detect(&self, files: &Arc<dyn SourceTree>) -> Vec<Confidence> {
        let mut found = Vec::new();
        for (id, names) in self.claimants(files) {
            let Ok(plugin) = self.plugin(id) else { continue };
            // What goes wrong is logged by the call; others may still want it.
            let Ok(sure) = self.call_of(plugin, Detect(granted(plugin, files))).await else {
                continue;
            };
            found.extend(sure.into_iter().filter(|it| names.contains(&it.importer.as_str())));
        }
        found.sort_by(|a, b| b.percent.cmp(&a.percent).then_with(|| a.importer.cmp(&b.importer)));
        found
    }

    async fn analyze(
        &self,
        importer: &str,
        files: &Arc<dyn SourceTree>,
        options: &Json,
        ids: &[String],
        progress: &Arc<dyn Progress>,
    ) -> Result<Analysis, CallError> {
        let known = self.table.importers.iter().find(|it| it.name == importer);
        let known = known.ok_or_else(|| {
            CallError::Unsupported(format!("no plugin provides the importer `{importer}`"))
        })?;
        let plugin = self.plugin(&known.plugin)?;
        let function = Analyze {
            files: granted(plugin, files),
            progress: Arc::clone(progress),
            importer: importer.to_owned(),
            options: options.clone(),
            ids: ids.to_vec(),
        };
        self.call_of(plugin, function).await
    }
}

impl Pinned {
    /// Importers with a claim on one of the files, by plugin.
    fn claimants(&self, files: &Arc<dyn SourceTree>) -> BTreeMap<&str, Vec<&str>> {
        let (listed, _) = files.list();
        let mut claimants: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for importer in &self.table.importers {
            let claims = globs(&importer.claims);
            if listed.iter().any(|it| claims.is_match(&it.path)) {
                claimants.entry(&importer.plugin).or_default().push(&importer.name);
            }
        }
        claimants
    }
}

/// The files as far as the plugin may see them.
fn granted(plugin: &Generation, files: &Arc<dyn SourceTree>) -> Files {
    let (listed, _) = files.list();
    let grants = &plugin.program.grants;
    let shown = listed.into_iter().map(|it| it.path).filter(|it| grants.shows(it)).collect();
    Files { tree: Arc::clone(files), shown }
}
