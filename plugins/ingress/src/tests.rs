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

#[test]
fn the_descriptor_keeps_the_promises_of_the_contract() {
    check_descriptors(NODE_TYPES).unwrap();
}

/// A node called `x` with this data.
fn case(mut data: Value) -> Case {
    data["name"] = json!("x");
    Case::new(NODE_TYPES, "ingress", data)
}

fn service(id: &str, name: &str, handle: Option<&str>) -> Value {
    let view = json!({ "kind": "Service", "name": name, "namespace": "default",
        "provides": ["routes"], "ports": [{ "name": "http", "port": 80 }] });
    json!({ "id": id, "type": "service", "own-handle": handle, "view": view })
}

fn backends(case: &Case) -> Vec<Value> {
    let spec = case.manifest("ingress")["spec"].clone();
    let paths = spec["rules"][0]["http"]["paths"].as_array().cloned().unwrap_or_default();
    paths.iter().map(|it| it["backend"]["service"].clone()).collect()
}

#[test]
fn each_path_leads_to_the_service_at_its_handle() {
    let paths = json!([
        { "id": "p1", "path": "/", "serviceName": "old", "servicePort": 81 },
        { "id": "p2", "path": "/api", "_linkedService": "n3" },
        { "id": "p3", "path": "/x", "serviceName": "far", "servicePort": "web" },
    ]);
    let case = case(json!({ "paths": paths })).with_context(&json!({ "neighbours": [
        service("n2", "shop", Some("p1")), service("n3", "api", None),
    ] }));
    let expected = [
        json!({ "name": "shop", "port": { "number": 80 } }),
        json!({ "name": "api", "port": { "number": 80 } }),
        json!({ "name": "far", "port": { "name": "web" } }),
    ];
    assert_eq!(backends(&case), expected);
    assert_eq!(case.found(), ["ingress.paths.servicePort.stale at /paths/0/servicePort"]);
}

#[test]
fn a_path_without_a_handle_gets_the_connected_service() {
    let case = case(json!({ "paths": [{ "path": "/" }] }))
        .with_context(&json!({ "neighbours": [service("n2", "shop", Some("main"))] }));
    assert_eq!(backends(&case), [json!({ "name": "shop", "port": { "number": 80 } })]);
}

#[test]
fn an_unfilled_path_is_left_out_unless_it_is_all_there_is() {
    let filled = json!({ "path": "/", "serviceName": "a", "servicePort": 80 });
    let two = case(json!({ "paths": [filled, { "path": "/b" }] }));
    assert_eq!(backends(&two).len(), 1);
    assert_eq!(two.found(), ["ingress.paths.serviceName.unset at /paths/1/serviceName"]);
    let none = case(json!({ "paths": [{ "path": "/" }] }));
    assert_eq!(none.found(), ["ingress.paths.serviceName.missing at /paths/0/serviceName"]);
}

#[test]
fn the_single_path_of_older_drawings_is_understood() {
    let data = json!({ "path": "/a", "serviceName": "s", "servicePort": 8080 });
    assert_eq!(backends(&case(data)), [json!({ "name": "s", "port": { "number": 8080 } })]);
}

#[test]
fn a_connected_certificate_is_used() {
    let view = json!({ "kind": "Secret", "name": "cert", "namespace": "default", "type": "kubernetes.io/tls" });
    let data = json!({
        "host": "*.a.b", "tlsSecretName": "old",
        "paths": [{ "serviceName": "s", "servicePort": 80 }],
    });
    let case = case(data)
        .with_context(&json!({ "neighbours": [{ "id": "n2", "type": "secret", "view": view }] }));
    let tls = &case.manifest("ingress")["spec"]["tls"];
    assert_eq!(*tls, json!([{ "hosts": ["*.a.b"], "secretName": "cert" }]));
}

#[test]
fn an_address_makes_it_healthy() {
    let object = |status: Value| json!({ "kind": "Ingress", "spec": { "rules": [{ "host": "a.b" }] }, "status": status });
    let status = |it: Value| case(json!({})).with_answers(&json!([[it]])).status()["ok"].clone();
    let waiting = status(object(json!({})));
    assert_eq!(waiting["card"]["state"], "pending");
    let ready = status(object(json!({ "loadBalancer": { "ingress": [{ "ip": "1.2.3.4" }] } })));
    assert_eq!(ready["card"]["state"], "healthy");
    assert_eq!(ready["card"]["loadBalancerIP"], "1.2.3.4");
    assert_eq!(ready["card"]["rulesCount"], 1);
    assert_eq!(ready["addresses"], json!(["http://a.b", "1.2.3.4"]));
}

/// What becomes of fields that the canvas shows.
const ROWS: [Becomes; 13] = [
    arrives("/name", r#""y""#, "/metadata/name"),
    arrives("/namespace", r#""n""#, "/metadata/namespace"),
    arrives("/host", r#""b.example.com""#, "/spec/rules/0/host"),
    arrives("/ingressClassName", r#""traefik""#, "/spec/ingressClassName"),
    arrives("/paths/0/path", r#""/api""#, "/spec/rules/0/http/paths/0/path"),
    arrives("/paths/0/pathType", r#""Exact""#, "/spec/rules/0/http/paths/0/pathType"),
    arrives("/paths/0/serviceName", r#""shop""#, "/spec/rules/0/http/paths/0/backend/service/name"),
    arrives("/paths/0/servicePort", "81", "/spec/rules/0/http/paths/0/backend/service/port/number"),
    becomes("/tlsEnabled", "true", "/spec/tls/0/hosts/0", r#""a.example.com""#),
    arrives("/tlsSecretName", r#""cert""#, "/spec/tls/0/secretName"),
    arrives("/tlsHosts/0", r#""c.example.com""#, "/spec/tls/0/hosts/0"),
    arrives("/labels/team", r#""blue""#, "/metadata/labels/team"),
    arrives("/annotations/note", r#""hello""#, "/metadata/annotations/note"),
];

fn shown() -> Shown<'static> {
    Shown {
        types: NODE_TYPES,
        type_name: "ingress",
        manifest: "ingress",
        base: json!({"name": "x", "host": "a.example.com", "tlsEnabled": true, "paths": [{"id": "p", "path": "/", "serviceName": "web", "servicePort": 80}]}),
        context: json!({}),
        sent: vec![
            "/name",
            "/namespace",
            "/host",
            "/ingressClassName",
            "/paths/0/path",
            "/paths/0/pathType",
            "/paths/0/serviceName",
            "/paths/0/servicePort",
            "/tlsEnabled",
            "/tlsSecretName",
            "/tlsHosts",
            "/labels",
            "/annotations",
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

proptest! {
    #[test]
    fn no_data_makes_a_function_fail(
        field in proptest::sample::select(fields(NODE_TYPES, "ingress")),
        seed in any::<u64>(),
    ) {
        let data = json!({ "name": "x", "host": "a.b", "paths": [{ "serviceName": "x", "servicePort": 80 }] });
        let kinds = ("Ingress", "Service");
        let case = Case::among_noise(NODE_TYPES, "ingress", kinds, data, (&field, seed));
        case.check_invariants().map_err(TestCaseError::fail)?;
    }

    #[test]
    fn a_text_arrives_in_its_field_or_is_found_fault_with(seed in any::<u64>()) {
        shown().check_text(seed).map_err(TestCaseError::fail)?;
    }
}
