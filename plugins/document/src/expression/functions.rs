//! The functions expressions can call: a closed set.
//!
//! Given nothing as first argument, a function answers nothing, unless its
//! description says otherwise. Letters beyond ASCII have no case here: no name
//! in a cluster has any, and their tables would be 24 KB.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use bowsprit_plugin_sdk::{Json, Object, fields};

use super::evaluate::{Evaluated, Scope, Trouble, name_of, size};
use crate::number;

/// A function.
pub struct Function {
    /// What it is called.
    pub name: &'static str,
    /// How it is called, for messages.
    pub form: &'static str,
    /// How many arguments it takes.
    pub takes: RangeInclusive<usize>,
    /// What it does.
    pub(crate) run: for<'a> fn(&Scope<'a>, Vec<Json<'a>>) -> Evaluated<'a>,
}

macro_rules! functions {
    ($($name:literal $form:literal $takes:expr => $run:expr;)+) => {
        &[$(Function { name: $name, form: $form, takes: $takes, run: $run }),+]
    };
}

impl Function {
    /// Every function.
    pub const ALL: &'static [Self] = functions! {
        "base64" "base64(text)" 1..=1 => |scope, it| one_text(scope, it, base64);
        "bytes" "bytes(quantity)" 1..=1 => bytes;
        "concat" "concat(list, list)" 1..=8 => concat;
        "condition" "condition(\"Ready\")" 1..=1 => condition;
        "contains" "contains(text, part)" 2..=2 => |scope, it| two_texts(scope, it, |a, b| a.contains(b));
        "ends_with" "ends_with(text, end)" 2..=2 => |scope, it| two_texts(scope, it, |a, b| a.ends_with(b));
        "first" "first(list)" 1..=1 => |_, it| ends(it, |mut items| { if items.is_empty() { Json::Null } else { items.swap_remove(0) } });
        "join" "join(list, separator)" 2..=2 => join;
        "json" "json(value)" 1..=1 => json;
        "keys" "keys(map)" 1..=1 => |_, it| members(it, |key, _| Json::from(key));
        "last" "last(list)" 1..=1 => |_, it| ends(it, |mut items| items.pop().unwrap_or_default());
        "len" "len(value)" 1..=1 => |_, it| len(it);
        "lines" "lines(text)" 1..=1 => lines;
        "lower" "lower(text)" 1..=1 => |scope, it| one_text(scope, it, str::to_ascii_lowercase);
        "merge" "merge(map, map)" 1..=8 => merge;
        "neighbour" "neighbour(\"role\")" 1..=1 => |scope, it| neighbours(scope, it, |mut all| { if all.is_empty() { Json::Null } else { all.swap_remove(0) } });
        "neighbours" "neighbours(\"role\")" 1..=1 => |scope, it| neighbours(scope, it, Json::List);
        "number" "number(text)" 1..=1 => as_number;
        "pick" "pick(map, [\"key\"])" 2..=2 => pick;
        "pluck" "pluck(list, \"key\")" 2..=2 => pluck;
        "replace" "replace(text, part, other)" 3..=3 => replace;
        "slug" "slug(text)" 1..=1 => |scope, it| one_text(scope, it, slug);
        "split" "split(text, separator)" 2..=2 => split;
        "starts_with" "starts_with(text, start)" 2..=2 => |scope, it| two_texts(scope, it, |a, b| a.starts_with(b));
        "text" "text(value)" 1..=1 => |scope, it| one_text(scope, it, str::to_owned);
        "trim" "trim(text)" 1..=1 => |scope, it| one_text(scope, it, |text| text.trim().to_owned());
        "unique" "unique(list)" 1..=1 => unique;
        "upper" "upper(text)" 1..=1 => |scope, it| one_text(scope, it, str::to_ascii_uppercase);
        "values" "values(map)" 1..=1 => |_, it| members(it, |_, value| value);
        "where" "where(list, \"key\", value)" 3..=3 => matching;
    };

    /// The function of that name.
    pub fn called(name: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|it| it.name == name)
    }

    /// How many arguments it takes, as part of a sentence.
    pub fn arity(&self) -> String {
        match (self.takes.start(), self.takes.end()) {
            (least, most) if least == most => least.to_string(),
            (least, most) => format!("{least} to {most}"),
        }
    }
}

