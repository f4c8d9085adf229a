//! The language of `${…}`: small, total, without side effects.
//!
//! An expression reads values and combines them; it has no loops, no
//! definitions and nothing that recurses, so that its cost is that of its
//! text and its data. What is missing is *absent* (`null`): a member of
//! something absent is absent, and what is absent is left out of the object.
//! `docs/plugins/resource-templates.md` describes it for authors.

mod evaluate;
mod functions;
mod lexer;
mod parser;

#[cfg(test)]
mod tests;

use bowsprit_plugin_sdk::Json;

pub(crate) use evaluate::{Scope, Trouble, is_true};
pub(crate) use functions::Function;
pub(crate) use parser::{Names, parse};

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expression {
    Literal(Json<'static>),
    List(Vec<Expression>),
    /// A variable.
    Name(String),
    Member(Box<Expression>, String),
    Index(Box<Expression>, Box<Expression>),
    Not(Box<Expression>),
    Negative(Box<Expression>),
    Binary(Operator, Box<Expression>, Box<Expression>),
    /// `if ? then : else`.
    Choice(Box<Expression>, Box<Expression>, Box<Expression>),
    Call(&'static Function, Vec<Expression>),
}

/// What stands between two expressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Or,
    And,
    /// `??`: the right one if the left one is absent.
    Else,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    Plus,
    Minus,
}
