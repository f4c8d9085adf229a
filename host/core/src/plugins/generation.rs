//! One generation as an operator sees it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ComparisonReport, LoadFailure, LoadStage, Wants};
use crate::time::Timestamp;

/// When a new generation takes over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Hash)]
#[serde(rename_all = "kebab-case")]
pub enum SwapPolicy {
    /// At once.
    #[default]
    Swap,
    /// At once if it answers what its predecessor was asked in the same way,
    /// else when an operator says so; also if nothing is known that its
    /// predecessor was asked, for nobody can tell then.
    HoldIfDifferent,
    /// When an operator says so.
    HoldAlways,
}

/// Where a generation is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GenerationState {
    /// It serves.
    Live,
    /// It could serve and waits for an operator; `hold` says why.
    Waiting,
    /// It has served, and could again.
    Retired,
    /// It has served and was taken back by an operator or the guard. It does
    /// not come back by itself.
    RolledBack,
    /// It failed a stage.
    Refused,
}

/// Why a generation waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Hold {
    /// It wants more than is granted.
    Consent,
    /// It answers differently, or there was nothing to compare it by.
    Difference,
    /// Its plugin's generations always wait.
    Policy,
}

/// How long a stage took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StageTime {
    /// Which one.
    pub stage: LoadStage,
    /// Microseconds.
    pub micros: u64,
}

/// What became of a package's own golden files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SelfTest {
    /// Files that were run.
    pub cases: u32,
    /// Function calls that answered as expected.
    pub answers: u32,
    /// Digest of all files; others are another test of the same generation.
    #[serde(default)]
    pub golden: String,
    /// The first that did not.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub failure: Option<TestFailure>,
}

/// An answer that is not the expected one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TestFailure {
    /// The golden file's name.
    pub file: String,
    /// The function, as the WIT calls it.
    pub function: String,
    /// RFC 6901 pointer into the function's answer.
    pub at: String,
    /// What is there and what was expected, shortened.
    pub message: String,
}

/// One generation of a plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GenerationReport {
    /// Its digest; of something that could not be read, of what was seen.
    pub digest: String,
    /// Digest of its package alone: differs from `digest` if another plugin's
    /// component is used.
    pub package: String,
    /// Version; empty if it could not be read.
    pub version: String,
    /// Where it is in its life.
    pub state: GenerationState,
    /// The last thing that happened to it, in a sentence.
    pub why: String,
    /// What it waits for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub hold: Option<Hold>,
    /// When it was first seen.
    pub seen_at: Timestamp,
    /// When it last began to serve.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub live_since: Option<Timestamp>,
    /// Stages it went through, in order.
    pub stages: Vec<StageTime>,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub failure: Option<LoadFailure>,
    /// Its own golden files.
    pub self_test: SelfTest,
    /// How it compares with what served when it came.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub comparison: Option<ComparisonReport>,
    /// What it wants.
    pub wants: Wants,
    /// What it wants beyond what was granted when it came.
    #[serde(skip_serializing_if = "Wants::is_empty", default)]
    pub missing: Wants,
}

/// Digits by which people tell generations apart.
const SHOWN: usize = 12;

/// A generation's digest as it is shown.
pub fn short_digest(digest: &str) -> &str {
    digest.get(..SHOWN).unwrap_or(digest)
}
