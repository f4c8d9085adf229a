//! Settings: a YAML file, then the environment, then flags; checked before
//! anything starts.
//!
//! Keys are the same everywhere. In the environment a key is upper case with
//! the prefix `BOWSPRIT_` and `_` for `.`: `plugins.dirs` is
//! `BOWSPRIT_PLUGINS_DIRS`. Lists are comma separated there.

mod keys;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use config::{Config, ConfigError, FileFormat, Value, ValueKind};
use ipnet::IpNet;
use secrecy::SecretString;
use serde::Deserialize;

use keys::{KEYS, Key};

const PREFIX: &str = "BOWSPRIT_";

/// All settings of a host.
#[derive(Debug, Deserialize)]
pub struct Settings {
    /// Address to listen on.
    pub listen: String,
    /// Folder for keys, the embedded store and caches.
    pub data_dir: PathBuf,
    /// `embedded`, or a `mongodb://` address.
    pub store: SecretString,
    /// Least severe log lines that are written, or a `tracing` filter.
    pub log_level: String,
    /// How log lines look.
    pub log_format: LogFormat,
    /// What signs tokens; generated if absent.
    pub jwt_secret: Option<SecretString>,
    /// Keys whose tokens still count.
    #[serde(default)]
    pub jwt_secrets_old: Vec<SecretString>,
    /// What seals credentials; generated if absent.
    pub encryption_key: Option<SecretString>,
    /// Keys that still open what they sealed.
    #[serde(default)]
    pub encryption_keys_old: Vec<SecretString>,
    /// Days after its last use that a session can be refreshed.
    pub token_refresh_max_age_days: u32,
    /// Browsers' origins that may call.
    pub cors_allowed_origins: Vec<String>,
    /// Proxies whose `X-Forwarded-For` is believed.
    #[serde(deserialize_with = "keys::networks")]
    pub trusted_proxies: Vec<IpNet>,
    /// Sign-in.
    pub auth: Auth,
    /// Plugins.
    pub plugins: Plugins,
    /// Bounds.
    pub limits: Limits,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// Ways to sign in.
#[derive(Debug, Deserialize)]
pub struct Auth {
    /// With a password.
    pub builtin: Builtin,
    /// What passwords must be like.
    pub password: Password,
    /// How many wrong ones are let pass.
    pub throttle: Throttle,
    /// Codes that let people register.
    pub invites: Invites,
}

/// Sign-in with a password.
#[derive(Debug, Deserialize)]
pub struct Builtin {
    /// Whether it is possible.
    pub enabled: bool,
    /// Whether people can register.
    pub signup_enabled: bool,
    /// E-mail domains that can register; empty = all.
    pub allowed_domains: Vec<String>,
}

/// What passwords must be like.
#[derive(Debug, Deserialize)]
pub struct Password {
    /// Least characters of a new one.
    pub min_length: usize,
    /// Most bytes.
    pub max_bytes: usize,
}

/// How many wrong passwords are let pass.
#[derive(Debug, Deserialize)]
pub struct Throttle {
    /// At one account from one address.
    pub failures_per_account: u32,
    /// From one address.
    pub failures_per_address: u32,
    /// Minutes in which all chances come back.
    pub minutes: u32,
}

/// Codes that let people register.
#[derive(Debug, Deserialize)]
pub struct Invites {
    /// Days a code is good; 0 = until it is replaced.
    pub valid_days: u32,
}

/// Where plugins come from.
#[derive(Debug, Deserialize)]
pub struct Plugins {
    /// Folders of plugins.
    pub dirs: Vec<PathBuf>,
    /// Where compiled components are kept; in the data folder if absent.
    pub cache_dir: Option<PathBuf>,
}

/// Bounds.
#[derive(Debug, Deserialize)]
pub struct Limits {
    /// Bytes of a request body.
    pub body_bytes: usize,
    /// Nodes of a workflow.
    pub nodes: usize,
    /// Edges of a workflow.
    pub edges: usize,
    /// Threads that hash passwords.
    pub password_threads: usize,
}

/// What the command line says.
#[derive(Debug, Default)]
pub struct Flags {
    /// `--listen`.
    pub listen: Option<String>,
    /// `--data-dir`.
    pub data_dir: Option<PathBuf>,
    /// `--store`.
    pub store: Option<String>,
    /// `--plugins`.
    pub plugins: Vec<PathBuf>,
}

/// A setting that is not as it should be.
#[derive(Debug, thiserror::Error)]
pub enum SettingError {
    /// The file cannot be read or is not YAML.
    #[error("the settings file {path}: {reason}")]
    File {
        /// The file.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// There is no such key.
    #[error("there is no setting `{0}`; see the list of settings in docs/settings.md")]
    Unknown(String),
    /// A value is not accepted.
    #[error("setting `{key}`: {value} is not accepted; it must be {accepted}")]
    Value {
        /// The key.
        key: &'static str,
        /// The value; a secret's is not shown.
        value: String,
        /// What would be accepted.
        accepted: &'static str,
    },
}

impl Settings {
    /// Reads and checks everything.
    pub fn load(
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
        flags: Flags,
    ) -> Result<Self, SettingError> {
        let mut given: BTreeMap<&'static str, Value> = BTreeMap::new();
        if let Some(path) = file {
            read_file(path, &mut given)?;
        }
        for (name, text) in environment {
            let Some(name) = name.strip_prefix(PREFIX) else { continue };
            let Some(key) = KEYS.iter().find(|it| it.variable() == name) else {
                // Other programs of ours may use the prefix; see `keys`.
                if keys::is_foreign(name) {
                    continue;
                }
                return Err(SettingError::Unknown(format!("{PREFIX}{name}")));
            };
            given.insert(key.name, key.parse(&text)?);
        }
        add_flags(flags, &mut given);
        for (name, value) in &given {
            if let Some(key) = KEYS.iter().find(|it| it.name == *name) {
                key.check(value)?;
            }
        }
        build(given)
    }
}

fn read_file(path: &Path, given: &mut BTreeMap<&'static str, Value>) -> Result<(), SettingError> {
    let wrong = |reason: String| SettingError::File { path: path.display().to_string(), reason };
    let text = std::fs::read_to_string(path).map_err(|it| wrong(it.to_string()))?;
    let file = Config::builder()
        .add_source(config::File::from_str(&text, FileFormat::Yaml))
        .build()
        .map_err(|it| wrong(it.to_string()))?;
    let root = file.try_deserialize::<Value>().map_err(|it| wrong(it.to_string()))?;
    let mut found = Vec::new();
    flatten(String::new(), root, &mut found);
    for (name, value) in found {
        let key = KEYS.iter().find(|it| it.name == name);
        let key = key.ok_or_else(|| SettingError::Unknown(name.clone()))?;
        given.insert(key.name, value);
    }
    Ok(())
}

/// `{a: {b: 1}}` becomes `a.b = 1`; lists stay whole.
fn flatten(prefix: String, value: Value, found: &mut Vec<(String, Value)>) {
    match value.kind {
        ValueKind::Table(fields) => {
            for (key, value) in fields {
                let name = if prefix.is_empty() { key } else { format!("{prefix}.{key}") };
                flatten(name, value, found);
            }
        }
        ValueKind::Nil => {}
        _ => found.push((prefix, value)),
    }
}

fn add_flags(flags: Flags, given: &mut BTreeMap<&'static str, Value>) {
    let text = |it: String| Value::new(None, ValueKind::String(it));
    let path = |it: PathBuf| text(it.to_string_lossy().into_owned());
    given.extend(flags.listen.map(|it| ("listen", text(it))));
    given.extend(flags.data_dir.map(|it| ("data_dir", path(it))));
    given.extend(flags.store.map(|it| ("store", text(it))));
    if !flags.plugins.is_empty() {
        let dirs = flags.plugins.into_iter().map(path).collect();
        given.insert("plugins.dirs", Value::new(None, ValueKind::Array(dirs)));
    }
}

fn build(given: BTreeMap<&'static str, Value>) -> Result<Settings, SettingError> {
    let failed = |error: ConfigError| SettingError::File {
        path: "(all sources)".into(),
        reason: error.to_string(),
    };
    let mut builder = Config::builder();
    for Key { name, default, .. } in KEYS {
        if let Some(default) = default() {
            builder = builder.set_default(*name, default).map_err(failed)?;
        }
    }
    for (name, value) in given {
        builder = builder.set_override(name, value).map_err(failed)?;
    }
    builder.build().and_then(Config::try_deserialize).map_err(failed)
}

#[cfg(test)]
mod tests;
