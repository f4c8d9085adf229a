//! Cases are read strictly, and those of our own plugins all can be.

use std::path::Path;

use serde_json::json;

use super::{compare::first_differences, *};

#[test]
fn every_golden_file_of_our_plugins_is_a_case() {
    let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins");
    let mut count = 0;
    let folders = std::fs::read_dir(plugins).unwrap().map(|it| it.unwrap().path());
    let mut kinds = std::collections::BTreeSet::new();
    for folder in folders {
        let toml = std::fs::read_to_string(folder.join("plugin.toml")).unwrap_or_default();
        let Some(kind) = World::ALL
            .iter()
            .map(|it| it.kind())
            .find(|kind| toml.contains(&format!("kind = \"{kind}\"")))
        else {
            continue;
        };
        let all = Golden::all(&folder, kind).unwrap();
        kinds.extend((!all.is_empty()).then_some(kind));
        count += all.len();
    }
    assert!(kinds.contains("importer") && kinds.contains("diagnostics"), "{kinds:?}");
    assert!(count > 10, "{count}");
}

#[test]
fn a_case_that_is_not_written_as_it_should_be_is_refused_by_field() {
    let node = json!({ "id": "a", "type": "t", "data": {} });
    for (input, field) in [
        (json!({}), "."),
        (json!({ "node": { "id": "a", "type": "t" } }), "node"),
        (json!({ "node": { "id": "a", "type": "t", "data": 1 } }), "node.data"),
        (json!({ "node": node, "contexts": {} }), "contexts"),
        (json!({ "node": node, "context": { "neighbors": [] } }), "context.neighbors"),
        (json!({ "node": node, "answers": [7] }), "answers[0]"),
        (json!({ "node": node, "previous": { "state": "fine" } }), "previous.state"),
    ] {
        let error = Case::read(&input).unwrap_err();
        assert_eq!(error.field, field, "{error}");
    }
}

#[test]
fn differences_say_where_and_what() {
    let before = json!({ "a/b": [1, 2], "same": {}, "gone": null });
    let after = json!({ "a/b": [1, 3, 4], "same": {}, "new": "x" });
    let found: Vec<_> = differences(&before, &after).iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        ["/a~1b/1: 2 became 3", "/a~1b/2: 4 is new", "/gone: null is gone", "/new: \"x\" is new"]
    );
    assert!(differences(&before, &before).is_empty());
    let first = first_differences(&before, &after, 2);
    assert_eq!(first, differences(&before, &after)[..2]);
}
