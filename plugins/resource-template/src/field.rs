//! The fields of a node type: what a form asks for and a drawing holds.

mod define;
mod read;
mod rules;
mod schema;

#[cfg(test)]
mod tests;

use bowsprit_plugin_sdk::Json;
use bowsprit_plugin_sdk::rules::Rule;
use regex_lite::Regex;

pub(crate) use define::{define_all, rule_of};
pub(crate) use schema::{required, standard_properties};

/// A field.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    title: Option<String>,
    description: Option<String>,
    /// The value of a new node, and of one that has none.
    pub(crate) default: Option<Json<'static>>,
    pub(crate) required: bool,
    /// Not part of the short form.
    advanced: bool,
    /// The value is in the node's vault, never in the drawing.
    pub(crate) secret: bool,
    /// What it was called in older drawings.
    pub(crate) was: Vec<String>,
}

/// What a field holds.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Text(Text),
    Whole {
        least: Option<i64>,
        most: Option<i64>,
    },
    Decimal {
        least: Option<f64>,
        most: Option<f64>,
    },
    Flag,
    Select(Vec<String>),
    List {
        of: Box<Kind>,
        least: Option<usize>,
        most: Option<usize>,
    },
    Map {
        keys: Rule,
        values: Rule,
    },
    Object(Vec<Field>),
    /// A whole number that is not negative, or one with `%`.
    NumberOrPercent,
}

/// A text and its rules.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    /// What it is called in a file, for the schema.
    word: &'static str,
    rule: Rule,
    pattern: Option<Regex>,
    multiline: bool,
    shortest: Option<usize>,
    longest: Option<usize>,
}
