//! Whole documents: what is wrong with them, and what nodes of them become.

mod definitions;
mod documents;
mod mistakes;
mod versions;

use bowsprit_plugin_sdk::catalogue::{Presence, Served};
use bowsprit_plugin_sdk::dispatch::Functions;
use bowsprit_plugin_sdk::kind;
use bowsprit_plugin_sdk::testing::Case;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::catalogue::Document;
use crate::node_type::Curated;

/// The document in a text.
fn document(text: &str) -> Document {
    Document::parse(text).unwrap_or_else(|it| panic!("{it:#?}"))
}

/// The types of a document, for as long as the tests run.
fn types(document: Document) -> Vec<Functions> {
    let leaked = |it| Functions::dynamic(Box::leak(Box::new(Curated(it))));
    document.types.into_iter().map(leaked).collect()
}

const GOOD: &str = r#"id: gears
displayName: Gears
description: Things that turn.
category: scaling
version: 1.2.0
group: gears.io
kinds:
  - {kind: Gear, plural: gears, versions: [v2, v1]}
  - {kind: Box, plural: boxes, versions: [v1], scope: cluster}
  - {kind: Oil, plural: oils, group: oil.gears.io, versions: [v1alpha1], optional: true}
install:
  text: Once per cluster.
  links: ["https://gears.io/install"]
  commands: [helm install gears]
types:
  - name: gear
    displayName: Gear
    description: Turns.
    kind: Gear
    prune: ask
    fields:
      - {id: name, label: Name, type: text, required: true, placeholder: my-gear}
      - {id: namespace, label: Namespace, type: text, default: gear-system}
      - {id: teeth, label: Teeth, type: number, default: "3", min: 1, max: 9}
      - {id: size, label: Size, type: text, default: 1Gi, as: quantity}
      - {id: hosts, label: Hosts, type: text, as: {type: list, of: {type: text, rule: host-name}}}
      - {id: fast, label: Fast, type: select, options: ["true", "false"], default: "false", as: boolean}
      - {id: boxName, label: Box, type: text, required: true, from: boxes}
    object:
      metadata:
        labels: {gears.io/box: "${fields.boxName}"}
      spec:
        teeth: ${fields.teeth}
        size: ${fields.size}
        bytes: ${text(bytes(fields.size))}
        hosts: ${fields.hosts}
        fast: ${fields.fast}
        shape:
          $if: version == "v1"
          $then: round
          $else: {kind: round}
    also:
      - id: oil
        kind: Oil
        when: fields.fast
        object: {spec: {}}
    status: {condition: Ready, ready: object.status.ready}
  - name: gear-box
    displayName: Gear Box
    description: Holds gears.
    kind: Box
    more: object
    fields:
      - {id: name, label: Name, type: text, required: true}
      - {id: mode, label: Mode, type: select, required: true, options: [open, closed]}
    object:
      mode: ${fields.mode}
    provides: [boxes]
"#;

fn gear(data: Value) -> Case {
    Case::new(&types(document(GOOD)), "gear", data)
}

#[test]
fn fields_become_a_structured_object() {
    let case = gear(json!({
        "name": "g", "teeth": "4", "hosts": "a.io, b.io", "fast": "true", "boxName": "b",
        "templateId": "gear", "pluginId": "gears", "labels": { "team": "one" },
    }));
    assert_eq!(case.found(), Vec::<String>::new());
    assert_eq!(
        case.manifest("object"),
        json!({
            "apiVersion": "gears.io/v2", "kind": "Gear",
            "metadata": {
                "name": "g", "namespace": "gear-system",
                "labels": { "app": "g", "gears.io/box": "b", "team": "one" },
            },
            "spec": {
                "teeth": 4, "size": "1Gi", "bytes": "1073741824", "hosts": ["a.io", "b.io"],
                "fast": true, "shape": { "kind": "round" },
            },
        })
    );
    assert_eq!(case.manifest("oil")["apiVersion"], "oil.gears.io/v1alpha1");
    assert_eq!(case.render()["ok"]["manifests"][0]["prune"], "ask");
    let slow = gear(json!({ "name": "g", "boxName": "b", "fast": "" }));
    assert_eq!(slow.manifest("oil"), Value::Null, "a blank field has its default");
    assert_eq!(slow.manifest("object")["spec"]["teeth"], 3);
}

#[test]
fn bad_fields_are_findings_at_the_field() {
    let case = gear(json!({
        "name": "G!", "namespace": "n", "teeth": "10", "size": "big", "hosts": "not a host",
        "fast": "maybe",
    }));
    assert_eq!(
        case.found(),
        [
            "gear.name.invalid at /name",
            "gear.teeth.range at /teeth",
            "gear.size.invalid at /size",
            "gear.hosts.invalid at /hosts/0",
            "gear.fast.type at /fast",
            "gear.boxName.missing at /boxName",
        ]
    );
}

