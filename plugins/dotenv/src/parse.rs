//! The text of an `.env` file as statements, each with its place.
//!
//! There is no standard; this is what docker compose, Node's and Ruby's dotenv
//! have in common, with their extensions where they do not contradict each
//! other.

mod cursor;

use cursor::Cursor;

/// One thing the file says.
#[derive(Debug, PartialEq)]
pub(crate) struct Statement<'t> {
    /// Counted from 1.
    pub(crate) line: u32,
    /// Counted from 1, in characters.
    pub(crate) column: u32,
    /// The line on which it ends.
    pub(crate) last_line: u32,
    pub(crate) item: Item<'t>,
}

/// What a statement is.
#[derive(Debug, PartialEq)]
pub(crate) enum Item<'t> {
    Comment,
    /// `KEY`, with `=` and a value or without.
    Setting {
        key: &'t str,
        exported: bool,
        value: Option<Value>,
    },
    /// Something that cannot be read, and why.
    Unreadable(&'static str),
}

/// A value before variables are put in.
#[derive(Debug, PartialEq, Default)]
pub(crate) struct Value {
    pub(crate) pieces: Vec<Piece>,
    /// It is a PEM block that should have been quoted.
    pub(crate) unquoted_lines: bool,
}

/// A part of a value.
#[derive(Debug, PartialEq)]
pub(crate) enum Piece {
    Text(String),
    Variable(Variable),
}

/// `${NAME}` and its relatives.
#[derive(Debug, PartialEq)]
pub(crate) struct Variable {
    pub(crate) name: String,
    /// What stands in for it when it is not set.
    pub(crate) fallback: Option<String>,
    /// The fallback also stands in for an empty value.
    pub(crate) unless_filled: bool,
    /// As it stands in the file.
    pub(crate) raw: String,
}

/// Reads a file. Every line that is not blank belongs to one statement.
pub(crate) fn parse(text: &str) -> Vec<Statement<'_>> {
    let mut cursor = Cursor::new(text);
    let mut statements = Vec::new();
    loop {
        cursor.skip_white_space();
        if cursor.is_at_end() {
            return statements;
        }
        let (line, column) = cursor.place();
        let item = item(&mut cursor);
        let last_line = cursor.place().0;
        cursor.skip_line();
        statements.push(Statement { line, column, last_line, item });
    }
}

fn item<'t>(cursor: &mut Cursor<'t>) -> Item<'t> {
    if cursor.peek() == Some('#') {
        return Item::Comment;
    }
    let mut key = cursor.word();
    let mut exported = false;
    cursor.skip_spaces();
    if key == "export" && !matches!(cursor.peek(), None | Some('=' | '\n' | '#')) {
        exported = true;
        key = cursor.word();
        cursor.skip_spaces();
    }
    match cursor.peek() {
        _ if !is_key(key) => {
            Item::Unreadable("a key is letters, digits, `_`, `-` and `.`, with no digit first")
        }
        Some('=') => {
            cursor.advance();
            cursor.skip_spaces();
            match value(cursor) {
                Ok(value) => Item::Setting { key, exported, value: Some(value) },
                Err(why) => Item::Unreadable(why),
            }
        }
        None | Some('\n' | '#') => Item::Setting { key, exported, value: None },
        Some(_) => Item::Unreadable("there is no `=` behind the key"),
    }
}

/// What may be both a key of a `ConfigMap` and the name of a variable.
fn is_key(key: &str) -> bool {
    let allowed = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'_' | b'-' | b'.');
    let starts_well = key.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_');
    starts_well && key.len() <= 253 && key.bytes().all(allowed)
}

