//! What expressions come to, and what they refuse.

use bowsprit_plugin_sdk::{Json, Object};
use proptest::prelude::*;

use super::{Names, Scope, parse};

const DATA: &str = r#"{
    "text": "Hello", "empty": "", "n": 3, "half": 0.5, "yes": true, "no": false,
    "list": ["a", "b", "a"], "map": {"x": 1, "y-z": {"deep": "v"}},
    "items": [{"k": "a", "v": 1}, {"k": "b"}, {"k": "a", "v": 2}]
}"#;

fn names() -> Names {
    Names {
        variables: vec!["d".into(), "fields".into()],
        members: vec![("fields", vec!["replicas".into()])],
        without: &["condition"],
        roles: vec!["selects".into()],
    }
}

/// What an expression comes to, as JSON, or why it has no value.
fn run(text: &str) -> Result<String, String> {
    let expression =
        parse(text, &names()).map_err(|(problem, fix)| format!("{problem} / {fix}"))?;
    let data = Json::parse(DATA).unwrap();
    let mut scope = Scope::new(Object::new().with("d", data));
    let view = r#"{"name": "web", "provides": ["selects"], "selector": {"app": "web"}}"#;
    scope.neighbours = vec![Json::parse(view).unwrap()];
    scope.evaluate(&expression).map(|it| it.to_text()).map_err(|it| it.0)
}

fn check(cases: &[(&str, &str)]) {
    for (text, wanted) in cases {
        assert_eq!(run(text).as_deref(), Ok(*wanted), "{text}");
    }
}

#[test]
fn paths_lead_into_data_and_are_absent_beyond_it() {
    check(&[
        ("d.text", "\"Hello\""),
        ("d.map.x", "1"),
        ("d.map[\"y-z\"].deep", "\"v\""),
        ("d.list[1]", "\"b\""),
        ("d.list[9]", "null"),
        ("d.nothing.at.all", "null"),
        ("d.text.member", "null"),
        ("first(d.items).v", "1"),
    ]);
}

#[test]
fn operators_bind_as_usual() {
    check(&[
        ("1 + 2 - 4", "-1"),
        ("d.n + 1 == 4 && !d.no", "true"),
        ("d.nothing ?? d.no || d.yes", "true"),
        ("d.n > 2 ? \"many\" : \"few\"", "\"many\""),
        ("d.n >= 3 && d.n <= 3.0 && d.half < 1", "true"),
        ("d.nothing < 1 || d.nothing > 1", "false"),
        ("\"a\" in d.list && !(\"c\" in d.list) && \"x\" in d.map", "true"),
        ("-(d.n)", "-3"),
        ("[d.n, d.nothing, 'q']", "[3,null,\"q\"]"),
        ("d.nothing == null && d.list == [\"a\", \"b\", \"a\"]", "true"),
    ]);
}

#[test]
fn nothing_blank_and_empty_are_false_and_zero_is_not() {
    check(&[
        ("!d.nothing && !d.empty && !d.no && ![]", "true"),
        ("0 && d.text && d.list && d.map", "true"),
    ]);
}

