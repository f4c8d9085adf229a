//! Whole files: what is wrong with them, and what nodes of them become.

mod mistakes;

use std::fs;
use std::path::{Path, PathBuf};

use bowsprit_plugin_sdk::DynamicType;
use bowsprit_plugin_sdk::dispatch::Functions;
use bowsprit_plugin_sdk::testing::{Case, check_descriptors, golden, noise};
use proptest::prelude::*;
use serde_json::{Value, json};

use document::definition::Definition;

use crate::FILE;

/// The type of a file, for as long as the tests run.
fn types(text: &str) -> Vec<Functions> {
    let document = Definition::parse(text, FILE).unwrap_or_else(|it| panic!("{it:#?}"));
    vec![Functions::dynamic(Box::leak(Box::new(document)))]
}

/// Folders of the templates that come with the product.
fn templates() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates/resources");
    let mut all: Vec<_> = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    all.retain(|it| it.is_dir());
    all.sort();
    assert!(!all.is_empty());
    all
}

fn types_of(folder: &Path) -> Vec<Functions> {
    types(&fs::read_to_string(folder.join("resource.yaml")).unwrap())
}

#[test]
fn the_golden_files_of_all_templates_come_out_as_they_are() {
    let faults: Vec<_> = templates()
        .iter()
        .filter_map(|folder| golden(&types_of(folder), folder.join("golden")).err())
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_descriptors_of_all_templates_keep_the_promises_of_the_contract() {
    for folder in templates() {
        check_descriptors(&types_of(&folder)).unwrap();
    }
}

const GOOD: &str = r#"type: thing
title: Thing
description: A thing.
fields:
  text: {type: text, multiline: true}
  size: {type: number, default: 1}
  list: {type: list}
  map: {type: map}
  key: {type: text, secret: true}
  token: {type: text, secret: true, required: true}
handles:
  - {id: input, direction: incoming, roles: [selects], per-item: list, at-most: 2}
edges:
  - {role: selects, to: ["*"]}
provides: [things]
view:
  size: ${fields.size}
checks:
  - require: fields.size < 10
    code: size.large
    field: size
    message: ${fields.size} is too large.
manifests:
  - id: thing
    order: policy
    wait: readiness
    prune: keep
    on-immutable: skip
    yields: [/spec/size]
    object:
      apiVersion: example.com/v1
      kind: Thing
      metadata:
        annotations:
          text: ${fields.text}
      spec:
        size: ${fields.size}
        text: ${fields.text}
        part: <${fields.text}>
        list: ${fields.list}
        map: ${fields.map}
        key: ${secrets.key}
        mode: ${environment.MODE}
        app: ${neighbour("selects").selector}
  - id: config
    when: fields.list
    object:
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: "${node.name}-list"}
      data:
        $each: fields.list
        $key: item-${item_key}
        $do: ${item}
status:
  with-pods: true
  rules:
    - if: condition("Ready").status == "True"
      state: healthy
      reason: Ready
      message: It has size ${object.spec.size}.
      card: running
    - {state: progressing, reason: Waiting, message: It waits.}
  ready: object.status.ready
  desired: object.spec.size
  addresses: ["${object.status.address}"]
  card: {size: "${object.spec.size}"}
"#;

fn thing(data: Value) -> Case {
    let context = json!({ "secret-keys": ["key", "token"], "environment-keys": ["MODE"] });
    Case::new(&types(GOOD), "thing", data).with_context(&context)
}

