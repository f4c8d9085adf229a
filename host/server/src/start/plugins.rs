//! What the plugin engine is told.

use std::{path::PathBuf, time::Duration};

use bowsprit_host_core::budgets::Budgets;
use bowsprit_host_engine::{EngineConfig, Guard};

use crate::settings::Settings;

/// Noise of this much in the latency of a plugin means nothing.
const SLACK: Duration = Duration::from_millis(20);

/// The engine's settings. Plugins that came with the host come first, so that
/// those of other folders override them.
pub(super) fn config(settings: &Settings, budgets: &Budgets) -> EngineConfig {
    let plugins = &settings.plugins;
    let cache_dir = plugins.cache_dir.clone();
    let builtin: Vec<PathBuf> = beside_the_binary().into_iter().collect();
    EngineConfig {
        dirs: builtin.iter().chain(&plugins.dirs).cloned().collect(),
        builtin_dirs: builtin,
        cache_dir: Some(cache_dir.unwrap_or_else(|| settings.data_dir.join("plugin-cache"))),
        packages_dir: Some(settings.data_dir.join("plugin-packages")),
        trust: plugins.trust,
        policy: plugins.policy,
        kept_generations: plugins.kept_generations,
        compared_inputs: plugins.compared_inputs,
        guard: Guard {
            calls: plugins.guard.calls,
            errors: f64::from(plugins.guard.error_percent) / 100.0,
            slower: f64::from(plugins.guard.times_slower),
            slack: SLACK,
        },
        budgets: budgets.clone(),
        ..plugins.engine_config()
    }
}

/// The folder `plugins` beside the program, if there is one.
fn beside_the_binary() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    Some(program.parent()?.join("plugins")).filter(|it| it.is_dir())
}
