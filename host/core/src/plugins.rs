//! The port through which the host looks after its plugins, as opposed to the
//! node types they contribute ([`crate::node_types`]).

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{Result, time::Timestamp};

/// How a plugin is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PluginState {
    /// A generation serves. If `last_error` is set, a newer one was refused.
    Live,
    /// No generation serves; `last_error` says why.
    Failed,
    /// An older generation serves because an operator went back to it; what
    /// lies in the folder waits for its next change.
    Held,
}

/// The step of a load at which something went wrong, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LoadStage {
    /// The folder was read and `plugin.toml` understood.
    Read,
    /// The component's outside was looked at.
    Admit,
    /// It was compiled.
    Compile,
    /// It was joined with what the host offers.
    Link,
    /// It was asked what it provides.
    Describe,
    /// It was put beside the other plugins.
    Activate,
}

/// Why a generation did not go live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LoadFailure {
    /// Where it happened.
    pub stage: LoadStage,
    /// Stable code: `plugin.toml.invalid`, `plugin.deadline`, …
    pub code: String,
    /// One sentence.
    pub message: String,
    /// What would put it right.
    pub fix: String,
}

/// One plugin as an operator sees it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PluginReport {
    /// The plugin's id, or the folder's name if it could not be read.
    pub id: String,
    /// Version of the serving generation.
    pub version: Option<String>,
    /// Kind of the serving generation: `node-types`.
    pub kind: Option<String>,
    /// How it is doing.
    pub state: PluginState,
    /// Digest of the serving generation, hex.
    pub generation: Option<String>,
    /// The folder it comes from.
    pub source: String,
    /// Names of the node types it contributes, sorted.
    pub node_types: Vec<String>,
    /// Why the last attempt was refused, if it was.
    pub last_error: Option<LoadFailure>,
    /// When the serving generation went live.
    pub loaded_at: Option<Timestamp>,
    /// Digests of earlier generations that are kept for a rollback, newest
    /// first.
    pub previous: Vec<String>,
}

/// The plugins of this host.
#[async_trait]
pub trait Plugins: Send + Sync {
    /// All plugins that were ever seen and not removed since, ordered by id.
    fn list(&self) -> Vec<PluginReport>;

    /// Goes back to the generation that served before the present one.
    ///
    /// # Errors
    ///
    /// [`crate::Error::NotFound`] if there is no such plugin,
    /// [`crate::Error::Refused`] if no earlier generation is kept,
    /// [`crate::Error::Conflict`] if another plugin has taken one of its node
    /// types.
    async fn rollback(&self, id: &str) -> Result<PluginReport>;
}

/// What calls of plugins come to, as [`CallFigures::count`] is told.
pub const CALL_OUTCOMES: [&str; 11] = [
    "ok",
    "invalid-input",
    "unsupported",
    "plugin.trap",
    "plugin.deadline",
    "plugin.memory",
    "plugin.stack",
    "plugin.output-too-large",
    "plugin.invalid-output",
    "plugin.internal",
    "plugin.busy",
];

/// Whoever counts calls of plugins.
pub trait PluginCalls: Send + Sync {
    /// Where calls of one function of one plugin are counted. Asked for once
    /// per generation, as it may look the place up.
    fn figures(&self, plugin: &str, function: &'static str) -> Arc<dyn CallFigures>;
}

/// The figures of one function of one plugin.
pub trait CallFigures: Send + Sync {
    /// Counts a call that came to `outcome`, one of [`CALL_OUTCOMES`], and
    /// took so long, its wait for a turn included.
    fn count(&self, outcome: &'static str, took: Duration);
}
