//! What the engine asks to have remembered over a restart.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{GenerationReport, SwapPolicy, Wants};
use crate::{Result, audit::Actor};

/// What is remembered of one plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    /// The plugin's id.
    #[serde(rename = "plugin")]
    pub id: String,
    /// What it may do; `None` if it never served.
    pub grants: Option<Wants>,
    /// When a new generation takes over; `None` is the host's default.
    pub policy: Option<SwapPolicy>,
    /// Whether an operator has switched it off.
    pub disabled: bool,
    /// Its generations, newest first.
    pub generations: Vec<GenerationReport>,
}

impl Remembered {
    /// Nothing but an id.
    pub fn new(id: impl Into<String>) -> Self {
        let id = id.into();
        Self { id, grants: None, policy: None, disabled: false, generations: Vec::new() }
    }
}

/// What can happen to a plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Happening {
    /// A generation went live.
    Activated,
    /// A generation waits for an operator.
    Held,
    /// A generation failed a stage.
    Refused,
    /// An earlier generation came back.
    RolledBack,
    /// It was switched on.
    Enabled,
    /// It was switched off.
    Disabled,
    /// Its policy was changed.
    PolicySet,
    /// An operator had it loaded again.
    Reloaded,
    /// It is gone from its folder.
    Removed,
}

/// One entry of the activation log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActivationEntry {
    /// The plugin's id. Kept as the object of the log's entry.
    #[serde(skip)]
    pub plugin: String,
    /// What happened.
    pub what: Happening,
    /// Digest of the generation it happened to.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub generation: Option<String>,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub version: Option<String>,
    /// Digest of what served before.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub before: Option<String>,
    /// Why, in a sentence.
    pub why: String,
    /// Its own golden files, in a sentence.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tests: Option<String>,
    /// The comparison with what served before, in a sentence.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub comparison: Option<String>,
    /// What it may do from now on.
    #[serde(skip_serializing_if = "Wants::is_empty", default)]
    pub grants: Wants,
}

/// What is to be remembered of a plugin after this.
pub type Successor<'a> = dyn Fn(Remembered) -> Remembered + Send + Sync + 'a;

/// Remembers. An engine reads everything once, when it starts.
#[async_trait]
pub trait PluginMemory: Send + Sync {
    /// All plugins that anything is remembered of.
    async fn recall(&self) -> Result<Vec<Remembered>>;

    /// Changes what is remembered of a plugin, which may be nothing but its id.
    /// Other hosts change it too: `change` is asked for the successor of what
    /// is remembered now, and asked again if another host was quicker. Answers
    /// what is remembered then.
    async fn keep(&self, id: &str, change: &Successor<'_>) -> Result<Remembered>;

    /// Appends to the activation log. What it tells of has happened, so it
    /// does not fail.
    async fn record(&self, by: Actor, entry: ActivationEntry);
}

/// Remembers until the process ends; for hosts without a store and for tests.
#[derive(Debug, Default)]
pub struct ShortMemory {
    plugins: Mutex<BTreeMap<String, Remembered>>,
    log: Mutex<Vec<(Actor, ActivationEntry)>>,
}

impl ShortMemory {
    /// The log, oldest first.
    pub fn log(&self) -> Vec<(Actor, ActivationEntry)> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl PluginMemory for ShortMemory {
    async fn recall(&self) -> Result<Vec<Remembered>> {
        let plugins = self.plugins.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(plugins.values().cloned().collect())
    }

    async fn keep(&self, id: &str, change: &Successor<'_>) -> Result<Remembered> {
        let mut plugins = self.plugins.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = plugins.entry(id.to_owned()).or_insert_with(|| Remembered::new(id));
        *kept = change(kept.clone());
        Ok(kept.clone())
    }

    async fn record(&self, by: Actor, entry: ActivationEntry) {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).push((by, entry));
    }
}