#[test]
fn functions_do_what_they_are_called() {
    check(&[
        ("lower(d.text)", "\"hello\""),
        ("upper(trim(\" a \"))", "\"A\""),
        ("replace(d.text, \"l\", \"L\")", "\"HeLLo\""),
        ("split(\"a, b\", \",\")", "[\"a\",\"b\"]"),
        ("lines(\"a\\n\\n b\")", "[\"a\",\"b\"]"),
        ("join(d.list, \"-\")", "\"a-b-a\""),
        (
            "[starts_with(d.text, \"He\"), ends_with(d.text, \"x\"), contains(d.text, \"ll\")]",
            "[true,false,true]",
        ),
        ("[len(d.text), len(d.list), len(d.map), len(d.nothing)]", "[5,3,2,0]"),
        ("text(d.n)", "\"3\""),
        ("[number(\"7\"), number(\"0.5\")]", "[7,0.5]"),
        ("json(d.map)", r#""{\"x\":1,\"y-z\":{\"deep\":\"v\"}}""#),
        (
            "[base64(\"\"), base64(\"f\"), base64(\"fo\"), base64(\"foo\"), base64(\"foob\")]",
            r#"["","Zg==","Zm8=","Zm9v","Zm9vYg=="]"#,
        ),
        ("keys(d.map)", "[\"x\",\"y-z\"]"),
        ("first(values(d.map))", "1"),
        ("[first(d.list), last(d.items).v]", "[\"a\",2]"),
    ]);
    check(&[
        ("merge(d.nothing, pick(d.map, [\"x\"]))", "{\"x\":1}"),
        ("concat(d.list, d.nothing, [1])", "[\"a\",\"b\",\"a\",1]"),
        ("unique(d.list)", "[\"a\",\"b\"]"),
        ("pluck(d.items, \"v\")", "[1,2]"),
        ("where(d.items, \"k\", \"b\")", "[{\"k\":\"b\"}]"),
        ("slug(\"Ein Öl & more--\")", "\"ein-l-more\""),
        ("neighbour(\"selects\").selector", "{\"app\":\"web\"}"),
        ("len(neighbours(\"selects\"))", "1"),
        ("lower(d.nothing)", "null"),
        ("join([\"https://\", lower(d.text), '\\${'], \"\")", "\"https://hello${\""),
    ]);
}

#[test]
fn values_of_the_wrong_kind_are_told() {
    let cases = [
        ("d.text + 1", "`+` needs two numbers, not a text and a number"),
        ("d.list < 1", "a list cannot be compared with a number"),
        ("lower(d.list)", "a text is needed, not a list"),
        ("len(5)", "a text, list or map is needed, not a number"),
        ("9223372036854775807 + 1", "the number becomes too large"),
        ("split(d.text, \"\")", "the separator is empty"),
    ];
    for (text, wanted) in cases {
        assert_eq!(run(text).unwrap_err(), wanted, "{text}");
    }
}

#[test]
fn what_cannot_be_understood_is_told_with_a_fix() {
    let cases = [
        ("", "a value is missing at its end"),
        ("d.", "after a `.` a name is missing"),
        ("d.n +", "a value is missing at its end"),
        ("(d.n", "a `)` is missing"),
        ("d.n d.n", "`d` is not expected there"),
        ("d & d", "write it twice"),
        ("\"open", "has no end"),
        ("d.text != \"https://${d.n}\"", "stands for nothing / Write `join([…], \"\")`"),
        ("\"https://\" + d.text", "`+` adds numbers, and one side is a text / Write `join("),
        ("d.text + d.text + '!'", "`+` adds numbers"),
        ("e.n", "there is no `e` here"),
        ("fields.replica", "`fields` has no `replica` / Did you mean `replicas`?"),
        ("fields.name", "Write `node.name`"),
        ("lowr(d.n)", "there is no function `lowr` / Did you mean `lower`?"),
        ("lower()", "`lower` takes 1 argument(s), not 0 / Write `lower(text)`."),
        ("condition(\"Ready\")", "`condition` cannot be used here"),
        ("neighbour(\"mounts\")", "no handle or edge has the role `mounts`"),
        ("99999999999999999999", "too large a number"),
        ("d # n", "`#` has no meaning"),
    ];
    for (text, wanted) in cases {
        let said = run(text).unwrap_err();
        assert!(said.contains(wanted), "{text}: {said}");
    }
    assert!(run(&"(".repeat(100)).unwrap_err().contains("nested too deeply"));
    assert!(run(&"d.n+".repeat(100)).unwrap_err().contains("words and signs"));
}

#[test]
fn no_expression_makes_more_of_a_text_than_a_call_allows() {
    let long = "x".repeat(1 << 20);
    let data = Object::new().with("long", long);
    let scope = Scope::new(Object::new().with("d", data));
    let bomb =
        parse("replace(replace(d.long, 'x', 'xxxxxxxx'), 'x', 'xxxxxxxx')", &names()).unwrap();
    assert_eq!(scope.evaluate(&bomb).unwrap_err().0, "it comes to too much");
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_fail(text in any::<String>()) {
        let _ = parse(&text, &names());
    }

    #[test]
    fn no_expression_makes_evaluation_fail(
        parts in prop::collection::vec(prop::sample::select(WORDS), 1..24),
    ) {
        let _ = run(&parts.join(" "));
    }
}

const WORDS: &[&str] = &[
    "d",
    ".",
    "text",
    "list",
    "map",
    "n",
    "(",
    ")",
    "[",
    "]",
    ",",
    "==",
    "<",
    "&&",
    "||",
    "??",
    "?",
    ":",
    "!",
    "-",
    "+",
    "in",
    "1",
    "0.5",
    "\"a\"",
    "null",
    "len",
    "join",
    "replace",
    "first",
    "where",
    "merge",
    "d.text",
    "d.list[0]",
    "lower(d.text)",
];