impl std::fmt::Debug for Function {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.name)
    }
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// The arguments, one after the other; those that are missing are absent.
struct Arguments<'a>(std::vec::IntoIter<Json<'a>>);

impl<'a> Arguments<'a> {
    fn of(values: Vec<Json<'a>>) -> Self {
        Self(values.into_iter())
    }

    fn any(&mut self) -> Json<'a> {
        self.0.next().unwrap_or_default()
    }

    /// A text, or what is written like one.
    fn text(&mut self) -> Result<Option<Cow<'a, str>>, Trouble> {
        match self.any() {
            Json::Null => Ok(None),
            Json::Text(text) => Ok(Some(text)),
            other => match fields::scalar(&other) {
                Some(text) => Ok(Some(Cow::Owned(text.into_owned()))),
                None => Err(wanted("a text", &other)),
            },
        }
    }

    fn list(&mut self) -> Result<Option<Vec<Json<'a>>>, Trouble> {
        match self.any() {
            Json::Null => Ok(None),
            Json::List(items) => Ok(Some(items)),
            other => Err(wanted("a list", &other)),
        }
    }

    fn map(&mut self) -> Result<Option<Object<'a>>, Trouble> {
        match self.any() {
            Json::Null => Ok(None),
            Json::Object(object) => Ok(Some(object)),
            other => Err(wanted("a map", &other)),
        }
    }
}

fn wanted(what: &str, found: &Json<'_>) -> Trouble {
    Trouble::new(format!("{what} is needed, not {}", name_of(found)))
}

fn made<'a>(scope: &Scope<'a>, text: String) -> Evaluated<'a> {
    scope.spend(text.len())?;
    Ok(Json::from(text))
}

fn one_text<'a>(
    scope: &Scope<'a>,
    values: Vec<Json<'a>>,
    change: impl FnOnce(&str) -> String,
) -> Evaluated<'a> {
    match Arguments::of(values).text()? {
        Some(text) => made(scope, change(&text)),
        None => Ok(Json::Null),
    }
}

fn two_texts<'a>(
    _: &Scope<'a>,
    values: Vec<Json<'a>>,
    holds: impl FnOnce(&str, &str) -> bool,
) -> Evaluated<'a> {
    let mut values = Arguments::of(values);
    let (left, right) = (values.text()?, values.text()?);
    Ok(Json::Bool(left.zip(right).is_some_and(|(left, right)| holds(&left, &right))))
}

fn ends<'a>(values: Vec<Json<'a>>, take: impl FnOnce(Vec<Json<'a>>) -> Json<'a>) -> Evaluated<'a> {
    Ok(Arguments::of(values).list()?.map(take).unwrap_or_default())
}

fn members<'a>(
    values: Vec<Json<'a>>,
    take: impl Fn(Cow<'a, str>, Json<'a>) -> Json<'a>,
) -> Evaluated<'a> {
    let Some(map) = Arguments::of(values).map()? else { return Ok(Json::Null) };
    Ok(Json::List(map.into_iter().map(|(key, value)| take(key, value)).collect()))
}

