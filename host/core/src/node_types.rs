//! The port through which the host asks plugins about nodes.
//!
//! These types mirror `wit/bowsprit-plugin/0.1/node-types.wit`, which documents
//! their meaning; the engine converts. JSON that only plugins understand stays
//! text on its way through the host.

mod context;
mod edges;

use std::sync::Arc;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{catalogues::Entry, id::Id};
pub use context::{Context, Neighbour, UsedNames};
pub(crate) use edges::provided_by;
pub use edges::{Connection, EdgeDirection, End, Handle};

/// A JSON text.
pub type Json = String;

/// A node as a plugin sees it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Node {
    /// Unique in its workflow.
    pub id: String,
    /// Name of the node type.
    pub type_name: String,
    /// A JSON object.
    pub data: Json,
}

/// Group, version and kind of a Kubernetes object; the core group is empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Kind {
    /// API group.
    pub group: String,
    /// API version.
    pub version: String,
    /// Kind, CamelCase.
    pub kind: String,
}

impl Kind {
    /// The `apiVersion` of objects of this kind.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.clone()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// What workloads run as. Known by name because logs, terminals and
    /// statuses go through it whatever the workload is.
    pub fn pod() -> Self {
        Self::parse("v1", "Pod")
    }

    /// What a cluster says about objects. Known by name because a check is
    /// shown the events about whatever it looks at.
    pub fn event() -> Self {
        Self::parse("v1", "Event")
    }

    /// Whether objects of this kind hold values nobody but their users may
    /// see.
    pub fn is_secret(&self) -> bool {
        self.group.is_empty() && self.kind == "Secret"
    }

    /// From an object's `apiVersion` and `kind`.
    pub fn parse(api_version: &str, kind: &str) -> Self {
        let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
        Self { group: group.into(), version: version.into(), kind: kind.into() }
    }
}

/// How much a finding matters.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Works, but likely not as meant.
    Warning,
    /// This node cannot be run.
    Error,
    /// Nothing of the drawing may be run.
    Blocker,
}

/// Something a person should know.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// Dotted and stable.
    pub code: String,
    /// How much it matters.
    pub severity: Severity,
    /// One plain sentence.
    pub message: String,
    /// The node it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// RFC 6901 pointer into that node's data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
    /// Fixes that would cure it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fixes: Vec<String>,
}

/// One node type, as its plugin describes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// Unique among loaded plugins.
    pub name: String,
    /// For people.
    pub title: String,
    /// One sentence.
    pub description: String,
    /// Palette group.
    pub category: String,
    /// Lucide icon name.
    pub icon: String,
    /// Search words.
    pub tags: Vec<String>,
    /// Version of the data's shape.
    pub schema_version: u32,
    /// JSON Schema of the data.
    pub schema: Json,
    /// Where edges can end.
    #[serde(default)]
    pub handles: Vec<Handle>,
    /// What edges can mean.
    #[serde(default)]
    pub connections: Vec<Connection>,
    /// Kinds `render` may return.
    pub produces: Vec<Kind>,
}

/// A node type with where it comes from and how the palette ranks it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeType {
    /// What the plugin says.
    #[serde(flatten)]
    pub descriptor: Descriptor,
    /// The plugin's id.
    pub plugin: String,
    /// Under which id people ask for it: its catalogue entry's, if it has one, else the
    /// plugin's.
    #[serde(skip)]
    pub offered_as: String,
    /// The plugin's version.
    pub plugin_version: String,
    /// Digest of the generation, hex.
    pub generation: String,
    /// Whether it may produce objects outside of namespaces.
    pub cluster_scoped: bool,
    /// One of the twelve types the web frontend draws itself: listed as
    /// `core/<name>`.
    pub native: bool,
    /// `very-high`, `high`, `medium` or `low`.
    pub usage_frequency: String,
    /// `easy`, `medium` or `hard`.
    pub difficulty: String,
}

/// A loaded plugin, as it names itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Unique among loaded plugins.
    pub id: String,
    /// For people.
    pub title: String,
    /// For people.
    pub description: String,
    /// Its version.
    pub version: String,
    /// Whether its node types are only for people who ask for them.
    pub opt_in: bool,
    /// Whether it can make node types of custom kinds that nobody wrote anything
    /// about: a resource catalogue with a component of its own.
    pub describes_served: bool,
}

/// Ordering class of an object.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// Cluster-scoped objects.
    ClusterScope,
    /// Namespaces.
    Namespace,
    /// What workloads read.
    Configuration,
    /// What workloads mount.
    Storage,
    /// What runs.
    Workload,
    /// What leads traffic to it.
    Routing,
    /// What governs it.
    Policy,
    /// Everything else.
    Last,
}

/// What has to hold before a dependent object is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WaitFor {
    /// Nothing.
    Nothing,
    /// That it exists.
    Existence,
    /// That it is ready.
    Readiness,
    /// That it has run to its end.
    Completion,
}

/// What becomes of an object that is no longer rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Prune {
    /// Remove it.
    Delete,
    /// Leave it: it holds data.
    Keep,
    /// Ask; without anyone to ask, leave it.
    Ask,
}

/// What to do about an immutable field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnImmutable {
    /// Report it.
    Ask,
    /// Delete and create.
    Replace,
    /// Keep the old object.
    Skip,
    /// Create under another name.
    NewName,
}

