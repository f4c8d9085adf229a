//! Node types of a definition that is written out here.

use bowsprit_plugin_sdk::catalogue::Served;
use bowsprit_plugin_sdk::dispatch::Functions;
use bowsprit_plugin_sdk::kind;
use bowsprit_plugin_sdk::testing::Case;
use serde_json::{Value, json};

use super::{Custom, describe, name};

fn schema() -> Value {
    json!({
        "description": "A pump moves water.\nAnd more.",
        "type": "object",
        "properties": {
            "apiVersion": { "type": "string" }, "kind": { "type": "string" },
            "metadata": { "type": "object" }, "status": { "type": "object" },
            "spec": {
                "type": "object", "required": ["speed"],
                "x-kubernetes-validations": [{ "rule": "self.speed > 0", "message": "speed is positive" }],
                "properties": {
                    "speed": { "type": "integer", "minimum": 1, "default": 3, "description": "Turns." },
                    "mode": { "type": "string", "enum": ["in", "out"] },
                    "quiet": { "type": "boolean" },
                    "port": { "x-kubernetes-int-or-string": true, "anyOf": [{ "type": "integer" }, { "type": "string" }] },
                    "tags": { "type": "array", "items": { "type": "string" } },
                    "labels": { "type": "object", "additionalProperties": { "type": "string" } },
                    "source": {
                        "type": "object",
                        "properties": { "depth": { "type": "number" }, "more": { "type": "object", "x-kubernetes-preserve-unknown-fields": true } },
                    },
                    "drive": {
                        "type": "object",
                        "oneOf": [{ "required": ["belt"] }, { "required": ["chain"] }],
                        "properties": { "belt": { "type": "string" }, "chain": { "type": "string" } },
                    },
                },
            },
        },
    })
}

fn served() -> Served {
    Served {
        kind: kind("water.io", "v1", "Pump"),
        plural: "pumps".into(),
        namespaced: true,
        schema: Some(schema().to_string()),
        columns: "[]".into(),
    }
}

fn pump(data: Value) -> Case {
    let types = [Functions::dynamic(Box::leak(Box::new(Custom::called("custom-pumps-water-io"))))];
    let mut schema = schema();
    schema["x-served"] = json!({ "plural": "pumps", "namespaced": true });
    let kind = json!({ "group": "water.io", "version": "v1", "kind": "Pump" });
    Case::new(&types, "custom-pumps-water-io", data)
        .with_context(&json!({ "schemas": [[kind, schema]] }))
}

#[test]
fn scalars_become_fields_and_all_else_yaml() {
    let descriptor = describe(&served()).unwrap();
    assert_eq!(descriptor.name, "custom-pumps-water-io");
    assert_eq!(
        (descriptor.title.as_str(), descriptor.description.as_str()),
        ("Pump", "A pump moves water.")
    );
    let schema: Value = serde_json::from_str(&descriptor.schema).unwrap();
    let form = |id: &str| {
        let property = &schema["properties"][id];
        (property["x-form"].as_str().unwrap_or_default().to_owned(), property["title"].clone())
    };
    assert_eq!(form("spec.speed"), ("number".into(), json!("Speed")));
    assert_eq!(schema["properties"]["spec.speed"]["default"], "3");
    assert_eq!(form("spec.mode").0, "select");
    assert_eq!(schema["properties"]["spec.mode"]["enum"], json!(["in", "out"]));
    assert_eq!(schema["properties"]["spec.quiet"]["enum"], json!(["true", "false"]));
    assert_eq!(form("spec.port").0, "text");
    assert_eq!(form("spec.source.depth"), ("number".into(), json!("Source › Depth")));
    for area in ["spec.tags", "spec.labels", "spec.source.more", "spec.drive", "spec"] {
        assert_eq!(form(area).0, "textarea", "{area}");
    }
    assert_eq!(schema["required"], json!(["name", "spec.speed"]));
    assert_eq!(schema["properties"]["name"]["x-order"], 1);
}

