//! Answers of calls and loads that change nothing.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::GenerationReport;
use crate::node_types::Finding;

/// One call of one function.
///
/// The input has `node`, `context`, `answers`, `at` and `previous` as in a
/// golden file; each function reads what it takes. `create` takes the node's
/// `type` and `id`, and its `data.name` as the suggested name.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Trial {
    /// Digest of the generation that answered.
    pub generation: String,
    /// `{"ok": …}`, `{"invalid-input": [findings]}` or `{"unsupported": "…"}`,
    /// as in a golden file.
    pub answer: Value,
    /// Findings of the answer, wherever they are in it.
    pub findings: Vec<Finding>,
    /// What it cost.
    pub cost: Cost,
}

/// What a call cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Cost {
    /// Microseconds with a fresh instance, waiting included.
    pub micros: u64,
    /// Bytes of the answer as JSON.
    pub answer_bytes: u64,
}

/// What would become of an uploaded package.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Validation {
    /// The plugin's id, if that much could be read.
    pub id: Option<String>,
    /// As it would be reported; its state is what it would become: live,
    /// waiting or refused.
    pub generation: GenerationReport,
    /// Names of the node types it would contribute, sorted.
    pub node_types: Vec<String>,
}
