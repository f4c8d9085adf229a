//! The port through which the host asks about custom resources of operators.
//!
//! These types mirror `wit/bowsprit-plugin/0.1/catalogue.wit`, which documents
//! their meaning; the engine converts.

use std::sync::Arc;

use async_trait::async_trait;

use crate::node_types::{CallError, Descriptor, Finding, Json, Kind};

/// What a cluster says about one custom kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// Which.
    pub kind: Kind,
    /// Its name in paths.
    pub plural: String,
    /// Whether objects are in namespaces.
    pub namespaced: bool,
    /// OpenAPI v3 schema of the whole object.
    pub schema: Option<Json>,
    /// Printer columns, a JSON list.
    pub columns: Json,
}

/// One operator's custom resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Unique among loaded plugins.
    pub id: String,
    /// For people.
    pub title: String,
    /// For people.
    pub description: String,
    /// Palette group.
    pub category: String,
    /// Lucide icon name.
    pub icon: String,
    /// The operator's version.
    pub version: String,
    /// Its kinds, preferred versions first.
    pub kinds: Vec<Kind>,
    /// Names of the node types it adds.
    pub node_types: Vec<String>,
    /// How to get the operator.
    pub install: String,
    /// The plugin's id.
    pub plugin: String,
    /// Digest of the generation, hex.
    pub generation: String,
}

/// Whether a cluster has what an entry needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// All of it.
    Installed,
    /// Some of it.
    Partly,
    /// None of it.
    Missing,
}

/// How an entry stands on a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The entry's id.
    pub entry: String,
    /// Whether it is there.
    pub presence: Presence,
    /// The version to use of each kind that is served.
    pub versions: Vec<Kind>,
    /// What is missing.
    pub findings: Vec<Finding>,
}

/// The plugins that know custom resources.
pub trait Catalogues: Send + Sync {
    /// The entries as they are now; hold them for one request.
    fn entries(&self) -> Arc<dyn EntryCatalogue>;
}

/// A fixed set of entries.
#[async_trait]
pub trait EntryCatalogue: Send + Sync {
    /// Which of the host's catalogues this is: two of one number hold the same.
    fn edition(&self) -> u64;

    /// All, ordered by id.
    fn list(&self) -> &[Entry];

    /// How the entries of one plugin stand on a cluster.
    async fn match_cluster(
        &self,
        plugin: &str,
        served: &[Served],
    ) -> Result<Vec<Standing>, CallError>;

    /// A form made by a plugin from a definition alone.
    async fn form(&self, plugin: &str, served: &Served) -> Result<Json, CallError>;

    /// A node type made by a plugin from a definition alone.
    async fn describe_served(&self, plugin: &str, served: &Served)
    -> Result<Descriptor, CallError>;
}