#[test]
fn the_first_version_that_the_cluster_serves_is_rendered() {
    let version = |context: Value| {
        let case = gear(json!({ "name": "g", "boxName": "b" })).with_context(&context);
        let object = case.manifest("object");
        let watched = case.observe()["ok"][0]["kind"]["version"].clone();
        assert_eq!(object["apiVersion"], format!("gears.io/{}", watched.as_str().unwrap()));
        (watched, object["spec"]["shape"].clone())
    };
    let round = json!({ "kind": "round" });
    assert_eq!(version(json!({})), (json!("v2"), round.clone()));
    assert_eq!(
        version(json!({ "cluster": { "served": ["gears.io/v1/Gear", "v1/Pod"] } })),
        (json!("v1"), json!("round"))
    );
    assert_eq!(
        version(json!({ "cluster": { "served": ["gears.io/v1/Gear", "gears.io/v2/Gear"] } })),
        (json!("v2"), round.clone())
    );
    assert_eq!(version(json!({ "cluster": { "served": ["v1/Pod"] } })), (json!("v2"), round));
    let v1 = json!({ "group": "gears.io", "version": "v1", "kind": "Gear" });
    assert_eq!(version(json!({ "schemas": [[v1, {}]] })), (json!("v1"), json!("round")));
}

#[test]
fn a_connected_node_gives_its_name_unless_the_field_has_one() {
    let context = json!({ "neighbours": [
        { "id": "n2", "type": "gear-box", "own-handle": "boxName",
          "view": { "name": "from-edge", "kind": "Box", "provides": ["boxes"] } },
        { "id": "n3", "type": "gear", "view": { "name": "other", "provides": [] } },
    ] });
    let label = |data: Value| {
        let object = gear(data).with_context(&context).manifest("object");
        object["metadata"]["labels"]["gears.io/box"].clone()
    };
    assert_eq!(label(json!({ "name": "g" })), "from-edge");
    assert_eq!(label(json!({ "name": "g", "boxName": "own" })), "own");
    let described = types(document(GOOD))[0].describe().unwrap();
    assert_eq!(described.handles[0].id, "boxName");
    assert_eq!(described.connections[0].role, "boxes");
    let view = Case::new(&types(document(GOOD)), "gear-box", json!({ "name": "b" })).public_view();
    assert_eq!(view["ok"]["provides"], json!(["boxes"]));
}

#[test]
fn more_of_the_spec_is_laid_over_what_the_fields_say() {
    let case = gear(json!({
        "name": "g", "boxName": "b", "spec": "teeth: 7\nshape: {kind: null, edge: sharp}\nextra: [1]",
    }));
    let spec = case.manifest("object")["spec"].clone();
    assert_eq!(spec["teeth"], 7);
    assert_eq!((&spec["shape"], &spec["extra"]), (&json!({ "edge": "sharp" }), &json!([1])));
    for (text, code) in [("- a", "gear.spec"), ("a: [", "gear.spec.invalid"), ("x", "gear.spec")] {
        let found = gear(json!({ "name": "g", "boxName": "b", "spec": text })).found();
        assert!(found[0].starts_with(code) && found[0].ends_with("at /spec"), "{found:?}");
    }
    let boxes = |more: &str| {
        let data = json!({ "name": "b", "namespace": "x", "mode": "open", "spec": more });
        Case::new(&types(document(GOOD)), "gear-box", data)
    };
    let object = boxes("mode: closed\nlid: true").manifest("object");
    assert_eq!((&object["mode"], &object["lid"]), (&json!("closed"), &json!(true)));
    assert_eq!(object["metadata"].get("namespace"), None, "the kind has no namespace");
    let found = boxes("metadata: {name: other}").found();
    assert_eq!(found, ["gear-box.template.value"]);
}

#[test]
fn a_schema_of_the_cluster_is_followed_and_faults_name_the_field() {
    let v2 = json!({ "group": "gears.io", "version": "v2", "kind": "Gear" });
    let schema = json!({
        "type": "object",
        "properties": { "spec": {
            "type": "object",
            "required": ["size", "owner"],
            "properties": {
                "teeth": { "type": "integer", "maximum": 5 },
                "size": { "x-kubernetes-int-or-string": true, "pattern": "^[0-9]+Gi$" },
                "owner": { "type": "string" },
                "hosts": { "type": "array", "items": { "type": "string", "enum": ["a.io"] } },
                "fast": { "type": "string" },
                "shape": { "type": "object", "x-kubernetes-preserve-unknown-fields": true },
            },
        } },
    });
    let case = gear(json!({
        "name": "g", "boxName": "b", "teeth": 6, "size": "1Mi", "hosts": "a.io,b.io",
        "spec": "other: 1",
    }))
    .with_context(&json!({ "schemas": [[v2, schema]] }));
    let mut found = case.found();
    found.sort();
    assert_eq!(
        found,
        [
            "gear.schema.choice at /hosts",
            "gear.schema.pattern at /size",
            "gear.schema.range at /teeth",
            "gear.schema.required at /spec",
            "gear.schema.type at /fast",
            "gear.schema.unknown at /size",
            "gear.schema.unknown at /spec",
        ]
    );
    case.check_invariants().unwrap();
}

