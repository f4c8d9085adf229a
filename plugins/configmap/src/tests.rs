//! Golden files, and what must hold for any input.

use bowsprit_plugin_sdk::testing::{Case, check_descriptors, golden};
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

/// Every field this type reads, and one it does not.
const FIELDS: &[&str] = &[
    "name",
    "namespace",
    "data",
    "labels",
    "mountPath",
    "binaryData",
    "annotations",
    "immutable",
    "other",
];

proptest! {
    #[test]
    fn no_data_makes_a_function_fail(
        field in proptest::sample::select(FIELDS),
        seed in any::<u64>(),
    ) {
        let data = json!({ "name": "x", "image": "nginx", "port": 1, "targetApp": "x" });
        let kinds = ("ConfigMap", "Deployment");
        let case = Case::among_noise(NODE_TYPES, "configmap", kinds, data, (field, seed));
        case.check_invariants().map_err(TestCaseError::fail)?;
    }
}
