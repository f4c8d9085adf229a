//! What the plugin engine is told.

use std::{path::PathBuf, sync::Arc, time::Duration};

use bowsprit_host_api::request_id;
use bowsprit_host_core::{
    budgets::Budgets,
    catalogues::Catalogues,
    clusters::Clusters,
    custom_kinds::{CustomKinds, KeptKinds},
    node_types::NodeTypes,
    operators::Operators,
    palette::Palette,
    store::Documents,
};
use bowsprit_host_engine::{EngineConfig, Guard, PluginEngine};

use super::sources;
use crate::{settings::Settings, supervisor::Supervisor};

/// Noise of this much in the latency of a plugin means nothing.
const SLACK: Duration = Duration::from_millis(20);
/// How often the inputs of plugins are kept beside when the host stops: so much
/// of them is lost with a host that dies.
const KEEP_INPUTS: Duration = Duration::from_secs(300);

/// The engine's settings. Plugins that came with the host come first, so that
/// those of other folders override them, and those from registries last.
pub(super) fn config(settings: &Settings, budgets: &Budgets) -> EngineConfig {
    let plugins = &settings.plugins;
    let cache_dir = plugins.cache_dir.clone();
    let builtin: Vec<PathBuf> = beside_the_binary().into_iter().collect();
    for dir in plugins.dirs.iter().filter(|it| !it.is_dir()) {
        tracing::warn!(folder = %dir.display(), "there is no such folder of plugins yet");
    }
    let installed: Option<PathBuf> = Some(sources::folder(settings)).filter(|it| it.is_dir());
    EngineConfig {
        dirs: builtin.iter().chain(&plugins.dirs).chain(&installed).cloned().collect(),
        builtin_dirs: builtin,
        cache_dir: Some(cache_dir.unwrap_or_else(|| settings.data_dir.join("plugin-cache"))),
        packages_dir: Some(settings.data_dir.join("plugin-packages")),
        inputs_dir: Some(settings.data_dir.join("plugin-inputs")),
        trust: plugins.trust,
        policy: plugins.policy,
        kept_generations: plugins.kept_generations,
        compared_inputs: plugins.compared_inputs,
        remembered_bytes: plugins.remembered_mib << 20,
        guard: Guard {
            calls: plugins.guard.calls,
            errors: f64::from(plugins.guard.error_percent) / 100.0,
            slower: f64::from(plugins.guard.times_slower),
            slack: SLACK,
        },
        budgets: budgets.clone(),
        trace: request_id::of_task,
        ..plugins.engine_config()
    }
}

/// Keeps what plugins were asked, for comparisons after a restart.
pub(super) fn keep_inputs(supervisor: &Supervisor, engine: &Arc<PluginEngine>) {
    let engine = Arc::clone(engine);
    supervisor.every("keep what plugins were asked", KEEP_INPUTS, move || {
        let engine = Arc::clone(&engine);
        async move { engine.keep_inputs().await }
    });
}

/// The use-cases of what can be drawn.
pub(super) struct Offers {
    pub(super) palette: Palette,
    pub(super) operators: Operators,
    pub(super) custom_kinds: CustomKinds,
}

/// Wires them.
pub(super) fn offers(
    settings: &Settings,
    store: &Arc<dyn Documents>,
    engine: &Arc<PluginEngine>,
    (clusters, kept): (Clusters, KeptKinds),
) -> Offers {
    let catalogues: Arc<dyn Catalogues> = engine.clone();
    let node_types: Arc<dyn NodeTypes> = engine.clone();
    let most = settings.limits.custom_resources;
    Offers {
        palette: Palette::new(node_types.clone(), store, kept.clone(), settings.plugins.offered),
        operators: Operators::new(clusters.clone(), Arc::clone(&catalogues)),
        custom_kinds: CustomKinds::new(clusters, (catalogues, node_types), kept, most),
    }
}

/// The folder `plugins` beside the program, if there is one.
pub(crate) fn beside_the_binary() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    Some(program.parent()?.join("plugins")).filter(|it| it.is_dir())
}