/// One object to apply.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// Stable key within the node.
    pub local_id: String,
    /// The object.
    pub body: serde_json::Value,
    /// When it is applied.
    pub order: Order,
    /// What must hold before later ones.
    pub wait: WaitFor,
    /// What becomes of it later.
    pub prune: Prune,
    /// On an immutable field.
    pub on_immutable: OnImmutable,
    /// Fields others may own.
    pub yields: Vec<String>,
}

/// A node's objects.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rendered {
    /// The objects.
    pub manifests: Vec<Manifest>,
    /// What to know about them.
    pub findings: Vec<Finding>,
}

/// Live objects a status needs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Watch {
    /// Which kind.
    pub kind: Kind,
    /// Where; `None` is the node's namespace.
    pub namespace: Option<String>,
    /// Which one by name.
    pub name: Option<String>,
    /// Which ones by label selector.
    pub selector: Option<String>,
    /// Also the pods they own.
    pub with_pods: bool,
    /// Also the events about them.
    pub with_events: bool,
}

/// The cluster's reply to a [`Watch`].
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// The objects, each a JSON text.
    Objects(Vec<Arc<str>>),
    /// We may not look; says who forbade what.
    Forbidden(String),
    /// The cluster did not answer; says why.
    Unavailable(String),
}

/// The state word of a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Nothing is known.
    Unknown,
    /// Not begun.
    Pending,
    /// On its way.
    Progressing,
    /// As wanted.
    Healthy,
    /// Works in part.
    Degraded,
    /// Does not work.
    Failed,
    /// Ran to its end.
    Completed,
    /// Stopped on purpose.
    Suspended,
    /// Gone.
    Deleted,
}

/// How a node is doing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NodeStatus {
    /// The state word.
    pub state: State,
    /// CamelCase and stable.
    pub reason: String,
    /// One sentence.
    pub message: String,
    /// Ready replicas.
    pub ready: Option<u32>,
    /// Wanted replicas.
    pub desired: Option<u32>,
    /// Where it can be reached.
    pub addresses: Vec<String>,
    /// What to know.
    pub findings: Vec<Finding>,
    /// The canvas card, a JSON object.
    pub card: Json,
    /// Keys laid over the node's data, a JSON object.
    pub marks: Json,
}

/// Why a plugin call gave no result.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The user can put it right.
    #[error("{} problem(s) found", .0.len())]
    InvalidInput(Vec<Finding>),
    /// The plugin does not handle it.
    #[error("{0}")]
    Unsupported(String),
    /// Nobody provides the node type.
    #[error("no plugin provides the node type `{0}`")]
    UnknownType(String),
    /// The plugin or the call broke; a [`crate::Error::Plugin`] or
    /// [`crate::Error::Busy`].
    #[error(transparent)]
    Failed(#[from] crate::Error),
}

/// The plugins that contribute node types.
pub trait NodeTypes: Send + Sync {
    /// The catalogue as it is now. It stays as it is for as long as it is
    /// held, whatever is reloaded meanwhile; hold it for one request.
    fn catalogue(&self) -> Arc<dyn Catalogue>;

    /// The same for a request or a workflow of `user`, to whose budget its
    /// calls are charged.
    fn catalogue_for(&self, user: Id) -> Arc<dyn Catalogue>;

    /// The same for questions of `user` that ask plugins what nobody has drawn
    /// or wants to see: variations of an export, trials. Generations of a
    /// plugin are not compared by what is rendered for them.
    fn questions_of(&self, user: Id) -> Arc<dyn Catalogue>;
}

/// A fixed set of node types and their functions.
///
/// Calls may run in parallel; consecutive calls may share an instance, which
/// a plugin cannot rely on.
#[async_trait]
pub trait Catalogue: Send + Sync {
    /// Which of the host's catalogues this is: two of one number hold the same.
    fn edition(&self) -> u64;

    /// All loaded plugins, ordered by id.
    fn packages(&self) -> &[Package];

    /// What operators' custom resources there are, ordered by id.
    fn entries(&self) -> &[Entry];

    /// All types, ordered by name.
    fn types(&self) -> &[NodeType];

    /// The type of that name.
    fn find(&self, name: &str) -> Option<&NodeType> {
        self.types().iter().find(|it| it.descriptor.name == name)
    }

    /// The plugin that would provide the type, had an administrator not
    /// disabled it.
    fn disabled(&self, type_name: &str) -> Option<&str>;

    /// The same, with these types besides: asked of the plugins they name, found
    /// by [`Catalogue::find`], but not among [`Catalogue::types`].
    fn with(&self, more: Vec<NodeType>) -> Arc<dyn Catalogue>;

    /// Data for a new node.
    async fn create(
        &self,
        type_name: &str,
        id: &str,
        suggested_name: &str,
        context: &Context,
    ) -> Result<Json, CallError>;

    /// The data in its current shape, with notes.
    async fn normalize(&self, node: &Node) -> Result<(Json, Vec<Finding>), CallError>;

    /// What neighbours may know.
    async fn public_view(&self, node: &Node) -> Result<Json, CallError>;

    /// What is wrong with the node.
    async fn validate(&self, node: &Node, context: &Context) -> Result<Vec<Finding>, CallError>;

    /// The node's objects.
    async fn render(&self, node: &Node, context: &Context) -> Result<Rendered, CallError>;

    /// What a status needs.
    async fn observe(&self, node: &Node, context: &Context) -> Result<Vec<Watch>, CallError>;

    /// How the node is doing; `at` is RFC 3339.
    async fn status(
        &self,
        node: &Node,
        answers: &[Answer],
        at: &str,
        previous: Option<&NodeStatus>,
    ) -> Result<NodeStatus, CallError>;
}