#[test]
fn a_node_becomes_what_the_file_says() {
    let case = thing(json!({
        "name": "t", "text": "x", "list": "a,b", "map": { "k": 1 },
        "labels": { "team": "one" }, "annotations": { "note": "n" },
    }));
    assert_eq!(case.found(), Vec::<String>::new());
    assert_eq!(
        case.manifest("thing"),
        json!({
            "apiVersion": "example.com/v1", "kind": "Thing",
            "metadata": {
                "name": "t", "namespace": "default", "labels": { "app": "t", "team": "one" },
                "annotations": { "note": "n", "text": "x" },
            },
            "spec": {
                "size": 1, "text": "x", "part": "<x>", "list": ["a", "b"], "map": { "k": "1" },
                "key": { "$vault": "secret/key" }, "mode": { "$vault": "env/MODE" },
            },
        })
    );
    let config = case.manifest("config");
    assert_eq!(config["metadata"]["name"], "t-list");
    assert_eq!(config["metadata"]["annotations"], Value::Null, "they are about the first object");
    assert_eq!(config["data"], json!({ "item-0": "a", "item-1": "b" }));
    let first = &case.render()["ok"]["manifests"][0];
    assert_eq!(
        [
            &first["order"],
            &first["wait"],
            &first["prune"],
            &first["on-immutable"],
            &first["yields"]
        ],
        [
            &json!("policy"),
            &json!("readiness"),
            &json!("keep"),
            &json!("skip"),
            &json!(["/spec/size"])
        ]
    );
    assert_eq!(case.public_view()["ok"]["size"], 1);
    assert_eq!(case.public_view()["ok"]["provides"], json!(["things"]));
    assert_eq!(case.observe()["ok"].as_array().map(Vec::len), Some(2));
    assert_eq!(case.observe()["ok"][0]["with-pods"], true);
}

#[test]
fn neighbours_are_seen_by_their_roles_and_never_with_references_to_the_vault() {
    let view = |selector: Value| {
        json!({ "secret-keys": ["token"], "neighbours": [
            { "id": "m", "type": "other", "view": { "provides": ["mounts"], "selector": { "a": "m" } } },
            { "id": "w", "type": "deployment", "view": { "provides": ["selects"], "selector": selector } },
        ] })
    };
    let case = thing(json!({ "name": "t" }));
    let good = case.clone().with_context(&view(json!({ "app": "web" })));
    assert_eq!(good.manifest("thing")["spec"]["app"], json!({ "app": "web" }));
    let bad = case.with_context(&view(json!({ "$vault": "secret/token" })));
    assert_eq!(bad.manifest("thing")["spec"].get("app"), None);
}

#[test]
fn checks_and_secrets_are_findings() {
    let large = thing(json!({ "name": "t", "size": 10 }));
    assert_eq!(large.found(), ["thing.size.large at /size"]);
    assert_eq!(large.validate()["ok"][0]["message"], "10 is too large.");
    let bare = thing(json!({ "name": "t" })).with_context(&json!({}));
    assert_eq!(bare.found(), ["thing.token.missing at /token"]);
    assert_eq!(bare.observe()["ok"][0]["name"], "t", "what runs is still seen");
    let plain = thing(json!({ "name": "t", "token": "s3cret" }));
    assert_eq!(plain.found(), ["thing.token.plain at /token"]);
    assert!(!plain.render().to_string().contains("s3cret"));
}

#[test]
fn a_status_follows_the_rules() {
    let ready = json!({
        "kind": "Thing", "spec": { "size": 3 },
        "status": { "ready": 2, "address": "10.0.0.1", "conditions": [{ "type": "Ready", "status": "True" }] },
    });
    let case = thing(json!({ "name": "t" }));
    let status = case.clone().with_answers(&json!([[ready]])).status()["ok"].clone();
    assert_eq!(status["state"], "healthy");
    assert_eq!(status["message"], "It has size 3.");
    assert_eq!((&status["ready"], &status["desired"]), (&json!(2), &json!(3)));
    assert_eq!(status["addresses"], json!(["10.0.0.1"]));
    assert_eq!(
        status["card"],
        json!({ "message": "It has size 3.", "size": 3, "state": "running" })
    );
    let word =
        |answers: Value| case.clone().with_answers(&answers).status()["ok"]["reason"].clone();
    assert_eq!(word(json!([[{ "kind": "Thing" }]])), "Waiting");
    assert_eq!(
        word(json!([[{ "kind": "Thing", "metadata": { "deletionTimestamp": "x" } }]])),
        "Terminating"
    );
    assert_eq!(word(json!([[ready], []])), "Incomplete");
    assert_eq!(word(json!([[]])), "NotCreated");
    assert_eq!(word(json!([{ "forbidden": "no" }])), "Forbidden");
}

