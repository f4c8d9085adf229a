//! Brings stored data into its current shape, whatever its age.

use crate::fields::is_placeholder;
use crate::{Json, Object, Report};

/// Fields older canvases left in the data and nothing reads any more, and
/// those of the canvas itself: no type can have fields of these names.
pub const BOOKKEEPING: [&str; 4] = ["id", "templateId", "parameters", "hasValidationError"];

/// Fields whose surrounding white space is never meant.
const TRIMMED: [&str; 4] = ["name", "namespace", "image", "serviceAccountName"];

/// What every type's data goes through first: drops members that are `null`,
/// the canvas's bookkeeping (`_linked…`, `_status`, …), and white space around
/// names.
pub fn common(data: &mut Object<'_>) {
    data.retain(|key, value| {
        !(key.starts_with('_') || BOOKKEEPING.contains(&key) || value.is_null())
    });
    data.values_mut().for_each(Json::drop_nulls);
    for key in TRIMMED {
        if let Some(Json::Text(text)) = data.get_mut(key)
            && text.trim().len() != text.len()
        {
            *text = text.trim().to_owned().into();
        }
    }
}

/// Drops the rows of a map that nobody filled in.
pub fn drop_placeholders(data: &mut Object<'_>, field: &'static str, report: &mut Report) {
    let Some(Json::Object(map)) = data.get_mut(field) else { return };
    let before = map.len();
    map.retain(|key, _| !is_placeholder(key));
    if map.len() < before {
        let code = format!("{field}.placeholder-dropped");
        report
            .info(&code, format!("Rows of `{field}` without a name are left out."))
            .at(format!("/{field}"));
    }
}

/// Moves a field to its current name, unless that is taken.
pub fn rename(data: &mut Object<'_>, from: &'static str, to: &'static str) {
    if let Some(value) = data.remove(from) {
        let is_free = match data.get(to) {
            None => true,
            Some(Json::Text(text)) => text.trim().is_empty(),
            Some(_) => false,
        };
        if is_free {
            data.set(to, value);
        }
    }
}

#[cfg(test)]
mod tests;
