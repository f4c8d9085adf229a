//! Fields that hold lists.

use std::borrow::Cow;

use super::texts::{scalar, trimmed};
use super::{Fields, Invalid};
use crate::{Json, Place};

/// An element of a list and where it is.
#[derive(Debug, Clone, Copy)]
pub struct Item<'a, 'p> {
    /// The element.
    pub value: &'a Json<'a>,
    /// Where it is.
    pub place: Place<'p>,
}

impl<'a, 'p> Item<'a, 'p> {
    /// The element's fields.
    ///
    /// # Errors
    ///
    /// When it is not an object.
    pub fn fields(&self) -> Result<Fields<'a, 'p>, Invalid> {
        match self.value {
            Json::Object(object) => Ok(Fields::new(object, self.place)),
            other => Err(Invalid::wrong_type(&self.place, other, "a list of objects")),
        }
    }
}

impl<'a> Fields<'a, '_> {
    /// The elements of a list with their indexes; those that are `null` are
    /// left out.
    ///
    /// # Errors
    ///
    /// When the field is not a list.
    pub fn list(
        &self,
        name: &str,
    ) -> Result<impl Iterator<Item = (usize, &'a Json<'a>)> + use<'a>, Invalid> {
        let items: &'a [Json<'a>] = match self.json(name) {
            None => &[],
            Some(Json::List(items)) => items,
            Some(other) => {
                return Err(Invalid::wrong_type(&self.place().field(name), other, "a list"));
            }
        };
        Ok(items.iter().enumerate().filter(|(_, item)| !item.is_null()))
    }

    /// Calls `read` with each element that is an object. Faults of elements go
    /// to `report`, so that one bad element hides no other.
    pub fn each(
        &self,
        name: &str,
        report: &mut crate::Report,
        mut read: impl FnMut(Fields<'a, '_>, &mut crate::Report),
    ) {
        let Some(items) = report.required(self.list(name)) else { return };
        let list = self.place().field(name);
        for (index, value) in items {
            let item = Item { value, place: list.item(index) };
            if let Some(fields) = report.required(item.fields()) {
                read(fields, report);
            }
        }
    }

    /// A list of texts, as they are. Numbers and truth values count as the
    /// text they are written as.
    ///
    /// # Errors
    ///
    /// When the field is not a list, or an element is an object or a list.
    pub fn texts(&self, name: &str) -> Result<Vec<Cow<'a, str>>, Invalid> {
        let list = self.place().field(name);
        self.list(name)?
            .map(|(index, item)| {
                scalar(item)
                    .ok_or_else(|| Invalid::wrong_type(&list.item(index), item, "a list of texts"))
            })
            .collect()
    }

    /// A list of texts that follow a rule; surrounding white space and blank
    /// elements are left out.
    ///
    /// # Errors
    ///
    /// When one breaks the rule, or the field is not a list of texts.
    pub fn texts_by(
        &self,
        name: &str,
        rule: crate::rules::Rule,
    ) -> Result<Vec<Cow<'a, str>>, Invalid> {
        let list = self.place().field(name);
        let mut kept = Vec::new();
        for (index, item) in self.list(name)? {
            let place = list.item(index);
            let text =
                scalar(item).ok_or_else(|| Invalid::wrong_type(&place, item, "a list of texts"))?;
            let text = trimmed(text);
            if !text.is_empty() {
                rule(&text).map_err(|flaw| Invalid::flawed(&place, &text, flaw))?;
                kept.push(text);
            }
        }
        Ok(kept)
    }
}
