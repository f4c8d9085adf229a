//! What is sent again beside a changed field.

use serde_json::{Value, json};

use super::amended;

/// A Service as the API server answers it: we own name, ports and selector, a
/// load balancer owns an annotation.
fn service() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {
            "name": "web", "namespace": "shop", "resourceVersion": "7", "uid": "u",
            "labels": {"app": "web"}, "annotations": {"theirs": "1"},
            "managedFields": [
                {"manager": "lb", "operation": "Update", "fieldsV1": {"f:metadata": {"f:annotations": {".": {}, "f:theirs": {}}}}},
                {"manager": "bowsprit", "operation": "Apply", "fieldsV1": {
                    "f:metadata": {"f:labels": {"f:app": {}}},
                    "f:spec": {
                        "f:ports": {
                            "k:{\"port\":80,\"protocol\":\"TCP\"}": {".": {}, "f:name": {}, "f:port": {}, "f:targetPort": {}},
                            "k:{\"port\":81,\"protocol\":\"TCP\"}": {".": {}, "f:name": {}, "f:port": {}},
                        },
                        "f:selector": {},
                    },
                }},
            ],
        },
        "spec": {
            "clusterIP": "10.0.0.1", "selector": {"app": "wbe", "tier": "front"},
            "ports": [
                {"name": "http", "port": 80, "protocol": "TCP", "targetPort": 8080},
                {"name": "admin", "port": 81, "protocol": "TCP", "targetPort": 81},
            ],
        },
    })
}

fn patch(spec: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop"}, "spec": spec})
}

#[test]
fn what_we_own_is_sent_again_and_what_others_own_is_not() {
    let wanted = amended(&service(), &patch(json!({"selector": {"app": "web"}})));
    assert_eq!(
        wanted,
        json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web"}, "resourceVersion": "7"},
            "spec": {
                // Owned as a whole, so replaced as a whole.
                "selector": {"app": "web"},
                "ports": [
                    {"name": "http", "port": 80, "targetPort": 8080},
                    {"name": "admin", "port": 81},
                ],
            },
        })
    );
}

#[test]
fn one_element_of_a_list_is_changed_and_others_are_added() {
    let ports = json!({"ports": [{"port": 80, "targetPort": 9090}, {"port": 82}]});
    let wanted = amended(&service(), &patch(ports));
    assert_eq!(
        wanted["spec"]["ports"],
        json!([
            {"name": "http", "port": 80, "targetPort": 9090},
            {"name": "admin", "port": 81},
            {"port": 82},
        ])
    );
    assert_eq!(wanted["spec"]["selector"], json!({"app": "wbe", "tier": "front"}));
}

#[test]
fn of_an_object_we_own_nothing_of_only_the_patch_is_sent() {
    let mut live = service();
    live["metadata"]["managedFields"] = json!([]);
    let patch = patch(json!({"selector": {"app": "web"}}));
    let mut wanted = amended(&live, &patch);
    wanted["metadata"].as_object_mut().unwrap().remove("resourceVersion");
    assert_eq!(wanted, patch);
}
