//! Diagnoses and fixes as the frontend takes them (contract R32, R33).

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::{Examined, proposal::Proposal};
use crate::{
    Error, Result,
    diagnostics::{Outcome, Risk},
    node_types::{Finding, Severity},
    time::Timestamp,
};

/// How a check, or all of them, came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Standing {
    Pass,
    Warning,
    Error,
}

/// The worst of all checks.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Overall {
    Healthy,
    Warning,
    Error,
}

/// What one check came to.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct CheckView {
    name: String,
    status: Standing,
    message: String,
    suggestion: String,
    auto_fixable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix_type: Option<String>,
}

/// What is wrong with a node.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Diagnosis {
    overall_status: Overall,
    service_name: String,
    namespace: String,
    checks: Vec<CheckView>,
    timestamp: Timestamp,
}

impl Diagnosis {
    pub(super) fn of(
        service_name: String,
        namespace: String,
        examined: &[Examined],
        timestamp: Timestamp,
    ) -> Self {
        let checks: Vec<CheckView> = examined.iter().map(view).collect();
        let worst = checks.iter().map(|it| it.status).max();
        let overall_status = match worst {
            None | Some(Standing::Pass) => Overall::Healthy,
            Some(Standing::Warning) => Overall::Warning,
            Some(Standing::Error) => Overall::Error,
        };
        Self { overall_status, service_name, namespace, checks, timestamp }
    }
}

fn view(it: &Examined) -> CheckView {
    let plain = |status, message: String| CheckView {
        name: it.check.id.clone(),
        status,
        message,
        suggestion: String::new(),
        auto_fixable: false,
        fix_type: None,
    };
    match &it.outcome {
        Ok(Outcome::Passed(how)) => plain(Standing::Pass, how.clone()),
        // What could not be looked at is neither well nor ill.
        Ok(Outcome::Skipped(why)) => plain(Standing::Warning, format!("Skipped: {why}")),
        Ok(Outcome::Found(findings) | Outcome::Stop(findings)) => {
            let mut view = plain(standing(findings), joined(findings));
            let mut suggestions = findings.iter().filter_map(|it| it.suggestion.clone());
            view.suggestion = suggestions.next().unwrap_or_default();
            view.fix_type = findings.iter().flat_map(|it| it.fixes.iter().cloned()).next();
            view.auto_fixable = view.fix_type.is_some();
            view
        }
        Err(why) => plain(Standing::Warning, format!("The check could not be made: {why}")),
    }
}

fn standing(findings: &[Finding]) -> Standing {
    match findings.iter().map(|it| it.severity).max() {
        None | Some(Severity::Info) => Standing::Pass,
        Some(Severity::Warning) => Standing::Warning,
        Some(Severity::Error | Severity::Blocker) => Standing::Error,
    }
}

fn joined(findings: &[Finding]) -> String {
    let messages: Vec<&str> = findings.iter().map(|it| it.message.as_str()).collect();
    messages.join(" ")
}

/// What a fix would change.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FixTemplate {
    name: String,
    description: String,
    yaml: String,
    apply_method: &'static str,
    fix_type: String,
    /// JSON Schema of what may be set.
    parameters: Value,
}

impl FixTemplate {
    pub(super) fn of(fix_type: &str, proposal: &Proposal) -> Result<Self> {
        let risk = match proposal.fix.risk {
            Risk::None => "",
            Risk::RestartsPods => " Pods are started anew.",
            Risk::InterruptsService => " The service is interrupted for a while.",
            Risk::LosesData => " Data is lost.",
        };
        let documents: Result<Vec<String>, _> =
            proposal.objects.iter().map(serde_saphyr::to_string).collect();
        Ok(Self {
            name: proposal.fix.title.clone(),
            description: format!("{}{risk}", proposal.fix.explanation),
            yaml: documents.map_err(Error::internal)?.join("---\n"),
            apply_method: "kubectl-apply",
            fix_type: fix_type.to_owned(),
            parameters: serde_json::from_str(&proposal.fix.parameters).map_err(Error::internal)?,
        })
    }
}
