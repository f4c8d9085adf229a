//! Imports: a source that people already have becomes a drawing.
//!
//! Nothing is stored. The answer holds the drawing for the frontend to send
//! back when a workflow is made of it, and the secret values of the source
//! sealed for the caller and their node: only this host can open them, and only
//! for them.

mod answer;
mod sealed;
mod source;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde_json::{Map, Value};

use crate::{
    Error, Result,
    access::Caller,
    id::Id,
    importers::{Importer, Importers, Progress, SourceTree},
    node_types::CallError,
    secrets::KeyRing,
};
pub use answer::{ImportAnalysis, SuggestedEdge, SuggestedNode};
pub use sealed::Sealed;
use source::OneFile;

/// Most nodes one import draws.
const MOST_NODES: usize = 500;
/// What a file is called that came without a name.
const UNNAMED: &str = "source";
/// Bytes of a file's name.
const NAME_LIMIT: usize = 255;

/// What somebody wants to import.
#[derive(Debug)]
pub struct ImportRequest {
    /// Where it comes from: `file`.
    pub source: String,
    /// The file's name; folders in front of it are dropped.
    pub name: Option<String>,
    /// The file's bytes, base64 (RFC 4648 §4).
    pub content: Option<String>,
    /// The namespace for what it becomes; none leaves it to the importer.
    pub namespace: Option<String>,
}

/// The import use-cases.
#[derive(Clone)]
pub struct Imports {
    importers: Arc<dyn Importers>,
    keys: Arc<KeyRing>,
    /// Bytes of a file.
    file_bytes: usize,
}

impl Imports {
    /// Imports by these plugins, of files up to so many bytes.
    pub fn new(importers: Arc<dyn Importers>, keys: Arc<KeyRing>, file_bytes: usize) -> Self {
        Self { importers, keys, file_bytes }
    }

    /// What a file becomes.
    ///
    /// # Errors
    ///
    /// `import.source.unsupported` for anything but a file,
    /// `import.format.unknown` if no plugin knows the format,
    /// [`Error::Findings`] if one does and can draw nothing of it.
    pub async fn analyze(&self, caller: &Caller, request: ImportRequest) -> Result<ImportAnalysis> {
        let file = self.file(&request)?;
        let name = file.name().to_owned();
        let files: Arc<dyn SourceTree> = Arc::new(file);
        let importers = self.importers.importers_for(caller.user);
        let surest = importers.detect(&files).await.into_iter().next();
        let surest = surest.ok_or_else(|| unknown(&name))?;
        let importer = importers.list().iter().find(|it| it.name == surest.importer);
        let importer = importer.ok_or_else(|| unknown(&name))?;
        let options = options(importer, request.namespace.as_deref());
        let ids: Vec<String> = (0..MOST_NODES).map(|_| Id::new().to_string()).collect();
        let progress: Arc<dyn Progress> = Arc::new(Unwatched);
        let analysis = importers.analyze(&importer.name, &files, &options, &ids, &progress).await;
        let analysis = analysis.map_err(refused)?;
        ImportAnalysis::of(&importer.name, analysis, &self.sealer(caller))
    }

    fn file(&self, request: &ImportRequest) -> Result<OneFile> {
        if request.source != "file" {
            let source: String = request.source.chars().take(40).collect();
            let message = format!("only the source `file` can be imported, not `{source}`");
            return Err(Error::Refused { code: "import.source.unsupported", message });
        }
        let content = request.content.as_deref().unwrap_or_default();
        let limit = self.file_bytes;
        let too_large = || Error::TooLarge { what: "the file", limit: format!("{limit} bytes") };
        // Four characters for three bytes: said before anything is decoded.
        if content.len() / 4 * 3 > limit.saturating_add(2) {
            return Err(too_large());
        }
        let bytes = BASE64
            .decode(content)
            .map_err(|_| Error::invalid("fileContent", "must be base64 with padding (RFC 4648)"))?;
        if bytes.len() > limit {
            return Err(too_large());
        }
        if bytes.is_empty() {
            return Err(Error::invalid("fileContent", "must not be empty"));
        }
        let name = request.name.as_deref().unwrap_or_default();
        let name = name.rsplit(['/', '\\']).next().unwrap_or_default().trim();
        if name.len() > NAME_LIMIT || name.contains(char::is_control) || [".", ".."].contains(&name)
        {
            let problem = format!("must be the name of a file, of at most {NAME_LIMIT} bytes");
            return Err(Error::invalid("fileName", problem));
        }
        Ok(OneFile::new(if name.is_empty() { UNNAMED } else { name }, bytes))
    }

    fn sealer(&self, caller: &Caller) -> Sealed<'_> {
        Sealed::new(&self.keys, caller.user)
    }
}

/// The options an importer takes of what the user said.
fn options(importer: &Importer, namespace: Option<&str>) -> String {
    let schema: Value = serde_json::from_str(&importer.options).unwrap_or_default();
    let mut options = Map::new();
    let namespace = namespace.filter(|it| !it.is_empty());
    if let Some(namespace) = namespace
        && schema.pointer("/properties/namespace").is_some()
    {
        options.insert("namespace".into(), namespace.into());
    }
    Value::Object(options).to_string()
}

fn unknown(name: &str) -> Error {
    let message = format!("no plugin knows how to import `{name}`");
    Error::Refused { code: "import.format.unknown", message }
}

fn refused(error: CallError) -> Error {
    match error {
        CallError::InvalidInput(findings) => Error::Findings(findings),
        CallError::Unsupported(what) => {
            let message = format!("this cannot be imported: {what}");
            Error::Refused { code: "import.unsupported", message }
        }
        CallError::UnknownType(name) => Error::not_found("importer", name),
        CallError::Failed(error) => error,
    }
}

/// Nobody looks on: the answer comes with the request.
struct Unwatched;

impl Progress for Unwatched {
    fn report(&self, _done: u32, _total: u32, _what: &str) {}

    fn cancelled(&self) -> bool {
        false
    }
}
