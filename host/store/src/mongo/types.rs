//! Types that JSON has no word for, where we do not declare them.
//!
//! Another program keeps ids and dates in fields of its own. Our types read
//! their text; which fields they were is noted in the body, under a key that
//! none of our types knows. An update carries it along, as it does the fields
//! themselves, and they are written as what they were.

use std::collections::BTreeMap;

use bowsprit_host_core::store::{Collection, FieldKind};
use mongodb::bson::{
    error::Error,
    raw::{RawBsonRef, RawDocument},
};
use serde::{Deserialize, Serialize};

use super::{keys, text};
use crate::checks;

/// The key of the note. As a field its dollar would be escaped: no document
/// has one of this name.
pub(super) const KEY: &str = "$bson";

/// What a text was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kept {
    /// An `ObjectId`.
    Id,
    /// A date.
    Date,
    /// Something with such texts in it, by key or by place.
    #[serde(untagged)]
    Within(BTreeMap<String, Kept>),
}

impl Kept {
    /// What is noted of a part of it.
    pub(super) fn at(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Within(parts) => parts.get(key),
            Self::Id | Self::Date => None,
        }
    }
}

/// What has to be noted of a stored document, if anything.
pub(super) fn of(of: &Collection, stored: &RawDocument) -> Result<Option<Kept>, Error> {
    let mut parts = BTreeMap::new();
    for field in stored {
        let (name, value) = field?;
        let name = name.as_str();
        let ours = match (checks::kind_of(of, name), value) {
            (Some(FieldKind::Id), RawBsonRef::ObjectId(_)) => true,
            (Some(FieldKind::Time), RawBsonRef::DateTime(_)) => true,
            _ => matches!(name, keys::ID | keys::REVISION | keys::PAYLOAD) || text::is_hidden(name),
        };
        if !ours && let Some(kept) = of_value(value)? {
            parts.insert(keys::key(name).into_owned(), kept);
        }
    }
    Ok(within(parts))
}

fn of_value(value: RawBsonRef<'_>) -> Result<Option<Kept>, Error> {
    let mut parts = BTreeMap::new();
    match value {
        RawBsonRef::ObjectId(_) => return Ok(Some(Kept::Id)),
        RawBsonRef::DateTime(_) => return Ok(Some(Kept::Date)),
        RawBsonRef::Document(fields) => {
            for field in fields {
                let (name, value) = field?;
                if let Some(kept) = of_value(value)? {
                    parts.insert(keys::key(name.as_str()).into_owned(), kept);
                }
            }
        }
        RawBsonRef::Array(elements) => {
            for (place, value) in elements.into_iter().enumerate() {
                if let Some(kept) = of_value(value?)? {
                    parts.insert(place.to_string(), kept);
                }
            }
        }
        _ => {}
    }
    Ok(within(parts))
}

fn within(parts: BTreeMap<String, Kept>) -> Option<Kept> {
    (!parts.is_empty()).then_some(Kept::Within(parts))
}

/// The note in a body, if there is one.
pub(super) fn noted(body: &str) -> Option<Kept> {
    #[derive(Deserialize)]
    struct Noted {
        #[serde(rename = "$bson")]
        kept: Kept,
    }
    if !body.contains(r#""$bson""#) {
        return None;
    }
    Some(serde_json::from_str::<Noted>(body).ok()?.kept)
}
