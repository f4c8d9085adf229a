//! When something happens again and again.

use std::ops::RangeInclusive;

use super::{Flaw, ensure};

/// Words for whole schedules.
const MACROS: [&str; 7] =
    ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// One of the five fields: its range, and names that stand for its numbers
/// from the first on.
struct Field(RangeInclusive<u8>, &'static [&'static str]);

const FIELDS: [Field; 5] = [
    Field(0..=59, &[]),
    Field(0..=23, &[]),
    Field(1..=31, &[]),
    Field(1..=12, &MONTHS),
    Field(0..=6, &DAYS),
];

/// A schedule of five fields (minute, hour, day, month, day of the week), a
/// word such as `@daily`, or `@every` and a duration.
///
/// Source: `batch/validation.validateScheduleFormat`, which reads it with
/// `robfig/cron` and refuses time zones in it.
pub fn schedule(text: &str) -> Result<(), Flaw> {
    let holds = match text.strip_prefix("@every ") {
        Some(duration) => is_duration(duration.trim()),
        None if text.starts_with('@') => MACROS.contains(&text),
        None => are_fields(text),
    };
    ensure(
        holds,
        "is not a schedule",
        "Write minute, hour, day, month and day of the week, such as `0 * * * *` for every hour, or `@daily`.",
    )
}

fn are_fields(text: &str) -> bool {
    let words = text.split_ascii_whitespace();
    words.clone().count() == FIELDS.len()
        && words.zip(&FIELDS).all(|(word, field)| word.split(',').all(|it| is_part(it, field)))
}

/// `*`, `5`, `1-5`, each optionally with `/step`.
fn is_part(part: &str, field: &Field) -> bool {
    let (range, step) = match part.split_once('/') {
        Some((range, step)) => (range, Some(step)),
        None => (part, None),
    };
    let steps = step.is_none_or(|it| digits(it).is_some_and(|it| it > 0));
    let holds = match range.split_once('-') {
        Some((from, to)) => {
            let (from, to) = (number(from, field), number(to, field));
            from.zip(to).is_some_and(|(from, to)| from <= to)
        }
        None => matches!(range, "*" | "?") || number(range, field).is_some(),
    };
    steps && holds
}

fn number(text: &str, Field(range, names): &Field) -> Option<u8> {
    let named =
        names.iter().zip(*range.start()..).find(|(name, _)| text.eq_ignore_ascii_case(name));
    let number = named.map(|(_, number)| number).or_else(|| digits(text))?;
    range.contains(&number).then_some(number)
}

fn digits(text: &str) -> Option<u8> {
    let is_number = !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

/// Numbers with units, as Go writes durations: `1h30m`.
fn is_duration(text: &str) -> bool {
    let mut rest = text;
    while !rest.is_empty() {
        let (number, tail) = split(rest, |it| !it.is_ascii_digit() && it != '.');
        let (unit, tail) = split(tail, |it| it.is_ascii_digit());
        let is_number = number.bytes().any(|it| it.is_ascii_digit());
        if !is_number || !matches!(unit, "ns" | "us" | "µs" | "ms" | "s" | "m" | "h") {
            return false;
        }
        rest = tail;
    }
    !text.is_empty()
}

/// What is before the first character that `ends`, and the rest.
fn split(text: &str, ends: fn(char) -> bool) -> (&str, &str) {
    text.find(ends).and_then(|it| text.split_at_checked(it)).unwrap_or((text, ""))
}
