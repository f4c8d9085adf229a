//! Settings with what is known about them: origins and warnings.

use std::path::Path;

use config::{Config, ConfigError, Value};

use super::{
    Flags, SettingError, Settings,
    keys::{self, Key},
    sources::{Origin, Sources},
};

/// Settings, where each comes from, and what somebody should know.
#[derive(Debug)]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    /// Unknown keys, keys without effect.
    pub warnings: Vec<String>,
    sources: Sources,
}

impl Loaded {
    /// Reads and checks everything.
    pub fn read(
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
        flags: Flags,
    ) -> Result<Self, SettingError> {
        let mut sources = Sources::read(file, environment, flags)?;
        let settings = build(&sources)?;
        let providers = &settings.auth.providers;
        if !settings.auth.builtin.enabled && !providers.iter().any(|it| it.enabled) {
            return Err(SettingError::NoSignIn);
        }
        Ok(Self { settings, warnings: std::mem::take(&mut sources.warnings), sources })
    }

    /// Every setting with its value (a secret's is hidden) and its origin, one
    /// a line; a settings file that says the same.
    pub fn to_yaml(&self) -> String {
        let line = |key: &Key| {
            let (value, origin) = match self.sources.given.get(key.name) {
                Some(given) => (Some(given.value.clone()), &given.origin),
                None => ((key.default)().map(|it| Value::new(None, it)), &Origin::Default),
            };
            match value {
                Some(value) => format!("{}: {} # {origin}\n", key.name, quoted(&key.show(&value))),
                None => format!("# {}: not set\n", key.name),
            }
        };
        keys::all().map(line).collect()
    }
}

/// A plain YAML scalar where it is one, else a quoted one.
fn quoted(text: &str) -> String {
    let plain = |it: char| it.is_ascii_alphanumeric() || "-_./:[], ".contains(it);
    let is_plain = !text.is_empty() && text.chars().all(plain) && !text.contains(": ");
    if is_plain { text.to_owned() } else { format!("{text:?}") }
}

fn build(sources: &Sources) -> Result<Settings, SettingError> {
    let failed = |error: ConfigError| SettingError::File {
        path: "(all sources)".into(),
        reason: error.to_string(),
    };
    let mut builder = Config::builder();
    for Key { name, default, .. } in keys::all() {
        if let Some(default) = default() {
            builder = builder.set_default(*name, default).map_err(failed)?;
        }
    }
    for (name, given) in &sources.given {
        builder = builder.set_override(*name, given.value.clone()).map_err(failed)?;
    }
    builder.build().and_then(Config::try_deserialize).map_err(failed)
}

/// The table of docs/settings.md.
pub fn to_markdown() -> String {
    let mut text = String::from("| key | default | meaning |\n|---|---|---|\n");
    for key in keys::all() {
        let default = match (key.default)().map(|it| Value::new(None, it)) {
            Some(value) if key.show(&value) == "[]" => "none".into(),
            Some(value) => format!("`{}`", key.show(&value).trim_matches(['[', ']'])),
            None => "–".into(),
        };
        text.push_str(&format!("| `{}` | {default} | {} |\n", key.name, key.about));
    }
    text
}
