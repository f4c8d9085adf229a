//! Values with expressions in them: YAML in, JSON out, never text between.
//!
//! A template is a tree that was parsed before any value is known, and a value
//! is put into a leaf of it. Whatever a user writes, it stays in its leaf.

mod compile;
mod fill;
mod trace;

#[cfg(test)]
mod tests;

use bowsprit_plugin_sdk::Json;

use crate::expression::Expression;
use crate::mistake::Mark;

pub use compile::{compile, expression, text};
pub use fill::Fault;

/// A value with expressions in it, and where it was written.
#[derive(Debug, Clone)]
pub struct Template {
    /// Where it was written.
    pub at: Mark,
    form: Form,
}

#[derive(Debug, Clone)]
enum Form {
    /// Without expressions.
    Literal(Json<'static>),
    /// `${…}` alone: any value.
    Expression(Expression),
    /// `a-${…}`: a text.
    Text(Vec<Part>),
    List(Vec<Template>),
    Map(Vec<(String, Template)>),
    If {
        condition: Expression,
        then: Box<Template>,
        otherwise: Option<Box<Template>>,
    },
    Each(Box<Each>),
    Merge(Vec<Template>),
    Concat(Vec<Template>),
}

#[derive(Debug, Clone)]
enum Part {
    Literal(String),
    Expression(Expression),
}

/// A template for each item of a list or entry of a map.
#[derive(Debug, Clone)]
struct Each {
    of: Expression,
    /// What the item is called inside; `<name>_key` is its index or key.
    name: String,
    key_name: String,
    /// With a key the result is a map.
    key: Option<Template>,
    item: Template,
}
