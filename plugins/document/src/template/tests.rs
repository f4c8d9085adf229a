//! Values in their places, and never out of them.

use bowsprit_plugin_sdk::{Json, Object};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Template, compile};
use crate::expression::{Names, Scope};
use crate::mistake::Mistakes;
use crate::yaml;

fn names() -> Names {
    Names { variables: vec!["d".into()], ..Names::default() }
}

fn template(text: &str) -> Result<Template, String> {
    let mut log = Mistakes::default();
    let node = yaml::parse(text).map_err(|it| it.problem)?;
    let template = compile(&node, &mut names(), &mut log);
    if log.is_empty() { Ok(template) } else { Err(format!("{:?}", log.into_failure())) }
}

fn fill(text: &str, data: &Value) -> Result<Value, String> {
    let template = template(text)?;
    let data = data.to_string();
    let mut scope = Scope::new(Object::new().with("d", Json::parse(&data).unwrap()));
    let filled = template.fill(&mut scope).map_err(|it| it.problem)?;
    Ok(serde_json::from_str(&filled.to_text()).unwrap())
}

#[track_caller]
fn check(text: &str, data: Value, wanted: Value) {
    assert_eq!(fill(text, &data), Ok(wanted), "{text}");
}

#[test]
fn a_whole_scalar_is_any_value_and_a_part_of_one_is_text() {
    let data = json!({ "n": 3, "map": { "a": 1 }, "s": "x" });
    check(
        "a: ${d.n}\nb: ${d.map}\nc: n-${d.n}-${d.s}",
        data,
        json!({
            "a": 3, "b": { "a": 1 }, "c": "n-3-x",
        }),
    );
    check("a: $${d.n} costs $5", json!({}), json!({ "a": "${d.n} costs $5" }));
    check("a: '${\"}\"}${d.s}'", json!({ "s": "{" }), json!({ "a": "}{" }));
}

#[test]
fn what_is_absent_is_left_out_with_all_that_was_written_around_it() {
    let text = "a: {b: {c: '${d.x}'}, l: ['${d.x}'], t: 'x-${d.x}'}\nempty: {}\nkept: 1";
    check(text, json!({}), json!({ "empty": {}, "kept": 1 }));
    let filled = json!({ "a": { "b": { "c": 0 }, "l": [0], "t": "x-0" }, "empty": {}, "kept": 1 });
    check(text, json!({ "x": 0 }), filled);
}

#[test]
fn a_condition_chooses() {
    let text = "v:\n  $if: d.x > 1\n  $then: {a: 1}\n  $else: other";
    check(text, json!({ "x": 2 }), json!({ "v": { "a": 1 } }));
    check(text, json!({ "x": 1 }), json!({ "v": "other" }));
    check("v: {$if: d.x, $then: 1}\nw: 2", json!({}), json!({ "w": 2 }));
}

#[test]
fn each_makes_lists_of_lists_and_maps_of_maps() {
    let text = "l:\n  $each: d.l\n  $as: it\n  $do: {n: '${it}', i: '${it_key}'}\n\
                m:\n  $each: d.m\n  $key: k-${item_key}\n  $do: ${item}";
    let data = json!({ "l": ["a", "b"], "m": { "x": 1, "y": null } });
    check(
        text,
        data,
        json!({
            "l": [{ "n": "a", "i": 0 }, { "n": "b", "i": 1 }], "m": { "k-x": 1 },
        }),
    );
    check(text, json!({ "l": [] }), Value::Null);
    let nested = "$each: d.l\n$as: outer\n$do:\n  $each: outer\n  $do: ${item}";
    check(nested, json!({ "l": [[1], [2, 3]] }), json!([[1], [2, 3]]));
}

#[test]
fn maps_and_lists_are_joined() {
    let text = "m: {$merge: [{a: 1, b: 1}, '${d.m}']}\nl: {$concat: [[1], '${d.l}', ['${d.x}']]}";
    let data = json!({ "m": { "b": 2 }, "l": [2] });
    check(text, data, json!({ "m": { "a": 1, "b": 2 }, "l": [1, 2] }));
}

#[test]
fn mistakes_are_found_before_any_value_is_known() {
    let cases = [
        ("a: ${d.x", "has no `}`"),
        ("a: ${e.x}", "there is no `e`"),
        ("$if: d.x", "has no `$then`"),
        ("$each: d.x\n$do: 1\n$with: 2", "has no key `$with`"),
        ("$each: d.x\n$as: d\n$do: 1", "cannot be used as a name"),
        ("$each: d.x\n$do: ${other}", "there is no `other`"),
        ("$vault: secret/x", "${secrets.KEY}"),
        ("$unknown: 1", "`$if`, `$each`, `$merge` or `$concat`"),
        ("${d.x}: 1", "`$each` with `$key`"),
    ];
    for (text, wanted) in cases {
        let said = template(text).unwrap_err();
        assert!(said.contains(wanted), "{text}: {said}");
    }
}

#[test]
fn values_that_do_not_fit_their_place_are_told() {
    for (text, data, wanted) in [
        ("a: x-${d.m}", json!({ "m": { "a": 1 } }), "a list or map cannot be part of a text"),
        ("$each: d.s\n$do: 1", json!({ "s": "x" }), "`$each` needs a list or a map"),
        ("$each: d.m\n$key: ${item}\n$do: 1", json!({ "m": ["$vault"] }), "a key must not begin"),
        ("$merge: ['${d.s}']", json!({ "s": "x" }), "`$merge` needs maps"),
        ("$concat: ['${d.s}']", json!({ "s": "x" }), "`$concat` needs lists"),
    ] {
        assert_eq!(fill(text, &data).map_err(|it| it.contains(wanted)), Err(true), "{text}");
    }
}

/// Every way in which a text gets into an object.
const PLACES: &str = "whole: ${d.x}\npart: a${d.x}b\nlist: ['${d.x}', 'c${d.x}']\n\
    each: {$each: d.l, $do: {v: '${item}'}}\nkeys: {$each: d.l, $key: 'k${item}', $do: '${item}'}\n\
    chosen: {$if: 'true', $then: '${d.x}'}\nmerged: {$merge: [{v: '${d.x}'}]}";

proptest! {
    #[test]
    fn no_text_breaks_out_of_its_place(text in any::<String>()) {
        let data = json!({ "x": text, "l": [text] });
        let key = format!("k{text}");
        let wanted = json!({
            "whole": text, "part": format!("a{text}b"), "list": [text, format!("c{text}")],
            "each": [{ "v": text }], "keys": { key: text }, "chosen": text,
            "merged": { "v": text },
        });
        prop_assert_eq!(fill(PLACES, &data), Ok(wanted));
    }

    #[test]
    fn no_file_makes_the_compiler_fail(text in any::<String>()) {
        let _ = template(&text);
    }
}
