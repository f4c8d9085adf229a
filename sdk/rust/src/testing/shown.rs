//! Fields that a canvas shows: what becomes of each, and of any text in them.

use std::borrow::Cow;
use std::path::Path;

use serde_json::{Value, json};

use super::{Case, noise};
use crate::dispatch::Functions;

/// A field and what becomes of it; places are JSON pointers, values JSON texts.
#[derive(Debug, Clone)]
pub struct Becomes {
    /// Where it is entered, in the node's data.
    pub field: &'static str,
    /// What is entered.
    pub entered: &'static str,
    /// Where it arrives, in the manifest.
    pub at: Cow<'static, str>,
    /// What arrives.
    pub arrives: &'static str,
}

/// A field that becomes something else.
pub const fn becomes(
    field: &'static str,
    entered: &'static str,
    at: &'static str,
    arrives: &'static str,
) -> Becomes {
    Becomes { field, entered, at: Cow::Borrowed(at), arrives }
}

/// A field that arrives as it is entered.
pub const fn arrives(field: &'static str, entered: &'static str, at: &'static str) -> Becomes {
    becomes(field, entered, at, entered)
}

/// What a canvas sends for a node type, and what the type makes of it.
#[derive(Debug)]
pub struct Shown<'a> {
    /// The types of the plugin.
    pub types: &'a [Functions],
    /// Which of them.
    pub type_name: &'a str,
    /// The local id of the manifest the fields arrive in.
    pub manifest: &'a str,
    /// Data that each field is tried with.
    pub base: Value,
    /// What surrounds the node.
    pub context: Value,
    /// Every field the canvas sends, as pointers into the data.
    pub sent: Vec<&'static str>,
    /// Those that are the canvas's own business, and why.
    pub kept: &'a [(&'static str, &'static str)],
    /// What becomes of all others.
    pub becomes: Vec<Becomes>,
}

impl Shown<'_> {
    /// Checks that each field that is sent changes the manifest as its row
    /// says, and that `document` (a table in Markdown) has the count of them.
    /// With `UPDATE_GOLDEN=1` in the environment the document is written.
    ///
    /// # Errors
    ///
    /// One text with everything that does not hold.
    pub fn check(&self, document: impl AsRef<Path>) -> Result<(), String> {
        let mut faults: Vec<String> =
            self.becomes.iter().filter_map(|it| self.check_row(it).err()).collect();
        for field in self.sent.iter().filter(|it| !self.is_kept(it) && !self.is_honoured(it)) {
            faults.push(format!("nothing is said of {field}"));
        }
        faults.extend(self.check_document(document.as_ref()).err());
        if faults.is_empty() { Ok(()) } else { Err(faults.join("\n")) }
    }

    /// Checks that a text of this seed, in one of the fields that are texts,
    /// arrives there and nowhere else, or is found fault with.
    ///
    /// # Errors
    ///
    /// Says what became of it.
    pub fn check_text(&self, seed: u64) -> Result<(), String> {
        let is_text = |it: &&Becomes| it.entered.starts_with('"') && it.entered == it.arrives;
        let rows: Vec<_> = self.becomes.iter().filter(is_text).collect();
        let index = usize::try_from(seed).unwrap_or_default().checked_rem(rows.len());
        let Some(row) = index.and_then(|it| rows.get(it)) else { return Ok(()) };
        let text = noise::text(seed);
        let case = self.case_with(row.field, json!(text));
        let said = |what: String| format!("{} = {text:?}: {what}", row.field);
        case.check_invariants().map_err(said)?;
        if case.render().get("ok").is_none() {
            let findings = case.found();
            let at = format!(" at {}", row.field);
            return match findings.iter().any(|it| it.contains(&at)) {
                true => Ok(()),
                false => Err(said(format!("refused without a finding there: {findings:?}"))),
            };
        }
        if text.trim().is_empty() {
            return Ok(());
        }
        let manifest = case.manifest(self.manifest);
        match manifest.pointer(&row.at).and_then(Value::as_str) {
            Some(arrived) if arrived == text || arrived == text.trim() => {}
            _ if self.is_dropped(&case, row.field, &manifest) => return Ok(()),
            other => return Err(said(format!("arrived as {other:?}"))),
        }
        let plain = self.case_with(row.field, parsed(row.entered)?).manifest(self.manifest);
        if outline(&manifest) == outline(&plain) {
            return Ok(());
        }
        Err(said(format!("changes the form of the manifest: {manifest}")))
    }

    /// Whether `normalize` says that it took the field away, and nothing of it
    /// is in the manifest.
    fn is_dropped(&self, case: &Case, field: &str, manifest: &Value) -> bool {
        let normalized = case.normalize();
        let findings = normalized["ok"][1].as_array();
        let is_told = findings.into_iter().flatten().any(|it| it["at"] == field);
        let mut without = self.base.clone();
        remove(&mut without, field);
        let is_gone = normalized["ok"][0].pointer(field).is_none();
        is_told && is_gone && self.case(without).manifest(self.manifest) == *manifest
    }

    fn check_row(&self, row: &Becomes) -> Result<(), String> {
        let (entered, expected) = (parsed(row.entered)?, parsed(row.arrives)?);
        let at = |case: &Case| case.manifest(self.manifest).pointer(&row.at).cloned();
        let mut without = self.base.clone();
        remove(&mut without, row.field);
        if at(&self.case(without)).as_ref() == Some(&expected) {
            return Err(format!("{} changes nothing: {expected} is there without it", row.field));
        }
        let case = self.case_with(row.field, entered);
        match at(&case) {
            Some(arrived) if arrived == expected => Ok(()),
            arrived => Err(format!(
                "{} = {}: {} is {arrived:?}, not {expected}; {:?}",
                row.field,
                row.entered,
                row.at,
                case.found()
            )),
        }
    }

    fn case(&self, data: Value) -> Case {
        Case::new(self.types, self.type_name, data).with_context(&self.context)
    }

    fn case_with(&self, field: &str, value: Value) -> Case {
        let mut data = self.base.clone();
        set(&mut data, field, value);
        self.case(data)
    }

    fn is_kept(&self, field: &str) -> bool {
        self.kept.iter().any(|(it, _)| *it == field)
    }

    fn is_honoured(&self, field: &str) -> bool {
        let within = |it: &Becomes| it.field.strip_prefix(field).is_some_and(starts_anew);
        self.becomes.iter().any(within)
    }

    fn check_document(&self, document: &Path) -> Result<(), String> {
        let path = document.display();
        let text = std::fs::read_to_string(document).map_err(|it| format!("{path}: {it}"))?;
        let row = self.documented();
        if text.lines().any(|it| it == row) {
            return Ok(());
        }
        if std::env::var_os("UPDATE_GOLDEN").is_none_or(|it| it != "1") {
            return Err(format!("{path} does not say: {row}"));
        }
        let start = format!("| `{}` |", self.type_name);
        let mut lines: Vec<&str> = text.lines().filter(|it| !it.starts_with(&start)).collect();
        lines.push(&row);
        std::fs::write(document, lines.join("\n") + "\n").map_err(|it| format!("{path}: {it}"))
    }

    /// The type's row of the document.
    fn documented(&self) -> String {
        let others = || self.sent.iter().filter(|it| !self.is_kept(it));
        let honoured: Vec<String> =
            others().filter(|it| self.is_honoured(it)).map(|it| shown(it)).collect();
        let kept: Vec<String> =
            self.kept.iter().map(|(field, why)| format!("{}: {why}", shown(field))).collect();
        let count = format!("{} of {}", honoured.len(), others().count());
        let (honoured, kept) = (honoured.join(", "), kept.join("; "));
        format!("| `{}` | {count} | {honoured} | {kept} |", self.type_name)
    }
}

