use std::path::PathBuf;

use super::source::{Keep, Source};
use super::{codes, functions, kinds, promises};

fn source(path: &str, text: &str) -> Source {
    Source::new(PathBuf::from(path), text.to_owned())
}

#[test]
fn code_is_left_when_comments_and_literals_are_blanked() {
    let text = "let a = \"{ // }\"; // { \n/* { /* } */ */ b('{', '\\'', 'a', r#\"}\"#, &'a str)";
    let code = source("x.rs", text).blanked(Keep::Code);
    assert!(!code.contains('{') && !code.contains('}'), "{code}");
    assert!(code.contains("let a =") && code.contains("&'a str)"), "{code}");
    assert_eq!(code.lines().count(), 2);
}

#[test]
fn strings_are_kept_when_asked_for() {
    let kept = source("x.rs", "f(\"Pod\") // Pod").blanked(Keep::CodeAndStrings);
    assert_eq!(kept.trim_end(), "f(\"Pod\")");
}

#[test]
fn a_long_function_is_found_and_a_short_one_is_not() {
    let long = format!("fn short() {{}}\nfn long(a: [u8; 3]) {{\n{}}}\n", "a();\n".repeat(60));
    let found = functions::too_long(&source("host/x.rs", &long));
    assert_eq!(found.len(), 1);
    assert!(found[0].message.starts_with("`long` has 62 lines"), "{}", found[0]);
    assert_eq!(found[0].line, 2);
    assert!(functions::too_long(&source("host/x/tests.rs", &long)).is_empty());
}

#[test]
fn a_declaration_has_no_length() {
    let text = format!("trait A {{ fn a(&self);\n{}}}", "\n".repeat(100));
    assert!(functions::too_long(&source("host/x.rs", &text)).is_empty());
}

#[test]
fn a_kind_is_found_in_code_and_in_literals_but_not_in_comments() {
    let name = |text: &str| kinds::named(&source("host/core/src/x.rs", text)).len();
    assert_eq!(name("match kind { \"Deployment\" => 1 }"), 1);
    assert_eq!(name("\"apps/v1/statefulset\""), 1);
    assert_eq!(name("// a Deployment\nstruct Node;"), 0);
    assert_eq!(name("kind == \"Pod\""), 1);
    assert_eq!(name("use k8s_openapi::api::core::v1::Secret;"), 1);
}

#[test]
fn a_kind_is_allowed_where_the_table_says_so() {
    let text = "kind == \"Pod\"";
    assert!(kinds::named(&source("host/cluster/src/logs.rs", text)).is_empty());
    assert!(kinds::named(&source("plugins/x/src/lib.rs", text)).is_empty());
}

#[test]
fn a_promise_needs_an_issue() {
    let word = super::PROMISES[0];
    assert_eq!(promises(&source("x.rs", &format!("// {word}: later"))).len(), 1);
    assert!(promises(&source("x.rs", &format!("// {word}(#12): later"))).is_empty());
}

#[test]
fn codes_that_are_not_listed_and_codes_that_are_not_used_are_found() {
    let list = "pub static CODES: &[Code] = &[\n    code(404, \"not-found\", \"x\"),\n    code(400, \"old.thing\", \"x\"),\n];";
    let used = "Self::NotFound => \"not-found\",\nError::Busy { code: \"new.thing\", message }\nlog(\"no.code\")";
    let sources = [
        source("host/api/src/problem/codes.rs", list),
        source("host/core/src/error.rs", used),
        source("host/core/src/x/tests.rs", "code: \"test.only\""),
    ];
    let found: Vec<String> = codes::unlisted(&sources).iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("host/core/src/error.rs:2") && found[0].contains("`new.thing`"));
    assert!(found[1].contains("`old.thing`"), "{found:?}");
}
