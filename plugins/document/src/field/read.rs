//! From what a user entered to values that follow the fields' rules.
//!
//! A form without widgets for lists, maps and objects sends a text: it is read
//! as YAML (or lines, or `key=value`), then like the real thing.

use std::borrow::Cow;

use bowsprit_plugin_sdk::fields::is_placeholder;
use bowsprit_plugin_sdk::{Invalid, Json, Object, Place, Report, fields, quoted};
use regex_lite::Regex;

use super::{Field, Kind, Text};
use crate::{number, yaml};

/// The key of references that only the host resolves.
const VAULT: &str = "$vault";

impl Field {
    /// The field's value, or its default. Faults go to `report`.
    pub fn read<'a>(
        &self,
        data: &Object<'a>,
        parent: &Place<'_>,
        report: &mut Report,
    ) -> Option<Json<'a>> {
        let place = parent.field(&self.name);
        match data.get(&self.name).filter(|it| !is_blank(it)) {
            // Of a list of blanks nothing is left.
            Some(value) => self.kind.read(value, &place, report).filter(|it| !is_blank(it)),
            None if self.default.is_some() => self.default.clone(),
            None if self.required => refused(report, Invalid::missing(&place)),
            None => None,
        }
    }
}

/// Nothing, blanks, and lists and maps without anything in them.
fn is_blank(value: &Json<'_>) -> bool {
    match value {
        Json::Null => true,
        Json::Text(text) => text.trim().is_empty(),
        Json::List(items) => items.is_empty(),
        Json::Object(object) => object.is_empty(),
        _ => false,
    }
}

fn refused<T>(report: &mut Report, invalid: Invalid) -> Option<T> {
    report.required(Err(invalid))
}

impl Kind {
    /// `value` as this kind. Faults go to `report`.
    pub fn read<'a>(
        &self,
        value: &Json<'a>,
        place: &Place<'_>,
        report: &mut Report,
    ) -> Option<Json<'a>> {
        let read = match self {
            Self::Text(text) => text.read(value, place),
            Self::Whole { least, most } => whole(value, place, *least, *most),
            Self::Decimal { least, most } => decimal(value, place, *least, *most),
            Self::Flag => flag(value, place),
            Self::Select(options) => select(value, place, options),
            Self::NumberOrPercent => number_or_percent(value, place),
            Self::List { .. } | Self::Map { .. } | Self::Object(_) | Self::Tree | Self::Any => {
                return self.read_collection(value, place, report);
            }
        };
        report.required(read)
    }

    fn read_collection<'a>(
        &self,
        value: &Json<'a>,
        place: &Place<'_>,
        report: &mut Report,
    ) -> Option<Json<'a>> {
        let value = match value {
            Json::Text(text) => self.written_out(text, place, report)?,
            other => other.clone(),
        };
        if value.mentions(VAULT) {
            let message = format!("`{}` refers to the vault.", place.code());
            return refused(report, Invalid::new(place, "vault", message));
        }
        match (self, value) {
            (Self::List { of, least, most }, Json::List(items)) => {
                items_of(items, of, *least, *most, place, report)
            }
            (Self::Map { keys, values }, Json::Object(map)) => {
                let mut kept = Object::new();
                for (key, value) in map {
                    if is_placeholder(&key) || value.is_null() {
                        continue;
                    }
                    let at = place.key(&key);
                    let text = Text::ruled(*values).read(&value, &at);
                    let text =
                        keys(&key).map_err(|flaw| Invalid::flawed(&at, &key, flaw)).and(text);
                    if let Some(text) = report.required(text) {
                        kept.set(key, text);
                    }
                }
                Some(Json::Object(kept))
            }
            (Self::Object(members), Json::Object(object)) => {
                let mut kept = Object::new();
                for member in members {
                    if let Some(value) = member.read(&object, place, report) {
                        kept.set(member.name.clone(), value);
                    }
                }
                Some(Json::Object(kept))
            }
            (Self::Tree, Json::Object(object)) => Some(Json::Object(object)),
            (Self::Any, value) => Some(value),
            (Self::List { .. }, other) => {
                refused(report, Invalid::wrong_type(place, &other, "a list"))
            }
            (_, other) => refused(report, Invalid::wrong_type(place, &other, "a map")),
        }
    }

    /// What a text stands for where a list, map or object is asked for.
    fn written_out(
        &self,
        text: &str,
        place: &Place<'_>,
        report: &mut Report,
    ) -> Option<Json<'static>> {
        let parsed = yaml::parse(text);
        match (self, parsed.as_ref().map(|it| &it.value)) {
            (Self::Any, Ok(_)) => parsed.ok().map(|it| it.to_json()),
            (Self::List { .. }, Ok(yaml::Value::List(_)))
            | (Self::Map { .. } | Self::Object(_) | Self::Tree, Ok(yaml::Value::Map(_))) => {
                parsed.ok().map(|it| it.to_json())
            }
            (Self::List { of, .. }, _) if !of.is_collection() => Some(pieces(text)),
            (Self::Map { .. }, _) => pairs(text).or_else(|| unreadable(text, place, report)),
            _ => unreadable(text, place, report),
        }
    }

    fn is_collection(&self) -> bool {
        matches!(self, Self::List { .. } | Self::Map { .. } | Self::Object(_) | Self::Tree)
    }
}

