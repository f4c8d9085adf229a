//! From statements to nodes, and what became of each.

use std::collections::BTreeMap;

use bowsprit_plugin_sdk::importer::{Drawing, Fate, Origin, Spot};
use bowsprit_plugin_sdk::{Failure, Object, Place, quoted};

use crate::Options;
use crate::expand::{Expanded, Known};
use crate::parse::{Item, Statement, Value, parse};
use crate::sensitive;

/// Most things a file may say: the host takes lists of 2048.
const MOST_STATEMENTS: usize = 2_000;

/// One setting of the file, after variables were put in.
struct Setting<'t> {
    key: &'t str,
    line: u32,
    column: u32,
    /// None = the file gives no value.
    value: Option<String>,
    /// Why it is secret.
    secret: Option<&'static str>,
    fate: Fate,
    notes: Vec<String>,
}

/// Draws one file.
pub(crate) fn file(
    path: &str,
    text: &str,
    options: &Options,
    drawing: &mut Drawing,
) -> Result<(), Failure> {
    let statements = parse(text);
    if statements.len() > MOST_STATEMENTS {
        let path = quoted(path);
        return Err(Failure::Unsupported(format!("more than {MOST_STATEMENTS} lines in {path}")));
    }
    let mut file = File { path, drawing };
    let settings = file.settings(&statements);
    let last: BTreeMap<&str, u32> = settings.iter().map(|it| (it.key, it.line)).collect();
    let (mut kept, overridden): (Vec<_>, Vec<_>) =
        settings.into_iter().partition(|it| last.get(it.key) == Some(&it.line));
    for setting in &overridden {
        file.overridden(setting, last.get(setting.key).copied().unwrap_or_default());
    }
    kept.retain(|it| file.has_value(it));
    let (secret, plain): (Vec<_>, Vec<_>) = kept.into_iter().partition(|it| it.secret.is_some());
    let name = options.name.clone().unwrap_or_else(|| name_of(path));
    file.config(&name, options, &plain);
    file.secret(&name, options, &secret);
    Ok(())
}

struct File<'t, 'd> {
    path: &'t str,
    drawing: &'d mut Drawing,
}

