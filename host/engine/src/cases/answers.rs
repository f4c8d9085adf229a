//! What functions answer, as golden files write it.

use bowsprit_host_core::node_types::{Finding, Manifest, NodeStatus, Rendered, Watch};
use serde::Serialize;
use serde_json::{Value, json};

/// A JSON text as a value; a text that is not JSON as a string.
pub(crate) fn embedded(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

pub(crate) fn findings(list: &[Finding]) -> Value {
    list.iter().map(finding).collect()
}

fn finding(it: &Finding) -> Value {
    json!({
        "code": it.code, "severity": word(&it.severity), "message": it.message, "node": it.node,
        "at": it.at, "suggestion": it.suggestion, "fixes": it.fixes,
    })
}

pub(crate) fn rendered(it: &Rendered) -> Value {
    let manifests: Value = it.manifests.iter().map(manifest).collect();
    json!({ "manifests": manifests, "findings": findings(&it.findings) })
}

fn manifest(it: &Manifest) -> Value {
    json!({
        "local-id": it.local_id, "body": it.body, "order": word(&it.order),
        "wait": word(&it.wait), "prune": word(&it.prune), "on-immutable": word(&it.on_immutable),
        "yields": it.yields,
    })
}

pub(crate) fn watches(list: &[Watch]) -> Value {
    let watch = |it: &Watch| {
        json!({
            "kind": it.kind, "namespace": it.namespace, "name": it.name, "selector": it.selector,
            "with-pods": it.with_pods, "with-events": it.with_events,
        })
    };
    list.iter().map(watch).collect()
}

pub(crate) fn status(it: &NodeStatus) -> Value {
    json!({
        "state": word(&it.state), "reason": it.reason, "message": it.message, "ready": it.ready,
        "desired": it.desired, "addresses": it.addresses, "findings": findings(&it.findings),
        "card": embedded(&it.card), "marks": embedded(&it.marks),
    })
}

/// An enum's case in its own words.
fn word(case: &impl Serialize) -> Value {
    serde_json::to_value(case).unwrap_or_default()
}
