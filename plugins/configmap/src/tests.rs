//! Golden files, and what must hold for any input.

use bowsprit_plugin_sdk::testing::{
    Becomes, Case, Shown, arrives, check_descriptors, fields, golden,
};
use proptest::prelude::*;
use serde_json::json;

use super::NODE_TYPES;

#[test]
fn golden_files_come_out_as_they_are() {
    golden(NODE_TYPES, concat!(env!("CARGO_MANIFEST_DIR"), "/golden")).unwrap();
}

#[test]
fn rows_nobody_filled_in_never_reach_the_cluster() {
    let data = json!({ "name": "c", "data": { "_new_1": "", "A": "1" } });
    let case = Case::new(NODE_TYPES, "configmap", data);
    assert_eq!(case.manifest("configmap")["data"], json!({ "A": "1" }));
}

#[test]
fn the_digest_follows_the_entries_alone() {
    let digest = |data: serde_json::Value| {
        Case::new(NODE_TYPES, "configmap", data).public_view()["ok"]["digest"].clone()
    };
    let first = digest(json!({ "name": "c", "data": { "A": "1" } }));
    assert_eq!(first, digest(json!({ "name": "d", "data": { "A": "1", "_new_1": "" } })));
    assert_ne!(first, digest(json!({ "name": "c", "data": { "A": "2" } })));
    assert_ne!(first, digest(json!({ "name": "c", "binaryData": { "A": "1" } })));
}

#[test]
fn the_descriptor_keeps_the_promises_of_the_contract() {
    check_descriptors(NODE_TYPES).unwrap();
}

proptest! {
    #[test]
    fn values_reach_the_cluster_exactly(text in any::<String>()) {
        let data = json!({ "name": "c", "data": { "key": text } });
        let case = Case::new(NODE_TYPES, "configmap", data);
        case.check_invariants().map_err(TestCaseError::fail)?;
        prop_assert_eq!(&case.manifest("configmap")["data"], &json!({ "key": text }));
    }
}

/// What becomes of fields that the canvas shows.
const ROWS: [Becomes; 3] = [
    arrives("/name", r#""y""#, "/metadata/name"),
    arrives("/namespace", r#""n""#, "/metadata/namespace"),
    arrives("/data/A", r#""b""#, "/data/A"),
];

fn shown() -> Shown<'static> {
    Shown {
        types: NODE_TYPES,
        type_name: "configmap",
        manifest: "configmap",
        base: json!({"name": "x", "data": {"K": "v"}}),
        context: json!({}),
        sent: vec!["/name", "/namespace", "/data", "/mountPath"],
        kept: &[("/mountPath", "read when an edge is drawn")],
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
        field in proptest::sample::select(fields(NODE_TYPES, "configmap")),
        seed in any::<u64>(),
    ) {
        let data = json!({ "name": "x", "image": "nginx", "port": 1, "targetApp": "x" });
        let kinds = ("ConfigMap", "Deployment");
        let case = Case::among_noise(NODE_TYPES, "configmap", kinds, data, (&field, seed));
        case.check_invariants().map_err(TestCaseError::fail)?;
    }

    #[test]
    fn a_text_arrives_in_its_field_or_is_found_fault_with(seed in any::<u64>()) {
        shown().check_text(seed).map_err(TestCaseError::fail)?;
    }
}
