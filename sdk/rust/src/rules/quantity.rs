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
    let unsigned = text.strip_prefix('+').unwrap_or(text);
    let number_end = unsigned.find(|it: char| !it.is_ascii_digit() && it != '.');
    let (number, suffix) = unsigned.split_at(number_end.unwrap_or(unsigned.len()));
    ensure(
        is_decimal(number) && (SUFFIXES.contains(&suffix) || is_exponent(suffix)),
        "is not an amount that Kubernetes understands",
        "Write a number with an optional unit, such as `250m` for a quarter of a core or `64Mi` for memory.",
    )
}

/// Compares two amounts; `None` when one of them is none. Amounts of more than
/// 10^29 count as equal.
pub fn compare(left: &str, right: &str) -> Option<Ordering> {
    Some(billionths(left)?.cmp(&billionths(right)?))
}

/// An amount in billionths, the finest the API knows.
fn billionths(text: &str) -> Option<u128> {
    quantity(text).ok()?;
    let unsigned = text.strip_prefix('+').unwrap_or(text);
    let number_end = unsigned.find(|it: char| !it.is_ascii_digit() && it != '.');
    let (number, suffix) = unsigned.split_at(number_end.unwrap_or(unsigned.len()));
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let mut value: u128 = 0;
    for digit in whole.bytes().chain(fraction.bytes()) {
        value = value.saturating_mul(10).saturating_add(u128::from(digit.saturating_sub(b'0')));
    }
    let decimals = i32::try_from(fraction.len()).ok()?;
    let (power, binary) = scale(suffix)?;
    let power = power.saturating_add(9).saturating_sub(decimals);
    for _ in 0..binary {
        value = value.saturating_mul(1024);
    }
    for _ in 0..power.unsigned_abs().min(60) {
        value = if power > 0 { value.saturating_mul(10) } else { value.div_euclid(10) };
    }
    Some(value)
}

/// The power of ten and the power of 1024 a suffix stands for.
fn scale(suffix: &str) -> Option<(i32, u32)> {
    let decimal = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
    if let Some(index) = decimal.iter().position(|it| *it == suffix) {
        let thousands = i32::try_from(index).ok()?.saturating_sub(3);
        return Some((thousands.saturating_mul(3), 0));
    }
    let binary = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    if let Some(index) = binary.iter().position(|it| *it == suffix) {
        return Some((0, u32::try_from(index).ok()?.saturating_add(1)));
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
