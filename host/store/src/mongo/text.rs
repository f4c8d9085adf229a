//! The trigrams behind `Filter::Contains`: an array beside the text, which an
//! index of several keys serves. It is made when a document is written and
//! never shown.

use std::collections::BTreeSet;

use bowsprit_host_core::store::{Collection, StoreError};
use mongodb::bson::{
    Bson, Document, doc,
    raw::{RawArrayBuf, RawBsonRef, RawDocumentBuf},
};

use super::{body::corrupt, keys};
use crate::checks;

/// Starts the name of such an array. No body key is written like this: a
/// percent sign in a key becomes an escape.
const PREFIX: &str = "%grams-";
/// Trigrams a search asks for. More would not narrow it down.
const ASKED: usize = 8;

/// The name of the array for a field.
pub(super) fn name(field: &str) -> String {
    format!("{PREFIX}{}", keys::top(field))
}

/// Whether a stored name is that of an array.
pub(super) fn is_hidden(name: &str) -> bool {
    name.starts_with(PREFIX)
}

/// Adds the arrays for the texts in `fields`.
pub(super) fn add(of: &Collection, fields: &mut RawDocumentBuf) -> Result<(), StoreError> {
    for field in checks::search_fields(of) {
        let found = match fields.get(keys::top(field)).map_err(corrupt)? {
            Some(RawBsonRef::String(text)) => grams(text),
            _ => continue,
        };
        let mut array = RawArrayBuf::new();
        found.into_iter().for_each(|gram| array.push(gram));
        let name = keys::c_string(name(field).into()).map_err(corrupt)?;
        fields.append(&name, array);
    }
    Ok(())
}

/// The array for a new value of a field.
pub(super) fn array(value: &serde_json::Value) -> Bson {
    Bson::from(grams(value.as_str().unwrap_or_default()))
}

/// The condition that a field contains `text`: has its trigrams, which an
/// index knows, and then the text itself.
pub(super) fn contains(field: &str, text: &str) -> Document {
    let literal = doc! { keys::top(field): { "$regex": escaped(text) } };
    let all = grams(text);
    if all.is_empty() {
        return literal;
    }
    let step = all.len().div_ceil(ASKED);
    let asked: Vec<String> = all.into_iter().step_by(step).collect();
    doc! { "$and": [{ name(field): { "$all": asked } }, literal] }
}

/// The different pieces of three characters, sorted.
fn grams(text: &str) -> Vec<String> {
    let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let pieces = starts.iter().zip(starts.iter().skip(checks::GRAM));
    let grams: BTreeSet<&str> = pieces.filter_map(|(from, to)| text.get(*from..*to)).collect();
    grams.into_iter().map(str::to_owned).collect()
}

/// `text` as a regular expression for itself.
fn escaped(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            // A BSON pattern ends at a zero byte.
            '\0' => pattern.push_str("\\x00"),
            c if c.is_ascii_punctuation() => pattern.extend(['\\', c]),
            c => pattern.push(c),
        }
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_texts_apart_by_characters() {
        assert_eq!(grams("aübc🚢aüb"), ["aüb", "bc🚢", "c🚢a", "übc", "🚢aü"]);
        assert!(grams("ab").is_empty());
        assert_eq!(grams("abc"), ["abc"]);
    }

    #[test]
    fn a_pattern_stands_for_itself() {
        assert_eq!(escaped("a.b(c)\\"), "a\\.b\\(c\\)\\\\");
    }
}
