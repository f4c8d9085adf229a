//! What is told about files that do not load.

use document::testing::expect_mistakes;

use super::GOOD;
use crate::read;

#[test]
fn every_mistake_has_a_line_a_column_and_a_fix() {
    let cases = [
        (
            "displayName: Gears",
            "displayname: Gears",
            "resource-catalogue.key catalogue.yaml, line 2, column 1: The file has no key `displayname`. / Did you mean `displayName`?",
        ),
        (
            "category: scaling",
            "category: gears",
            "`gears` is no `category`. / Write `virtualization`",
        ),
        (
            "kind: Gear\n    prune",
            "kind: Gaer\n    prune",
            "`Gaer` is none of the document's `kinds`. / Write `Gear`, `Box` or `Oil`.",
        ),
        (
            "versions: [v2, v1]",
            "versions: [2]",
            "has to be a text, not the number 2. / Put it in quotes.",
        ),
        ("versions: [v2, v1]", "versions: []", "The kind has no version."),
        ("https://gears.io/install", "http://gears.io", "is no link. / Begin it with `https://`."),
        (
            "default: \"3\"",
            "default: 3",
            "`default` has to be a text, not the number 3. / Put it in quotes.",
        ),
        (
            "default: \"3\"",
            "default: \"30\"",
            "The default of `teeth` is not right: `teeth` has to be a whole number from 1 to 9",
        ),
        ("default: 1Gi", "default: large", "The default of `size` is not right"),
        ("as: boolean", "as: bool", "`bool` is no `as`. / Write `text`"),
        ("id: teeth", "id: name", "The field `name` is there twice."),
        ("type: number", "type: slider", "`slider` is no `type`."),
        ("more: object", "more: all", "`all` is no `more`."),
        (
            "from: boxes",
            "from: {rolle: boxes}",
            "`from` has no key `rolle`. / Did you mean `role`?",
        ),
        ("${fields.teeth}", "${fields.teet}", "`fields` has no `teet`. / Did you mean `teeth`?"),
        ("      mode: ${", "      kind: Box\n      mode: ${", "`object` has `kind`. / Remove it"),
        ("name: gear-box", "name: gear", "Two node types are called `gear`."),
        ("name: gear\n", "name: My Gear\n", "is not a kebab-case name"),
        (
            "ready: object.status.ready",
            "ready: object.status.ready, card: {size: a, state: b}",
            "`card` has `state`, which the card says of itself. / Give it another name, or write a rule with the state you want.",
        ),
        ("id: oil\n", "id: object\n", "`object` is the type's own object."),
    ];
    expect_mistakes(read, GOOD, &cases);
}
