//! Where two JSON values differ.

use std::{collections::BTreeSet, fmt};

use serde_json::Value;

/// Longest value shown, characters.
const SHOWN: usize = 120;

/// One place at which two values differ.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// RFC 6901 pointer.
    pub at: String,
    /// What was there; none if nothing was.
    pub before: Option<Value>,
    /// What is there now; none if nothing is.
    pub after: Option<Value>,
}

impl fmt::Display for Difference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = if self.at.is_empty() { "(all)" } else { &self.at };
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => {
                write!(out, "{at}: {} became {}", shown(before), shown(after))
            }
            (Some(before), None) => write!(out, "{at}: {} is gone", shown(before)),
            (None, Some(after)) => write!(out, "{at}: {} is new", shown(after)),
            (None, None) => write!(out, "{at}: differs"),
        }
    }
}

/// The beginning of a value as text.
pub(crate) fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// Every place at which `after` differs from `before`, in order.
pub fn differences(before: &Value, after: &Value) -> Vec<Difference> {
    first_differences(before, after, usize::MAX)
}

/// The first `most` of them.
pub(crate) fn first_differences(before: &Value, after: &Value, most: usize) -> Vec<Difference> {
    let mut found = Vec::new();
    compare(String::new(), (Some(before), Some(after)), most, &mut found);
    found
}

fn compare(
    at: String,
    (before, after): (Option<&Value>, Option<&Value>),
    most: usize,
    found: &mut Vec<Difference>,
) {
    if found.len() >= most {
        return;
    }
    match (before, after) {
        (Some(Value::Object(left)), Some(Value::Object(right))) => {
            let keys: BTreeSet<_> = left.keys().chain(right.keys()).collect();
            for key in keys {
                let escaped = key.replace('~', "~0").replace('/', "~1");
                let inner = (left.get(key), right.get(key));
                compare(format!("{at}/{escaped}"), inner, most, found);
            }
        }
        (Some(Value::Array(left)), Some(Value::Array(right))) => {
            for index in 0..left.len().max(right.len()) {
                let inner = (left.get(index), right.get(index));
                compare(format!("{at}/{index}"), inner, most, found);
            }
        }
        _ if before == after => {}
        _ => found.push(Difference { at, before: before.cloned(), after: after.cloned() }),
    }
}
