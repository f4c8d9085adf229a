//! Settings: a YAML file, then the environment, then flags; checked before
//! anything starts. docs/settings.md says how keys are written in each.

mod edge;
mod keys;
mod kind;
mod loaded;
mod plugin_sources;
mod plugins;
mod providers;
mod sources;

use std::path::{Path, PathBuf};

use ipnet::IpNet;
use secrecy::SecretString;
use serde::Deserialize;

use edge::RateLimit;
pub use loaded::{Loaded, to_markdown};
pub(crate) use plugin_sources::{PluginSource, Trust};
use plugins::Plugins;
pub(crate) use providers::{Protocol, Provider};

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
    /// Traces.
    #[serde(default)]
    pub otel: Otel,
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
    /// The first invite code; made up if absent.
    pub invite_code: Option<SecretString>,
    /// Whether a code is good for one registration only, at first.
    pub regenerate_invite_after_signup: bool,
    /// Browsers' origins that may call.
    pub cors_allowed_origins: Vec<String>,
    /// This host as browsers see it.
    pub base_url: String,
    /// The web frontend as browsers see it.
    pub frontend_url: String,
    /// Proxies whose `X-Forwarded-For` is believed.
    #[serde(deserialize_with = "kind::networks")]
    pub trusted_proxies: Vec<IpNet>,
    /// How often somebody may call.
    pub rate_limit: RateLimit,
    /// Sign-in.
    pub auth: Auth,
    /// Plugins.
    pub plugins: Plugins,
    /// Bounds.
    pub limits: Limits,
    /// Which versions of a workflow are kept.
    pub versions: Versions,
    /// What is kept of what saves overwrote.
    pub revisions: Revisions,
    /// Drawings to begin with.
    #[serde(default)]
    pub starters: Starters,
}

/// Drawings to begin with, besides those that come with the host.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Starters {
    /// A folder with one folder for each.
    pub dir: Option<PathBuf>,
}

/// Which versions of a workflow are kept.
#[derive(Debug, Deserialize)]
pub struct Versions {
    /// Most versions that runs made and nobody named; 0 = all.
    pub keep: u32,
}

/// What is kept of what saves overwrote.
#[derive(Debug, Deserialize)]
pub struct Revisions {
    /// The newest so many of each workflow.
    pub keep: u32,
    /// Not longer than so many days.
    pub max_age_days: u32,
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

/// Where traces go.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Otel {
    /// A collector that takes OTLP over HTTP; no traces if absent.
    pub endpoint: Option<String>,
}

/// Ways to sign in.
#[derive(Debug, Deserialize)]
pub struct Auth {
    /// With a password.
    pub builtin: Builtin,
    /// Through somebody else.
    pub providers: Vec<Provider>,
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

/// Bounds.
#[derive(Debug, Deserialize)]
pub struct Limits {
    /// Bytes of a request body.
    pub body_bytes: usize,
    /// Bytes of an uploaded file.
    pub upload_bytes: usize,
    /// Bytes of a file to import.
    pub import_bytes: usize,
    /// Bytes of a workflow's files for other tools.
    pub export_bytes: usize,
    /// Calls of plugins for the values of a chart.
    pub export_calls: usize,
    /// Nodes of a workflow.
    pub nodes: usize,
    /// Edges of a workflow.
    pub edges: usize,
    /// Node types one user can make of custom resources.
    pub custom_resources: u32,
    /// Threads that hash passwords.
    pub password_threads: usize,
    /// How deep a JSON body may be nested.
    pub json_depth: usize,
    /// Headers of a request.
    pub headers: usize,
    /// Bytes of a request's headers.
    pub header_bytes: usize,
    /// Seconds a request's head may take, and its body may stand still.
    pub read_seconds: u64,
    /// Seconds a request's body may take.
    pub body_seconds: u64,
    /// Seconds a connection is kept without a request.
    pub idle_seconds: u64,
    /// Open connections.
    pub connections: usize,
    /// Event streams one user may have open.
    pub streams_per_user: usize,
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
    /// An identity provider is not described as it should be.
    #[error("setting `auth.providers`: entry {entry}: {problem}")]
    Provider {
        /// Which entry.
        entry: String,
        /// What is wrong with it and what would be right.
        problem: String,
    },
    /// A repository of plugins is not described as it should be.
    #[error("setting `plugins.sources`: `{entry}`: {problem}")]
    Source {
        /// Which entry.
        entry: String,
        /// What is wrong with it and what would be right.
        problem: String,
    },
    /// Nobody could sign in.
    #[error(
        "nobody could sign in: set `auth.builtin.enabled` to `true`, or enable a provider in \
         `auth.providers`"
    )]
    NoSignIn,
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
    /// Reads and checks everything; what is merely odd goes unmentioned.
    pub fn load(
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
        flags: Flags,
    ) -> Result<Self, SettingError> {
        Ok(Loaded::read(file, environment, flags)?.settings)
    }
}

#[cfg(test)]
mod tests;
