//! The guard: a new generation whose first calls go worse than those of its
//! predecessor is taken back without anybody asking.

use bowsprit_host_core::audit::Actor;

use super::figures::Alarm;
use crate::PluginEngine;

/// Listens for alarms for as long as it is polled. To be run by one task.
pub(crate) async fn run(engine: &PluginEngine) {
    let mut alarms = engine.alarms.1.lock().await;
    while let Some(alarm) = alarms.recv().await {
        let Alarm { plugin, digest, why } = alarm;
        let why = format!("the guard took it back: {why}");
        let back = engine.back(&plugin, None, Some(digest), (&why, Actor::default())).await;
        match back {
            Ok(_) => tracing::warn!(plugin, generation = digest.hex(), why, "plugin taken back"),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(
                    plugin,
                    generation = digest.hex(),
                    why,
                    error,
                    "plugin not taken back"
                );
            }
        }
    }
}
