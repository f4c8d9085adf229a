//! Decimal numbers, read and written as the SDK reads and writes JSON.
//!
//! How the standard library does either is right to the last bit for numbers of
//! any length, and 30 KB more in every component.

use bowsprit_plugin_sdk::Json;

/// The number that `text` writes out in decimal, such as `1.5`, `.5`, `+2.` or
/// `1e3`; none if it is no number, or too large a one.
pub fn read(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let power = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let is_there = !(whole.is_empty() && fraction.is_empty() || power.is_empty());
    if !is_there || ![whole, fraction, power].into_iter().all(are_digits) {
        return None;
    }
    // JSON wants a digit before the point, no zeros before that, and no point
    // without digits behind it.
    let sign = if text.starts_with('-') { "-" } else { "" };
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let point = if fraction.is_empty() { "" } else { "." };
    Json::parse(&format!("{sign}{whole}{point}{fraction}e{exponent}")).ok()?.as_float()
}

/// A number as it is shown: without a fraction if it is whole.
pub fn shown(number: f64) -> String {
    Json::from(number).to_text()
}

fn are_digits(text: &str) -> bool {
    text.bytes().all(|it| it.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{read, shown};

    #[test]
    fn what_is_no_number_in_decimal_is_none() {
        for text in [
            "",
            ".",
            "-",
            "e5",
            ".e5",
            "1e",
            "1e+",
            "+-5",
            "--5",
            "1.2.3",
            "1_0",
            "0x10",
            " 1",
            "1 ",
            "1e5 ",
            "nan",
            "inf",
            "-infinity",
            "1e999",
            "null",
            "1,5",
        ] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }

    #[test]
    fn numbers_are_shown_without_needless_digits() {
        for (text, expected) in [("+2.", "2"), (".5", "0.5"), ("-007.50", "-7.5"), ("1E3", "1000")]
        {
            assert_eq!(read(text).map(shown).as_deref(), Some(expected), "{text}");
        }
    }

    proptest! {
        #[test]
        fn up_to_15_digits_are_read_as_the_standard_library_would(
            text in "[+-]?([0-9]{1,8}\\.?[0-9]{0,7}|\\.[0-9]{1,15})([eE][+-]?[0-7])?",
        ) {
            prop_assert_eq!(read(&text), text.parse().ok());
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[0-9.eE+ -]{0,12}") {
            let number: Option<f64> = text.parse().ok();
            prop_assert_eq!(read(&text).is_some(), number.is_some_and(f64::is_finite), "{}", text);
        }
    }
}
