//! In which versions the objects of one node are rendered.

use serde_json::{Value, json};

use super::{GOOD, document, types};
use bowsprit_plugin_sdk::testing::Case;

/// A gear whose oil has the same group and versions, and is there if a field or
/// the version says so.
fn oiled(when: &str, served: &[&str]) -> Case {
    let text = GOOD
        .replace("group: oil.gears.io, versions: [v1alpha1]", "versions: [v2, v1]")
        .replace("when: fields.fast", &format!("when: {when:?}"));
    let served: Vec<_> = served.iter().map(|it| format!("gears.io/{it}")).collect();
    let data = json!({ "name": "g", "boxName": "b", "fast": "true" });
    Case::new(&types(document(&text)), "gear", data)
        .with_context(&json!({ "cluster": { "served": served } }))
}

/// The versions of the gear and of its oil.
fn versions(case: &Case) -> [Value; 2] {
    ["object", "oil"].map(|it| {
        let version = case.manifest(it)["apiVersion"].as_str().map(str::to_owned);
        version.map_or(Value::Null, |it| json!(it.trim_start_matches("gears.io/")))
    })
}

#[test]
fn all_have_the_first_version_in_which_the_cluster_serves_all() {
    let cases: [(&[&str], [&str; 2]); 6] = [
        (&[], ["v2", "v2"]),
        (&["v2/Gear", "v1/Gear", "v2/Oil", "v1/Oil"], ["v2", "v2"]),
        (&["v2/Gear", "v1/Gear", "v1/Oil"], ["v1", "v1"]),
        (&["v1/Gear", "v2/Oil", "v1/Oil"], ["v1", "v1"]),
        // What is not served at all is no reason to go back.
        (&["v2/Gear", "v1/Gear"], ["v2", "v2"]),
        (&["v1/Gear"], ["v1", "v1"]),
    ];
    for (served, expected) in cases {
        let case = oiled("fields.fast", served);
        assert_eq!(case.found(), Vec::<String>::new(), "{served:?}");
        assert_eq!(versions(&case), expected.map(|it| json!(it)), "{served:?}");
        let watched = case.observe()["ok"].clone();
        let watched = [0, 1].map(|it: usize| watched[it]["kind"]["version"].clone());
        assert_eq!(watched, expected.map(|it| json!(it)), "{served:?}");
    }
}

#[test]
fn that_no_version_has_all_is_told() {
    for (served, expected) in
        [(["v2/Gear", "v1/Oil"], ["v2", "v1"]), (["v1/Gear", "v2/Oil"], ["v1", "v2"])]
    {
        let case = oiled("fields.fast", &served);
        assert_eq!(versions(&case), expected.map(|it| json!(it)));
        let told = case.render()["ok"]["findings"].clone();
        assert_eq!(told[0]["severity"], "warning", "{told}");
        assert!(told[0]["code"].as_str().unwrap().ends_with("version.apart"), "{told}");
        let message = told[0]["message"].as_str().unwrap();
        assert!(message.contains("`Gear`") && message.contains("`Oil`"), "{message}");
        let alone = oiled("!fields.fast", &served);
        assert_eq!(alone.found(), Vec::<String>::new(), "it is not there");
    }
}

#[test]
fn an_object_that_is_not_there_does_not_count() {
    let served = ["v2/Gear", "v1/Gear", "v1/Oil"];
    assert_eq!(versions(&oiled("!fields.fast", &served)), [json!("v2"), Value::Null]);
    // It may depend on the version itself.
    let newer = oiled("version == \"v2\"", &served);
    assert_eq!(versions(&newer), [json!("v1"), Value::Null]);
    let older = oiled("version == \"v1\"", &served);
    assert_eq!(versions(&older), [json!("v2"), Value::Null]);
}
