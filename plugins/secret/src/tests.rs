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
    Case::new(NODE_TYPES, "secret", data)
}

#[test]
fn values_stay_with_the_host() {
    let keys = json!([{ "id": "k1", "name": "A" }, { "id": "k2", "name": "" }, { "name": "B" }]);
    let case = case(json!({ "keys": keys })).with_context(&json!({ "secret-keys": ["A", "OLD"] }));
    let manifest = case.manifest("secret");
    assert_eq!(manifest["data"], json!({ "A": { "$vault": "secret/A" } }));
    assert_eq!(manifest["type"], "Opaque");
    assert_eq!(case.found(), ["secret.keys.unset at /keys/2/name"]);
}

#[test]
fn without_any_value_what_is_in_the_cluster_stays() {
    let case = case(json!({ "keys": [{ "name": "A" }] }));
    assert_eq!(case.render()["ok"]["manifests"], json!([]));
    assert_eq!(case.found(), ["secret.keys.unset at /keys/0/name"]);
}

#[test]
fn a_value_in_the_drawing_is_dropped() {
    let case = case(json!({ "data": { "A": "hunter-2", "_new_1": "" } }));
    assert!(!case.normalize()["ok"][0].to_string().contains("hunter"));
    assert_eq!(case.public_view()["ok"]["keys"], json!(["A"]));
}

#[test]
fn a_certificate_needs_both_its_halves() {
    let keys = json!([{ "name": "tls.crt" }, { "name": "tls.key" }]);
    let data = json!({ "secretType": "kubernetes.io/tls", "keys": keys });
    let half = case(data.clone()).with_context(&json!({ "secret-keys": ["tls.crt"] }));
    assert!(half.found().contains(&"secret.keys.required at /keys".to_owned()));
    let both = case(data).with_context(&json!({ "secret-keys": ["tls.crt", "tls.key"] }));
    assert!(both.found().is_empty());
    let other = case(json!({ "secretType": "kubernetes.io/tls", "keys": [{ "name": "A" }] }));
    assert_eq!(other.found().iter().filter(|it| it.contains("required")).count(), 2);
}

#[test]
fn the_card_says_whether_it_was_created() {
    let case = || case(json!({ "keys": [{ "name": "A" }, { "name": "B" }] }));
    let object = json!({ "kind": "Secret", "data": { "A": "" } });
    let status = case().with_answers(&json!([[object]])).status()["ok"].clone();
    assert_eq!(
        (&status["card"]["state"], &status["card"]["secretCreated"]),
        (&json!("created"), &json!(true))
    );
    assert_eq!(status["marks"], json!({ "_secretCreated": true }));
    assert_eq!(status["findings"][0]["code"], "secret.keys.absent");
    let status = case().with_answers(&json!([[]])).status()["ok"].clone();
    assert_eq!(
        (&status["card"]["state"], &status["card"]["secretCreated"]),
        (&json!("pending"), &json!(false))
    );
}

/// What becomes of fields that the canvas shows.
const ROWS: [Becomes; 4] = [
    arrives("/name", r#""y""#, "/metadata/name"),
    arrives("/namespace", r#""n""#, "/metadata/namespace"),
    arrives("/secretType", r#""example.com/token""#, "/type"),
    becomes("/keys/0/name", r#""B""#, "/data/B", r#"{"$vault":"secret/B"}"#),
];

fn shown() -> Shown<'static> {
    Shown {
        types: NODE_TYPES,
        type_name: "secret",
        manifest: "secret",
        base: json!({"name": "x", "keys": [{"id": "k", "name": "A"}]}),
        context: json!({"secret-keys": ["A", "B"]}),
        sent: vec!["/name", "/namespace", "/secretType", "/keys", "/mountPath"],
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
        field in proptest::sample::select(fields(NODE_TYPES, "secret")),
        seed in any::<u64>(),
    ) {
        let data = json!({ "name": "x", "keys": [{ "name": "A" }] });
        let kinds = ("Secret", "Deployment");
        let case = Case::among_noise(NODE_TYPES, "secret", kinds, data, (&field, seed));
        case.check_invariants().map_err(TestCaseError::fail)?;
    }

    #[test]
    fn a_text_arrives_in_its_field_or_is_found_fault_with(seed in any::<u64>()) {
        shown().check_text(seed).map_err(TestCaseError::fail)?;
    }
}