fn unreadable<T>(text: &str, place: &Place<'_>, report: &mut Report) -> Option<T> {
    let message = format!("{} in `{}` cannot be read.", quoted(text), place.code());
    let invalid = Invalid::new(place, "invalid", message);
    refused(
        report,
        invalid.suggest("Write it as YAML: `- item` for a list, `key: value` for a map."),
    )
}

/// Items on lines of their own, or between commas.
fn pieces(text: &str) -> Json<'static> {
    let separator = if text.contains('\n') { '\n' } else { ',' };
    let pieces = text.split(separator).map(str::trim).filter(|it| !it.is_empty());
    Json::List(pieces.map(|it| Json::from(it.to_owned())).collect())
}

/// Lines of `key=value`.
fn pairs(text: &str) -> Option<Json<'static>> {
    let lines = text.lines().map(str::trim).filter(|it| !it.is_empty());
    let pairs: Option<Object<'static>> = lines
        .map(|line| {
            let (key, value) = line.split_once('=')?;
            Some((key.trim().to_owned(), Json::from(value.trim().to_owned())))
        })
        .collect::<Option<Vec<_>>>()
        .map(|it| it.into_iter().collect());
    pairs.map(Json::Object)
}

fn items_of<'a>(
    items: Vec<Json<'a>>,
    of: &Kind,
    least: Option<usize>,
    most: Option<usize>,
    place: &Place<'_>,
    report: &mut Report,
) -> Option<Json<'a>> {
    let count = items.len();
    let mut kept = Vec::with_capacity(count);
    for (index, item) in items.iter().enumerate().filter(|(_, it)| !is_blank(it)) {
        kept.extend(of.read(item, &place.item(index), report));
    }
    let field = place.code();
    if least.is_some_and(|it| count < it) {
        let message = format!("`{field}` needs at least {} item(s).", least.unwrap_or_default());
        return refused(report, Invalid::new(place, "range", message));
    }
    if most.is_some_and(|it| count > it) {
        let message = format!("`{field}` takes at most {} item(s).", most.unwrap_or_default());
        return refused(report, Invalid::new(place, "range", message));
    }
    Some(Json::List(kept))
}

type Read<'a> = Result<Json<'a>, Invalid>;

impl Text {
    pub(super) fn free() -> Self {
        Self { multiline: false, ..Self::ruled(bowsprit_plugin_sdk::rules::anything) }
    }

    fn ruled(rule: bowsprit_plugin_sdk::rules::Rule) -> Self {
        let word = "any";
        // Values of maps keep their white space.
        Self { word, rule, pattern: None, multiline: true, shortest: None, longest: None }
    }

    fn read<'a>(&self, value: &Json<'a>, place: &Place<'_>) -> Read<'a> {
        let text: Cow<'a, str> = match value {
            Json::Text(text) => text.clone(),
            other => match fields::scalar(other) {
                Some(text) => Cow::Owned(text.into_owned()),
                None => return Err(Invalid::wrong_type(place, other, "a text")),
            },
        };
        let text = match text {
            text if self.multiline => text,
            Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
            Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
        };
        (self.rule)(&text).map_err(|flaw| Invalid::flawed(place, &text, flaw))?;
        let (field, length) = (place.code(), text.chars().count());
        if self.pattern.as_ref().is_some_and(|it| !it.is_match(&text)) {
            let pattern = self.pattern.as_ref().map(Regex::as_str).unwrap_or_default();
            let message = format!("{} in `{field}` does not fit.", quoted(&text));
            let invalid = Invalid::new(place, "invalid", message);
            return Err(invalid.suggest(format!("It has to match `{pattern}`.")));
        }
        if self.shortest.is_some_and(|it| length < it) || self.longest.is_some_and(|it| length > it)
        {
            let (least, most) = (self.shortest.unwrap_or_default(), self.longest);
            let most = most.map_or_else(String::new, |it| format!(" and at most {it}"));
            let message = format!("`{field}` needs at least {least}{most} character(s).");
            return Err(Invalid::new(place, "range", message));
        }
        Ok(Json::Text(text))
    }
}