fn len(values: Vec<Json<'_>>) -> Evaluated<'static> {
    let count = match Arguments::of(values).any() {
        Json::Null => 0,
        Json::Text(text) => text.chars().count(),
        Json::List(items) => items.len(),
        Json::Object(object) => object.len(),
        other => return Err(wanted("a text, list or map", &other)),
    };
    Ok(i64::try_from(count).map_or(Json::Null, Json::Int))
}

fn lines<'a>(scope: &Scope<'a>, values: Vec<Json<'a>>) -> Evaluated<'a> {
    let Some(text) = Arguments::of(values).text()? else { return Ok(Json::Null) };
    scope.spend(text.len())?;
    let lines = text.lines().map(str::trim).filter(|it| !it.is_empty());
    Ok(Json::List(lines.map(|it| Json::from(it.to_owned())).collect()))
}

fn split<'a>(scope: &Scope<'a>, values: Vec<Json<'a>>) -> Evaluated<'a> {
    let mut values = Arguments::of(values);
    let Some(text) = values.text()? else { return Ok(Json::Null) };
    let separator = values.text()?.filter(|it| !it.is_empty());
    let separator = separator.ok_or_else(|| Trouble::new("the separator is empty"))?;
    scope.spend(text.len().saturating_mul(8))?;
    let parts = text.split(separator.as_ref()).map(|it| Json::from(it.trim().to_owned()));
    Ok(Json::List(parts.collect()))
}

fn join<'a>(scope: &Scope<'a>, values: Vec<Json<'a>>) -> Evaluated<'a> {
    let mut values = Arguments::of(values);
    let Some(items) = values.list()? else { return Ok(Json::Null) };
    let separator = values.text()?.unwrap_or_default();
    scope.spend(separator.len().saturating_mul(items.len()))?;
    let mut texts = Vec::with_capacity(items.len());
    for item in items.iter().filter(|it| !it.is_null()) {
        texts.push(fields::scalar(item).ok_or_else(|| wanted("a list of texts", item))?);
    }
    made(scope, texts.join(separator.as_ref()))
}

fn replace<'a>(scope: &Scope<'a>, values: Vec<Json<'a>>) -> Evaluated<'a> {
    let mut values = Arguments::of(values);
    let Some(text) = values.text()? else { return Ok(Json::Null) };
    let (part, other) = (values.text()?.unwrap_or_default(), values.text()?.unwrap_or_default());
    if part.is_empty() {
        return Ok(Json::Text(text));
    }
    let found = text.matches(part.as_ref()).count();
    scope.spend(found.saturating_mul(other.len()))?;
    made(scope, text.replace(part.as_ref(), &other))
}

fn json<'a>(scope: &Scope<'a>, values: Vec<Json<'a>>) -> Evaluated<'a> {
    match Arguments::of(values).any() {
        Json::Null => Ok(Json::Null),
        value => made(scope, value.to_text()),
    }
}

fn as_number<'a>(_: &Scope<'a>, values: Vec<Json<'a>>) -> Evaluated<'a> {
    let Some(text) = Arguments::of(values).text()? else { return Ok(Json::Null) };
    let text = text.trim();
    let whole = text.parse().map(Json::Int).ok();
    let number = whole.or_else(|| number::read(text).map(Json::Float));
    number.ok_or_else(|| Trouble::new("the text is not a number"))
}

/// An amount as a whole number: `10Gi` is 10737418240.
///
/// Source: `apimachinery/pkg/api/resource.Quantity`.
fn bytes<'a>(_: &Scope<'a>, values: Vec<Json<'a>>) -> Evaluated<'a> {
    const UNITS: [(&str, u32, u32); 12] = [
        ("Ki", 1024, 1),
        ("Mi", 1024, 2),
        ("Gi", 1024, 3),
        ("Ti", 1024, 4),
        ("Pi", 1024, 5),
        ("Ei", 1024, 6),
        ("k", 1000, 1),
        ("M", 1000, 2),
        ("G", 1000, 3),
        ("T", 1000, 4),
        ("P", 1000, 5),
        ("E", 1000, 6),
    ];
    let Some(text) = Arguments::of(values).text()? else { return Ok(Json::Null) };
    let unit = UNITS.iter().find_map(|(unit, base, times)| {
        Some((text.trim().strip_suffix(unit)?, f64::from(*base).powi(i32::try_from(*times).ok()?)))
    });
    let (digits, factor) = unit.unwrap_or((text.trim(), 1.0));
    let amount = number::read(digits).map(|it| (it * factor).ceil());
    match amount.filter(|it| *it >= 0.0 && *it < 9.0e18) {
        Some(amount) => Ok(Json::Int(amount as i64)),
        None => Err(Trouble::new("the text is not an amount of bytes")),
    }
}

fn merge<'a>(_: &Scope<'a>, values: Vec<Json<'a>>) -> Evaluated<'a> {
    let (count, mut values) = (values.len(), Arguments::of(values));
    let mut all = Object::new();
    for _ in 0..count {
        for (key, value) in values.map()?.unwrap_or_default() {
            all.set(key, value);
        }
    }
    Ok(Json::Object(all))
}

fn concat<'a>(_: &Scope<'a>, values: Vec<Json<'a>>) -> Evaluated<'a> {
    let (count, mut values) = (values.len(), Arguments::of(values));
    let mut all = Vec::new();
    for _ in 0..count {
        all.extend(values.list()?.unwrap_or_default());
    }
    Ok(Json::List(all))
}

fn pick<'a>(_: &Scope<'a>, values: Vec<Json<'a>>) -> Evaluated<'a> {
    let mut values = Arguments::of(values);
    let Some(mut map) = values.map()? else { return Ok(Json::Null) };
    let keys = values.list()?.unwrap_or_default();
    map.retain(|key, _| keys.iter().any(|it| it.as_str() == Some(key)));
    Ok(Json::Object(map))
}

fn pluck<'a>(_: &Scope<'a>, values: Vec<Json<'a>>) -> Evaluated<'a> {
    let mut values = Arguments::of(values);
    let Some(items) = values.list()? else { return Ok(Json::Null) };
    let key = values.text()?.unwrap_or_default();
    let found = items.into_iter().filter_map(|it| match it {
        Json::Object(mut object) => object.remove(&key).filter(|it| !it.is_null()),
        _ => None,
    });
    Ok(Json::List(found.collect()))
}

/// The objects of a list that have a value under a key.
fn matching<'a>(_: &Scope<'a>, values: Vec<Json<'a>>) -> Evaluated<'a> {
    let mut values = Arguments::of(values);
    let Some(mut items) = values.list()? else { return Ok(Json::Null) };
    let (key, value) = (values.text()?.unwrap_or_default(), values.any());
    items.retain(|it| it.as_object().and_then(|it| it.get(&key)) == Some(&value));
    Ok(Json::List(items))
}

fn unique<'a>(scope: &Scope<'a>, values: Vec<Json<'a>>) -> Evaluated<'a> {
    let Some(items) = Arguments::of(values).list()? else { return Ok(Json::Null) };
    let mut kept: Vec<Json<'a>> = Vec::new();
    for item in items {
        // Each comparison may look at the whole of both.
        scope.spend(kept.len().saturating_add(size(&item)))?;
        if !kept.contains(&item) {
            kept.push(item);
        }
    }
    Ok(Json::List(kept))
}

fn neighbours<'a>(
    scope: &Scope<'a>,
    values: Vec<Json<'a>>,
    take: impl FnOnce(Vec<Json<'a>>) -> Json<'a>,
) -> Evaluated<'a> {
    let Some(role) = Arguments::of(values).text()? else { return Ok(Json::Null) };
    let provides = |it: &&Json<'a>| {
        let roles = it.as_object().map(|it| it.list_at(&["provides"])).unwrap_or_default();
        roles.iter().any(|it| it.as_str() == Some(&role))
    };
    let found: Vec<_> = scope.neighbours.iter().filter(provides).cloned().collect();
    scope.spend(found.iter().map(size).sum())?;
    Ok(take(found))
}

