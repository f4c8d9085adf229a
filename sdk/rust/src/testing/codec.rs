//! The records of the WIT as JSON, named as in the WIT.

use serde_json::{Value, json};

use crate::bindings::bowsprit::plugin::types;
use crate::bindings::exports::bowsprit::plugin::node_types as wit;
use crate::{Failure, Finding, NodeStatus, Severity, State};

use super::Outcome;

pub(super) fn node(value: &Value) -> wit::Node {
    wit::Node {
        id: text(&value["id"]),
        type_: text(&value["type"]),
        data: value["data"].to_string(),
    }
}

/// A context from its JSON; `null` is an empty one.
pub fn context(value: &Value) -> wit::Context {
    wit::Context {
        namespace: value["namespace"].as_str().unwrap_or("default").to_owned(),
        cluster: value.get("cluster").filter(|it| !it.is_null()).map(Value::to_string),
        neighbours: list(&value["neighbours"]).map(neighbour).collect(),
        names: Value::from(texts(&value["names"])).to_string(),
        environment_keys: texts(&value["environment-keys"]),
        secret_keys: texts(&value["secret-keys"]),
        pull_secrets: texts(&value["pull-secrets"]),
        identity_labels: list(&value["identity-labels"])
            .map(|it| (text(&it[0]), text(&it[1])))
            .collect(),
        schemas: list(&value["schemas"]).map(|it| (kind(&it[0]), it[1].to_string())).collect(),
    }
}

fn neighbour(value: &Value) -> wit::Neighbour {
    let outgoing = value["direction"] == "outgoing";
    let own_handle = value["own-handle"].as_str().map(str::to_owned);
    let other_handle = value["other-handle"].as_str().map(str::to_owned);
    wit::Neighbour {
        edge: text(&value["edge"]),
        direction: if outgoing { types::Direction::Outgoing } else { types::Direction::Incoming },
        own_handle,
        other_handle,
        id: text(&value["id"]),
        type_: text(&value["type"]),
        view: value.get("view").map_or_else(|| "{}".to_owned(), Value::to_string),
    }
}

/// Each answer is `{"objects": […]}`, `{"forbidden": ""}`,
/// `{"unavailable": ""}`, or just the list of objects.
pub(super) fn answers(value: &Value) -> Vec<wit::Answer> {
    list(value)
        .map(|it| match (it["forbidden"].as_str(), it["unavailable"].as_str()) {
            (Some(reason), _) => wit::Answer::Forbidden(reason.to_owned()),
            (_, Some(reason)) => wit::Answer::Unavailable(reason.to_owned()),
            _ => {
                let objects = if it.is_array() { it } else { &it["objects"] };
                wit::Answer::Objects(list(objects).map(Value::to_string).collect())
            }
        })
        .collect()
}

/// A failure or `{"ok": …}`.
pub(super) fn outcome(answer: Result<Value, Failure>) -> Outcome {
    match answer {
        Ok(value) => json!({ "ok": value }),
        Err(Failure::InvalidInput(list)) => json!({ "invalid-input": findings(&list) }),
        Err(Failure::Unsupported(what)) => json!({ "unsupported": what }),
        Err(Failure::Internal(what)) => json!({ "internal": what }),
    }
}

pub(super) fn findings(list: &[Finding]) -> Value {
    list.iter().map(finding).collect()
}

/// A finding as JSON.
pub fn finding(it: &Finding) -> Value {
    json!({
        "code": it.code, "severity": word(&it.severity), "message": it.message, "node": it.node,
        "at": it.at, "suggestion": it.suggestion, "fixes": it.fixes,
    })
}

pub(super) fn is_error(finding: &Finding) -> bool {
    matches!(finding.severity, Severity::Error | Severity::Blocker)
}

pub(super) fn rendered(it: &wit::Rendered) -> Value {
    let manifests: Value = it.manifests.iter().map(manifest).collect();
    json!({ "manifests": manifests, "findings": findings(&it.findings) })
}

fn manifest(it: &wit::Manifest) -> Value {
    json!({
        "local-id": it.local_id, "body": embedded(&it.body), "order": word(&it.order),
        "wait": word(&it.wait), "prune": word(&it.prune), "on-immutable": word(&it.on_immutable),
        "yields": it.yields,
    })
}

pub(super) fn watches(list: &[wit::Watch]) -> Value {
    let watch = |it: &wit::Watch| {
        json!({
            "kind": kind_value(&it.kind),
            "namespace": it.namespace, "name": it.name, "selector": it.selector,
            "with-pods": it.with_pods, "with-events": it.with_events,
        })
    };
    list.iter().map(watch).collect()
}

pub(super) fn kind_value(it: &crate::Kind) -> Value {
    json!({ "group": it.group, "version": it.version, "kind": it.kind })
}

/// A status as JSON.
pub fn status(it: &NodeStatus) -> Value {
    json!({
        "state": word(&it.state), "reason": it.reason, "message": it.message, "ready": it.ready,
        "desired": it.desired, "addresses": it.addresses, "findings": findings(&it.findings),
        "card": embedded(&it.card), "marks": embedded(&it.marks),
    })
}

pub(super) fn parse_status(value: &Value) -> NodeStatus {
    const STATES: [State; 9] = [
        State::Unknown,
        State::Pending,
        State::Progressing,
        State::Healthy,
        State::Degraded,
        State::Failed,
        State::Completed,
        State::Suspended,
        State::Deleted,
    ];
    let number = |it: &Value| it.as_u64().and_then(|it| u32::try_from(it).ok());
    let state = STATES.into_iter().find(|it| word(it) == value["state"]);
    NodeStatus {
        state: state.unwrap_or(State::Unknown),
        reason: text(&value["reason"]),
        message: text(&value["message"]),
        ready: number(&value["ready"]),
        desired: number(&value["desired"]),
        addresses: texts(&value["addresses"]),
        findings: Vec::new(),
        card: object_text(&value["card"]),
        marks: object_text(&value["marks"]),
    }
}

/// The case of an enum as the WIT spells it: `ClusterScope` is
/// `cluster-scope`. wit-bindgen's `Debug` prints `Order::ClusterScope`.
pub(super) fn word(case: &impl std::fmt::Debug) -> String {
    let debug = format!("{case:?}");
    let name = debug.rsplit("::").next().unwrap_or(&debug);
    let mut out = String::new();
    for character in name.chars() {
        if character.is_ascii_uppercase() && !out.is_empty() {
            out.push('-');
        }
        out.push(character.to_ascii_lowercase());
    }
    out
}

/// Fails unless a text is JSON as [`crate::Json`] writes it.
pub(super) fn canonical(json: &str) -> Result<(), String> {
    let value = crate::Json::parse(json).map_err(|it| format!("{it} in {json}"))?;
    if value.to_text() == json { Ok(()) } else { Err(format!("not canonical: {json}")) }
}

/// A JSON text as a value; a text that is not JSON as a string.
pub(super) fn embedded(json: &str) -> Value {
    serde_json::from_str(json).unwrap_or_else(|_| Value::String(json.to_owned()))
}

fn kind(value: &Value) -> crate::Kind {
    crate::kind(&text(&value["group"]), &text(&value["version"]), &text(&value["kind"]))
}

fn object_text(value: &Value) -> String {
    if value.is_object() { value.to_string() } else { "{}".to_owned() }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn texts(value: &Value) -> Vec<String> {
    list(value).map(text).collect()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