#[test]
fn rules_that_only_the_server_can_check_are_named() {
    let case = pump(json!({ "name": "p", "spec.speed": "2" }));
    let findings = case.validate()["ok"].clone();
    assert_eq!(findings[0]["code"], "custom-pumps-water-io.schema.left-to-server");
    assert_eq!(findings[0]["severity"], "info");
    assert!(findings[0]["message"].as_str().unwrap().contains("speed is positive"));
}

#[test]
fn a_node_becomes_the_object_its_fields_say() {
    let case = pump(json!({
        "name": "p", "namespace": "n", "spec.speed": "2", "spec.mode": "in", "spec.quiet": "true",
        "spec.port": "50%", "spec.tags": "- a\n- b", "spec.source.depth": 0.5,
        "spec": "drive: {belt: x}\nspeed: 4",
    }));
    let object = case.manifest("object");
    assert_eq!(object["apiVersion"], "water.io/v1");
    assert_eq!(object["metadata"]["namespace"], "n");
    assert_eq!(
        object["spec"],
        json!({
            "speed": 4, "mode": "in", "quiet": true, "port": "50%", "tags": ["a", "b"],
            "source": { "depth": 0.5 }, "drive": { "belt": "x" },
        })
    );
    assert_eq!(case.observe()["ok"][0]["kind"]["kind"], "Pump");
    case.check_invariants().unwrap();
}

#[test]
fn faults_name_the_field() {
    let found = |data: Value| pump(data).found();
    assert_eq!(
        found(json!({ "name": "p" })),
        ["custom-pumps-water-io.schema.required at /spec.speed"]
    );
    let bad = json!({ "name": "p", "spec.speed": 0, "spec.drive": "{belt: a, chain: b}", "spec": "odd: 1" });
    let mut bad = found(bad);
    bad.sort();
    assert_eq!(
        bad,
        [
            "custom-pumps-water-io.schema.alternatives at /spec.drive",
            "custom-pumps-water-io.schema.range at /spec.speed",
            "custom-pumps-water-io.schema.unknown at /spec",
        ]
    );
    let lost = pump(json!({ "name": "p" })).with_context(&json!({}));
    assert_eq!(lost.found(), ["custom-pumps-water-io.definition.missing"]);
    assert_eq!(lost.observe()["ok"], json!([]));
}

#[test]
fn the_card_has_conditions_and_columns() {
    let object = json!({
        "kind": "Pump", "metadata": { "name": "p" }, "spec": { "speed": 2 },
        "status": { "conditions": [{ "type": "Ready", "status": "True", "reason": "Turns" }] },
    });
    let columns = json!([
        { "name": "Speed", "jsonPath": ".spec.speed" },
        { "name": "Ready", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].status" },
        { "name": "Hidden", "jsonPath": ".spec.speed", "priority": 1 },
        { "name": "None", "jsonPath": ".status.none.at.all" },
        { "name": "state", "jsonPath": ".spec.speed" },
    ]);
    let case = pump(json!({ "name": "p", "$columns": columns })).with_answers(&json!([[object]]));
    let status = case.status()["ok"].clone();
    assert_eq!(status["state"], "healthy");
    assert_eq!((&status["card"]["Speed"], &status["card"]["Ready"]), (&json!("2"), &json!("True")));
    assert_eq!(status["card"]["state"], "healthy", "a column does not say how it is");
    assert!(status["card"].get("Hidden").is_none() && status["card"].get("None").is_none());
}

#[test]
fn long_names_are_cut_and_stay_apart() {
    let group = "very.long.group.of.an.operator.example.com";
    let (left, right) =
        (name("some-quite-long-plural-a", group), name("some-quite-long-plural-b", group));
    assert_eq!((left.len() <= 63, right.len() <= 63), (true, true));
    assert_ne!(left, right);
}

#[test]
fn a_definition_without_a_schema_is_no_type() {
    let bare = Served { schema: None, ..served() };
    assert!(describe(&bare).is_err());
}