fn whole(
    value: &Json<'_>,
    place: &Place<'_>,
    least: Option<i64>,
    most: Option<i64>,
) -> Read<'static> {
    let number = match value {
        Json::Int(number) => Some(*number),
        Json::Text(text) => text.trim().parse().ok(),
        _ => None,
    };
    let wanted = format!("a whole number{}", bounds(least.map(Json::from), most.map(Json::from)));
    match number {
        Some(it) if least.is_none_or(|least| it >= least) && most.is_none_or(|most| it <= most) => {
            Ok(Json::Int(it))
        }
        Some(_) => Err(Invalid::new(place, "range", not(value, place, &wanted))),
        None => Err(Invalid::wrong_type(place, value, &wanted)),
    }
}

fn decimal(
    value: &Json<'_>,
    place: &Place<'_>,
    least: Option<f64>,
    most: Option<f64>,
) -> Read<'static> {
    let number = match value {
        Json::Text(text) => number::read(text.trim()),
        other => other.as_float(),
    };
    let wanted = format!("a number{}", bounds(least.map(Json::from), most.map(Json::from)));
    match number {
        Some(it) if least.is_none_or(|least| it >= least) && most.is_none_or(|most| it <= most) => {
            Ok(Json::from(it))
        }
        Some(_) => Err(Invalid::new(place, "range", not(value, place, &wanted))),
        None => Err(Invalid::wrong_type(place, value, &wanted)),
    }
}

fn not(value: &Json<'_>, place: &Place<'_>, wanted: &str) -> String {
    format!("`{}` has to be {wanted}, not {}.", place.code(), value.to_text())
}

fn bounds(least: Option<Json<'_>>, most: Option<Json<'_>>) -> String {
    match (least.map(|it| it.to_text()), most.map(|it| it.to_text())) {
        (Some(least), Some(most)) => format!(" from {least} to {most}"),
        (Some(least), None) => format!(" of at least {least}"),
        (None, Some(most)) => format!(" of at most {most}"),
        (None, None) => String::new(),
    }
}

fn flag(value: &Json<'_>, place: &Place<'_>) -> Read<'static> {
    match value {
        Json::Bool(flag) => Ok(Json::Bool(*flag)),
        Json::Text(text) if text.trim() == "true" => Ok(Json::Bool(true)),
        Json::Text(text) if text.trim() == "false" => Ok(Json::Bool(false)),
        other => Err(Invalid::wrong_type(place, other, "`true` or `false`")),
    }
}

fn select(value: &Json<'_>, place: &Place<'_>, options: &[String]) -> Read<'static> {
    let text = fields::scalar(value);
    let text = text.ok_or_else(|| Invalid::wrong_type(place, value, "a text"))?;
    if let Some(option) = options.iter().find(|it| **it == text.trim()) {
        return Ok(Json::from(option.clone()));
    }
    let message = format!("{} is not a choice for `{}`.", quoted(&text), place.code());
    let suggestion = format!("Choose one of `{}`.", options.join("`, `"));
    Err(Invalid::new(place, "invalid", message).suggest(suggestion))
}

/// Source: `apimachinery/pkg/util/intstr`, and `IsValidPercent`.
fn number_or_percent(value: &Json<'_>, place: &Place<'_>) -> Read<'static> {
    const WANTED: &str = "a whole number of at least 0 or one with `%`, such as `50%`";
    if let Json::Text(text) = value
        && let Some(digits) = text.trim().strip_suffix('%')
    {
        let plain = !digits.is_empty() && digits.bytes().all(|it| it.is_ascii_digit());
        if plain && digits.len() <= 3 {
            return Ok(Json::from(text.trim().to_owned()));
        }
        return Err(Invalid::wrong_type(place, value, WANTED));
    }
    whole(value, place, Some(0), Some(i32::MAX.into()))
        .map_err(|_| Invalid::wrong_type(place, value, WANTED))
}
