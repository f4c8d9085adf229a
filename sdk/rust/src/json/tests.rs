//! What a text says survives a round trip, and comes out canonical.

use proptest::prelude::*;

use super::{Json, MAX_DEPTH, Object, RawObject};
use crate::testing::noise;

fn canonical(text: &str) -> String {
    Json::parse(text).unwrap().to_text()
}

#[test]
fn keys_are_sorted_by_bytes_and_the_last_of_equals_wins() {
    assert_eq!(canonical(r#"{"b":1,"a":2,"B":3,"a":4}"#), r#"{"B":3,"a":4,"b":1}"#);
}

#[test]
fn a_float_that_is_whole_is_a_whole_number() {
    for (number, written) in [(2.0, "2"), (-0.0, "0"), (1.5, "1.5"), (1e300, "1e+300")] {
        assert_eq!(Json::from(number).to_text(), written);
        assert_eq!(Json::from(number).as_float(), Some(number));
    }
}

#[test]
fn numbers_that_are_whole_are_written_without_fraction() {
    assert_eq!(canonical("[80.0,8e1,-0.0,1.5,1e6]"), "[80,80,0,1.5,1000000]");
}

#[test]
fn text_without_escapes_is_borrowed() {
    let parsed = Json::parse(r#""plain""#).unwrap();
    assert!(matches!(parsed, Json::Text(std::borrow::Cow::Borrowed("plain"))));
}

#[test]
fn what_nests_too_deep_reads_as_null() {
    let depth = 5_000;
    let text = format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    let written = canonical(&text);
    assert_eq!(written.matches('[').count(), usize::from(MAX_DEPTH));
    assert!(written.contains("null"));
}

#[test]
fn a_null_member_counts_as_absent() {
    let object = Object::parse(r#"{"port":null}"#).unwrap();
    assert_eq!(object.get("port"), None);
}

#[test]
fn members_can_be_set_in_any_order() {
    let object = Object::new().with("b", 1).with("a", "x").with("b", true);
    assert_eq!(object.to_text(), r#"{"a":"x","b":true}"#);
}

#[test]
fn what_is_not_json_is_refused() {
    for text in ["", "{", "[1,]", "nope", "{} {}"] {
        assert!(Json::parse(text).is_err(), "{text}");
    }
}

#[test]
fn a_raw_object_is_read_up_to_what_is_looked_for() {
    let raw = RawObject::new(r#" {"a" : {"n": 5, "b": "x\u0041", "l": [1]}, "z": null} nonsense"#);
    assert_eq!(raw.text_at(&["a", "b"]), "xA");
    assert_eq!(raw.int_at(&["a", "n"]), Some(5));
    assert_eq!(raw.list_at(&["a", "l"]), [Json::Int(1)]);
    for keys in [&["z"][..], &["a", "b", "c"], &["nothing"], &[]] {
        assert_eq!(raw.path(keys), None, "{keys:?}");
    }
    assert_eq!(raw.parse(), Object::new(), "as a whole it is not JSON");
}

/// The paths of all members, however deep.
fn paths<'j>(object: &'j Object<'_>) -> Vec<Vec<&'j str>> {
    let mut found = Vec::new();
    for (key, value) in object.iter() {
        found.push(vec![key]);
        let below = value.as_object().map(paths).unwrap_or_default();
        found.extend(below.into_iter().map(|rest| [vec![key], rest].concat()));
    }
    found
}

proptest! {
    #[test]
    fn what_is_looked_for_is_what_parsing_finds(seed in any::<u64>(), cut in any::<prop::sample::Index>()) {
        let text = serde_json::json!({ "a": noise(seed), "b": noise(!seed) }).to_string();
        let parsed = Object::parse(&text).unwrap();
        let cut = text.char_indices().map(|(at, _)| at).nth(cut.index(text.chars().count()));
        for keys in paths(&parsed) {
            prop_assert_eq!(RawObject::new(&text).path(&keys), parsed.path(&keys).cloned(), "{:?}", keys);
            let beyond = [keys.as_slice(), &["absent"]].concat();
            prop_assert_eq!(RawObject::new(&text).path(&beyond), None, "{:?}", beyond);
            // What is no JSON says anything, and breaks nothing.
            let _ = RawObject::new(&text[..cut.unwrap_or(0)]).path(&keys);
        }
    }

    #[test]
    fn members_in_any_order_come_out_sorted_and_the_last_of_equals_stays(
        members in prop::collection::vec(("[a-f]{1,2}", any::<i32>()), 0..80),
    ) {
        let expected: std::collections::BTreeMap<_, _> = members.iter().cloned().collect();
        let object: Object<'_> = members.into_iter().collect();
        let found: Vec<_> = object.iter().map(|(key, value)| (key, value.as_int())).collect();
        let expected: Vec<_> =
            expected.iter().map(|(key, value)| (key.as_str(), Some(i64::from(*value)))).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn any_text_is_written_as_serde_json_would(text in any::<String>(), key in any::<String>()) {
        let object = Object::new().with(key.as_str(), text.as_str());
        let expected = serde_json::json!({ key.as_str(): text.as_str() }).to_string();
        prop_assert_eq!(object.to_text(), expected);
    }

    #[test]
    fn any_bytes_are_parsed_or_refused(text in any::<String>()) {
        if let Ok(value) = Json::parse(&text) {
            prop_assert_eq!(Json::parse(&value.to_text()).unwrap().to_text(), value.to_text());
        }
    }
}
