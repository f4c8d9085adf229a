//! Amounts of processor time, memory and storage.

use std::cmp::Ordering;

use super::{Flaw, ensure};

const SUFFIXES: [&str; 16] =
    ["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/// An amount of a resource that is not negative: `250m`, `0.5`, `64Mi`, `1e3`.
///
/// Source: `apimachinery/pkg/api/resource.ParseQuantity`, and
/// `ValidateNonnegativeQuantity` for the sign.
pub fn quantity(text: &str) -> Result<(), Flaw> {
    let (number, suffix) = parts(text);
    ensure(
        is_decimal(number) && (SUFFIXES.contains(&suffix) || is_exponent(suffix)),
        "is not an amount that Kubernetes understands",
        "Write a number with an optional unit, such as `250m` for a quarter of a core or `64Mi` for memory.",
    )
}

/// Compares two amounts; `None` when one of them is none. Exact for amounts
/// of up to 15 digits.
pub fn compare(left: &str, right: &str) -> Option<Ordering> {
    amount(left)?.partial_cmp(&amount(right)?)
}

/// The number, and its unit.
fn parts(text: &str) -> (&str, &str) {
    let unsigned = text.strip_prefix('+').unwrap_or(text);
    let end = unsigned.find(|it: char| !it.is_ascii_digit() && it != '.');
    end.and_then(|it| unsigned.split_at_checked(it)).unwrap_or((unsigned, ""))
}

fn amount(text: &str) -> Option<f64> {
    /// No amount of the API is as large, or as small.
    const MOST_POWER: i32 = 60;
    quantity(text).ok()?;
    let (number, suffix) = parts(text);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = whole.bytes().chain(fraction.bytes());
    let value = digits.fold(0.0, |value, it| value * 10.0 + f64::from(it.saturating_sub(b'0')));
    let (power, binary) = scale(suffix)?;
    let value = value * 1024_f64.powi(binary);
    let power = power.saturating_sub(i32::try_from(fraction.len()).ok()?);
    let factor = 10_f64.powi(power.saturating_abs().min(MOST_POWER));
    // One rounding, whichever way the amount is written.
    Some(if power < 0 { value / factor } else { value * factor })
}

/// The power of ten and the power of 1024 a suffix stands for.
fn scale(suffix: &str) -> Option<(i32, i32)> {
    let decimal = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
    if let Some(index) = decimal.iter().position(|it| *it == suffix) {
        let thousands = i32::try_from(index).ok()?.saturating_sub(3);
        return Some((thousands.saturating_mul(3), 0));
    }
    let binary = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    if let Some(index) = binary.iter().position(|it| *it == suffix) {
        return Some((0, i32::try_from(index).ok()?.saturating_add(1)));
    }
    let power = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    Some((power, 0))
}

fn is_decimal(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let dots = text.len().saturating_sub(digits);
    digits > 0 && digits <= 30 && dots <= 1
}

fn is_exponent(text: &str) -> bool {
    let Some(power) = text.strip_prefix(['e', 'E']) else { return false };
    let power = power.strip_prefix(['+', '-']).unwrap_or(power);
    !power.is_empty() && power.len() <= 3 && power.bytes().all(|it| it.is_ascii_digit())
}
