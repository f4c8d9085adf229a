//! The port through which the host asks plugins to turn sources into drawings.
//!
//! These types mirror `wit/bowsprit-plugin/0.1/importer.wit`, which documents
//! their meaning; the engine converts.

use std::sync::Arc;

use async_trait::async_trait;
use secrecy::SecretString;

use crate::{
    id::Id,
    node_types::{CallError, Finding, Json},
};

/// One importer, as its plugin describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Importer {
    /// Unique among loaded plugins.
    pub name: String,
    /// For people.
    pub title: String,
    /// Globs of paths that make it worth asking.
    pub claims: Vec<String>,
    /// JSON Schema of its options.
    pub options: Json,
    /// The plugin's id.
    pub plugin: String,
    /// Digest of the generation, hex.
    pub generation: String,
}

/// How sure an importer is that a source is its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confidence {
    /// Its name.
    pub importer: String,
    /// 1 to 100.
    pub percent: u8,
}

/// What became of something the source says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is in the drawing.
    Converted,
    /// Something like it is.
    Approximated,
    /// It cannot be.
    Rejected,
    /// It means nothing here.
    Ignored,
}

/// A place in the source, counted from 1; column 0 is the whole line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The file.
    pub path: String,
    /// Line.
    pub line: u32,
    /// Column.
    pub column: u32,
}

/// One thing the source says, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// As the source names it.
    pub key: String,
    /// What became of it.
    pub fate: Fate,
    /// Where it stands.
    pub origin: Origin,
    /// The node it went to.
    pub node: Option<String>,
    /// JSON pointer into that node's data.
    pub at: Option<String>,
    /// Why.
    pub note: Option<String>,
}

/// A node of the drawing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrawnNode {
    /// One of the ids given.
    pub id: String,
    /// Its type.
    pub type_name: String,
    /// A JSON object.
    pub data: Json,
    /// Column and row.
    pub hint: Option<(u32, u32)>,
}

/// An edge of the drawing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrawnEdge {
    /// Node it starts at.
    pub source: String,
    /// Node it ends at.
    pub target: String,
    /// Handle it starts at.
    pub source_handle: Option<String>,
    /// Handle it ends at.
    pub target_handle: Option<String>,
}

/// An image that has to be built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildPlan {
    /// The node that runs it.
    pub node: String,
    /// Folder of the source.
    pub build_context: String,
    /// Its Dockerfile.
    pub dockerfile: Option<String>,
    /// How; a JSON object.
    pub plan: Json,
    /// 0 to 100.
    pub confidence: u8,
}

/// A secret value found in the source.
#[derive(Debug, Clone)]
pub struct FoundSecret {
    /// The node that needs it.
    pub node: String,
    /// Its key.
    pub key: String,
    /// The value.
    pub value: SecretString,
}

/// A key whose value the user has to give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingSecret {
    /// The node that needs it.
    pub node: String,
    /// Its key.
    pub key: String,
}

/// Something only the user knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Its id.
    pub id: String,
    /// The question.
    pub text: String,
    /// Possible answers; none = free text.
    pub choices: Vec<String>,
    /// What is assumed.
    pub default: Option<String>,
}

/// A source as a drawing.
#[derive(Debug, Clone)]
pub struct Analysis {
    /// Its nodes.
    pub nodes: Vec<DrawnNode>,
    /// Its edges.
    pub edges: Vec<DrawnEdge>,
    /// What to know.
    pub findings: Vec<Finding>,
    /// What became of each key.
    pub traces: Vec<Trace>,
    /// Images to build.
    pub builds: Vec<BuildPlan>,
    /// What to ask.
    pub questions: Vec<Question>,
    /// Values found.
    pub secrets: Vec<FoundSecret>,
    /// Values to be given.
    pub missing_secrets: Vec<MissingSecret>,
    /// For the dialog; a JSON object.
    pub summary: Json,
}

/// A file of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Relative, with `/` between segments.
    pub path: String,
    /// Bytes.
    pub size: u64,
}

/// The files of a source, frozen. Cheap to ask: the call waits for it.
pub trait SourceTree: Send + Sync {
    /// All files, sorted by path, and whether there are more than that.
    fn list(&self) -> (Vec<SourceFile>, bool);

    /// At most `limit` bytes from `offset`; none if there is no such file.
    fn read(&self, path: &str, offset: u64, limit: u32) -> Option<Vec<u8>>;
}

/// Who waits for an analysis.
pub trait Progress: Send + Sync {
    /// `done` of `total` steps.
    fn report(&self, done: u32, total: u32, what: &str);

    /// Whether nobody waits any more.
    fn cancelled(&self) -> bool;
}

/// The plugins that contribute importers.
pub trait Importers: Send + Sync {
    /// The importers as they are now; hold them for one request.
    fn importers(&self) -> Arc<dyn ImporterCatalogue>;

    /// The same, its calls charged to a user.
    fn importers_for(&self, user: Id) -> Arc<dyn ImporterCatalogue>;
}

/// A fixed set of importers.
#[async_trait]
pub trait ImporterCatalogue: Send + Sync {
    /// All, ordered by name.
    fn list(&self) -> &[Importer];

    /// Who wants the source, surest first; of equals by name. Plugins that
    /// fail are left out, and logged.
    async fn detect(&self, files: &Arc<dyn SourceTree>) -> Vec<Confidence>;

    /// The source as a drawing. `ids` are fresh node ids.
    async fn analyze(
        &self,
        importer: &str,
        files: &Arc<dyn SourceTree>,
        options: &Json,
        ids: &[String],
        progress: &Arc<dyn Progress>,
    ) -> Result<Analysis, CallError>;
}