#[test]
fn a_card_has_the_columns_of_the_definition() {
    let columns = json!([{ "name": "Size", "type": "string", "jsonPath": ".spec.size" }]);
    let data = json!({ "name": "g", "boxName": "b", "$columns": columns });
    let object = json!({ "kind": "Gear", "metadata": { "name": "g" }, "spec": { "size": "2Gi" } });
    let status = gear(data.clone()).with_answers(&json!([[object]])).status()["ok"].clone();
    assert_eq!((&status["card"]["Size"], &status["state"]), (&json!("2Gi"), &json!("progressing")));
    let nothing = gear(data).with_answers(&json!([[]])).status()["ok"].clone();
    assert!(nothing["card"].get("Size").is_none(), "{nothing}");
}

#[test]
fn a_status_follows_the_condition_and_the_operators_words() {
    let of = |type_name: &str, object: Value| {
        let data = json!({ "name": "g", "boxName": "b", "mode": "open" });
        let case = Case::new(&types(document(GOOD)), type_name, data);
        let status = case.with_answers(&json!([[object]])).status()["ok"].clone();
        (status["state"].clone(), status["reason"].clone(), status["ready"].clone())
    };
    let condition = |status: &str, reason: &str| {
        json!({ "kind": "Gear", "metadata": { "generation": 2 }, "status": {
            "ready": 2, "observedGeneration": 2,
            "conditions": [{ "type": "Ready", "status": status, "reason": reason }],
        } })
    };
    assert_eq!(
        of("gear", condition("True", "Turns")),
        (json!("healthy"), json!("Turns"), json!(2))
    );
    assert_eq!(of("gear", condition("False", "Broken")).0, "degraded");
    assert_eq!(of("gear", condition("False", "Creating")).0, "progressing");
    assert_eq!(of("gear", json!({ "kind": "Gear" })).1, "Waiting");
    let mut old = condition("True", "Turns");
    old["status"]["observedGeneration"] = json!(1);
    assert_eq!(of("gear", old).1, "Outdated");
    let phase =
        |word: &str| of("gear-box", json!({ "kind": "Box", "status": { "phase": word } })).0;
    let words =
        ["Running", "Cluster in healthy state", "Setting up primary", "Failed", "Succeeded"];
    let states = words.map(phase);
    assert_eq!(states, ["healthy", "healthy", "progressing", "failed", "completed"]);
    assert_eq!(of("gear-box", json!({ "kind": "Box" })).1, "Created");
}

#[test]
fn an_entry_says_what_it_needs_and_how_it_stands() {
    let document = document(GOOD);
    let entry = document.entry();
    assert_eq!(entry.kinds[0], kind("gears.io", "v2", "Gear"));
    assert_eq!(entry.kinds.len(), 4);
    assert_eq!(entry.node_types, ["gear", "gear-box"]);
    assert_eq!(entry.install, "Once per cluster.\nhttps://gears.io/install\nhelm install gears");
    let served = |kind| Served {
        kind,
        plural: String::new(),
        namespaced: true,
        schema: None,
        columns: "[]".into(),
    };
    let standing = |kinds: Vec<bowsprit_plugin_sdk::Kind>| {
        let it = document.standing(&kinds.into_iter().map(served).collect::<Vec<_>>());
        let codes: Vec<_> = it.findings.iter().map(|it| it.code.clone()).collect();
        (it.presence, it.versions.len(), codes)
    };
    let (presence, count, codes) = standing(vec![]);
    assert_eq!((presence, count, codes.len()), (Presence::Missing, 0, 3));
    let (presence, count, codes) = standing(vec![kind("gears.io", "v1", "Gear")]);
    assert_eq!((presence, count), (Presence::Partly, 1));
    assert_eq!(codes, ["gears.kind.missing", "gears.kind.missing"]);
    let whole = vec![kind("gears.io", "v1", "Gear"), kind("gears.io", "v1", "Box")];
    assert_eq!(standing(whole).0, Presence::Installed);
    let new = vec![kind("gears.io", "v3", "Gear"), kind("gears.io", "v1", "Box")];
    let (presence, _, codes) = standing(new);
    assert_eq!((presence, codes[0].as_str()), (Presence::Partly, "gears.kind.version"));
}

proptest! {
    #[test]
    fn no_text_of_a_field_breaks_out_of_its_place(text in any::<String>()) {
        let case = gear(json!({ "name": "g", "boxName": text, "spec": text, "hosts": text }));
        case.check_invariants().map_err(TestCaseError::fail)?;
    }

    #[test]
    fn no_file_makes_reading_fail(text in any::<String>(), at in 0..GOOD.len()) {
        let mut broken = GOOD.to_owned();
        if broken.is_char_boundary(at) {
            broken.insert_str(at, &text);
        }
        let _ = Document::parse(&broken);
    }
}
