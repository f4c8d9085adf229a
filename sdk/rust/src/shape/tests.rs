//! What a form lets through, and what it says about the rest.

use super::*;
use crate::{Place, rules};

static INNER: Form = Form::new(&[("size", Shape::Share), ("text", Shape::Exact)]);
static OUTER: Form = Form::new(&[
    ("choice", Shape::Choice(&["A", "B"])),
    ("inner", Shape::One(&INNER)),
    ("items", Shape::Many(&INNER)),
    ("names", Shape::Texts(rules::dns_label)),
    ("other", Shape::Flag),
])
.required(&["choice"])
.at_most_one_of(&["inner", "other"]);

fn read(text: &str) -> (String, Vec<String>) {
    let object = Object::parse(text).unwrap();
    let mut report = Report::new("t", "n");
    let out = OUTER.read(&Fields::new(&object, Place::ROOT), &mut report).to_text();
    let line = |it: crate::Finding| format!("{} at {}", it.code, it.at.unwrap_or_default());
    (out, report.into_findings().into_iter().map(line).collect())
}

#[test]
fn what_fits_comes_through_in_its_type() {
    let text = r#"{"choice":" A ","inner":{"size":"5","text":" x "},"items":[{"size":"5%"}],"_x":1,"id":"y"}"#;
    let expected = r#"{"choice":"A","inner":{"size":5,"text":" x "},"items":[{"size":"5%"}]}"#;
    assert_eq!(read(text), (expected.to_owned(), Vec::new()));
}

#[test]
fn faults_are_told_at_their_place() {
    let text =
        r#"{"choice":"C","inner":{"sizes":1},"items":[{"size":-1}],"names":["A"],"other":"x"}"#;
    let expected = [
        "t.choice.invalid at /choice",
        "t.inner.unknown at /inner/sizes",
        "t.items.size.range at /items/0/size",
        "t.names.invalid at /names/0",
        "t.other.type at /other",
        "t.alternatives at ",
    ];
    assert_eq!(read(text).1, expected);
    assert_eq!(read("{}").1, ["t.choice.missing at /choice"]);
}

#[test]
fn a_reference_to_the_vault_is_no_value() {
    let (out, found) = read(r#"{"choice":"A","inner":{"text":{"$vault":"env/A"}}}"#);
    assert!(!out.contains("vault"), "{out}");
    assert_eq!(found, ["t.inner.text.type at /inner/text"]);
}

#[test]
fn a_selector_may_be_a_plain_map() {
    let object = Object::parse(
        r#"{"a":{"app":"x"},"b":{"matchLabels":{"app":"x"}},"c":{"matchExpressions":[{"key":"k","operator":"In"}]}}"#,
    )
    .unwrap();
    let fields = Fields::new(&object, Place::ROOT);
    let mut report = Report::new("t", "n");
    for name in ["a", "b"] {
        let selector = selector::read(&fields, name, &mut report);
        assert_eq!(selector.to_text(), r#"{"matchLabels":{"app":"x"}}"#);
    }
    assert!(selector::read(&fields, "d", &mut report).is_empty());
    selector::read(&fields, "c", &mut report);
    assert_eq!(report.into_findings()[0].code, "t.c.matchExpressions.values.count");
}
