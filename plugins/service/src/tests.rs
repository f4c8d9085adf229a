//! Golden files, and what must hold for any input.

use bowsprit_plugin_sdk::testing::{
    Becomes, Case, Shown, arrives, becomes, check_descriptors, fields, golden,
};
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

/// What becomes of fields that the canvas shows.
const ROWS: [Becomes; 15] = [
    arrives("/name", r#""y""#, "/metadata/name"),
    arrives("/namespace", r#""n""#, "/metadata/namespace"),
    arrives("/serviceType", r#""NodePort""#, "/spec/type"),
    arrives("/type", r#""NodePort""#, "/spec/type"),
    arrives("/targetApp", r#""shop""#, "/spec/selector/app"),
    arrives("/port", "81", "/spec/ports/0/port"),
    arrives("/targetPort", "8080", "/spec/ports/0/targetPort"),
    becomes(
        "/ports",
        r#"[{"name":"dns","port":53,"targetPort":5353,"protocol":"UDP"}]"#,
        "/spec/ports/1",
        r#"{"name":"dns","port":53,"protocol":"UDP","targetPort":5353}"#,
    ),
    arrives("/selector/role", r#""api""#, "/spec/selector/role"),
    arrives("/sessionAffinity", r#""ClientIP""#, "/spec/sessionAffinity"),
    arrives("/labels/team", r#""blue""#, "/metadata/labels/team"),
    arrives("/annotations/note", r#""hello""#, "/metadata/annotations/note"),
    arrives("/loadBalancerIP", r#""203.0.113.7""#, "/spec/loadBalancerIP"),
    arrives("/loadBalancerSourceRanges/0", r#""10.0.0.0/8""#, "/spec/loadBalancerSourceRanges/0"),
    arrives("/externalTrafficPolicy", r#""Local""#, "/spec/externalTrafficPolicy"),
];

fn shown() -> Shown<'static> {
    Shown {
        types: NODE_TYPES,
        type_name: "service",
        manifest: "service",
        base: json!({"name": "x", "port": 80, "targetApp": "web", "type": "LoadBalancer"}),
        context: json!({}),
        sent: vec![
            "/name",
            "/namespace",
            "/serviceType",
            "/type",
            "/targetApp",
            "/port",
            "/targetPort",
            "/ports",
            "/selector",
            "/sessionAffinity",
            "/labels",
            "/annotations",
            "/loadBalancerIP",
            "/loadBalancerSourceRanges",
            "/externalTrafficPolicy",
        ],
        kept: &[],
        becomes: ROWS.to_vec(),
    }
}

#[test]
fn every_field_the_canvas_shows_is_honoured() {
    let table = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/plugins/frontend-fields.md");
    shown().check(table).unwrap();
}

#[test]
fn the_descriptor_keeps_the_promises_of_the_contract() {
    check_descriptors(NODE_TYPES).unwrap();
}

proptest! {
    #[test]
    fn no_data_makes_a_function_fail(
        field in proptest::sample::select(fields(NODE_TYPES, "service")),
        seed in any::<u64>(),
    ) {
        let data = json!({ "name": "x", "image": "nginx", "port": 1, "targetApp": "x" });
        let kinds = ("Service", "Deployment");
        let case = Case::among_noise(NODE_TYPES, "service", kinds, data, (&field, seed));
        case.check_invariants().map_err(TestCaseError::fail)?;
    }

    #[test]
    fn a_text_arrives_in_its_field_or_is_found_fault_with(seed in any::<u64>()) {
        shown().check_text(seed).map_err(TestCaseError::fail)?;
    }
}
