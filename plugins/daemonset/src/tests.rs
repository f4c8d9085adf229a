//! Golden files, and what must hold for any input.

use bowsprit_plugin_sdk::testing::{
    Becomes, Case, Shown, arrives, becomes, check_descriptors, fields, golden,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use workload::testing::{KEPT, rows, sent};

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
    Case::new(NODE_TYPES, "daemonset", data)
}

#[test]
fn machines_without_a_pod_are_counted() {
    let status = json!({
        "observedGeneration": 1, "desiredNumberScheduled": 3, "numberReady": 2,
        "updatedNumberScheduled": 3, "numberAvailable": 2,
    });
    let object = json!({ "kind": "DaemonSet", "metadata": { "generation": 1 }, "status": status });
    let status = case(json!({ "image": "nginx" })).with_answers(&json!([[object]])).status();
    let status = &status["ok"];
    assert_eq!(status["state"], "progressing");
    assert_eq!(status["card"]["state"], "partial");
    assert_eq!(status["card"]["numberReady"], 2);
    assert_eq!(status["card"]["desiredNumberScheduled"], 3);
}

#[test]
fn the_machines_network_brings_its_names_along() {
    let data = json!({ "image": "nginx", "hostNetwork": true, "maxUnavailable": "25%" });
    let spec = &case(data).manifest("daemonset")["spec"];
    assert_eq!(spec["template"]["spec"]["dnsPolicy"], "ClusterFirstWithHostNet");
    let rolling = json!({ "rollingUpdate": { "maxUnavailable": "25%" }, "type": "RollingUpdate" });
    assert_eq!(spec["updateStrategy"], rolling);
}

#[test]
fn a_toleration_that_says_too_much_is_a_finding() {
    let toleration = json!({ "key": "a", "operator": "Exists", "value": "b", "effekt": "x" });
    let found = case(json!({ "image": "nginx", "tolerations": [toleration] })).found();
    assert!(found.contains(&"daemonset.tolerations.value.operator at /tolerations/0/value".into()));
    assert!(found.contains(&"daemonset.tolerations.unknown at /tolerations/0/effekt".into()));
}

/// What becomes of further fields that the canvas shows.
const ROWS: [Becomes; 7] = [
    arrives("/port", "9090", "/spec/template/spec/containers/0/ports/0/containerPort"),
    arrives("/updateStrategy", r#""OnDelete""#, "/spec/updateStrategy/type"),
    arrives("/maxUnavailable", "2", "/spec/updateStrategy/rollingUpdate/maxUnavailable"),
    arrives("/nodeSelector/disk", r#""ssd""#, "/spec/template/spec/nodeSelector/disk"),
    becomes(
        "/tolerations",
        r#"[{"key":"a","operator":"Exists"}]"#,
        "/spec/template/spec/tolerations/0/key",
        r#""a""#,
    ),
    arrives("/hostNetwork", "true", "/spec/template/spec/hostNetwork"),
    arrives("/hostPID", "true", "/spec/template/spec/hostPID"),
];

fn shown() -> Shown<'static> {
    Shown {
        types: NODE_TYPES,
        type_name: "daemonset",
        manifest: "daemonset",
        base: json!({"name": "x", "image": "busybox:1"}),
        context: json!({}),
        sent: sent(&[
            "/port",
            "/updateStrategy",
            "/maxUnavailable",
            "/nodeSelector",
            "/tolerations",
            "/hostNetwork",
            "/hostPID",
        ]),
        kept: &[KEPT],
        becomes: rows("/spec/template", 0, &ROWS),
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
        field in proptest::sample::select(fields(NODE_TYPES, "daemonset")),
        seed in any::<u64>(),
    ) {
        let data = json!({ "name": "x", "image": "nginx" });
        let kinds = ("DaemonSet", "ConfigMap");
        let case = Case::among_noise(NODE_TYPES, "daemonset", kinds, data, (&field, seed));
        case.check_invariants().map_err(TestCaseError::fail)?;
    }

    #[test]
    fn a_text_arrives_in_its_field_or_is_found_fault_with(seed in any::<u64>()) {
        shown().check_text(seed).map_err(TestCaseError::fail)?;
    }
}
