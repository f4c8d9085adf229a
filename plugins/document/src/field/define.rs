//! From the file's `fields` to fields.

use bowsprit_plugin_sdk::normalize::BOOKKEEPING;
use bowsprit_plugin_sdk::rules::{self, Rule};
use bowsprit_plugin_sdk::{Place, Report, quoted};
use regex_lite::Regex;

use super::rules::RULES;
use super::{Field, Kind, Text};
use crate::mistake::Mistakes;
use crate::table::Table;
use crate::yaml::{Entry, Node, Value};

/// Fields every type has, whose names are therefore taken.
pub const STANDARD: [&str; 4] = ["name", "namespace", "labels", "annotations"];

/// Reads fields; `top` is whether they are those of the node itself.
pub fn define_all(entries: &[Entry], top: bool, log: &mut Mistakes) -> Vec<Field> {
    let mut fields = Vec::with_capacity(entries.len());
    for entry in entries {
        check_name(entry, top, log);
        let name = entry.key.as_str();
        let Some(mut table) = Table::of(&entry.value, format!("The field `{name}`"), log) else {
            continue;
        };
        let field = define(name, &mut table, log);
        if !top && field.as_ref().is_some_and(|it| it.secret) {
            let problem = format!("`{name}` is a secret inside an object.");
            log.value(entry.at, problem, "Make it a field of its own.");
        }
        table.finish(log);
        fields.extend(field);
    }
    fields
}

fn check_name(entry: &Entry, top: bool, log: &mut Mistakes) {
    let name = entry.key.as_str();
    let plain = name.starts_with(|it: char| it.is_ascii_alphabetic())
        && name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_');
    if !plain {
        let problem = format!("{} cannot be the name of a field.", quoted(name));
        log.key(entry.at, problem, "Use letters, digits and `_`, beginning with a letter.".into());
    }
    if top && BOOKKEEPING.contains(&name) {
        let problem = format!("The canvas keeps notes of its own under `{name}`.");
        log.key(entry.at, problem, "Give the field another name.".into());
    }
    if top && STANDARD.contains(&name) {
        let problem = format!("Every type has the field `{name}`.");
        log.key(entry.at, problem, format!("Remove it; `node.{name}` is its value."));
    }
}

fn define(name: &str, table: &mut Table<'_>, log: &mut Mistakes) -> Option<Field> {
    let title = table.text("title", log).map(str::to_owned);
    let description = table.text("description", log).map(str::to_owned);
    let required = table.flag("required", log);
    let advanced = table.flag("advanced", log);
    let secret = table.flag("secret", log);
    let was = table.texts("was", log);
    let default = table.take("default");
    let kind = kind(table, log)?;
    if secret && !matches!(kind, Kind::Text(_)) {
        log.value(table.at, format!("`{name}` is a secret and no text."), "Make it a `text`.");
    }
    if secret && let Some(default) = default {
        let problem = format!("The secret `{name}` has a default.");
        log.value(default.at, problem, "Remove it: a secret is never in a file.");
    }
    let default = default.and_then(|it| default_of(name, &kind, it, log));
    let name = name.to_owned();
    let (shown, from) = (None, None);
    Some(Field {
        name,
        kind,
        title,
        description,
        default,
        required,
        advanced,
        secret,
        was,
        shown,
        from,
    })
}

/// A default follows the field's own rules.
pub fn default_of(
    name: &str,
    kind: &Kind,
    node: &Node,
    log: &mut Mistakes,
) -> Option<bowsprit_plugin_sdk::Json<'static>> {
    let mut report = Report::new("field", "");
    let value = kind.read(&node.to_json(), &Place::ROOT.field(name), &mut report);
    if value.is_none() || report.has_errors() {
        let finding = report.into_findings().into_iter().next();
        let why = finding.as_ref().map_or_else(|| "It is empty.".into(), |it| it.message.clone());
        let fix = finding.and_then(|it| it.suggestion);
        let fix = fix.unwrap_or_else(|| "Write a value the field itself would take.".into());
        log.value(node.at, format!("The default of `{name}` is not right: {why}"), fix);
    }
    value
}