/// Every field the descriptor of a type names, and one it does not.
pub fn fields(types: &[Functions], type_name: &str) -> Vec<String> {
    let functions = Functions::find(types, type_name).ok();
    let described = functions.and_then(|it| it.describe().ok());
    let schema = described.and_then(|it| serde_json::from_str::<Value>(&it.schema).ok());
    let properties = schema.as_ref().and_then(|it| it["properties"].as_object());
    let names = properties.into_iter().flatten().map(|(name, _)| name.clone());
    names.chain(["other".to_owned()]).collect()
}

/// `/paths/0/path` as `paths[].path`.
fn shown(pointer: &str) -> String {
    let path = pointer.trim_start_matches('/').replace("/0", "[]").replace('/', ".");
    format!("`{path}`")
}

fn starts_anew(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with('/')
}

fn parsed(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|it| format!("`{text}` is no JSON: {it}"))
}

/// The value with every text emptied: what is left is its form.
fn outline(value: &Value) -> Value {
    match value {
        Value::String(_) => json!(""),
        Value::Array(items) => items.iter().map(outline).collect(),
        Value::Object(members) => {
            members.iter().map(|(key, value)| (key.clone(), outline(value))).collect()
        }
        other => other.clone(),
    }
}

/// Sets what `pointer` leads to, making what is missing on the way.
fn set(data: &mut Value, pointer: &str, value: Value) {
    let mut place = data;
    for key in pointer.split('/').skip(1) {
        place = match key.parse::<usize>() {
            Ok(index) => element(place, index),
            Err(_) => member(place, key),
        };
    }
    *place = value;
}

fn element(place: &mut Value, index: usize) -> &mut Value {
    if !place.is_array() {
        *place = json!([]);
    }
    if let Value::Array(items) = place {
        items.resize(items.len().max(index.saturating_add(1)), Value::Null);
    }
    &mut place[index]
}

fn member<'a>(place: &'a mut Value, key: &str) -> &'a mut Value {
    if !place.is_object() {
        *place = json!({});
    }
    &mut place[key]
}

fn remove(data: &mut Value, pointer: &str) {
    let Some((parent, key)) = pointer.rsplit_once('/') else { return };
    match data.pointer_mut(parent) {
        Some(Value::Object(members)) => drop(members.remove(key)),
        Some(Value::Array(items)) => {
            let index = key.parse().ok().filter(|it| *it < items.len());
            drop(index.map(|it: usize| items.remove(it)));
        }
        _ => {}
    }
}
