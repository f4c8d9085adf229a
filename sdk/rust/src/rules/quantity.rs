//! Amounts of processor time, memory and storage.

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
