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

pub use define::{STANDARD, default_of, define_all, kind_called, kind_under, rule_of};
pub use schema::{required, standard_properties, title_of};

/// A field.
#[derive(Debug, Clone)]
pub struct Field {
    /// Its name in the data.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
    /// Its label; made of the name if there is none.
    pub title: Option<String>,
    /// Its help.
    pub description: Option<String>,
    /// The value of a new node, and of one that has none.
    pub default: Option<Json<'static>>,
    /// Without a value the node cannot be run.
    pub required: bool,
    /// Not part of the short form.
    pub advanced: bool,
    /// The value is in the node's vault, never in the drawing.
    pub secret: bool,
    /// What it was called in older drawings.
    pub was: Vec<String>,
    /// How a form shows it, if not as its kind suggests.
    pub shown: Option<Shown>,
    /// Whose name it takes when it is blank.
    pub from: Option<Source>,
}

/// A field of a form that only has plain widgets.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// `text`, `number`, `select` or `textarea`.
    pub widget: String,
    /// Shown while the field is empty.
    pub placeholder: Option<String>,
    /// The choices of a `select`.
    pub options: Vec<String>,
    /// The default as the form has it: a text.
    pub default: Option<String>,
}

/// Connected nodes that can give a field its value: their name.
#[derive(Debug, Clone)]
pub struct Source {
    /// The role they provide.
    pub role: String,
    /// Their kind, if it matters.
    pub kind: Option<String>,
}

/// What a field holds.
#[derive(Debug, Clone)]
pub enum Kind {
    /// A text.
    Text(Text),
    /// A whole number.
    Whole {
        /// The smallest.
        least: Option<i64>,
        /// The largest.
        most: Option<i64>,
    },
    /// A number.
    Decimal {
        /// The smallest.
        least: Option<f64>,
        /// The largest.
        most: Option<f64>,
    },
    /// True or false.
    Flag,
    /// One of these texts.
    Select(Vec<String>),
    /// A list.
    List {
        /// What its items are.
        of: Box<Kind>,
        /// The fewest items.
        least: Option<usize>,
        /// The most items.
        most: Option<usize>,
    },
    /// A map from texts to texts.
    Map {
        /// The rule of keys.
        keys: Rule,
        /// The rule of values.
        values: Rule,
    },
    /// A map with these fields.
    Object(Vec<Field>),
    /// A map of whatever is in it.
    Tree,
    /// Any value; a text is read as YAML.
    Any,
    /// A whole number that is not negative, or one with `%`.
    NumberOrPercent,
}

/// A text and its rules.
#[derive(Debug, Clone)]
pub struct Text {
    /// What it is called in a file, for the schema.
    word: &'static str,
    rule: Rule,
    pattern: Option<Regex>,
    multiline: bool,
    shortest: Option<usize>,
    longest: Option<usize>,
}

impl Kind {
    /// A text of any form.
    pub fn text() -> Self {
        Self::Text(Text::free())
    }

    /// The same; texts keep their lines and white space.
    #[must_use]
    pub fn multiline(mut self) -> Self {
        if let Self::Text(text) = &mut self {
            text.multiline = true;
        }
        self
    }
}

impl Shown {
    /// Whether it is several lines of text.
    pub fn is_area(&self) -> bool {
        self.widget == "textarea"
    }
}
