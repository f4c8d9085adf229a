//! From YAML to templates.

use bowsprit_plugin_sdk::quoted;

use super::{Each, Form, Part, Template};
use crate::expression::{self, Expression, Names};
use crate::mistake::{Mark, Mistakes};
use crate::table::{Table, one_of};
use crate::yaml::{Entry, Node, Value};

/// Keys with a meaning of their own.
const DIRECTIVES: [&str; 4] = ["$if", "$each", "$merge", "$concat"];

/// What to do where a key is not known beforehand.
const KEYS: &str = "Use `$each` with `$key` for keys that are not known.";

/// Reads a value with expressions in it.
pub fn compile(node: &Node, names: &mut Names, log: &mut Mistakes) -> Template {
    let form = match &node.value {
        Value::Text(text) => scalar(text, node.at, names, log),
        Value::List(items) => Form::List(all(items, names, log)),
        Value::Map(entries) => match entries.iter().find(|it| it.key.starts_with('$')) {
            Some(entry) => directive(node, entry, names, log),
            None => Form::Map(map(entries, names, log)),
        },
        _ => Form::Literal(node.to_json()),
    };
    Template { at: node.at, form }
}

/// Reads an expression that stands where nothing else can; `${…}` around it is
/// allowed, for it is easily written.
pub fn expression(node: &Node, names: &Names, log: &mut Mistakes) -> Option<Expression> {
    let Value::Text(text) = &node.value else {
        return match &node.value {
            Value::List(_) | Value::Map(_) => {
                let problem = format!("An expression is needed, not {}.", node.described());
                log.expression(node.at, problem, "Write an expression.".into());
                None
            }
            _ => Some(Expression::Literal(node.to_json())),
        };
    };
    let trimmed = text.trim();
    let bare = trimmed.strip_prefix("${").and_then(|it| it.strip_suffix('}')).unwrap_or(trimmed);
    parsed(bare, node.at, names, log)
}

/// Reads a text with expressions in it.
pub fn text(node: &Node, names: &Names, log: &mut Mistakes) -> Template {
    if let Value::List(_) | Value::Map(_) = node.value {
        let problem = format!("A text is needed, not {}.", node.described());
        log.value(node.at, problem, "Write a text; it may have `${…}` in it.");
    }
    compile(node, &mut names.clone(), log)
}

fn parsed(text: &str, at: Mark, names: &Names, log: &mut Mistakes) -> Option<Expression> {
    match expression::parse(text, names) {
        Ok(expression) => Some(expression),
        Err((problem, fix)) => {
            log.expression(at, format!("In {}: {problem}.", quoted(text.trim())), fix);
            None
        }
    }
}

/// A scalar: `$${` stands for `${`.
fn scalar(text: &str, at: Mark, names: &Names, log: &mut Mistakes) -> Form {
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let (before, after) = rest.split_at_checked(start).unwrap_or((rest, ""));
        let after = after.get(2..).unwrap_or_default();
        if let Some(before) = before.strip_suffix('$') {
            literal.push_str(before);
            literal.push_str("${");
            rest = after;
            continue;
        }
        literal.push_str(before);
        let Some(end) = end_of_expression(after) else {
            let problem = format!("In {} a `${{` has no `}}`.", quoted(text));
            log.expression(at, problem, "Close it, or write `$${` for a plain `${`.".into());
            return Form::Literal(bowsprit_plugin_sdk::Json::Null);
        };
        let (inner, after) = after.split_at_checked(end).unwrap_or((after, ""));
        if !literal.is_empty() {
            parts.push(Part::Literal(std::mem::take(&mut literal)));
        }
        parts.extend(parsed(inner, at, names, log).map(Part::Expression));
        rest = after.get(1..).unwrap_or_default();
    }
    literal.push_str(rest);
    if parts.is_empty() {
        return Form::Literal(literal.into());
    }
    if !literal.is_empty() {
        parts.push(Part::Literal(literal));
    }
    match (parts.len(), parts.pop()) {
        (1, Some(Part::Expression(only))) => Form::Expression(only),
        (_, last) => {
            parts.extend(last);
            Form::Text(parts)
        }
    }
}

