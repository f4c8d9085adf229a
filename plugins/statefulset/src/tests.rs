//! Golden files, and what must hold for any input.

use bowsprit_plugin_sdk::testing::{
    Becomes, Case, Shown, arrives, check_descriptors, fields, golden,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use workload::testing::{KEPT, rows, sent};

use super::NODE_TYPES;

#[test]
fn golden_files_come_out_as_they_are() {
    golden(NODE_TYPES, concat!(env!("CARGO_MANIFEST_DIR"), "/golden")).unwrap();
}

fn statefulset(data: Value) -> Case {
    Case::new(NODE_TYPES, "statefulset", data)
}

fn provider(name: &str) -> Value {
    let view = json!({ "kind": "Service", "name": name, "provides": ["routes"] });
    json!({ "id": "n2", "type": "service", "view": view })
}

#[test]
fn a_headless_service_is_made_when_nobody_provides_it() {
    let case = statefulset(json!({ "name": "db", "image": "redis", "serviceName": "db" }));
    let service = case.manifest("headless");
    assert_eq!(service["metadata"]["name"], "db");
    assert_eq!(service["spec"]["clusterIP"], "None");
    assert_eq!(service["spec"]["selector"], json!({ "app": "db" }));
}

#[test]
fn a_connected_service_of_that_name_is_the_one() {
    let case = statefulset(json!({ "name": "db", "image": "redis", "serviceName": "db" }))
        .with_context(&json!({ "neighbours": [provider("db")] }));
    assert_eq!(case.manifest("headless"), Value::Null);
    assert_eq!(case.manifest("statefulset")["spec"]["serviceName"], "db");
}

#[test]
fn a_connected_service_of_another_name_changes_nothing() {
    let case = statefulset(json!({ "name": "db", "image": "redis", "serviceName": "db-headless" }))
        .with_context(&json!({ "neighbours": [provider("db")] }));
    assert_eq!(case.manifest("headless")["metadata"]["name"], "db-headless");
}

#[test]
fn a_database_without_a_password_is_a_finding_and_gets_none() {
    let data = json!({ "name": "db", "image": "postgres:15", "serviceName": "db" });
    let case = statefulset(data.clone());
    let told = "statefulset.image.password-missing at /envKeys".to_owned();
    assert!(case.found().contains(&told));
    let container = &case.manifest("statefulset")["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["env"], Value::Null);
    let case =
        statefulset(data).with_context(&json!({ "environment-keys": ["POSTGRES_PASSWORD"] }));
    assert!(!case.found().contains(&told));
}

#[test]
fn claims_are_mounted_and_carry_only_labels_that_stay() {
    let claim = json!({ "name": "data", "storage": "1Gi" });
    let data = json!({
        "name": "db", "image": "redis", "labels": { "a": "b" }, "volumeClaimTemplates": [claim],
    });
    let manifest = statefulset(data).manifest("statefulset");
    let mounts = &manifest["spec"]["template"]["spec"]["containers"][0]["volumeMounts"];
    assert_eq!(*mounts, json!([{ "mountPath": "/data/data", "name": "data" }]));
    let labels = &manifest["spec"]["volumeClaimTemplates"][0]["metadata"]["labels"];
    assert_eq!(*labels, json!({ "app": "db" }));
}

#[test]
fn claims_that_wait_are_told_of() {
    let claim = json!({ "name": "data", "storage": "1Gi" });
    let data = json!({ "name": "db", "image": "redis", "volumeClaimTemplates": [claim] });
    let object = json!({ "kind": "StatefulSet", "spec": { "replicas": 1 }, "status": {} });
    let waiting = json!({ "kind": "PersistentVolumeClaim", "metadata": { "name": "data-db-0" },
        "status": { "phase": "Pending" } });
    let status = statefulset(data).with_answers(&json!([[object], [waiting]])).status();
    assert_eq!(status["ok"]["findings"][0]["code"], "statefulset.claim.pending");
}

/// What becomes of further fields that the canvas shows.
const ROWS: [Becomes; 7] = [
    arrives("/replicas", "0", "/spec/replicas"),
    arrives("/port", "9090", "/spec/template/spec/containers/0/ports/0/containerPort"),
    arrives("/serviceName", r#""peers""#, "/spec/serviceName"),
    arrives(
        "/volumeClaimTemplates/0/name",
        r#""logs""#,
        "/spec/volumeClaimTemplates/0/metadata/name",
    ),
    arrives(
        "/volumeClaimTemplates/0/storage",
        r#""2Gi""#,
        "/spec/volumeClaimTemplates/0/spec/resources/requests/storage",
    ),
    arrives(
        "/volumeClaimTemplates/0/storageClassName",
        r#""fast""#,
        "/spec/volumeClaimTemplates/0/spec/storageClassName",
    ),
    arrives(
        "/volumeClaimTemplates/0/accessModes/0",
        r#""ReadWriteMany""#,
        "/spec/volumeClaimTemplates/0/spec/accessModes/0",
    ),
];

fn shown() -> Shown<'static> {
    Shown {
        types: NODE_TYPES,
        type_name: "statefulset",
        manifest: "statefulset",
        base: json!({"name": "x", "image": "busybox:1", "volumeClaimTemplates": [{"id": "v", "name": "data", "storage": "1Gi"}]}),
        context: json!({}),
        sent: sent(&[
            "/replicas",
            "/port",
            "/labels",
            "/serviceName",
            "/volumeClaimTemplates/0/name",
            "/volumeClaimTemplates/0/storage",
            "/volumeClaimTemplates/0/storageClassName",
            "/volumeClaimTemplates/0/accessModes",
        ]),
        kept: &[KEPT],
        becomes: rows("/spec/template", 1, &ROWS),
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
        field in proptest::sample::select(fields(NODE_TYPES, "statefulset")),
        seed in any::<u64>(),
    ) {
        let data = json!({ "name": "x", "image": "nginx", "port": 1, "targetApp": "x" });
        let kinds = ("StatefulSet", "Secret");
        let case = Case::among_noise(NODE_TYPES, "statefulset", kinds, data, (&field, seed));
        case.check_invariants().map_err(TestCaseError::fail)?;
    }

    #[test]
    fn a_text_arrives_in_its_field_or_is_found_fault_with(seed in any::<u64>()) {
        shown().check_text(seed).map_err(TestCaseError::fail)?;
    }
}
