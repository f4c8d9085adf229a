//! What users enter, as fields understand it.

use bowsprit_plugin_sdk::{Json, Object, Place, Report};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Field, define_all};
use crate::mistake::Mistakes;
use crate::yaml;

fn fields(text: &str) -> Result<Vec<Field>, String> {
    let mut log = Mistakes::default();
    let node = yaml::parse(text).map_err(|it| it.problem)?;
    let yaml::Value::Map(entries) = &node.value else { return Err("no mapping".into()) };
    let fields = define_all(entries, true, &mut log);
    if log.is_empty() { Ok(fields) } else { Err(format!("{:?}", log.into_failure())) }
}

/// The value of the field `x`, or the codes and pointers of what is wrong.
fn read(definition: &str, value: &Value) -> Result<Value, Vec<String>> {
    let fields = fields(&format!("x: {definition}")).unwrap();
    let data = json!({ "x": value }).to_string();
    let data = Object::parse(&data).unwrap();
    let mut report = Report::new("t", "n");
    let value = fields[0].read(&data, &Place::ROOT, &mut report).unwrap_or_default();
    if report.has_errors() {
        let found = report.into_findings().into_iter();
        return Err(found.map(|it| format!("{} {}", it.code, it.at.unwrap_or_default())).collect());
    }
    Ok(serde_json::from_str(&value.to_text()).unwrap())
}

#[track_caller]
fn check(definition: &str, value: Value, wanted: Value) {
    assert_eq!(read(definition, &value), Ok(wanted), "{definition} {value}");
}

#[track_caller]
fn refuse(definition: &str, value: Value, code: &str) {
    assert_eq!(read(definition, &value), Err(vec![code.to_owned()]), "{definition} {value}");
}

#[test]
fn each_type_takes_its_values_also_as_text() {
    check("{type: text}", json!(" a "), json!("a"));
    check("{type: text, multiline: true}", json!(" a\n"), json!(" a\n"));
    check("{type: text}", json!(5), json!("5"));
    check("{type: number}", json!("7"), json!(7));
    check("{type: decimal}", json!("0.5"), json!(0.5));
    check("{type: boolean}", json!("true"), json!(true));
    check("{type: select, options: [a, 1]}", json!(1), json!("1"));
    check("{type: quantity}", json!("250m"), json!("250m"));
    check("{type: duration}", json!("1h30m"), json!("1h30m"));
    check("{type: number-or-percent}", json!("50%"), json!("50%"));
    check("{type: number-or-percent}", json!("2"), json!(2));
}

#[test]
fn lists_maps_and_objects_can_be_written_into_a_text_area() {
    check("{type: list}", json!("a, b"), json!(["a", "b"]));
    check("{type: list}", json!("a b\nc"), json!(["a b", "c"]));
    check("{type: list}", json!("- a\n- 2"), json!(["a", "2"]));
    check("{type: list, of: {type: number}}", json!("1,2"), json!([1, 2]));
    check("{type: map}", json!("a: 1\nb: x"), json!({ "a": "1", "b": "x" }));
    check("{type: map}", json!("a=1\nb = x=y"), json!({ "a": "1", "b": "x=y" }));
    let objects = "{type: list, of: {type: object, fields: {n: {type: number}}}}";
    check(objects, json!("- n: 1\n- {n: 2, other: 3}"), json!([{ "n": 1 }, { "n": 2 }]));
}

#[test]
fn blanks_are_absent() {
    for blank in [json!(""), json!("  "), json!(null), json!([]), json!({})] {
        check("{type: text}", blank.clone(), Value::Null);
        check("{type: number, default: 3}", blank.clone(), json!(3));
        refuse("{type: list, required: true}", blank, "t.x.missing /x");
    }
    check("{type: list}", json!(["", " "]), Value::Null);
    check("{type: map}", json!({ "_new_1": "" }), Value::Null);
}

