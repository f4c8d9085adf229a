//! How an object of an operator is doing, by what all operators have in
//! common: conditions, or a word for its phase.
//!
//! Source: `api-conventions.md` of Kubernetes, and the words that the operators
//! of the catalogue write.

use bowsprit_plugin_sdk::status::sentence;
use bowsprit_plugin_sdk::{Json, Object, State, Status};

/// Conditions that say it is as it should be, the most telling first.
const GOOD: [&str; 17] = [
    "Ready",
    "Healthy",
    "Available",
    "Succeeded",
    "Complete",
    "Completed",
    "Programmed",
    "Established",
    "Accepted",
    "ResolvedRefs",
    "Reconciled",
    "Synced",
    "Valid",
    "Deployed",
    "Running",
    "Active",
    "Initialized",
];
/// Conditions that say it is not.
const BAD: [&str; 5] = ["Failed", "Failure", "Stalled", "Error", "Degraded"];
/// Conditions after which nothing more happens.
const FINAL: [&str; 3] = ["Succeeded", "Complete", "Completed"];
/// Where operators write a word for the phase.
const PHASES: [&[&str]; 9] = [
    &["status", "phase"],
    &["status", "health", "status"],
    &["status", "health"],
    &["status", "state"],
    &["status", "status"],
    &["status", "printableStatus"],
    &["status", "currentStatus"],
    &["status", "applicationState", "state"],
    &["status", "status", "phase"],
];

/// The state by the condition that matters, or by what can be found.
pub(crate) fn judge(object: &Object<'_>, condition: Option<&str>) -> Status {
    let generation = object.int_at(&["metadata", "generation"]);
    let observed = object.int_at(&["status", "observedGeneration"]);
    if observed.zip(generation).is_some_and(|(observed, current)| observed < current) {
        let message = "Its operator has not seen the last change yet.";
        return Status::new(State::Progressing, "Outdated", message, "partial");
    }
    let all = object.list_at(&["status", "conditions"]);
    let all: Vec<&Object<'_>> = all.iter().filter_map(Json::as_object).collect();
    let called = |name: &str| all.iter().copied().find(|it| it.text_at(&["type"]) == name);
    if let Some(name) = condition {
        return match called(name) {
            Some(found) => by_condition(name, found),
            None => Status::new(
                State::Progressing,
                "Waiting",
                format!("Its operator has not said anything about `{name}` yet."),
                "partial",
            ),
        };
    }
    let bad = BAD.iter().find_map(|name| Some((*name, called(name)?)));
    if let Some((name, bad)) = bad.filter(|(_, it)| it.text_at(&["status"]) == "True") {
        return said(State::Failed, name, bad, "error");
    }
    if let Some((name, found)) = GOOD.iter().find_map(|name| Some((*name, called(name)?))) {
        return by_condition(name, found);
    }
    by_phase(object).unwrap_or_else(|| {
        Status::new(State::Healthy, "Created", "It is in the cluster.", "created")
    })
}

fn by_condition(name: &str, found: &Object<'_>) -> Status {
    let reason = found.text_at(&["reason"]);
    let waits = ["Progress", "Pending", "Creat", "Reconcil", "Wait", "Init", "Provision", "Updat"];
    match found.text_at(&["status"]) {
        "True" if FINAL.contains(&name) => said(State::Completed, name, found, "completed"),
        "True" => said(State::Healthy, name, found, "healthy"),
        "False" if waits.iter().any(|it| reason.contains(it)) => {
            said(State::Progressing, name, found, "partial")
        }
        "False" => said(State::Degraded, name, found, "partial"),
        _ => said(State::Progressing, name, found, "partial"),
    }
}

/// The reason and message of a condition, or what can be said without.
fn said(state: State, name: &str, found: &Object<'_>, card: &'static str) -> Status {
    let reason = found.text_at(&["reason"]);
    let reason = if reason.is_empty() { name } else { reason };
    let message = match found.text_at(&["message"]) {
        "" => format!("`{name}` is {}.", found.text_at(&["status"])),
        message => sentence(message),
    };
    Status::new(state, word(reason), message, card)
}

/// A reason is one word.
fn word(text: &str) -> String {
    text.chars().filter(|it| it.is_ascii_alphanumeric()).take(80).collect()
}

fn by_phase(object: &Object<'_>) -> Option<Status> {
    let texts = PHASES.iter().map(|path| object.text_at(path));
    let phase = texts.into_iter().find(|it| !it.is_empty())?;
    let lower = phase.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|it| lower.contains(it));
    let (state, card) = if has(&["unhealthy", "not ready", "notready"]) {
        (State::Degraded, "partial")
    } else if has(&["fail", "error", "lost", "invalid", "crash", "reject", "stuck"]) {
        (State::Failed, "error")
    } else if has(&["degraded", "warn", "yellow", "unknown", "missing", "partial"]) {
        (State::Degraded, "partial")
    } else if has(&["succe", "complete", "finish"]) {
        (State::Completed, "completed")
    } else if has(&["suspend", "paus", "stopped", "hibernat"]) {
        (State::Suspended, "suspended")
    } else if has(&[
        "pend",
        "creat",
        "init",
        "provision",
        "progress",
        "wait",
        "setting up",
        "updat",
        "deleting",
        "starting",
        "scheduling",
        "upgrad",
    ]) {
        (State::Progressing, "partial")
    } else if has(&[
        "ready",
        "health",
        "running",
        "active",
        "available",
        "bound",
        "online",
        "green",
        "ok",
        "valid",
        "attached",
        "deployed",
        "enabled",
        "synced",
    ]) {
        (State::Healthy, "healthy")
    } else {
        (State::Progressing, "partial")
    };
    Some(Status::new(state, word(phase), format!("Its operator says: {}", sentence(phase)), card))
}
