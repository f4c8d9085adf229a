//! From sources to plugin folders: what `bowsprit plugin build` and
//! `cargo xtask plugins build` have in common.
//!
//! [`Language`] tells what sources are written in and builds them, [`sources`]
//! finds plugins, [`Way`] knows how to compile Rust for `wasm32-unknown-unknown`
//! on this machine, [`publish`] turns modules into components and puts whole
//! folders into place, never half a file. Programs are run by the caller's
//! [`Runner`], who may have to end them early.

mod cargo;
mod compile;
mod dist;
mod embedding;
mod javascript;
mod language;
mod made;
mod python;
mod runner;
mod source;
mod toolchain;
mod trim;
mod watch;

use std::{io, path::PathBuf};

pub use cargo::{cargo, forget_us};
pub use compile::compile;
pub use dist::{Others, Outcome, publish};
pub use language::Language;
pub use runner::{Cause, Runner, Shell};
pub use source::{Code, Source, sources};
pub use toolchain::Way;
pub use watch::Changes;

/// Why there is no plugin folder.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Nothing on this machine compiles for WebAssembly.
    #[error(
        "no standard library for `wasm32-unknown-unknown`: run `rustup target add \
         wasm32-unknown-unknown`, or on Debian `apt-get install rustc-web cargo-web rust-web-src lld`"
    )]
    NoTarget,
    /// There is nothing to build.
    #[error(
        "`{}` has neither a `plugin.toml` nor crates with one: begin with `bowsprit plugin new`",
        .0.display()
    )]
    NoPlugin(PathBuf),
    /// A program that a build needs is not installed.
    #[error("there is no `{program}` on this machine: install {of}")]
    NoProgram {
        /// Its name.
        program: &'static str,
        /// What it comes with.
        of: &'static str,
    },
    /// What makes the component is not among what the plugin requires.
    #[error("`{manifest}` does not require `{tool}`, which makes the component: add it, pinned")]
    NoTool {
        /// Its name.
        tool: &'static str,
        /// The file that has to name it.
        manifest: &'static str,
    },
    /// A file is missing, or does not name one that is there.
    #[error("`{}` is missing or names no file to begin with: {fix}", .file.display())]
    NoEntry {
        /// The file.
        file: PathBuf,
        /// What it should be.
        fix: &'static str,
    },
    /// The interfaces are not where a scaffold has them.
    #[error(
        "`{}` is missing: take `bowsprit/wit` of a folder made by `bowsprit plugin new`, and let \
         `api` in `plugin.toml` be one of its versions",
        .0.display()
    )]
    NoInterfaces(PathBuf),
    /// A program failed; its own words were printed.
    #[error(transparent)]
    Program(Cause),
    /// Cargo says something unexpected.
    #[error("`cargo metadata` answers without {0}")]
    Metadata(&'static str),
    /// A plugin's crate is no library that can be loaded.
    #[error("`{0}` has a `plugin.toml` beside it but no `crate-type = [\"cdylib\"]`")]
    NotLoadable(String),
    /// Two plugins would be one folder.
    #[error("two plugins have the id `{0}`: give one of them another id in its `plugin.toml`")]
    SameId(String),
    /// A module is no component.
    #[error("plugin `{plugin}` does not become a component: {why}")]
    Encode {
        /// The plugin's id.
        plugin: String,
        /// What is missing.
        why: String,
    },
    /// The file system cannot be watched.
    #[error("sources cannot be watched")]
    Watch(#[source] notify::Error),
    /// A file cannot be read or written.
    #[error("`{}`: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Says which file an error is about.
fn at(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> BuildError {
    let path = path.into();
    move |source| BuildError::File { path, source }
}
