//! What is asked about a drawing: as it is saved, or as a body has it.

use axum::body::Bytes;
use bowsprit_host_core::{Error, drafts::Drawn};
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use crate::{
    extract::parse,
    openapi::{Operation, codes_of},
    problem::Problem,
};

/// A body that asks about a drawing.
#[derive(Default, Deserialize)]
pub(super) struct Draft<'a> {
    #[serde(borrow, default)]
    nodes: Option<&'a RawValue>,
    #[serde(borrow, default)]
    edges: Option<&'a RawValue>,
}

impl<'a> Draft<'a> {
    /// Reads a body; without one it is about what is saved.
    pub(super) fn read(body: &'a Bytes) -> Result<Self, Problem> {
        if body.is_empty() {
            return Ok(Self::default());
        }
        // A list would pass for an object none of whose fields are given.
        if !body.trim_ascii_start().starts_with(b"{") {
            return Err(Error::invalid("body", "must be a JSON object").into());
        }
        Ok(parse(body)?)
    }

    /// What it draws; `null` counts as not given.
    pub(super) fn drawn(&self) -> Drawn<'a> {
        let given = |it: &&RawValue| it.get() != "null";
        Drawn { nodes: self.nodes.filter(given), edges: self.edges.filter(given) }
    }
}

/// The shape of [`Draft`].
pub(super) fn shape() -> Value {
    json!({ "nodes?": ["#WorkflowNode"], "edges?": ["#WorkflowEdge"] })
}

/// What asking plugins about a drawing can fail with.
pub(super) fn fails(operation: Operation) -> Operation {
    operation
        .fails(&["request.invalid", "request.too-large", "plugin.budget.exhausted"])
        .fails(&["plugin.busy"])
        .fails(&codes_of("plugin."))
        .fails(&codes_of("cluster."))
}
