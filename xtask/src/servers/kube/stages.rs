//! What clouds and controllers do in a real cluster, as stages of kwok.
//!
//! Nodes and pods go by kwok's own stages: they become ready at once, and the
//! pods of Jobs complete.

use serde_json::{Value, json};

/// The class of ingresses that somebody serves here.
pub(super) const INGRESS_CLASS: &str = "nginx";
/// Addresses nobody has (RFC 5737).
const LOAD_BALANCER: &str = "203.0.113.10";
const INGRESS: &str = "203.0.113.20";

/// All stages, each a document of the configuration.
pub(super) fn all() -> [Value; 3] {
    [load_balancer(), ingress(), released_volume()]
}

/// A Service of the type `LoadBalancer` gets an address, unless it leaves that
/// to somebody by a class.
fn load_balancer() -> Value {
    let address = format!("{{{{ or .spec.loadBalancerIP {LOAD_BALANCER:?} }}}}");
    let selector = json!([
        is("DoesNotExist", ".metadata.deletionTimestamp"),
        one_of(".spec.type", "LoadBalancer"),
        is("DoesNotExist", ".spec.loadBalancerClass"),
        is("DoesNotExist", ".status.loadBalancer.ingress"),
    ]);
    stage("service-address", ("v1", "Service"), &selector, &addressed(&address))
}

/// An Ingress of the class that is served gets an address.
fn ingress() -> Value {
    let selector = json!([
        is("DoesNotExist", ".metadata.deletionTimestamp"),
        one_of(".spec.ingressClassName", INGRESS_CLASS),
        is("DoesNotExist", ".status.loadBalancer.ingress"),
    ]);
    let kind = ("networking.k8s.io/v1", "Ingress");
    stage("ingress-address", kind, &selector, &addressed(INGRESS))
}

/// A volume whose claim is gone can be claimed again: nothing was stored.
fn released_volume() -> Value {
    let selector = json!([
        is("DoesNotExist", ".metadata.deletionTimestamp"),
        one_of(".status.phase", "Released"),
    ]);
    let patch = json!({ "root": "spec", "template": "claimRef: null", "type": "merge" });
    stage("volume-recycled", ("v1", "PersistentVolume"), &selector, &patch)
}

fn addressed(ip: &str) -> Value {
    let template = format!("loadBalancer:\n  ingress:\n  - ip: {ip}\n");
    json!({ "subresource": "status", "root": "status", "template": template, "type": "merge" })
}

fn is(operator: &str, key: &str) -> Value {
    json!({ "key": key, "operator": operator })
}

fn one_of(key: &str, value: &str) -> Value {
    json!({ "key": key, "operator": "In", "values": [value] })
}

fn stage(name: &str, (group, kind): (&str, &str), selector: &Value, patch: &Value) -> Value {
    json!({
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "Stage",
        "metadata": { "name": name },
        "spec": {
            "resourceRef": { "apiGroup": group, "kind": kind },
            "selector": { "matchExpressions": selector },
            "next": { "patches": [patch] },
        },
    })
}
