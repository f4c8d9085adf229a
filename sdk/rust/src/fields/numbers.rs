//! Fields that hold numbers and truth values.

use std::ops::RangeInclusive;

use super::{Fields, Invalid};
use crate::{Json, Place, rules};

/// Ports a container or Service can have.
///
/// Source: `apimachinery/pkg/util/validation.IsValidPortNum`.
const PORTS: RangeInclusive<i64> = 1..=65535;

impl<'a> Fields<'a, '_> {
    /// A whole number within a range.
    ///
    /// # Errors
    ///
    /// When it is not a whole number, or outside the range.
    pub fn whole(&self, name: &str, range: RangeInclusive<i64>) -> Result<Option<i64>, Invalid> {
        let Some(value) = self.json(name) else { return Ok(None) };
        whole(&self.place().field(name), value, range)
    }

    /// A list of whole numbers within a range.
    ///
    /// # Errors
    ///
    /// When the field is not a list, or an element is not such a number.
    pub fn wholes(&self, name: &str, range: RangeInclusive<i64>) -> Result<Vec<i64>, Invalid> {
        let list = self.place().field(name);
        let mut numbers = Vec::new();
        for (index, item) in self.list(name)? {
            numbers.extend(whole(&list.item(index), item, range.clone())?);
        }
        Ok(numbers)
    }

    /// A port number. Zero is not one.
    ///
    /// # Errors
    ///
    /// When it is not a number from 1 to 65535.
    pub fn port(&self, name: &str) -> Result<Option<u16>, Invalid> {
        Ok(self.whole(name, PORTS)?.and_then(|port| u16::try_from(port).ok()))
    }

    /// A port by its number, or by the name it has in the container.
    ///
    /// # Errors
    ///
    /// When it is neither.
    pub fn port_or_name(&self, name: &str) -> Result<Option<Json<'a>>, Invalid> {
        if let Some(Json::Text(text)) = self.json(name) {
            let is_number = |it: &str| it.bytes().all(|it| it.is_ascii_digit() || it == b'-');
            if !is_number(text.trim()) {
                return Ok(self.text_by(name, rules::port_name)?.map(Json::from));
            }
        }
        Ok(self.port(name)?.map(Json::from))
    }

    /// A whole number, or a share of all in percent (`25%`).
    ///
    /// # Errors
    ///
    /// When it is neither, or negative.
    pub fn share(&self, name: &str) -> Result<Option<Json<'a>>, Invalid> {
        if let Some(Json::Text(text)) = self.json(name)
            && text.trim().ends_with('%')
        {
            return Ok(self.text_by(name, rules::percentage)?.map(Json::from));
        }
        Ok(self.whole(name, 0..=i64::from(i32::MAX))?.map(Json::from))
    }

    /// A truth value.
    ///
    /// # Errors
    ///
    /// When it is neither `true` nor `false`.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, Invalid> {
        let Some(value) = self.json(name) else { return Ok(None) };
        match value {
            Json::Bool(flag) => Ok(Some(*flag)),
            Json::Text(text) => match text.trim() {
                "" => Ok(None),
                "true" => Ok(Some(true)),
                "false" => Ok(Some(false)),
                _ => {
                    Err(Invalid::wrong_type(&self.place().field(name), value, "`true` or `false`"))
                }
            },
            _ => Err(Invalid::wrong_type(&self.place().field(name), value, "`true` or `false`")),
        }
    }
}

fn whole(
    place: &Place<'_>,
    value: &Json<'_>,
    range: RangeInclusive<i64>,
) -> Result<Option<i64>, Invalid> {
    let number = match value {
        Json::Int(number) => Some(*number),
        Json::Text(text) if text.trim().is_empty() => return Ok(None),
        Json::Text(text) => text.trim().parse().ok(),
        _ => None,
    };
    match number {
        Some(number) if range.contains(&number) => Ok(Some(number)),
        Some(_) => Err(recoded(Invalid::wrong_type(place, value, &wanted(&range)), place)),
        None => Err(Invalid::wrong_type(place, value, &wanted(&range))),
    }
}

fn recoded(mut invalid: Invalid, place: &Place<'_>) -> Invalid {
    invalid.0.code = format!("{}.range", place.code());
    invalid
}

fn wanted(range: &RangeInclusive<i64>) -> String {
    let (least, most) = (range.start(), range.end());
    if least == most {
        format!("{least}")
    } else if *most >= i64::from(i32::MAX) {
        format!("a whole number of at least {least}")
    } else {
        format!("a whole number from {least} to {most}")
    }
}
