//! A node whose live objects checks judge.

use std::collections::BTreeMap;

use bowsprit_host_core::{
    diagnostics::{Check, CheckCatalogue, Fix, Outcome, Patch, Query, Risk, Snapshot},
    node_types::{Answer, CallError, Finding, Node},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    CaseError, answers,
    input::{AT, AnswerInput, NodeInput},
    outcome, read,
};

/// A node, what the cluster says to each check, and the fixes to ask for.
#[derive(Debug, Clone)]
pub struct Patient {
    node: Node,
    answers: BTreeMap<String, Vec<Answer>>,
    at: String,
    /// Fixes with their parameters.
    fixes: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    node: NodeInput,
    #[serde(default)]
    answers: BTreeMap<String, Vec<AnswerInput>>,
    at: Option<String>,
    #[serde(default)]
    fixes: Map<String, Value>,
}

impl Patient {
    pub(super) fn read(input: &Value) -> Result<Self, CaseError> {
        let Input { node, answers, at, fixes } = read(input)?;
        let into = |(check, all): (String, Vec<AnswerInput>)| {
            (check, all.into_iter().map(Into::into).collect())
        };
        Ok(Self {
            node: node.checked()?,
            answers: answers.into_iter().map(into).collect(),
            at: at.unwrap_or_else(|| AT.to_owned()),
            fixes,
        })
    }

    /// What all checks and the wanted fixes answer.
    pub(super) async fn call_all(&self, checks: &dyn CheckCatalogue) -> Value {
        let (mut queries, mut diagnose, mut propose) = (Map::new(), Map::new(), Map::new());
        let mut outcomes = Vec::new();
        for check in checks.list() {
            let asked = checks.queries(check, &self.node).await;
            queries.insert(check.id.clone(), outcome(asked, |it| it.iter().map(queried).collect()));
            let snapshot = self.snapshot([check.id.as_str()]);
            let verdict = checks.diagnose(check, &self.node, &snapshot).await;
            outcomes.push((check, verdict.as_ref().ok().cloned()));
            diagnose.insert(check.id.clone(), outcome(verdict, |it| judged(&it)));
        }
        for (fix, parameters) in &self.fixes {
            let proposed = self.propose(checks, &outcomes, fix, parameters).await;
            propose.insert(fix.clone(), outcome(proposed, |it| proposed_fix(&it)));
        }
        json!({ "queries": queries, "diagnose": diagnose, "propose": propose })
    }

    /// For the first finding that names the fix and with that check's
    /// snapshot, else with all answers.
    async fn propose(
        &self,
        checks: &dyn CheckCatalogue,
        outcomes: &[(&Check, Option<Outcome>)],
        fix: &str,
        parameters: &Value,
    ) -> Result<Fix, CallError> {
        let found = outcomes.iter().find_map(|(check, outcome)| {
            let finding = found_in(outcome.as_ref()?)
                .iter()
                .find(|it| it.fixes.iter().any(|it| it == fix))?;
            Some((*check, finding))
        });
        let snapshot = match found {
            Some((check, _)) => self.snapshot([check.id.as_str()]),
            None => self.snapshot(outcomes.iter().map(|(check, _)| check.id.as_str())),
        };
        let (finding, parameters) = (found.map(|(_, it)| it), parameters.to_string());
        let plugin = outcomes.first().map_or("", |(check, _)| check.plugin.as_str());
        checks.propose(plugin, fix, finding, &parameters, &self.node, &snapshot).await
    }

    fn snapshot<'c>(&self, checks: impl IntoIterator<Item = &'c str>) -> Snapshot {
        let answers = checks.into_iter().filter_map(|it| self.answers.get(it)).flatten().cloned();
        Snapshot { answers: answers.collect(), taken_at: self.at.clone() }
    }
}

fn found_in(outcome: &Outcome) -> &[Finding] {
    match outcome {
        Outcome::Found(findings) | Outcome::Stop(findings) => findings,
        Outcome::Skipped(_) | Outcome::Passed(_) => &[],
    }
}

fn queried(it: &Query) -> Value {
    json!({
        "kind": it.kind, "namespace": it.namespace, "name": it.name, "selector": it.selector,
        "with-events": it.with_events, "log-lines": it.log_lines, "limit": it.limit,
    })
}

fn judged(it: &Outcome) -> Value {
    match it {
        Outcome::Skipped(why) => json!({ "skipped": why }),
        Outcome::Passed(how) => json!({ "passed": how }),
        Outcome::Found(findings) => json!({ "found": answers::findings(findings) }),
        Outcome::Stop(findings) => json!({ "stop": answers::findings(findings) }),
    }
}

fn proposed_fix(it: &Fix) -> Value {
    let patch = |it: &Patch| match it {
        Patch::Drawing { node, patch } => {
            json!({ "drawing": { "node": node, "data": answers::embedded(patch) } })
        }
        Patch::Object(object) => json!({ "object": object }),
    };
    let risk = match it.risk {
        Risk::None => "none",
        Risk::RestartsPods => "restarts-pods",
        Risk::InterruptsService => "interrupts-service",
        Risk::LosesData => "loses-data",
    };
    json!({
        "id": it.id, "title": it.title, "explanation": it.explanation, "risk": risk,
        "parameters": answers::embedded(&it.parameters),
        "patches": it.patches.iter().map(patch).collect::<Value>(), "cures": it.cures,
    })
}