/// Where the `}` is that is not part of a quoted text.
fn end_of_expression(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut escaped = false;
    for (index, character) in text.char_indices() {
        match (quote, character) {
            _ if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), it) if it == open => quote = None,
            (None, '"' | '\'') => quote = Some(character),
            (None, '}') => return Some(index),
            _ => {}
        }
    }
    None
}

fn all(items: &[Node], names: &mut Names, log: &mut Mistakes) -> Vec<Template> {
    items.iter().map(|it| compile(it, names, log)).collect()
}

fn map(entries: &[Entry], names: &mut Names, log: &mut Mistakes) -> Vec<(String, Template)> {
    let entry = |it: &Entry| {
        if it.key.contains("${") {
            let problem = format!("The key {} has an expression in it.", quoted(&it.key));
            log.key(it.at, problem, KEYS.into());
        }
        (it.key.clone(), compile(&it.value, names, log))
    };
    entries.iter().map(entry).collect()
}

fn directive(node: &Node, entry: &Entry, names: &mut Names, log: &mut Mistakes) -> Form {
    let Value::Map(entries) = &node.value else { return literal_null() };
    let has = |key: &str| entries.iter().any(|it| it.key == key);
    let Some(which) = DIRECTIVES.iter().find(|it| has(it)) else {
        let problem = format!("{} is not known here.", quoted(&entry.key));
        let fix = match entry.key.as_str() {
            key if key.contains("${") => KEYS.into(),
            "$vault" => "Write `${secrets.KEY}` or `${environment.NAME}`.".into(),
            _ => format!("Keys that begin with `$` are {}.", one_of(DIRECTIVES.into_iter())),
        };
        log.key(entry.at, problem, fix);
        return literal_null();
    };
    let Some(mut table) = Table::of(node, format!("A `{which}`"), log) else {
        return literal_null();
    };
    let form = match *which {
        "$if" => choice(&mut table, names, log),
        "$each" => each(&mut table, names, log),
        "$merge" => Some(Form::Merge(all(table.list("$merge", log), names, log))),
        _ => Some(Form::Concat(all(table.list("$concat", log), names, log))),
    };
    table.finish(log);
    form.unwrap_or_else(literal_null)
}

fn literal_null() -> Form {
    Form::Literal(bowsprit_plugin_sdk::Json::Null)
}

fn choice(table: &mut Table<'_>, names: &mut Names, log: &mut Mistakes) -> Option<Form> {
    let condition = table.require("$if", log);
    let condition = condition.and_then(|it| expression(it, names, log));
    let then = table.require("$then", log).map(|it| Box::new(compile(it, names, log)));
    let otherwise = table.take("$else").map(|it| Box::new(compile(it, names, log)));
    Some(Form::If { condition: condition?, then: then?, otherwise })
}

fn each(table: &mut Table<'_>, names: &mut Names, log: &mut Mistakes) -> Option<Form> {
    let of = table.require("$each", log).and_then(|it| expression(it, names, log));
    let name = table.text("$as", log).unwrap_or("item").to_owned();
    let key_name = format!("{name}_key");
    let plain = name.starts_with(|it: char| it.is_ascii_lowercase())
        && name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_');
    if !plain || names.variables.contains(&name) {
        let problem = format!("`$as` is {}, which cannot be used as a name.", quoted(&name));
        log.value(table.at, problem, "Write a lower-case word that nothing else is called.");
    }
    let outside = names.variables.len();
    names.variables.extend([name.clone(), key_name.clone()]);
    let key = table.take("$key").map(|it| text(it, names, log));
    let item = table.require("$do", log).map(|it| compile(it, names, log));
    names.variables.truncate(outside);
    Some(Form::Each(Box::new(Each { of: of?, name, key_name, key, item: item? })))
}
