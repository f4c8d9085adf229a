//! Golden files, and what must hold for any file.

use bowsprit_plugin_sdk::importer::{Files, Tree};
use bowsprit_plugin_sdk::testing::{analyzed, check_importers, importers_golden};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{IMPORTERS, sensitive};

fn analysis(text: &str, options: &Value) -> Value {
    analyzed(&IMPORTERS[0], &Tree::new().with(".env", text), options, 2)
}

#[test]
fn golden_files_come_out_as_they_are() {
    importers_golden(IMPORTERS, concat!(env!("CARGO_MANIFEST_DIR"), "/golden")).unwrap();
}

#[test]
fn the_description_keeps_the_promises_of_the_contract() {
    check_importers(IMPORTERS).unwrap();
}

#[test]
fn only_environment_files_are_wanted_and_less_beside_others() {
    let sure = |tree: Tree| (IMPORTERS[0].detect)(&tree as &dyn Files);
    assert_eq!(sure(Tree::new().with("compose.yml", "A=1")), 0);
    assert_eq!(sure(Tree::new().with(".env", "A=1")), 90);
    assert_eq!(sure(Tree::new().with(".env", "???")), 10);
    assert_eq!(sure(Tree::new().with(".env", "A=1").with("compose.yml", "")), 30);
}

#[test]
fn bad_options_name_the_field() {
    let outcome = analysis("A=1", &json!({ "namespace": "No Good" }));
    assert_eq!(outcome["invalid-input"][0]["at"], "/namespace");
}

#[test]
fn a_file_may_say_so_much_and_no_more() {
    let at_limit = "A=1\n".repeat(2_000);
    assert!(analysis(&at_limit, &json!({})).get("ok").is_some());
    let outcome = analysis(&format!("{at_limit}A=1"), &json!({}));
    assert_eq!(outcome["unsupported"], "more than 2000 lines in `.env`");
}

proptest! {
    #[test]
    fn no_secret_value_is_anywhere_but_among_the_secrets(
        value in "[a-z]{12}[!-~]{0,20}",
        shape in prop::sample::select(vec!["K='V'", "K=V", "export K=\"V\"", "K='V'\nX=$K", "K V", "K='V"]),
        again in any::<bool>(),
    ) {
        prop_assume!(!value.contains(['\'', '"', '$', '\\', '`', '#']));
        let text = shape.replace('K', "DB_PASSWORD").replace('V', &value);
        let text = if again { format!("{text}\n{text}") } else { text };
        let mut outcome = analysis(&text, &json!({}));
        prop_assert!(outcome.get("ok").is_some(), "{outcome}");
        outcome["ok"]["secrets"] = Value::Null;
        prop_assert!(!outcome.to_string().contains(&value), "{outcome}");
    }

    #[test]
    fn settings_come_out_exactly(key in "[A-Z]{1,8}", value in any::<String>()) {
        prop_assume!(sensitive::by_name(&key).or_else(|| sensitive::by_value(&value)).is_none());
        let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$");
        let outcome = analysis(&format!("{key}=\"{escaped}\""), &json!({}));
        prop_assert_eq!(&outcome["ok"]["nodes"][0]["data"]["data"][&key], &Value::String(value));
    }

    #[test]
    fn any_text_is_a_drawing(text in any::<String>()) {
        let outcome = analysis(&text, &json!({}));
        prop_assert!(outcome.get("ok").is_some(), "{outcome}");
    }
}
