//! The trait an importer implements.

mod drawing;
pub mod export;
mod source;
#[cfg(test)]
mod tests;

use crate::{Failure, Object};

pub use crate::bindings::importer::bowsprit::plugin::source_files::{Entry, Listing, ReadError};
pub use crate::bindings::importer::exports::bowsprit::plugin::importer::{
    Analysis, BuildPlan, Fate, Origin, Question, Trace,
};
pub use drawing::{Drawing, Spot};
pub use source::{Files, Source, Tree};

/// One importer: turns a source that people already have into a drawing.
///
/// Nothing survives a call and equal input gives equal output, so there is no
/// `self`. Nothing that the source says may be lost silently: each of its keys
/// gets a trace, whatever became of it.
pub trait Importer {
    /// The importer's name, unique over all loaded plugins, kebab-case.
    const NAME: &'static str;

    /// How the importer is offered.
    fn describe() -> Description;

    /// How sure it is that the source is its own: 0 (not mine) to 100
    /// (certainly mine). Judge by names, sizes and first bytes: few bytes may
    /// be read here.
    fn detect(source: &Source<'_>) -> u8;

    /// Draws the source.
    ///
    /// # Errors
    ///
    /// When nothing can be drawn at all. What is wrong with a part of the
    /// source is a finding of the drawing's report.
    fn analyze(
        source: &Source<'_>,
        options: &Object<'_>,
        drawing: &mut Drawing,
    ) -> Result<(), Failure>;
}

/// How one importer is offered. Its name is [`Importer::NAME`].
#[derive(Debug, Clone)]
pub struct Description {
    /// Shown to people.
    pub title: &'static str,
    /// Globs of paths that make it worth asking; at least one.
    pub claims: &'static [&'static str],
    /// JSON Schema of the options; an object.
    pub options: &'static str,
}
