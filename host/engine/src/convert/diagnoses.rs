//! What diagnostics hand back.

use bowsprit_host_core::{diagnostics as core, node_types::Kind};

use super::{
    answers::{Answers, Checked, invalid, kind, object},
    manifests::patched,
};
use crate::bindings::v0_1::diagnostics as wit;

/// Most log lines of a pod that are shown to a check.
const LOG_LINES: u32 = 200;
/// Most objects that one query gets.
const OBJECTS: u32 = 500;

impl Answers<'_> {
    /// Queries about kinds the plugin may look at, bounded.
    pub(crate) fn queries(
        &self,
        from: Vec<wit::Query>,
        reads: &[Kind],
    ) -> Checked<Vec<core::Query>> {
        self.list("the list of queries", from, |it| {
            if it.name.is_some() && it.selector.is_some() {
                return Err(invalid("a query with both `name` and `selector`"));
            }
            let kind = kind(it.kind);
            if !reads.contains(&kind) {
                let shown = format!("{}/{}", kind.api_version(), kind.kind);
                return Err(invalid(format!("a query about `{shown}`, which it does not want")));
            }
            if it.with_events && !reads.contains(&Kind::event()) {
                return Err(invalid("a query with events, while it does not want `v1/Event`"));
            }
            Ok(core::Query {
                kind,
                namespace: it.namespace,
                name: it.name,
                selector: it.selector,
                with_events: it.with_events,
                log_lines: it.log_lines.min(LOG_LINES),
                limit: it.limit.clamp(1, OBJECTS),
            })
        })
    }

    pub(crate) fn outcome(&self, from: wit::Outcome) -> Checked<core::Outcome> {
        Ok(match from {
            wit::Outcome::Skipped(why) => core::Outcome::Skipped(why),
            wit::Outcome::Passed(how) => core::Outcome::Passed(how),
            wit::Outcome::Found(findings) => core::Outcome::Found(self.found(findings)?),
            wit::Outcome::Stop(findings) => core::Outcome::Stop(self.found(findings)?),
        })
    }

    fn found(
        &self,
        from: Vec<crate::bindings::v0_1::types::Finding>,
    ) -> Checked<Vec<bowsprit_host_core::node_types::Finding>> {
        match self.findings(from)? {
            none if none.is_empty() => Err(invalid("a check that found nothing says it did")),
            findings => Ok(findings),
        }
    }

    /// A fix that changes only kinds the plugin may change.
    pub(crate) fn fix(&self, from: wit::Fix, changes: &[Kind]) -> Checked<core::Fix> {
        let patches = self.list("the list of patches", from.patches, |it| match it {
            wit::Patch::Drawing((node, patch)) => {
                Ok(core::Patch::Drawing { node, patch: object("a patch", patch)? })
            }
            wit::Patch::Object(body) => patched(&body, changes).map(core::Patch::Object),
        })?;
        Ok(core::Fix {
            id: from.id,
            title: from.title,
            explanation: from.explanation,
            risk: match from.risk {
                wit::Risk::None => core::Risk::None,
                wit::Risk::RestartsPods => core::Risk::RestartsPods,
                wit::Risk::InterruptsService => core::Risk::InterruptsService,
                wit::Risk::LosesData => core::Risk::LosesData,
            },
            parameters: object("a fix's parameters", from.parameters)?,
            patches,
            cures: self.strings("a fix's list of cures", from.cures)?,
        })
    }
}
