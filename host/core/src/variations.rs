//! Values like those of a drawing, to try in their place.

use serde_json::{Number, Value};

/// Numbers that JSON of every language holds exactly.
const EXACT: i64 = 1 << 53;

/// Values like this one that a plugin may take in its place: a little more, a
/// little less, a little longer.
pub(crate) fn others(value: &Value) -> Vec<Value> {
    match value {
        Value::Bool(it) => vec![Value::Bool(!it)],
        Value::Number(it) => it.as_i64().map(numbers).unwrap_or_default(),
        Value::String(it) => texts(it).into_iter().map(Value::String).collect(),
        _ => Vec::new(),
    }
}

fn numbers(it: i64) -> Vec<Value> {
    if !(-EXACT..EXACT).contains(&it) {
        return Vec::new();
    }
    [it + 1, it - 1].map(|it| Value::Number(Number::from(it))).into()
}

fn texts(text: &str) -> Vec<String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let mut others = vec![format!("{text}x"), format!("x{text}"), format!("{text}1")];
    // A number with a unit: `500m`, `10Gi`, `30s`.
    if let Some((number, unit)) = text.split_at_checked(digits)
        && let Ok(number) = number.parse::<u32>()
    {
        let more = [number.saturating_add(1), number.saturating_sub(1)];
        others.splice(0..0, more.map(|it| format!("{it}{unit}")));
    }
    others
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn other_values_are_of_the_same_make() {
        assert_eq!(others(&json!(80)), [json!(81), json!(79)]);
        assert_eq!(others(&json!("500m"))[0], "501m");
        assert_eq!(others(&json!("10Gi"))[1], "9Gi");
        assert_eq!(others(&json!("a")), [json!("ax"), json!("xa"), json!("a1")]);
        assert!(others(&json!(i64::MAX)).is_empty());
    }
}