type Make = fn(&mut Table<'_>, &mut Mistakes) -> Option<Kind>;

const KINDS: [(&str, Make); 12] = [
    ("text", |table, log| Some(Kind::Text(text(table, log)))),
    ("number", |table, log| {
        let (least, most) = (table.whole("min", log), table.whole("max", log));
        Some(Kind::Whole { least, most })
    }),
    ("decimal", |table, log| {
        let (least, most) = (table.number("min", log), table.number("max", log));
        Some(Kind::Decimal { least, most })
    }),
    ("boolean", |_, _| Some(Kind::Flag)),
    ("select", |table, log| Some(Kind::Select(options(table, log)))),
    ("list", list),
    ("map", |table, log| {
        let (keys, values) = (rule(table, "keys", log), rule(table, "values", log));
        Some(Kind::Map { keys, values })
    }),
    ("object", |table, log| {
        Some(Kind::Object(define_all(table.entries("fields", log), false, log)))
    }),
    ("quantity", |_, _| Some(Kind::Text(ruled("quantity")))),
    ("duration", |_, _| Some(Kind::Text(ruled("duration")))),
    ("number-or-percent", |_, _| Some(Kind::NumberOrPercent)),
    ("yaml", |_, _| Some(Kind::Tree)),
];

fn kind(table: &mut Table<'_>, log: &mut Mistakes) -> Option<Kind> {
    table.require("type", log)?;
    kind_under("type", table, log)
}

/// The kind that the word under `key` names, with that kind's other keys.
pub fn kind_under(key: &'static str, table: &mut Table<'_>, log: &mut Mistakes) -> Option<Kind> {
    let make = table.word(key, &KINDS, log)?;
    make(table, log)
}

/// The kind of that name, with its other keys.
pub fn kind_called(word: &str, table: &mut Table<'_>, log: &mut Mistakes) -> Option<Kind> {
    let make = KINDS.iter().find(|it| it.0 == word)?.1;
    make(table, log)
}

fn text(table: &mut Table<'_>, log: &mut Mistakes) -> Text {
    let word = table.word("rule", &RULES.map(|(word, _)| (word, word)), log).unwrap_or("any");
    let mut text = ruled(word);
    text.multiline = table.flag("multiline", log);
    text.shortest = table.count("min-length", log);
    text.longest = table.count("max-length", log);
    let at = table.take("pattern").map(|it| it.at);
    if let (Some(at), Some(pattern)) = (at, table.text("pattern", log)) {
        match Regex::new(pattern) {
            Ok(pattern) => text.pattern = Some(pattern),
            Err(error) => {
                let problem = format!("{} is no pattern: {error}.", quoted(pattern));
                log.value(at, problem, "Write a regular expression, such as `^[a-z]+$`.");
            }
        }
    }
    text
}

fn ruled(word: &'static str) -> Text {
    let rule = rule_called(word).map_or(rules::anything as Rule, |it| it.1);
    Text { word, rule, pattern: None, multiline: false, shortest: None, longest: None }
}

fn rule_called(word: &str) -> Option<(&'static str, Rule)> {
    RULES.iter().find(|it| it.0 == word).copied()
}

/// The rule a key names.
pub fn rule_of(table: &mut Table<'_>, key: &'static str, log: &mut Mistakes) -> Option<Rule> {
    table.word(key, &RULES, log)
}

fn rule(table: &mut Table<'_>, key: &'static str, log: &mut Mistakes) -> Rule {
    rule_of(table, key, log).unwrap_or(rules::anything)
}

fn options(table: &mut Table<'_>, log: &mut Mistakes) -> Vec<String> {
    let at = table.at;
    let options: Vec<String> = table.list("options", log).iter().filter_map(option).collect();
    if options.is_empty() {
        let problem = "A `select` has no `options`.".to_owned();
        log.key(at, problem, "Add `options: [one, another]`.".into());
    }
    options
}

fn option(node: &Node) -> Option<String> {
    match &node.value {
        Value::Text(text) => Some(text.clone()),
        Value::Int(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

fn list(table: &mut Table<'_>, log: &mut Mistakes) -> Option<Kind> {
    let (least, most) = (table.count("min-items", log), table.count("max-items", log));
    let of = match table.take("of") {
        None => Kind::Text(ruled("any")),
        Some(node) => {
            let mut inner = Table::of(node, "`of`", log)?;
            let of = kind(&mut inner, log);
            inner.finish(log);
            of?
        }
    };
    Some(Kind::List { of: Box::new(of), least, most })
}
