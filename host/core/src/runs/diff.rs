//! Whether a live object already is what is wanted.

use serde_json::Value;

/// True if every value in `wanted` stands in `live` too. What the server or
/// others added does not count as a difference.
///
/// Lists compare by position when they are equally long. Quantities the server
/// writes differently (`1000m` for `1`) count as a difference: the worst that
/// follows is an apply the server recognises as one that changes nothing.
pub(super) fn covers(live: &Value, wanted: &Value) -> bool {
    match (live, wanted) {
        (Value::Object(live), Value::Object(wanted)) => wanted.iter().all(|(key, wanted)| {
            match live.get(key) {
                Some(live) => covers(live, wanted),
                // The server leaves out what is empty.
                None => is_empty(wanted),
            }
        }),
        (Value::Array(live), Value::Array(wanted)) => {
            live.len() == wanted.len()
                && live.iter().zip(wanted).all(|(live, wanted)| covers(live, wanted))
        }
        (Value::Number(live), Value::Number(wanted)) => live.as_f64() == wanted.as_f64(),
        (live, wanted) => live == wanted,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::String(_) | Value::Number(_) | Value::Bool(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sees_only_what_is_wanted() {
        let live = json!({"a": 1, "b": {"c": [{"d": 1, "e": 2}], "f": "x"}, "s": "added"});
        for same in [
            json!({"a": 1.0}),
            json!({"b": {"c": [{"d": 1}]}}),
            json!({"new": {}, "list": [], "nothing": null}),
        ] {
            assert!(covers(&live, &same), "{same}");
        }
        for different in [
            json!({"a": 2}),
            json!({"new": ""}),
            json!({"new": 0}),
            json!({"b": {"c": []}}),
            json!({"b": {"c": [{"d": 2}]}}),
            json!({"b": {"f": null}}),
        ] {
            assert!(!covers(&live, &different), "{different}");
        }
    }
}
