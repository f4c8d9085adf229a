//! JSON pointers (RFC 6901) in findings.

use serde_json::Value;

/// Whether `text` has the syntax of a pointer.
pub(super) fn is_pointer(text: &str) -> bool {
    let escapes = text.split('~').skip(1).all(|it| it.starts_with(['0', '1']));
    (text.is_empty() || text.starts_with('/')) && escapes
}

/// The part of a pointer that leads somewhere in `data`: to a value, or to a
/// field or an item that is missing from what is there, because findings are
/// often about just that.
pub(super) fn resolved<'p>(pointer: &'p str, data: &Value) -> &'p str {
    let mut value = data;
    let mut end = 0;
    for token in pointer.split('/').skip(1) {
        let next = end + 1 + token.len();
        let key = token.replace("~1", "/").replace("~0", "~");
        let child = match value {
            Value::Object(fields) => fields.get(&key).ok_or(true),
            Value::Array(items) => item(items, &key),
            _ => Err(false),
        };
        match child {
            Ok(child) => (value, end) = (child, next),
            Err(may_be_added) => {
                end = if may_be_added { next } else { end };
                break;
            }
        }
    }
    pointer.get(..end).unwrap_or_default()
}

/// The item, or whether it could be the next one.
fn item<'v>(items: &'v [Value], key: &str) -> Result<&'v Value, bool> {
    let index = match key {
        "-" => return Err(true),
        // RFC 6901 §4: no leading zeros, no signs.
        "0" => 0,
        _ if key.starts_with(|c: char| c.is_ascii_digit() && c != '0') => {
            key.parse::<usize>().map_err(|_| false)?
        }
        _ => return Err(false),
    };
    items.get(index).ok_or(index == items.len())
}
