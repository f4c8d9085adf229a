//! Golden diagnoses: a node, what the cluster says of it, and the verdicts.
//!
//! `golden/<case>.json`:
//!
//! ```json
//! {
//!   "input": {
//!     "node": {"id": "node-1", "type": "service", "data": {}},
//!     "answers": {"endpoints-exist": [{"objects": []}]},
//!     "at": "2026-01-01T00:00:00Z",
//!     "fixes": {"selector-fix": {}}
//!   },
//!   "expected": {
//!     "queries": {"endpoints-exist": {"ok": []}},
//!     "diagnose": {"endpoints-exist": {"ok": {"passed": "…"}}},
//!     "propose": {"selector-fix": {"ok": {}}}
//!   }
//! }
//! ```
//!
//! `answers` gives each check its snapshot; a check without answers sees
//! nothing. Each fix is proposed with these parameters, for the first finding
//! that names it and with that check's snapshot, else with all answers.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::{Outcome, codec, golden};
use crate::Finding;
use crate::bindings::bowsprit::plugin::types;
use crate::bindings::diagnostics::exports::bowsprit::plugin::diagnostics as wit;
use crate::diagnostics::export::{CheckFunctions, FixFunctions};

/// A node of the checks' care, and what the cluster says of it.
#[derive(Debug, Clone)]
pub struct Patient<'t> {
    checks: &'t [CheckFunctions],
    fixes: &'t [FixFunctions],
    node: types::Node,
    answers: Value,
    at: String,
}

/// Checks every file of `folder`. With `UPDATE_GOLDEN=1` in the environment it
/// writes what the plugin answers instead; read the difference then.
///
/// # Errors
///
/// One text with everything that differs, and with files that cannot be used.
pub fn diagnostics_golden(
    checks: &[CheckFunctions],
    fixes: &[FixFunctions],
    folder: impl AsRef<Path>,
) -> Result<(), String> {
    let folder = folder.as_ref();
    golden::each(&golden::files(folder)?, folder, |file| {
        let golden = golden::read(file)?;
        let patient = Patient::new(checks, fixes, &golden["input"]);
        let answered = patient.answered(&golden["input"]["fixes"]);
        golden::settle(file, golden, answered)
    })
}

impl<'t> Patient<'t> {
    /// From the `input` of a golden file.
    pub fn new(checks: &'t [CheckFunctions], fixes: &'t [FixFunctions], input: &Value) -> Self {
        Self {
            checks,
            fixes,
            node: codec::node(&input["node"]),
            answers: input["answers"].clone(),
            at: input["at"].as_str().unwrap_or("2026-01-01T00:00:00Z").to_owned(),
        }
    }

    /// What every function answers.
    pub fn answered(&self, fixes: &Value) -> Value {
        let mut queries = Map::new();
        let mut diagnose = Map::new();
        for check in self.checks {
            let answer = (check.queries)(&self.node);
            let answer = answer.map(|it| it.iter().map(query).collect());
            queries.insert(check.id.to_owned(), codec::outcome(answer));
            diagnose.insert(check.id.to_owned(), self.diagnose(check.id));
        }
        let mut propose = Map::new();
        for (id, parameters) in fixes.as_object().into_iter().flatten() {
            propose.insert(id.clone(), self.propose(id, parameters));
        }
        json!({ "queries": queries, "diagnose": diagnose, "propose": propose })
    }

    /// What a check comes to.
    pub fn diagnose(&self, check: &str) -> Outcome {
        codec::outcome(self.outcome(check).map(|it| match it {
            wit::Outcome::Skipped(why) => json!({ "skipped": why }),
            wit::Outcome::Passed(how) => json!({ "passed": how }),
            wit::Outcome::Found(findings) => json!({ "found": codec::findings(&findings) }),
            wit::Outcome::Stop(findings) => json!({ "stop": codec::findings(&findings) }),
        }))
    }

    /// The repair a fix proposes.
    pub fn propose(&self, fix: &str, parameters: &Value) -> Outcome {
        let found = self.found_for(fix);
        let (finding, snapshot) = match &found {
            Some((finding, check)) => (Some(finding), self.snapshot(&[check])),
            None => {
                let all: Vec<_> = self.checks.iter().map(|it| it.id).collect();
                (None, self.snapshot(&all))
            }
        };
        let answer = FixFunctions::find(self.fixes, fix);
        let answer = answer
            .and_then(|it| (it.propose)(finding, &parameters.to_string(), &self.node, &snapshot));
        codec::outcome(answer.map(|it| proposed(&it)))
    }

    fn outcome(&self, check: &str) -> Result<wit::Outcome, crate::Failure> {
        let functions = CheckFunctions::find(self.checks, check)?;
        (functions.diagnose)(&self.node, &self.snapshot(&[functions.id]))
    }

    /// The first finding that names the fix, and its check.
    fn found_for(&self, fix: &str) -> Option<(Finding, &'static str)> {
        self.checks.iter().find_map(|check| match self.outcome(check.id) {
            Ok(wit::Outcome::Found(findings) | wit::Outcome::Stop(findings)) => findings
                .into_iter()
                .find(|it| it.fixes.iter().any(|it| it == fix))
                .map(|it| (it, check.id)),
            _ => None,
        })
    }

    fn snapshot(&self, checks: &[&str]) -> wit::Snapshot {
        let answers = checks.iter().flat_map(|check| codec::answers(&self.answers[*check]));
        wit::Snapshot { answers: answers.collect(), taken_at: self.at.clone() }
    }
}

fn query(it: &wit::Query) -> Value {
    json!({
        "kind": codec::kind_value(&it.kind),
        "namespace": it.namespace, "name": it.name, "selector": it.selector,
        "with-events": it.with_events, "log-lines": it.log_lines, "limit": it.limit,
    })
}

fn proposed(it: &wit::Fix) -> Value {
    let patch = |it: &wit::Patch| match it {
        wit::Patch::Drawing((node, data)) => {
            json!({ "drawing": { "node": node, "data": codec::embedded(data) } })
        }
        wit::Patch::Object(object) => json!({ "object": codec::embedded(object) }),
    };
    json!({
        "id": it.id, "title": it.title, "explanation": it.explanation,
        "risk": codec::word(&it.risk), "parameters": codec::embedded(&it.parameters),
        "patches": it.patches.iter().map(patch).collect::<Value>(), "cures": it.cures,
    })
}
