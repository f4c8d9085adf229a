//! What is told about files that do not load.

use document::testing::{expect_mistakes, mistakes};

use super::GOOD;
use crate::read;

#[test]
fn every_mistake_has_a_line_a_column_and_a_fix() {
    let cases = [
        (
            "title: Thing",
            "titel: Thing",
            "key resource.yaml, line 2, column 1: The file has no key `titel`. / Did you mean `title`?",
        ),
        (
            "title: Thing\n",
            "",
            "key resource.yaml, line 1, column 1: The file has no `title`. / Add `title`.",
        ),
        (
            "type: thing",
            "type: My Thing",
            "value resource.yaml, line 1, column 7: The type `My Thing` is not a kebab-case name.",
        ),
        (
            "type: thing",
            "type: 5",
            "value resource.yaml, line 1, column 7: `type` has to be a text, not the number 5. / Put it in quotes.",
        ),
        (
            "order: policy",
            "order: first",
            "value resource.yaml, line 25, column 12: `first` is no `order`. / Write `cluster-scope`",
        ),
        ("order: policy", "order: cluster-scope", "Correct `scope`, or remove `order`."),
        (
            "apiVersion: v1\n",
            "apiVersion: ${fields.text}\n",
            "has an expression in it. / Write it out",
        ),
        (
            "${fields.size}\n        text",
            "${fields.sise}\n        text",
            "expression resource.yaml, line 37, column 15: In `fields.sise`: `fields` has no `sise`. / Did you mean `size`?",
        ),
        ("id: config", "id: thing", "Two manifests have the id `thing`."),
        (
            "per-item: list",
            "per-item: lost",
            "`per-item` is `lost`, which is no field. / Did you mean `list`?",
        ),
        ("field: size", "field: sie", "`field` is `sie`, which is no field."),
        ("code: size.large", "code: Size large", "cannot be a code."),
        ("state: healthy", "state: fine", "`fine` is no `state`."),
        (
            "size: ${fields.size}\nchecks",
            "size: ${neighbour(\"selects\")}\nchecks",
            "`neighbour` cannot be used here",
        ),
        ("ready: object", "ready: objekt", "there is no `objekt` here. / Did you mean `object`?"),
        (
            "ready: object.status.ready",
            "ready: '\"https://${node.name}\" != object'",
            "a `${` in a text in quotes stands for nothing. / Write `join([…], \"\")` to put texts together",
        ),
        (
            "${fields.size}\n        text",
            "${fields.text + \"!\"}\n        text",
            "`+` adds numbers, and one side is a text. / Write `join([…], \"\")`",
        ),
        ("[/spec/size]", "[spec.size]", "is no pointer"),
        (
            "type: thing\n",
            "type: thing\ntype: thing\n",
            "key resource.yaml, line 2, column 1: The key `type` is there twice. / Remove one of them; the first is in line 1.",
        ),
        ("title: Thing", "title: &a Thing", "syntax resource.yaml, line 2, column"),
        ("title: Thing", "title: !x Thing", "Tags have no meaning here."),
        ("title: Thing", "title: [", "syntax resource.yaml, line"),
        (
            "title: Thing",
            "\ttitle: Thing",
            "This is not YAML: while scanning a plain scalar, found a tab.",
        ),
    ];
    expect_mistakes(read, GOOD, &cases);
}

#[test]
fn files_that_are_no_mapping_and_bytes_that_are_no_text_are_told() {
    for (bytes, wanted) in [
        (b"".as_slice(), "There is nothing in it."),
        (b"- a", "has to be a mapping"),
        (b"a: 1\n---\nb: 1", "A second document begins."),
        (b"\xff", "line 1, column 1: It is not UTF-8."),
        (b"a: 1\n\nb: \xc3\xa4\xff\n", "line 3, column 5: It is not UTF-8."),
    ] {
        let told = mistakes(read, bytes);
        assert!(told[0].contains(wanted), "{told:?}");
    }
    let deep = format!("a: {}1{}", "[".repeat(40), "]".repeat(40));
    assert!(mistakes(read, deep.as_bytes())[0].contains("nested more than 32 levels"));
    let long = format!("a: {}", "x".repeat(300_000));
    assert!(mistakes(read, long.as_bytes())[0].contains("bytes"));
}
