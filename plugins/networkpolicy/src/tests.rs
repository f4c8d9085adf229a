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
    Case::new(NODE_TYPES, "networkpolicy", data)
}

fn workload(id: &str, name: &str, namespace: &str, handle: Option<&str>) -> Value {
    let view = json!({ "kind": "Deployment", "name": name, "namespace": namespace,
        "provides": ["selects"], "selector": { "app": name } });
    json!({ "id": id, "type": "deployment", "own-handle": handle, "view": view })
}

fn spec(case: &Case) -> Value {
    case.manifest("policy")["spec"].clone()
}

#[test]
fn a_rule_lets_through_exactly_whom_it_names() {
    let rule = json!({ "id": "r1", "ports": [{ "id": "p", "protocol": "TCP", "port": 8080 }],
        "from": [{ "id": "x", "type": "podSelector", "podSelector": { "app": "web" },
            "namespaceSelector": {}, "ipBlock": { "cidr": "" } }] });
    let data = json!({ "podSelector": { "app": "api" }, "policyTypes": ["Ingress"], "ingressRules": [rule] });
    let expected = json!([{
        "from": [{ "podSelector": { "matchLabels": { "app": "web" } } }],
        "ports": [{ "port": 8080, "protocol": "TCP" }],
    }]);
    let case = case(data);
    assert_eq!(spec(&case)["ingress"], expected);
    assert!(case.found().is_empty());
}

#[test]
fn without_rules_nothing_gets_through() {
    let case = case(json!({ "podSelector": {}, "policyTypes": ["Ingress"], "ingressRules": [] }));
    assert_eq!(spec(&case), json!({ "podSelector": {}, "policyTypes": ["Ingress"] }));
}

#[test]
fn a_rule_whose_peers_are_faulty_never_lets_everybody_through() {
    let rule = json!({ "from": [{ "type": "ipBlock", "ipBlock": { "cidr": "10.0.0.0" } }] });
    let case = case(json!({ "policyTypes": ["Ingress"], "ingressRules": [rule] }));
    assert_eq!(case.manifest("policy"), Value::Null);
    let expected = [
        "networkpolicy.ingressRules.from.ipBlock.cidr.invalid at /ingressRules/0/from/0/ipBlock/cidr",
    ];
    assert_eq!(case.found(), expected);
}

#[test]
fn connected_workloads_are_the_subject_as_they_are_called_now() {
    let data = json!({ "podSelector": { "app": "old" }, "policyTypes": ["Ingress"] });
    let one = case(data.clone())
        .with_context(&json!({ "neighbours": [workload("n2", "new", "default", Some("output"))] }));
    assert_eq!(spec(&one)["podSelector"], json!({ "matchLabels": { "app": "new" } }));
    let two = case(data).with_context(&json!({ "neighbours": [
        workload("n2", "b", "default", Some("output")), workload("n3", "a", "default", None),
    ] }));
    let expected = json!([{ "key": "app", "operator": "In", "values": ["a", "b"] }]);
    assert_eq!(spec(&two)["podSelector"]["matchExpressions"], expected);
}

#[test]
fn a_workload_connected_at_a_rule_is_its_peer_and_not_the_subject() {
    let peer =
        json!({ "type": "podSelector", "podSelector": { "app": "old" }, "_linkedWorkload": "n2" });
    let rules = json!([{ "id": "r1", "from": [peer] }, { "id": "r2", "from": [] }]);
    let data = json!({ "policyTypes": ["Ingress"], "ingressRules": rules });
    let case = case(data).with_context(&json!({ "neighbours": [
        workload("n2", "new", "default", Some("r1")), workload("n3", "far", "other", Some("r2")),
    ] }));
    let far = json!({ "podSelector": { "matchLabels": { "app": "far" } },
        "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": "other" } } });
    let expected = json!([
        { "from": [{ "podSelector": { "matchLabels": { "app": "new" } } }] },
        { "from": [far] },
    ]);
    assert_eq!(spec(&case)["ingress"], expected);
    assert_eq!(spec(&case)["podSelector"], json!({}));
}

#[test]
fn ranges_and_exceptions_are_checked() {
    let peer =
        json!({ "ipBlock": { "cidr": "10.0.0.0/8", "except": ["10.1.0.0/16", "11.0.0.0/16"] } });
    let rule = json!({ "to": [peer], "ports": [{ "port": 80, "endPort": 70 }] });
    let case = case(json!({ "policyTypes": ["Egress"], "egressRules": [rule] }));
    let expected = [
        "networkpolicy.egressRules.to.ipBlock.except.outside at /egressRules/0/to/0/ipBlock/except/1",
        "networkpolicy.egressRules.ports.endPort.range at /egressRules/0/ports/0/endPort",
    ];
    assert_eq!(
        case.found().iter().take(2).collect::<Vec<_>>(),
        expected.iter().collect::<Vec<_>>()
    );
}

