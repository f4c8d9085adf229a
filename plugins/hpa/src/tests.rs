//! Golden files, and what must hold for any input.

use bowsprit_plugin_sdk::testing::{
    Becomes, Case, Shown, arrives, check_descriptors, fields, golden,
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
    Case::new(NODE_TYPES, "hpa", data)
}

fn workload(name: &str, requests: Value) -> Value {
    let view = json!({ "kind": "StatefulSet", "name": name, "namespace": "default",
        "provides": ["selects", "scales"], "requests": requests });
    json!({ "neighbours": [{ "id": "n2", "type": "statefulset", "view": view }] })
}

#[test]
fn a_connected_workload_wins_over_stale_copies() {
    let data = json!({ "scaleTargetKind": "Deployment", "scaleTargetName": "old", "maxReplicas": 3,
        "targetCPUUtilization": 150 });
    let case = case(data).with_context(&workload("db", json!(["cpu"])));
    let spec = &case.manifest("hpa")["spec"];
    let target = json!({ "apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db" });
    assert_eq!(spec["scaleTargetRef"], target);
    assert_eq!(spec["metrics"][0]["resource"]["target"]["averageUtilization"], 150);
    assert!(case.found().is_empty());
}

#[test]
fn a_share_of_nothing_is_a_finding() {
    let data = json!({ "maxReplicas": 3, "targetMemoryUtilization": 80 });
    let case = case(data).with_context(&workload("db", json!(["cpu"])));
    let expected = ["hpa.targetMemoryUtilization.no-request at /targetMemoryUtilization"];
    assert_eq!(case.found(), expected);
}

#[test]
fn bounds_and_targets_are_checked() {
    let found = case(json!({ "minReplicas": 4, "maxReplicas": 3 })).found();
    let expected = [
        "hpa.scaleTargetName.missing at /scaleTargetName",
        "hpa.maxReplicas.range at /maxReplicas",
    ];
    assert_eq!(found, expected);
    let data = json!({ "scaleTargetName": "a", "maxReplicas": 3 });
    assert_eq!(case(data).found(), ["hpa.targetCPUUtilization.missing at /targetCPUUtilization"]);
}

#[test]
fn a_window_of_zero_is_kept() {
    let data = json!({ "scaleTargetName": "a", "maxReplicas": 3, "targetCPUUtilization": 80,
        "scaleDownStabilization": 0 });
    let spec = case(data).manifest("hpa")["spec"].clone();
    assert_eq!(spec["behavior"]["scaleDown"]["stabilizationWindowSeconds"], 0);
}

#[test]
fn conditions_say_why_it_does_not_scale() {
    let status = |status: Value| {
        let object = json!({ "kind": "HorizontalPodAutoscaler", "spec": { "maxReplicas": 3 }, "status": status });
        case(json!({})).with_answers(&json!([[object]])).status()["ok"].clone()
    };
    let condition = |kind: &str, is: &str, reason: &str| {
        json!({ "currentReplicas": 3, "desiredReplicas": 3,
            "conditions": [{ "type": kind, "status": is, "reason": reason, "message": "m" }] })
    };
    assert_eq!(status(json!({}))["card"]["state"], "stable");
    let lost = status(condition("AbleToScale", "False", "FailedGetScale"));
    assert_eq!(lost["card"]["state"], "error");
    let blind = status(condition("ScalingActive", "False", "FailedGetResourceMetric"));
    assert_eq!(
        (&blind["state"], &blind["reason"]),
        (&json!("degraded"), &json!("FailedGetResourceMetric"))
    );
    let limited = status(condition("ScalingLimited", "True", "TooManyReplicas"));
    assert_eq!(limited["card"]["state"], "limited");
    let scaling = status(json!({ "currentReplicas": 1, "desiredReplicas": 3 }));
    assert_eq!(scaling["card"]["state"], "scaling");
}

/// What becomes of fields that the canvas shows.
const ROWS: [Becomes; 10] = [
    arrives("/name", r#""y""#, "/metadata/name"),
    arrives("/namespace", r#""n""#, "/metadata/namespace"),
    arrives("/scaleTargetKind", r#""StatefulSet""#, "/spec/scaleTargetRef/kind"),
    arrives("/scaleTargetName", r#""db""#, "/spec/scaleTargetRef/name"),
    arrives("/minReplicas", "2", "/spec/minReplicas"),
    arrives("/maxReplicas", "9", "/spec/maxReplicas"),
    arrives("/targetCPUUtilization", "50", "/spec/metrics/0/resource/target/averageUtilization"),
    arrives("/targetMemoryUtilization", "60", "/spec/metrics/1/resource/target/averageUtilization"),
    arrives("/scaleDownStabilization", "0", "/spec/behavior/scaleDown/stabilizationWindowSeconds"),
    arrives("/scaleUpStabilization", "30", "/spec/behavior/scaleUp/stabilizationWindowSeconds"),
];

fn shown() -> Shown<'static> {
    Shown {
        types: NODE_TYPES,
        type_name: "hpa",
        manifest: "hpa",
        base: json!({"name": "x", "scaleTargetName": "web", "maxReplicas": 3, "targetCPUUtilization": 80}),
        context: json!({}),
        sent: vec![
            "/name",
            "/namespace",
            "/scaleTargetKind",
            "/scaleTargetName",
            "/minReplicas",
            "/maxReplicas",
            "/targetCPUUtilization",
            "/targetMemoryUtilization",
            "/scaleDownStabilization",
            "/scaleUpStabilization",
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
        field in proptest::sample::select(fields(NODE_TYPES, "hpa")),
        seed in any::<u64>(),
    ) {
        let data = json!({ "name": "x", "scaleTargetName": "web", "maxReplicas": 3, "targetCPUUtilization": 80 });
        let kinds = ("HorizontalPodAutoscaler", "Deployment");
        let case = Case::among_noise(NODE_TYPES, "hpa", kinds, data, (&field, seed));
        case.check_invariants().map_err(TestCaseError::fail)?;
    }

    #[test]
    fn a_text_arrives_in_its_field_or_is_found_fault_with(seed in any::<u64>()) {
        shown().check_text(seed).map_err(TestCaseError::fail)?;
    }
}
