//! How two generations answer the same inputs.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// What became of the inputs that a plugin was given before, rendered by the
/// generation that served and by its successor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ComparisonReport {
    /// The successor.
    pub generation: String,
    /// What it was compared with.
    pub against: String,
    /// When.
    pub at: Timestamp,
    /// In figures.
    pub summary: ComparisonSummary,
    /// Inputs that are answered differently, at most a few dozen.
    pub differences: Vec<InputDifference>,
}

/// A comparison in figures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ComparisonSummary {
    /// Inputs rendered by both.
    pub inputs: u32,
    /// Inputs answered differently.
    pub inputs_changed: u32,
    /// Manifests of either answer, each counted once.
    pub manifests: u32,
    /// Manifests that differ, are new or are gone.
    pub manifests_changed: u32,
}

impl ComparisonSummary {
    /// Whether both answer the same.
    pub fn is_same(&self) -> bool {
        self.inputs_changed == 0
    }
}

impl fmt::Display for ComparisonSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { manifests, manifests_changed, inputs, inputs_changed } = self;
        write!(f, "{manifests_changed} of {manifests} manifests would change")?;
        if *manifests_changed == 0 && *inputs_changed > 0 {
            write!(f, ", but {inputs_changed} of {inputs} answers")?;
        }
        Ok(())
    }
}

/// One input that is answered differently.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InputDifference {
    /// The node type.
    pub node_type: String,
    /// The node's id in its drawing.
    pub node: String,
    /// What differs, if both answered.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub manifests: Vec<ManifestDifference>,
    /// What was answered before, if one of the two failed: `ok` or a code.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub before: Option<String>,
    /// What is answered now, if one of the two failed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub after: Option<String>,
}

/// One manifest that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ManifestDifference {
    /// The manifest's key within its node; empty for the findings.
    pub manifest: String,
    /// RFC 6901 pointers that differ, at most a few dozen; the empty pointer
    /// stands for a manifest that is new or gone. Values are not kept.
    pub pointers: Vec<String>,
}
