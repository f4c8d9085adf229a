//! Natively: no WebAssembly, no host.

use bowsprit_plugin_sdk::testing::{Case, check_descriptors, golden};
use serde_json::json;

use super::NODE_TYPES;

#[test]
fn golden_files_come_out_as_they_are() {
    golden(NODE_TYPES, concat!(env!("CARGO_MANIFEST_DIR"), "/golden")).unwrap();
}

#[test]
fn the_descriptor_keeps_the_promises_of_the_contract() {
    check_descriptors(NODE_TYPES).unwrap();
}

#[test]
fn a_node_without_a_greeting_is_not_applied() {
    let case = Case::new(NODE_TYPES, "my-plugin", json!({ "name": "hi" }));
    assert_eq!(case.found(), ["my-plugin.greeting.missing at /greeting"]);
}