fn value(cursor: &mut Cursor<'_>) -> Result<Value, &'static str> {
    let pieces = match cursor.peek() {
        Some('"') => double_quoted(cursor)?,
        Some(quote @ ('\'' | '`')) => {
            let text = cursor.quoted(quote).ok_or("the closing quote is missing")?;
            vec![Piece::Text(text.to_owned())]
        }
        _ if cursor.rest().starts_with("-----BEGIN ") => {
            let block = cursor.pem().ok_or("the PEM block has no `END` line")?;
            return Ok(Value { pieces: vec![Piece::Text(block)], unquoted_lines: true });
        }
        _ => return Ok(Value { pieces: pieces(cursor.bare(), false), unquoted_lines: false }),
    };
    cursor.skip_spaces();
    match cursor.peek() {
        None | Some('\n' | '#') => Ok(Value { pieces, unquoted_lines: false }),
        Some(_) => Err("there is text behind the closing quote"),
    }
}

fn double_quoted(cursor: &mut Cursor<'_>) -> Result<Vec<Piece>, &'static str> {
    let inner = cursor.quoted('"').ok_or("the closing quote is missing")?;
    Ok(pieces(inner, true))
}

/// Takes a text apart at its variables. Escapes are those of double quotes;
/// outside them only `\$` is one.
fn pieces(text: &str, has_escapes: bool) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    let special = |it: &str| it.find(['\\', '$']);
    while let Some((clean, tail)) = special(rest).and_then(|at| rest.split_at_checked(at)) {
        plain.push_str(clean);
        let after = tail.get(1..).unwrap_or_default();
        rest = match variable(tail) {
            Some((variable, after)) => {
                if !plain.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut plain)));
                }
                pieces.push(Piece::Variable(variable));
                after
            }
            None if tail.starts_with('$') => {
                plain.push('$');
                after
            }
            None => escape(after, has_escapes, &mut plain),
        };
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        pieces.push(Piece::Text(plain));
    }
    pieces
}

/// What a backslash before `after` means; answers what follows it.
fn escape<'t>(after: &'t str, has_escapes: bool, plain: &mut String) -> &'t str {
    let escaped = after.chars().next();
    let meant = match escaped {
        Some('$') => Some('$'),
        Some('n') if has_escapes => Some('\n'),
        Some('r') if has_escapes => Some('\r'),
        Some('t') if has_escapes => Some('\t'),
        Some(it @ ('"' | '\\')) if has_escapes => Some(it),
        _ => None,
    };
    match (meant, escaped) {
        (Some(meant), Some(escaped)) => {
            plain.push(meant);
            after.get(escaped.len_utf8()..).unwrap_or_default()
        }
        _ => {
            plain.push('\\');
            after
        }
    }
}

/// A variable at the start of a text, and what follows it.
fn variable(text: &str) -> Option<(Variable, &str)> {
    let inner = text.strip_prefix('$')?;
    let Some(braced) = inner.strip_prefix('{') else {
        let (name, after) = name(inner)?;
        return Some((plain_variable(name, text, after), after));
    };
    let (name, after) = name(braced)?;
    if let Some(after) = after.strip_prefix('}') {
        return Some((plain_variable(name, text, after), after));
    }
    let (unless_filled, after) = match after.strip_prefix(":-") {
        Some(after) => (true, after),
        None => (false, after.strip_prefix('-')?),
    };
    let (fallback, after) = after.split_once('}')?;
    let fallback = Some(fallback.to_owned());
    Some((Variable { fallback, unless_filled, ..plain_variable(name, text, after) }, after))
}

fn plain_variable(name: &str, text: &str, after: &str) -> Variable {
    let length = text.len().saturating_sub(after.len());
    let raw = text.get(..length).unwrap_or_default().to_owned();
    Variable { name: name.to_owned(), fallback: None, unless_filled: false, raw }
}

/// A shell name at the start of a text, and what follows it.
fn name(text: &str) -> Option<(&str, &str)> {
    let length = text.bytes().take_while(|it| it.is_ascii_alphanumeric() || *it == b'_').count();
    let (name, after) = text.split_at_checked(length)?;
    let starts_well = name.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_');
    starts_well.then_some((name, after))
}

#[cfg(test)]
mod tests;
