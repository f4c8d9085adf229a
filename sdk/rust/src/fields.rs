//! Typed access to a node's data.
//!
//! Every accessor treats a missing member, `null` and (for texts) blanks as
//! absent, accepts numbers and truth values that arrive as text, and answers a
//! fault with the pointer to it. A [`Report`](crate::Report) turns faults into
//! findings, so that one reading of the data serves `validate` and `render`.

mod lists;
mod numbers;
mod texts;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;

use crate::report::quoted;
use crate::rules::Flaw;
use crate::{Failure, Json, Object, Place, Report};

pub use lists::Item;
pub use texts::scalar;

/// An object of the data and where it is.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'a, 'p> {
    object: &'a Object<'a>,
    place: Place<'p>,
}

impl<'a, 'p> Fields<'a, 'p> {
    /// The members of `object`, which is at `place`.
    pub fn new(object: &'a Object<'a>, place: Place<'p>) -> Self {
        Self { object, place }
    }

    /// Where these fields are.
    pub fn place(&self) -> &Place<'p> {
        &self.place
    }

    /// The object itself.
    pub fn object(&self) -> &'a Object<'a> {
        self.object
    }

    /// The value of a field as it is.
    pub fn json(&self, name: &str) -> Option<&'a Json<'a>> {
        self.object.get(name)
    }

    /// Whether the field has a value, of whatever type.
    pub fn has(&self, name: &str) -> bool {
        self.json(name).is_some()
    }

    /// The pointer to a field.
    pub fn pointer(&self, name: &str) -> String {
        self.place.field(name).pointer()
    }

    /// The fields of an object inside this one.
    ///
    /// # Errors
    ///
    /// When the field is something else.
    pub fn fields<'s>(&'s self, name: &'s str) -> Result<Option<Fields<'a, 's>>, Invalid> {
        match self.json(name) {
            None => Ok(None),
            Some(Json::Object(object)) => {
                Ok(Some(Fields { object, place: self.place.field(name) }))
            }
            Some(other) => Err(Invalid::wrong_type(&self.place.field(name), other, "an object")),
        }
    }
}

/// A field that is not what it has to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid(pub(crate) Box<Fault>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) pointer: String,
    /// Field names and what is wrong: `resources.limits.cpu.invalid`.
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) suggestion: Option<String>,
}

impl Invalid {
    /// A fault at `place`; `problem` completes its code.
    pub fn new(place: &Place<'_>, problem: &str, message: impl Into<String>) -> Self {
        Self::at(place, problem, message.into())
    }

    #[inline(never)]
    fn at(place: &Place<'_>, problem: &str, message: String) -> Self {
        let mut code = place.code();
        if !code.is_empty() {
            code.push('.');
        }
        code.push_str(problem);
        let pointer = place.pointer();
        Self(Box::new(Fault { pointer, code, message, suggestion: None }))
    }

    /// Says what to do about it.
    #[must_use]
    pub fn suggest(mut self, suggestion: impl Into<String>) -> Self {
        self.0.suggestion = Some(suggestion.into());
        self
    }

    /// A required field without a value.
    pub fn missing(place: &Place<'_>) -> Self {
        let message = format!("`{}` is missing.", place.code());
        Self::new(place, "missing", message).suggest(format!("Fill in `{}`.", place.code()))
    }

    /// A text that breaks a rule.
    pub fn flawed(place: &Place<'_>, text: &str, flaw: Flaw) -> Self {
        let message = format!("{} in `{}` {}.", quoted(text), place.code(), flaw.problem);
        Self::new(place, "invalid", message).suggest(flaw.hint)
    }

    /// A value that is not of the type the field has; `wanted` completes "has
    /// to be".
    pub fn wrong_type(place: &Place<'_>, found: &Json<'_>, wanted: &str) -> Self {
        let field = place.code();
        let message = format!("`{field}` has to be {wanted}, not {}.", described(found));
        Self::new(place, "type", message)
    }

    /// The RFC 6901 pointer to the field.
    pub fn pointer(&self) -> &str {
        &self.0.pointer
    }

    /// This fault as the only reason why a call fails.
    pub fn into_failure(self, type_name: &str, node: &str) -> Failure {
        let mut report = Report::new(type_name, node);
        report.required::<()>(Err(self));
        report.into_failure()
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0.message)
    }
}

impl std::error::Error for Invalid {}

/// What a value is, as part of a sentence.
fn described(value: &Json<'_>) -> Cow<'static, str> {
    match value {
        Json::Null => "empty".into(),
        Json::Bool(value) => value.to_string().into(),
        Json::Int(number) => number.to_string().into(),
        Json::Float(_) => value.to_text().into(),
        Json::Text(text) => quoted(text).into(),
        Json::List(_) => "a list".into(),
        Json::Object(_) => "an object".into(),
    }
}

/// Whether a key is one the canvas makes up for a row nobody has filled in.
pub fn is_placeholder(key: &str) -> bool {
    key.trim().is_empty() || key.starts_with("_new_")
}
