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
    Case::new(NODE_TYPES, "persistentvolumeclaim", data)
}

#[test]
fn no_storage_class_is_something_else_than_the_default_one() {
    let spec = |data: Value| case(data).manifest("claim")["spec"].clone();
    assert_eq!(spec(json!({ "storage": "1Gi" }))["storageClassName"], Value::Null);
    let none = json!({ "storage": "1Gi", "noStorageClass": true });
    assert_eq!(spec(none)["storageClassName"], "");
    assert_eq!(spec(json!({ "storage": "1Gi" }))["accessModes"], json!(["ReadWriteOnce"]));
}

#[test]
fn odd_sizes_and_modes_are_findings() {
    for storage in ["0", "", "10GB", "-1Gi"] {
        assert_eq!(case(json!({ "storage": storage })).found().len(), 1, "{storage}");
    }
    let modes = json!(["ReadWriteOncePod", "ReadOnlyMany"]);
    let found = case(json!({ "storage": "1", "accessModes": modes })).found();
    assert_eq!(found, ["persistentvolumeclaim.accessModes.alternatives at /accessModes"]);
}

#[test]
fn its_data_is_not_deleted_without_asking() {
    let rendered = case(json!({ "storage": "1Gi" })).render();
    assert_eq!(rendered["ok"]["manifests"][0]["prune"], "ask");
}

#[test]
fn the_card_has_the_clusters_word() {
    let status = |phase: &str| {
        let object = json!({ "kind": "PersistentVolumeClaim", "spec": { "volumeName": "v",
            "resources": { "requests": { "storage": "2Gi" } } },
            "status": { "phase": phase, "capacity": { "storage": "2Gi" } } });
        case(json!({ "storage": "1Gi" })).with_answers(&json!([[object]])).status()["ok"].clone()
    };
    for (phase, state) in [("Bound", "healthy"), ("Pending", "pending"), ("Lost", "failed")] {
        let status = status(phase);
        assert_eq!((&status["card"]["state"], &status["state"]), (&json!(phase), &json!(state)));
        assert_eq!(status["card"]["capacity"], "2Gi");
    }
    assert_eq!(status("Bound")["findings"][0]["code"], "persistentvolumeclaim.storage.smaller");
}

#[test]
fn a_new_claim_is_called_like_on_the_canvas() {
    let functions =
        bowsprit_plugin_sdk::dispatch::Functions::find(NODE_TYPES, "persistentvolumeclaim");
    let context = bowsprit_plugin_sdk::testing::context(&Value::Null);
    let data = functions.unwrap().create("node-6", "", &context).unwrap();
    assert!(data.contains(r#""name":"pvc-6""#), "{data}");
}

/// What becomes of fields that the canvas shows.
const ROWS: [Becomes; 7] = [
    arrives("/name", r#""y""#, "/metadata/name"),
    arrives("/namespace", r#""n""#, "/metadata/namespace"),
    arrives("/storage", r#""2Gi""#, "/spec/resources/requests/storage"),
    arrives("/accessModes/0", r#""ReadWriteMany""#, "/spec/accessModes/0"),
    arrives("/storageClassName", r#""fast""#, "/spec/storageClassName"),
    arrives("/volumeMode", r#""Block""#, "/spec/volumeMode"),
    arrives("/labels/team", r#""blue""#, "/metadata/labels/team"),
];

fn shown() -> Shown<'static> {
    Shown {
        types: NODE_TYPES,
        type_name: "persistentvolumeclaim",
        manifest: "claim",
        base: json!({"name": "x", "storage": "1Gi"}),
        context: json!({}),
        sent: vec![
            "/name",
            "/namespace",
            "/storage",
            "/accessModes",
            "/storageClassName",
            "/volumeMode",
            "/labels",
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
        field in proptest::sample::select(fields(NODE_TYPES, "persistentvolumeclaim")),
        seed in any::<u64>(),
    ) {
        let data = json!({ "name": "x", "storage": "1Gi" });
        let kinds = ("PersistentVolumeClaim", "Deployment");
        let case = Case::among_noise(NODE_TYPES, "persistentvolumeclaim", kinds, data, (&field, seed));
        case.check_invariants().map_err(TestCaseError::fail)?;
    }

    #[test]
    fn a_text_arrives_in_its_field_or_is_found_fault_with(seed in any::<u64>()) {
        shown().check_text(seed).map_err(TestCaseError::fail)?;
    }
}