impl File<'_, '_> {
    /// The settings in order; what is none is traced here.
    fn settings<'t>(&mut self, statements: &[Statement<'t>]) -> Vec<Setting<'t>> {
        let mut known = Known::default();
        let mut settings = Vec::new();
        for statement in statements {
            let (line, column) = (statement.line, statement.column);
            match &statement.item {
                Item::Comment => self.trace("#", Fate::Ignored, (line, column), Some("a comment")),
                Item::Unreadable(why) => self.unreadable((line, column), why),
                Item::Setting { key, exported, value } => {
                    let key: &'t str = key;
                    let mut setting = Setting {
                        key,
                        line,
                        column,
                        value: None,
                        secret: sensitive::by_name(key),
                        fate: Fate::Converted,
                        notes: Vec::new(),
                    };
                    if *exported {
                        setting.notes.push("`export` means nothing here".into());
                    }
                    if let Some(value) = value {
                        self.read(&mut setting, value, &known);
                        let text = setting.value.clone().unwrap_or_default();
                        known.set(key, text, setting.secret.is_some());
                    }
                    settings.push(setting);
                }
            }
        }
        settings
    }

    /// Puts variables into a value and judges it.
    fn read(&mut self, setting: &mut Setting<'_>, value: &Value, known: &Known<'_>) {
        let Expanded { text, is_tainted, unset, was_expanded } = known.expand(value);
        let tainted = is_tainted.then_some("it repeats a secret value");
        setting.secret = setting.secret.or_else(|| sensitive::by_value(&text)).or(tainted);
        setting.value = Some(text);
        if value.unquoted_lines {
            setting.fate = Fate::Approximated;
            setting.notes.push("several lines without quotes are read as one value".into());
        }
        if was_expanded {
            setting.fate = Fate::Approximated;
            setting.notes.push("variables are put in as the file sets them".into());
        }
        for name in unset {
            setting.fate = Fate::Approximated;
            setting.notes.push(format!("the variable `{name}` is not set in the file and stays"));
            let (line, key) = (setting.line, setting.key);
            let message =
                format!("Line {line}: {} uses `{name}`, which the file does not set.", quoted(key));
            let entry = self.drawing.report.warning("variable.unset", message);
            entry.suggest(format!("Set `{name}` before it, or write the value out."));
        }
    }

    fn unreadable(&mut self, place: (u32, u32), why: &str) {
        // The line may hold a secret: neither key nor text of it is repeated.
        let line = place.0;
        self.trace(&format!("line {line}"), Fate::Rejected, place, Some(why));
        let message = format!("Line {line} cannot be read: {why}.");
        let entry = self.drawing.report.error("line.unreadable", message);
        entry.suggest("Write `KEY=value`, with quotes around a value of several lines.");
    }

    fn overridden(&mut self, setting: &Setting<'_>, last: u32) {
        let note = format!("set again in line {last}");
        let place = (setting.line, setting.column);
        self.trace(setting.key, Fate::Ignored, place, Some(&note));
        let (key, line) = (quoted(setting.key), setting.line);
        let message = format!("Line {line}: {key} is set again in line {last}, which counts.");
        let entry = self.drawing.report.warning("key.duplicate", message);
        entry.suggest("Keep one of the two lines.");
    }

    /// Whether there is something to draw: a secret may wait for its value, a
    /// setting may not.
    fn has_value(&mut self, setting: &Setting<'_>) -> bool {
        if setting.value.is_some() || setting.secret.is_some() {
            return true;
        }
        let place = (setting.line, setting.column);
        self.trace(setting.key, Fate::Rejected, place, Some("it has no value"));
        let (key, line) = (quoted(setting.key), setting.line);
        let message = format!("Line {line}: {key} has no value and is left out.");
        let entry = self.drawing.report.warning("value.missing", message);
        entry.suggest("Write `=` and the value behind the key.");
        false
    }

    fn config(&mut self, name: &str, options: &Options, settings: &[Setting<'_>]) {
        if settings.is_empty() {
            return;
        }
        let values = settings.iter().map(|it| (it.key, it.value.as_deref().unwrap_or_default()));
        let data = Object::new()
            .with("data", values.collect::<Object<'_>>())
            .with("mountPath", "/etc/config")
            .with("name", format!("{name}-config"))
            .with("namespace", options.namespace.as_str());
        let node = self.drawing.node("configmap", &data, Some((0, 0)));
        for setting in settings {
            self.settled(setting, &node, &Place::ROOT.field("data").key(setting.key));
        }
    }

    fn secret(&mut self, name: &str, options: &Options, settings: &[Setting<'_>]) {
        if settings.is_empty() {
            return;
        }
        let keys = settings.iter().enumerate().map(|(index, it)| {
            Object::new()
                .with("id", format!("key_{}", index.saturating_add(1)))
                .with("name", it.key)
        });
        let data = Object::new()
            .with("keys", keys.collect::<Vec<_>>())
            .with("mountPath", "/etc/secrets")
            .with("name", format!("{name}-secrets"))
            .with("namespace", options.namespace.as_str())
            .with("secretType", "Opaque");
        let node = self.drawing.node("secret", &data, Some((0, 1)));
        for (index, setting) in settings.iter().enumerate() {
            self.settled(setting, &node, &Place::ROOT.field("keys").item(index));
            match setting.value.clone().filter(|it| !it.is_empty()) {
                Some(value) => self.drawing.secret(&node, setting.key, value),
                None => self.drawing.missing_secret(&node, setting.key),
            }
        }
        let count = settings.len();
        let message = match count {
            1 => "One value looks secret and is not in the drawing.".to_owned(),
            _ => format!("{count} values look secret and are not in the drawing."),
        };
        let entry = self.drawing.report.info("secrets.found", message).on(node);
        entry.suggest("Look through the keys of both nodes before you run the workflow.");
    }

    /// Traces a setting that was drawn.
    fn settled(&mut self, setting: &Setting<'_>, node: &str, at: &Place<'_>) {
        let mut notes = setting.notes.clone();
        if let Some(why) = setting.secret {
            notes.push(format!("kept as a secret: {why}"));
        }
        if setting.value.as_deref().unwrap_or_default().is_empty() && setting.secret.is_some() {
            notes.push("its value has to be given".into());
        }
        let (note, at) = (notes.join("; "), at.pointer());
        let spot = Spot {
            node: Some(node),
            at: Some(&at),
            note: Some(note.as_str()).filter(|it| !it.is_empty()),
        };
        let origin = self.origin((setting.line, setting.column));
        self.drawing.trace(setting.key, setting.fate, origin, spot);
    }

    fn trace(&mut self, key: &str, fate: Fate, place: (u32, u32), note: Option<&str>) {
        let origin = self.origin(place);
        self.drawing.trace(key, fate, origin, Spot { note, ..Spot::default() });
    }

    fn origin(&self, (line, column): (u32, u32)) -> Origin {
        Origin { path: self.path.to_owned(), line, column }
    }
}

/// What nodes of a file are called after: `.env` is `app`, `.env.production` is
/// `production`, `web.env` is `web`; with its folder where there is one.
fn name_of(path: &str) -> String {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let folder = folder.rsplit('/').next().unwrap_or_default();
    let own = match name.strip_prefix(".env.") {
        Some(rest) => rest,
        None => name.strip_suffix(".env").unwrap_or(name),
    };
    let words = format!("{folder}-{own}").to_ascii_lowercase();
    let words = words.split(|it: char| !it.is_ascii_alphanumeric()).filter(|it| !it.is_empty());
    let mut out: String = words.collect::<Vec<_>>().join("-").chars().take(50).collect();
    out.truncate(out.trim_end_matches('-').len());
    if out.is_empty() { "app".into() } else { out }
}