/// A condition of the object a status is about.
///
/// Source: `apimachinery/pkg/apis/meta/v1.Condition`.
fn condition<'a>(scope: &Scope<'a>, values: Vec<Json<'a>>) -> Evaluated<'a> {
    let Some(kind) = Arguments::of(values).text()? else { return Ok(Json::Null) };
    let object = scope.variable("object").and_then(Json::as_object);
    let conditions = object.map(|it| it.list_at(&["status", "conditions"])).unwrap_or_default();
    let mut conditions = conditions.iter().filter_map(Json::as_object);
    let found = conditions.find(|it| it.text_at(&["type"]) == kind);
    Ok(found.map_or(Json::Null, |it| Json::Object(it.clone())))
}

/// A text as a DNS label: lower-case letters, digits and `-`.
fn slug(text: &str) -> String {
    const LONGEST: usize = 63;
    let mut out = String::new();
    for character in text.chars().map(|it| it.to_ascii_lowercase()) {
        let plain = character.is_ascii_lowercase() || character.is_ascii_digit();
        if plain && out.len() < LONGEST {
            out.push(character);
        } else if !out.is_empty() && !out.ends_with('-') && out.len() < LONGEST {
            out.push('-');
        }
    }
    out.trim_end_matches('-').to_owned()
}

/// Base64 with padding (RFC 4648 §4).
fn base64(text: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let byte = |index: usize| u32::from(chunk.get(index).copied().unwrap_or_default());
        let bits = (byte(0) << 16) | (byte(1) << 8) | byte(2);
        for index in 0..4_u32 {
            let digit = (bits >> (18_u32.saturating_sub(index.saturating_mul(6)))) & 63;
            let filled = usize::try_from(index).is_ok_and(|it| it <= chunk.len());
            let letter = usize::try_from(digit).ok().and_then(|it| ALPHABET.get(it));
            out.push(if filled { letter.map_or('=', |it| char::from(*it)) } else { '=' });
        }
    }
    out
}
