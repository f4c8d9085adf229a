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

pub use evaluate::{Scope, Trouble, is_true};
pub use functions::Function;
pub use parser::{Names, parse};

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// A value that is written out.
    Literal(Json<'static>),
    /// `[a, b]`.
    List(Vec<Expression>),
    /// A variable.
    Name(String),
    /// `of.member`.
    Member(Box<Expression>, String),
    /// `of[index]`.
    Index(Box<Expression>, Box<Expression>),
    /// `!it`.
    Not(Box<Expression>),
    /// `-it`.
    Negative(Box<Expression>),
    /// `left operator right`.
    Binary(Operator, Box<Expression>, Box<Expression>),
    /// `if ? then : else`.
    Choice(Box<Expression>, Box<Expression>, Box<Expression>),
    /// `function(arguments)`.
    Call(&'static Function, Vec<Expression>),
}

/// What stands between two expressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `||`.
    Or,
    /// `&&`.
    And,
    /// `??`: the right one if the left one is absent.
    Else,
    /// `==`.
    Equal,
    /// `!=`.
    NotEqual,
    /// `<`.
    Less,
    /// `<=`.
    LessOrEqual,
    /// `>`.
    Greater,
    /// `>=`.
    GreaterOrEqual,
    /// `in`.
    In,
    /// `+`.
    Plus,
    /// `-`.
    Minus,
}
