//! Golden files, and what must hold for any input.

use bowsprit_plugin_sdk::testing::{Case, check_descriptors, golden};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::NODE_TYPES;

#[test]
fn golden_files_come_out_as_they_are() {
    golden(NODE_TYPES, concat!(env!("CARGO_MANIFEST_DIR"), "/golden")).unwrap();
}

fn service(data: Value) -> Case {
    Case::new(NODE_TYPES, "service", data)
}

fn workload(name: &str, port: u16) -> Value {
    let view = json!({
        "kind": "Deployment", "name": name, "namespace": "default", "provides": ["selects"],
        "selector": { "app": name }, "ports": [{ "name": "http", "port": port }],
    });
    json!({ "neighbours": [{ "id": "n2", "type": "deployment", "view": view }] })
}

#[test]
fn a_connected_workload_wins_over_stale_copies() {
    let data = json!({ "name": "web", "port": 80, "targetApp": "old", "targetPort": 81 });
    let case = service(data).with_context(&workload("new", 8080));
    let spec = &case.manifest("service")["spec"];
    assert_eq!(spec["selector"], json!({ "app": "new" }));
    assert_eq!(spec["ports"][0]["targetPort"], 8080);
    assert_eq!(case.found(), ["service.targetPort.stale at /targetPort"]);
}

#[test]
fn copies_serve_without_an_edge() {
    let case =
        service(json!({ "name": "web", "port": 80, "targetApp": "web", "targetPort": 8080 }));
    let spec = &case.manifest("service")["spec"];
    assert_eq!(spec["selector"], json!({ "app": "web" }));
    assert_eq!(spec["ports"][0]["targetPort"], 8080);
}

#[test]
fn an_own_selector_wins_over_everything() {
    let case = service(json!({ "name": "web", "port": 80, "selector": { "role": "x" } }))
        .with_context(&workload("new", 8080));
    assert_eq!(case.manifest("service")["spec"]["selector"], json!({ "role": "x" }));
}

#[test]
fn a_service_that_leads_nowhere_is_a_finding() {
    let case = service(json!({ "name": "web", "port": 80, "targetApp": "" }));
    assert_eq!(case.found(), ["service.targetApp.missing at /targetApp"]);
}

#[test]
fn the_old_field_for_the_type_is_understood() {
    let case = service(json!({ "name": "w", "port": 80, "targetApp": "w", "type": "NodePort" }));
    assert_eq!(case.manifest("service")["spec"]["type"], "NodePort");
}

#[test]
fn an_edge_that_means_nothing_is_a_finding_and_no_refusal() {
    let view = json!({ "kind": "ConfigMap", "name": "c", "provides": ["mounts"] });
    let edge = json!({ "id": "n2", "type": "configmap", "direction": "outgoing", "view": view });
    let case = service(json!({ "name": "w", "port": 80, "targetApp": "web" }))
        .with_context(&json!({ "neighbours": [edge] }));
    assert_eq!(case.found(), ["service.edge.meaningless"]);
    assert_eq!(case.manifest("service")["spec"]["selector"], json!({ "app": "web" }));
}

#[test]
fn a_workload_of_another_namespace_is_a_finding() {
    let case = service(json!({ "name": "w", "namespace": "far", "port": 80 }))
        .with_context(&workload("web", 80));
    assert_eq!(case.found(), ["service.namespace.other at /namespace"]);
}

/// Every field this type reads, and one it does not.
const FIELDS: &[&str] = &[
    "name",
    "namespace",
    "type",
    "loadBalancerIP",
    "loadBalancerSourceRanges",
    "externalTrafficPolicy",
    "targetApp",
    "port",
    "targetPort",
    "ports",
    "selector",
    "sessionAffinity",
    "labels",
    "annotations",
    "sessionAffinityTimeout",
    "serviceType",
    "protocol",
    "portName",
    "nodePort",
    "headless",
    "clusterIP",
    "publishNotReadyAddresses",
    "ipFamilyPolicy",
    "internalTrafficPolicy",
    "loadBalancerClass",
    "externalName",
    "externalIPs",
    "ipFamilies",
    "trafficDistribution",
    "allocateLoadBalancerNodePorts",
    "healthCheckNodePort",
    "other",
];

#[test]
fn the_descriptor_keeps_the_promises_of_the_contract() {
    check_descriptors(NODE_TYPES).unwrap();
}

proptest! {
    #[test]
    fn no_data_makes_a_function_fail(
        field in proptest::sample::select(FIELDS),
        seed in any::<u64>(),
    ) {
        let data = json!({ "name": "x", "image": "nginx", "port": 1, "targetApp": "x" });
        let kinds = ("Service", "Deployment");
        let case = Case::among_noise(NODE_TYPES, "service", kinds, data, (field, seed));
        case.check_invariants().map_err(TestCaseError::fail)?;
    }
}
