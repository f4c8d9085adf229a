//! Fields that hold text.

use std::borrow::Cow;

use super::{Fields, Invalid, is_placeholder};
use crate::rules::Rule;
use crate::{Json, Place, Report};

impl<'a> Fields<'a, '_> {
    /// A text without surrounding white space; blank is absent.
    ///
    /// # Errors
    ///
    /// When the field is an object or a list.
    pub fn text(&self, name: &str) -> Result<Option<Cow<'a, str>>, Invalid> {
        let Some(value) = self.json(name) else { return Ok(None) };
        let text = scalar(value)
            .ok_or_else(|| Invalid::wrong_type(&self.place().field(name), value, "a text"))?;
        let text = trimmed(text);
        Ok((!text.is_empty()).then_some(text))
    }

    /// A text that has to be there.
    ///
    /// # Errors
    ///
    /// When it is absent, or the field is an object or a list.
    pub fn required_text(&self, name: &str) -> Result<Cow<'a, str>, Invalid> {
        self.text(name)?.ok_or_else(|| Invalid::missing(&self.place().field(name)))
    }

    /// A text that follows a rule.
    ///
    /// # Errors
    ///
    /// When it breaks the rule, or the field is an object or a list.
    pub fn text_by(&self, name: &str, rule: Rule) -> Result<Option<Cow<'a, str>>, Invalid> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        match rule(&text) {
            Ok(()) => Ok(Some(text)),
            Err(flaw) => Err(Invalid::flawed(&self.place().field(name), &text, flaw)),
        }
    }

    /// A text that has to be there and follows a rule.
    ///
    /// # Errors
    ///
    /// When it is absent or breaks the rule, or the field is an object or a
    /// list.
    pub fn required_text_by(&self, name: &str, rule: Rule) -> Result<Cow<'a, str>, Invalid> {
        self.text_by(name, rule)?.ok_or_else(|| Invalid::missing(&self.place().field(name)))
    }

    /// One of a few words.
    ///
    /// # Errors
    ///
    /// When it is another one.
    pub fn choice(
        &self,
        name: &str,
        choices: &[&'static str],
    ) -> Result<Option<&'static str>, Invalid> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        if let Some(choice) = choices.iter().find(|it| **it == text) {
            return Ok(Some(choice));
        }
        let (place, known) = (self.place().field(name), choices.join("`, `"));
        let message = format!("{} is not a choice for `{name}`.", crate::report::quoted(&text));
        Err(Invalid::new(&place, "invalid", message).suggest(format!("Choose one of `{known}`.")))
    }

    /// A map from texts to texts, sorted by key. Numbers and truth values
    /// count as the text they are written as; rows nobody filled in are left
    /// out. Values keep their white space.
    ///
    /// # Errors
    ///
    /// When the field is not an object, or a value is an object or a list.
    pub fn map(&self, name: &str) -> Result<Vec<(&'a str, Cow<'a, str>)>, Invalid> {
        let Some(fields) = self.fields(name)? else { return Ok(Vec::new()) };
        let mut entries = Vec::with_capacity(fields.object().len());
        for (key, value) in fields.object().iter() {
            if is_placeholder(key) || value.is_null() {
                continue;
            }
            let Some(text) = scalar(value) else {
                return Err(Invalid::wrong_type(&fields.place().key(key), value, "a map of texts"));
            };
            entries.push((key, text));
        }
        Ok(entries)
    }

    /// A map like [`Fields::map`] whose keys and values follow rules. Faults of
    /// entries go to `report`, so that one bad entry hides no other; the rest
    /// is returned.
    pub fn map_by(
        &self,
        name: &str,
        keys: Rule,
        values: Rule,
        report: &mut Report,
    ) -> Vec<(&'a str, Cow<'a, str>)> {
        let Some(fields) = report.optional(self.fields(name)) else { return Vec::new() };
        let mut entries = Vec::with_capacity(fields.object().len());
        for (key, value) in fields.object().iter() {
            if !is_placeholder(key) && !value.is_null() {
                let entry = entry(&fields.place().key(key), key, value, keys, values);
                entries.extend(report.required(entry).map(|text| (key, text)));
            }
        }
        entries
    }
}

fn entry<'a>(
    place: &Place<'_>,
    key: &str,
    value: &'a Json<'a>,
    keys: Rule,
    values: Rule,
) -> Result<Cow<'a, str>, Invalid> {
    keys(key).map_err(|flaw| Invalid::flawed(place, key, flaw))?;
    let text = scalar(value).ok_or_else(|| Invalid::wrong_type(place, value, "a map of texts"))?;
    values(&text).map_err(|flaw| Invalid::flawed(place, &text, flaw))?;
    Ok(text)
}

/// A value that can stand for a text, as that text.
pub fn scalar<'a>(value: &'a Json<'a>) -> Option<Cow<'a, str>> {
    match value {
        Json::Text(text) => Some(Cow::Borrowed(text)),
        Json::Bool(_) | Json::Int(_) | Json::Float(_) => Some(Cow::Owned(value.to_text())),
        Json::Null | Json::List(_) | Json::Object(_) => None,
    }
}

pub(crate) fn trimmed(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    }
}