#[test]
fn rules_are_kept() {
    refuse("{type: text, rule: dns-label}", json!("A"), "t.x.invalid /x");
    refuse("{type: text, pattern: '^a+$'}", json!("b"), "t.x.invalid /x");
    refuse("{type: text, max-length: 2}", json!("abc"), "t.x.range /x");
    refuse("{type: text, min-length: 2}", json!("ä"), "t.x.range /x");
    refuse("{type: text}", json!({ "a": 1 }), "t.x.type /x");
    refuse("{type: number, min: 1, max: 2}", json!(3), "t.x.range /x");
    refuse("{type: number}", json!("x"), "t.x.type /x");
    refuse("{type: decimal, max: 1}", json!(1.5), "t.x.range /x");
    refuse("{type: boolean}", json!("yes"), "t.x.type /x");
    refuse("{type: select, options: [a]}", json!("b"), "t.x.invalid /x");
    refuse("{type: quantity}", json!("-1"), "t.x.invalid /x");
    refuse("{type: duration}", json!("1 h"), "t.x.invalid /x");
    refuse("{type: number-or-percent}", json!("-1"), "t.x.type /x");
    refuse("{type: number-or-percent}", json!("1.5%"), "t.x.type /x");
    refuse("{type: list, max-items: 1}", json!(["a", "b"]), "t.x.range /x");
    refuse("{type: list, of: {type: number}}", json!(["a"]), "t.x.type /x/0");
    refuse("{type: map, keys: label-key}", json!({ "-": "a" }), "t.x.invalid /x/-");
    refuse("{type: map, values: quantity}", json!({ "a": "b" }), "t.x.invalid /x/a");
    refuse("{type: map}", json!("[1]"), "t.x.invalid /x");
    let inner = "{type: object, fields: {n: {type: text, required: true}, m: {type: text}}}";
    refuse(inner, json!({ "m": "x" }), "t.x.n.missing /x/n");
}

#[test]
fn nobody_refers_to_the_vault() {
    refuse("{type: map}", json!({ "$vault": "secret/x" }), "t.x.vault /x");
    refuse("{type: map}", json!("$vault: secret/x"), "t.x.vault /x");
    let list = "{type: list, of: {type: object, fields: {n: {type: map}}}}";
    refuse(list, json!([{ "n": { "$vault": "env/X" } }]), "t.x.vault /x");
}

#[test]
fn definitions_are_checked() {
    for (text, wanted) in [
        ("x: {type: txt}", "`txt` is no `type`"),
        ("x: {title: X}", "has no `type`"),
        ("x: {type: text, minimum: 1}", "has no key `minimum`"),
        ("x: {type: number, min: low}", "`min` has to be a whole number"),
        ("x: {type: number, default: high}", "The default of `x` is not right"),
        ("x: {type: select}", "has no `options`"),
        ("x: {type: text, pattern: '('}", "is no pattern"),
        ("x: {type: text, rule: dns}", "`dns` is no `rule`"),
        ("name: {type: text}", "Every type has the field `name`"),
        ("parameters: {type: map}", "keeps notes of its own under `parameters`"),
        ("a-b: {type: text}", "cannot be the name of a field"),
        ("x: {type: number, secret: true}", "is a secret and no text"),
        ("x: {type: text, secret: true, default: y}", "The secret `x` has a default"),
        ("x: {type: object, fields: {y: {type: text, secret: true}}}", "a secret inside an object"),
        ("x: text", "has to be a mapping"),
    ] {
        let said = fields(text).unwrap_err();
        assert!(said.contains(wanted), "{text}: {said}");
    }
}

proptest! {
    #[test]
    fn texts_come_out_as_they_were(text in any::<String>()) {
        let read = read("{type: text, multiline: true}", &json!(text));
        let wanted = if text.trim().is_empty() { Value::Null } else { json!(text) };
        prop_assert_eq!(read, Ok(wanted));
    }

    #[test]
    fn any_text_is_a_list_of_texts_or_a_finding(text in any::<String>()) {
        let read = read("{type: list}", &json!(text));
        prop_assert!(read.is_ok_and(|it| it.is_null() || it.is_array()) || text.contains("$vault") || yaml::parse(&text).is_ok());
    }
}

#[test]
fn schemas_say_what_the_fields_are() {
    let text = "maxSurge: {type: number, min: 1, default: 2, description: D}\n\
                key: {type: text, secret: true}\nhidden: {type: map, advanced: true}";
    let fields = fields(text).unwrap();
    let schema = |at: usize| -> Value {
        let schema: Json<'_> = fields[at].schema(Some(3)).into();
        serde_json::from_str(&schema.to_text()).unwrap()
    };
    assert_eq!(
        schema(0),
        json!({
            "type": "integer", "title": "Max surge", "minimum": 1, "default": 2, "description": "D",
            "x-order": 3,
        })
    );
    assert_eq!(schema(1)["x-secret"], true);
    assert_eq!(
        schema(2),
        json!({
            "type": "object", "additionalProperties": { "type": "string" }, "title": "Hidden",
            "x-form": "key-value",
        })
    );
}
