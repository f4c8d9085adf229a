//! Types and limits of single values.

use bowsprit_plugin_sdk::{Json, Object, fields, quoted};
use document::table::one_of;
use regex_lite::Regex;

use super::{Check, flag};

impl Check {
    /// Whether the value is of the schema's type; tells it if not.
    pub(super) fn is_of_type(&mut self, schema: &Object<'_>, value: &Json<'_>) -> bool {
        let wanted = match schema.text_at(&["type"]) {
            _ if flag(schema, "x-kubernetes-int-or-string") => {
                let fits = matches!(value, Json::Int(_) | Json::Text(_));
                (!fits).then_some("a whole number or a text")
            }
            "string" => (!matches!(value, Json::Text(_))).then_some("a text"),
            "integer" => (!matches!(value, Json::Int(_))).then_some("a whole number"),
            "number" => (!matches!(value, Json::Int(_) | Json::Float(_))).then_some("a number"),
            "boolean" => (!matches!(value, Json::Bool(_))).then_some("`true` or `false`"),
            "array" => (!matches!(value, Json::List(_))).then_some("a list"),
            "object" => (!matches!(value, Json::Object(_))).then_some("a map"),
            _ => None,
        };
        let Some(wanted) = wanted else { return true };
        let shown = shown(value);
        self.breach("type", format!("has to be {wanted}, not {shown}"), None);
        false
    }

    /// Choices, sizes and patterns.
    pub(super) fn limits(&mut self, schema: &Object<'_>, value: &Json<'_>) {
        let choices = schema.list_at(&["enum"]);
        if !choices.is_empty() && !choices.contains(value) {
            let known: Vec<_> = choices.iter().filter_map(fields::scalar).collect();
            let known = one_of(known.iter().map(AsRef::as_ref));
            let problem = format!("is {}, which is no choice", shown(value));
            self.breach("choice", problem, Some(format!("Write {known}.")));
        }
        match value {
            Json::Int(_) | Json::Float(_) => self.bounds(schema, value),
            Json::Text(text) => self.text(schema, text),
            Json::List(items) => self.size(schema, items.len(), "Items", "item(s)"),
            Json::Object(object) => self.size(schema, object.len(), "Properties", "entries"),
            _ => {}
        }
    }

    fn bounds(&mut self, schema: &Object<'_>, value: &Json<'_>) {
        let Some(number) = value.as_float() else { return };
        let bound = |key: &str| {
            let bound = schema.get(key)?;
            Some((bound.as_float()?, bound.to_text()))
        };
        if let Some((least, shown)) = bound("minimum") {
            let open = flag(schema, "exclusiveMinimum");
            if number < least || (open && number <= least) {
                let word = if open { "more than" } else { "at least" };
                self.breach("range", format!("has to be {word} {shown}"), None);
            }
        }
        if let Some((most, shown)) = bound("maximum") {
            let open = flag(schema, "exclusiveMaximum");
            if number > most || (open && number >= most) {
                let word = if open { "less than" } else { "at most" };
                self.breach("range", format!("has to be {word} {shown}"), None);
            }
        }
    }

    fn text(&mut self, schema: &Object<'_>, text: &str) {
        self.size(schema, text.chars().count(), "Length", "character(s)");
        let pattern = schema.text_at(&["pattern"]);
        // A pattern this cannot read is left to the server.
        let Some(known) = (!pattern.is_empty()).then(|| Regex::new(pattern).ok()).flatten() else {
            return;
        };
        if !known.is_match(text) {
            let problem = format!("is {}, which does not fit", quoted(text));
            self.breach("pattern", problem, Some(format!("It has to match `{pattern}`.")));
        }
    }

    fn size(&mut self, schema: &Object<'_>, size: usize, what: &str, unit: &str) {
        let bound = |word: &str| {
            let bound = schema.int_at(&[&format!("{word}{what}")])?;
            usize::try_from(bound).ok()
        };
        if let Some(least) = bound("min").filter(|it| size < *it) {
            self.breach("size", format!("needs at least {least} {unit}"), None);
        }
        if let Some(most) = bound("max").filter(|it| size > *it) {
            self.breach("size", format!("takes at most {most} {unit}"), None);
        }
    }
}

fn shown(value: &Json<'_>) -> String {
    match value {
        Json::Null => "empty".into(),
        Json::Text(text) => quoted(text),
        Json::List(_) => "a list".into(),
        Json::Object(_) => "a map".into(),
        other => other.to_text(),
    }
}
