//! Where two objects differ, if only in values.

use serde_json::Value;

use super::escaped;

/// A place with what is there in either.
pub(super) struct Difference<'v> {
    pub(super) pointer: String,
    pub(super) before: &'v Value,
    pub(super) after: &'v Value,
}

/// All places at which two values differ; `None` if one has a key, an item or
/// a kind of value that the other has not.
pub(super) fn between<'v>(before: &'v Value, after: &'v Value) -> Option<Vec<Difference<'v>>> {
    let mut found = Vec::new();
    compare(before, after, String::new(), &mut found).then_some(found)
}

fn compare<'v>(
    before: &'v Value,
    after: &'v Value,
    pointer: String,
    found: &mut Vec<Difference<'v>>,
) -> bool {
    match (before, after) {
        _ if before == after => true,
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter().all(|(key, value)| {
                    let at = || format!("{pointer}/{}", escaped(key));
                    b.get(key).is_some_and(|other| compare(value, other, at(), found))
                })
        }
        (Value::Array(a), Value::Array(b)) => {
            let mut pairs = a.iter().zip(b).enumerate();
            a.len() == b.len()
                && pairs.all(|(n, (value, other))| {
                    compare(value, other, format!("{pointer}/{n}"), found)
                })
        }
        (Value::String(_), Value::String(_))
        | (Value::Number(_), Value::Number(_))
        | (Value::Bool(_), Value::Bool(_)) => {
            found.push(Difference { pointer, before, after });
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pointers(before: Value, after: Value) -> Option<Vec<String>> {
        between(&before, &after).map(|it| it.into_iter().map(|it| it.pointer).collect())
    }

    #[test]
    fn values_differ_at_places_and_shapes_as_a_whole() {
        let before = json!({"a": [1, {"b/c": "x"}], "d": true});
        assert_eq!(pointers(before.clone(), before.clone()), Some(vec![]));
        let after = json!({"a": [2, {"b/c": "y"}], "d": true});
        assert_eq!(pointers(before.clone(), after), Some(vec!["/a/0".into(), "/a/1/b~1c".into()]));
        for other in [
            json!({"a": [1], "d": true}),
            json!({"a": [1, {"b/c": "x"}]}),
            json!({"a": [1, {"b/c": 5}], "d": true}),
            json!({"a": [1, {"e": "x"}], "d": true}),
        ] {
            assert_eq!(pointers(before.clone(), other), None);
        }
    }
}
