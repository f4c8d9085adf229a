//! One plugin as an operator sees it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{SwapPolicy, Wants};
use crate::time::Timestamp;

/// How a plugin is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PluginState {
    /// A generation serves. If `last_error` is set, a newer one was refused.
    Live,
    /// No generation serves; `last_error` says why.
    Failed,
    /// An older generation serves because an operator or the guard went back to
    /// it; what lies in the folder waits for its next change.
    RolledBack,
    /// No generation serves; the one in the folder waits for an operator.
    Waiting,
    /// An operator has switched it off.
    Disabled,
}

/// The step of a load at which something went wrong, in their order.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
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
    /// Its own golden files were run.
    SelfTest,
    /// It answered what its predecessor had been asked.
    Compare,
    /// It was put beside the other plugins.
    Activate,
}

/// Why a generation did not go live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
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
    /// Digest of the generation that waits for an operator.
    pub waiting: Option<String>,
    /// When a new generation takes over.
    pub policy: SwapPolicy,
    /// What the serving generation wants, without one what the waiting one
    /// does.
    pub wants: Wants,
    /// What the plugin may do.
    pub grants: Wants,
    /// What a call of the serving generation may use.
    pub limits: Option<PluginLimits>,
    /// Calls of the serving generation since it began to serve.
    pub figures: Figures,
}

/// What one call may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginLimits {
    /// Longest it may run, milliseconds.
    pub deadline_ms: u64,
    /// Bytes of all memories and tables.
    pub memory_bytes: u64,
    /// Bytes of its answer.
    pub output_bytes: u64,
    /// Entries of any list of its answer.
    pub list_entries: u64,
    /// Log lines.
    pub log_lines: u32,
}

/// Calls in figures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Figures {
    /// Calls.
    pub calls: u64,
    /// Calls that broke; what a plugin says on purpose is none.
    pub errors: u64,
    /// Half of the calls took no longer, microseconds within an eighth.
    pub p50_micros: u64,
    /// All but one of a hundred took no longer.
    pub p99_micros: u64,
}