#[test]
fn older_names_of_fields_are_understood() {
    let text = GOOD.replace("size: {type: number,", "size: {type: number, was: [amount],");
    let case = Case::new(&types(&text), "thing", json!({ "name": "t", "amount": 4 }))
        .with_context(&json!({ "secret-keys": ["token"] }));
    assert_eq!(case.manifest("thing")["spec"]["size"], 4);
}

#[test]
fn a_new_node_has_the_defaults() {
    let document = Definition::parse(GOOD, FILE).unwrap();
    let seed = bowsprit_plugin_sdk::Seed { type_name: "thing", id: "n-3", suggested_name: "" };
    let data = document.create(&seed, &bowsprit_plugin_sdk::Context::default());
    assert_eq!(
        bowsprit_plugin_sdk::Json::from(data).to_text(),
        r#"{"name":"thing-3","namespace":"default","size":1}"#
    );
}

proptest! {
    #[test]
    fn no_text_of_a_field_breaks_out_of_its_place(text in any::<String>()) {
        let case = thing(json!({ "name": "t", "text": text, "map": { "k": text } }));
        let spec = case.manifest("thing")["spec"].clone();
        let blank = text.trim().is_empty();
        let given = if blank { Value::Null } else { json!(text) };
        prop_assert_eq!(&spec["text"], &given);
        prop_assert_eq!(&spec["part"], &if blank { Value::Null } else { json!(format!("<{text}>")) });
        prop_assert_eq!(&spec["map"], &json!({ "k": text }));
        let keys: Vec<_> = spec.as_object().unwrap().keys().map(String::as_str).collect();
        let known = ["key", "map", "mode", "part", "size", "text"];
        prop_assert!(keys.iter().all(|it| known.contains(it)), "{:?}", keys);
        case.check_invariants().map_err(TestCaseError::fail)?;
    }

    #[test]
    fn no_file_makes_reading_fail(text in any::<String>(), at in 0..GOOD.len()) {
        let mut broken = GOOD.to_owned();
        if broken.is_char_boundary(at) {
            broken.insert_str(at, &text);
        }
        let _ = Definition::parse(&broken, FILE);
        let _ = Definition::parse(&text, FILE);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_data_makes_a_template_fail(seed in any::<u64>()) {
        for folder in templates() {
            let types = types_of(&folder);
            let name = types[0].name();
            let text = fs::read_to_string(folder.join("resource.yaml")).unwrap();
            let document = Definition::parse(&text, FILE).unwrap();
            let mut data = json!({ "name": "x" });
            for (index, field) in document.head.fields.iter().enumerate() {
                if (seed >> (index % 64)) & 1 == 1 {
                    data[&field.name] = noise(seed.wrapping_add(index as u64));
                }
            }
            let other = noise(seed.wrapping_add(99));
            let view = json!({ "kind": other, "name": other, "provides": ["selects", "routes", "attaches", "mounts"], "ports": other, "selector": other });
            let kind = &document.manifests[0].kind.kind;
            let object = json!({ "kind": kind, "metadata": other, "spec": other, "status": other });
            let case = Case::new(&types, name, data)
                .with_context(&json!({ "neighbours": [{ "id": "n2", "type": "x", "view": view }] }))
                .with_answers(&json!([[object, other]]));
            case.check_invariants().map_err(|it| TestCaseError::fail(format!("{name}: {it}")))?;
        }
    }
}
