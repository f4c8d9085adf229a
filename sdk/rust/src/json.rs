//! JSON as plugins read and write it: borrowed on the way in, canonical on the
//! way out.
//!
//! A call parses each text once, into a tree that borrows its strings from the
//! text, and writes each answer once. Objects are kept sorted by the bytes of
//! their keys, so equal values are equal bytes without a sorting pass.

mod object;
mod raw;
mod read;
mod write;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

pub use object::Object;
pub use raw::RawObject;
pub use read::{MAX_DEPTH, Malformed};

/// A JSON value that borrows what it can from `'a`.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Json<'a> {
    /// `null`, and whatever is nested more than [`MAX_DEPTH`] deep.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number; `80.0` and `8e1` are whole too.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// A string.
    Text(Cow<'a, str>),
    /// An array.
    List(Vec<Json<'a>>),
    /// An object.
    Object(Object<'a>),
}

impl<'a> Json<'a> {
    /// The string, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Json::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The whole number, if it is one.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Json::Int(number) => Some(*number),
            _ => None,
        }
    }

    /// The number, if it is one.
    pub fn as_float(&self) -> Option<f64> {
        match self {
            Json::Int(number) => Some(*number as f64),
            Json::Float(number) => Some(*number),
            _ => None,
        }
    }

    /// The truth value, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Json::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The object, if it is one.
    pub fn as_object(&self) -> Option<&Object<'a>> {
        match self {
            Json::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The elements of an array; none for anything else.
    pub fn elements(&self) -> &[Json<'a>] {
        match self {
            Json::List(items) => items,
            _ => &[],
        }
    }

    /// The same value without borrowed texts.
    pub fn into_owned(self) -> Json<'static> {
        match self {
            Json::Null => Json::Null,
            Json::Bool(value) => Json::Bool(value),
            Json::Int(number) => Json::Int(number),
            Json::Float(number) => Json::Float(number),
            Json::Text(text) => Json::Text(Cow::Owned(text.into_owned())),
            Json::List(items) => Json::List(items.into_iter().map(Json::into_owned).collect()),
            Json::Object(object) => Json::Object(object.into_owned()),
        }
    }

    /// Whether it is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self, Json::Null)
    }

    /// Whether this value, or one inside it, is an object with the member
    /// `key`.
    pub fn mentions(&self, key: &str) -> bool {
        match self {
            Json::List(items) => items.iter().any(|it| it.mentions(key)),
            Json::Object(object) => {
                object.iter().any(|(name, value)| name == key || value.mentions(key))
            }
            _ => false,
        }
    }

    /// Drops members that are `null`, at every depth. Array elements stay, so
    /// that pointers to them stay right.
    pub fn drop_nulls(&mut self) {
        match self {
            Json::List(items) => items.iter_mut().for_each(Json::drop_nulls),
            Json::Object(object) => {
                object.retain(|_, value| !value.is_null());
                object.values_mut().for_each(Json::drop_nulls);
            }
            _ => {}
        }
    }
}

/// Texts in the order of their bytes, each once.
pub fn sorted<'a, T: Into<Cow<'a, str>>>(texts: impl IntoIterator<Item = T>) -> Vec<Json<'a>> {
    let set: Object<'a> = texts.into_iter().map(|it| (it, Json::Null)).collect();
    set.into_iter().map(|(text, _)| Json::Text(text)).collect()
}

impl<'a> From<&'a str> for Json<'a> {
    fn from(text: &'a str) -> Self {
        Json::Text(Cow::Borrowed(text))
    }
}

impl<'a> From<&'a String> for Json<'a> {
    fn from(text: &'a String) -> Self {
        Json::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Json<'_> {
    fn from(text: String) -> Self {
        Json::Text(Cow::Owned(text))
    }
}

impl<'a> From<Cow<'a, str>> for Json<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        Json::Text(text)
    }
}

impl From<bool> for Json<'_> {
    fn from(value: bool) -> Self {
        Json::Bool(value)
    }
}

macro_rules! from_whole_numbers {
    ($($number:ty),+) => {
        $(impl From<$number> for Json<'_> {
            fn from(number: $number) -> Self {
                Json::Int(i64::from(number))
            }
        })+
    };
}

from_whole_numbers!(i64, i32, u32, u16);

/// Floats up to here have no neighbours less than one apart (2^53).
const WHOLE_FLOAT_LIMIT: f64 = 9_007_199_254_740_992.0;

impl From<f64> for Json<'_> {
    fn from(number: f64) -> Self {
        let whole = number.fract() == 0.0 && number.abs() < WHOLE_FLOAT_LIMIT;
        if whole { Json::Int(number as i64) } else { Json::Float(number) }
    }
}

impl<'a> From<Object<'a>> for Json<'a> {
    fn from(object: Object<'a>) -> Self {
        Json::Object(object)
    }
}

impl<'a, T: Into<Json<'a>>> From<Vec<T>> for Json<'a> {
    fn from(items: Vec<T>) -> Self {
        Json::List(items.into_iter().map(Into::into).collect())
    }
}
