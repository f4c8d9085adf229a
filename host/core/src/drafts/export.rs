//! Exports: a drawing as files for other tools, without this host.
//!
//! Objects are those a run would apply, but they carry none of the labels by
//! which this host knows its own: whoever applies them owns them. Values of secrets are never in an
//! export; what waits for one is a placeholder.

mod files;
mod helm;
mod kustomize;
mod objects;
mod placeholders;
mod plain;

use self::objects::Source;
use super::{Drafts, Drawn};
use crate::{Error, Result, access::Caller, id::Id};

/// How much an export may be.
#[derive(Debug, Clone, Copy)]
pub struct ExportLimits {
    /// Bytes of all files together.
    pub bytes: usize,
    /// Calls of plugins that find out what a chart's values are; what is not
    /// found out by then is no value.
    pub calls: usize,
}

impl Default for ExportLimits {
    fn default() -> Self {
        Self { bytes: 16 << 20, calls: 20_000 }
    }
}

/// What a drawing is exported as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One file of YAML documents.
    Manifests,
    /// A base with a file for each object, and a kustomization on top of it.
    Kustomize,
    /// A Helm chart.
    Helm,
}

/// Files of a drawing.
#[derive(Debug)]
pub struct Export {
    /// A DNS label, after the workflow.
    pub name: String,
    /// Texts by path, `/` between segments.
    pub files: Vec<(String, String)>,
}

impl Drafts {
    /// A drawing as files.
    ///
    /// # Errors
    ///
    /// [`Error::Findings`] if a run would not apply it.
    pub async fn export(
        &self,
        caller: &Caller,
        workflow: Id,
        drawn: Drawn<'_>,
        format: Format,
    ) -> Result<Export> {
        let draft = self.open(caller, workflow, drawn).await?;
        let limits = self.exports;
        let source = Source::of(&draft).await?;
        let files = match format {
            Format::Manifests => plain::files(&source)?,
            Format::Kustomize => kustomize::files(&source)?,
            Format::Helm => helm::files(&source, &draft, limits.calls).await?,
        };
        if files.bytes() > limits.bytes {
            let limit = format!("{} bytes", limits.bytes);
            return Err(Error::TooLarge { what: "the export", limit });
        }
        Ok(Export { name: source.name, files: files.into_list() })
    }
}
