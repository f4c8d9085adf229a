//! Checks, for those who diagnose.

use async_trait::async_trait;
use bowsprit_host_core::{
    diagnostics::{Check, CheckCatalogue, Fix, Outcome, Query, Snapshot},
    node_types::{CallError, Finding, Json, Kind, Node},
};

use super::Pinned;
use crate::{
    convert::inputs,
    functions::diagnostics::{Diagnose, Propose, Queries},
};

#[async_trait]
impl CheckCatalogue for Pinned {
    fn list(&self) -> &[Check] {
        &self.table.checks
    }

    fn changes(&self, plugin: &str) -> &[Kind] {
        self.plugin(plugin).map(|it| it.program.grants.changes.as_slice()).unwrap_or_default()
    }

    async fn queries(&self, check: &Check, node: &Node) -> Result<Vec<Query>, CallError> {
        let plugin = self.plugin(&check.plugin)?;
        let reads = &plugin.program.grants.reads;
        let function = Queries { check: check.id.clone(), node: inputs::node(node), reads };
        self.call_of(plugin, function).await
    }

    async fn diagnose(
        &self,
        check: &Check,
        node: &Node,
        snapshot: &Snapshot,
    ) -> Result<Outcome, CallError> {
        let function = Diagnose {
            check: check.id.clone(),
            node: inputs::node(node),
            snapshot: inputs::snapshot(snapshot),
        };
        self.call_of(self.plugin(&check.plugin)?, function).await
    }

    async fn propose(
        &self,
        plugin: &str,
        fix: &str,
        finding: Option<&Finding>,
        parameters: &Json,
        node: &Node,
        snapshot: &Snapshot,
    ) -> Result<Fix, CallError> {
        let plugin = self.plugin(plugin)?;
        let function = Propose {
            fix: fix.to_owned(),
            finding: finding.map(inputs::finding),
            parameters: parameters.clone(),
            node: inputs::node(node),
            snapshot: inputs::snapshot(snapshot),
            changes: &plugin.program.grants.changes,
        };
        self.call_of(plugin, function).await
    }
}