/// What becomes of fields that the canvas shows.
const ROWS: [Becomes; 14] = [
    arrives("/name", r#""y""#, "/metadata/name"),
    arrives("/namespace", r#""n""#, "/metadata/namespace"),
    arrives("/podSelector/app", r#""web""#, "/spec/podSelector/matchLabels/app"),
    arrives("/policyTypes", r#"["Ingress"]"#, "/spec/policyTypes"),
    arrives(
        "/ingressRules/0/from/0/podSelector/app",
        r#""b""#,
        "/spec/ingress/0/from/0/podSelector/matchLabels/app",
    ),
    becomes(
        "/ingressRules/0/from/0",
        r#"{"type":"namespaceSelector","namespaceSelector":{"team":"a"}}"#,
        "/spec/ingress/0/from/0/namespaceSelector/matchLabels/team",
        r#""a""#,
    ),
    becomes(
        "/ingressRules/0/from/0",
        r#"{"type":"ipBlock","ipBlock":{"cidr":"10.0.0.0/8","except":["10.1.0.0/16"]}}"#,
        "/spec/ingress/0/from/0/ipBlock",
        r#"{"cidr":"10.0.0.0/8","except":["10.1.0.0/16"]}"#,
    ),
    arrives("/ingressRules/0/ports/0/port", "8080", "/spec/ingress/0/ports/0/port"),
    arrives("/ingressRules/0/ports/0/protocol", r#""UDP""#, "/spec/ingress/0/ports/0/protocol"),
    arrives(
        "/egressRules/0/to/0/podSelector/app",
        r#""b""#,
        "/spec/egress/0/to/0/podSelector/matchLabels/app",
    ),
    becomes(
        "/egressRules/0/to/0",
        r#"{"type":"namespaceSelector","namespaceSelector":{"team":"a"}}"#,
        "/spec/egress/0/to/0/namespaceSelector/matchLabels/team",
        r#""a""#,
    ),
    becomes(
        "/egressRules/0/to/0",
        r#"{"type":"ipBlock","ipBlock":{"cidr":"10.0.0.0/8","except":["10.1.0.0/16"]}}"#,
        "/spec/egress/0/to/0/ipBlock",
        r#"{"cidr":"10.0.0.0/8","except":["10.1.0.0/16"]}"#,
    ),
    arrives("/egressRules/0/ports/0/port", "8080", "/spec/egress/0/ports/0/port"),
    arrives("/egressRules/0/ports/0/protocol", r#""UDP""#, "/spec/egress/0/ports/0/protocol"),
];

fn shown() -> Shown<'static> {
    Shown {
        types: NODE_TYPES,
        type_name: "networkpolicy",
        manifest: "policy",
        base: json!({"name": "x", "policyTypes": ["Ingress", "Egress"], "ingressRules": [{"id": "i", "from": [{"id": "p", "type": "podSelector", "podSelector": {"app": "a"}}], "ports": [{"id": "o", "protocol": "TCP", "port": 80}]}], "egressRules": [{"id": "e", "to": [{"id": "p", "type": "podSelector", "podSelector": {"app": "a"}}], "ports": [{"id": "o", "protocol": "TCP", "port": 80}]}]}),
        context: json!({}),
        sent: vec![
            "/name",
            "/namespace",
            "/podSelector",
            "/policyTypes",
            "/ingressRules/0/from",
            "/ingressRules/0/ports",
            "/egressRules/0/to",
            "/egressRules/0/ports",
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
        field in proptest::sample::select(fields(NODE_TYPES, "networkpolicy")),
        seed in any::<u64>(),
    ) {
        let data = json!({ "name": "x", "policyTypes": ["Ingress", "Egress"] });
        let kinds = ("NetworkPolicy", "Deployment");
        let case = Case::among_noise(NODE_TYPES, "networkpolicy", kinds, data, (&field, seed));
        case.check_invariants().map_err(TestCaseError::fail)?;
    }

    #[test]
    fn a_text_arrives_in_its_field_or_is_found_fault_with(seed in any::<u64>()) {
        shown().check_text(seed).map_err(TestCaseError::fail)?;
    }
}
