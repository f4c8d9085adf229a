//! The port through which the host has plugins judge live objects.
//!
//! These types mirror `wit/bowsprit-plugin/0.1/diagnostics.wit`, which
//! documents their meaning; the engine converts.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{
    id::Id,
    node_types::{Answer, CallError, Finding, Json, Kind, Node},
};

/// One check, as its plugin describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Unique within its plugin.
    pub id: String,
    /// For people.
    pub title: String,
    /// Node types it applies to; `*` is any.
    pub node_types: Vec<String>,
    /// What it looks at.
    pub docs: String,
    /// The plugin's id.
    pub plugin: String,
    /// Digest of the generation, hex.
    pub generation: String,
}

impl Check {
    /// Whether it applies to nodes of that type.
    pub fn is_for(&self, node_type: &str) -> bool {
        self.node_types.iter().any(|it| it == "*" || it == node_type)
    }
}

/// Objects a check wants to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Which kind.
    pub kind: Kind,
    /// Where; `None` is everywhere.
    pub namespace: Option<String>,
    /// Which one by name.
    pub name: Option<String>,
    /// Which ones by label selector.
    pub selector: Option<String>,
    /// Also the events about them: after the objects, those of the first
    /// object first, newest first.
    pub with_events: bool,
    /// Also this many of the last log lines of pods: last, one object of kind
    /// `PodLog` for each container.
    pub log_lines: u32,
    /// Objects at most.
    pub limit: u32,
}

/// The cluster's replies.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// One for each query, in order.
    pub answers: Vec<Answer>,
    /// RFC 3339.
    pub taken_at: String,
}

/// What applying a fix may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Risk {
    /// Nothing.
    None,
    /// Pods start anew.
    RestartsPods,
    /// The service is away for a while.
    InterruptsService,
    /// Data is lost.
    LosesData,
}

/// One change of a fix.
#[derive(Debug, Clone, PartialEq)]
pub enum Patch {
    /// A merge patch of a node's data (RFC 7386), a JSON object.
    Drawing {
        /// The node.
        node: String,
        /// The patch.
        patch: Json,
    },
    /// Exactly these fields of an object, by server-side apply.
    Object(serde_json::Value),
}

/// A repair.
#[derive(Debug, Clone, PartialEq)]
pub struct Fix {
    /// Unique within its plugin.
    pub id: String,
    /// For people.
    pub title: String,
    /// What it does and why.
    pub explanation: String,
    /// What it may cost.
    pub risk: Risk,
    /// JSON Schema of its parameters.
    pub parameters: Json,
    /// What it changes.
    pub patches: Vec<Patch>,
    /// Codes of findings that have to be gone afterwards.
    pub cures: Vec<String>,
}

/// What one check came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Not applicable, or not allowed: why.
    Skipped(String),
    /// In order: one sentence.
    Passed(String),
    /// Something is wrong.
    Found(Vec<Finding>),
    /// The same, and later checks would say nothing new.
    Stop(Vec<Finding>),
}

/// The plugins that contribute checks.
pub trait Diagnostics: Send + Sync {
    /// The checks as they are now; hold them for one request.
    fn checks(&self) -> Arc<dyn CheckCatalogue>;

    /// The same, its calls charged to a user.
    fn checks_for(&self, user: Id) -> Arc<dyn CheckCatalogue>;
}

/// A fixed set of checks. A check is named by its plugin and its id.
#[async_trait]
pub trait CheckCatalogue: Send + Sync {
    /// All, by plugin id, and of one plugin in its own order.
    fn list(&self) -> &[Check];

    /// The kinds that fixes of the plugin of that id may change.
    fn changes(&self, plugin: &str) -> &[Kind];

    /// What a check wants to see of a node.
    async fn queries(&self, check: &Check, node: &Node) -> Result<Vec<Query>, CallError>;

    /// What the check comes to.
    async fn diagnose(
        &self,
        check: &Check,
        node: &Node,
        snapshot: &Snapshot,
    ) -> Result<Outcome, CallError>;

    /// A repair by the plugin of that id.
    async fn propose(
        &self,
        plugin: &str,
        fix: &str,
        finding: Option<&Finding>,
        parameters: &Json,
        node: &Node,
        snapshot: &Snapshot,
    ) -> Result<Fix, CallError>;
}
