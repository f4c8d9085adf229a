//! `cargo xtask plugins`: Rust crates in, plugin folders out.
//!
//! Each member of the `plugins` workspace (and of `tests/guests`, when asked)
//! that has a `plugin.toml` is compiled for `wasm32-unknown-unknown`, turned
//! into a component in this process, and laid out as the host wants it:
//! `<workspace>/dist/<id>/`, beside the documents of `plugins/catalogue`, which
//! need no compiler. `bowsprit plugin build` does the same for others.

mod watch;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use bowsprit_plugin_build::{Others, Source, Way, compile, publish, sources};
use clap::{Args, Subcommand};

use crate::cargo::Guarded;
use crate::paths;
use crate::progress::Step;

/// What to do with the plugins.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Builds every plugin into `plugins/dist`.
    Build(Which),
    /// Builds, and builds again whenever a source changes, until Ctrl-C.
    Watch(Which),
}

/// Which workspaces to build.
#[derive(Args, Clone, Copy)]
pub(crate) struct Which {
    /// Also build the misbehaving components of `tests/guests`.
    #[arg(long)]
    pub(crate) guests: bool,
}

/// Runs `cargo xtask plugins …`.
pub(crate) fn run(command: &Command) -> Result<()> {
    match command {
        Command::Build(which) => build(*which),
        Command::Watch(which) => watch::run(*which),
    }
}

/// Builds the plugins once.
pub(crate) fn build(which: Which) -> Result<()> {
    let mut way = None;
    for workspace in workspaces(which) {
        let name = workspace.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !workspace.join("Cargo.toml").is_file() {
            eprintln!("  {name}: no workspace there yet, nothing to build");
            continue;
        }
        let way = match &way {
            Some(way) => way,
            None => way.insert(Way::choose(&workspace, &Guarded)?),
        };
        let step = Step::start(format!("compiling {name} ({})", way.name()));
        let mut plugins = sources(&workspace, &Guarded)?;
        compile(&workspace, way, true, &Guarded)
            .with_context(|| format!("cannot build the plugins in `{}`", workspace.display()))?;
        step.done(&format!("{} crate(s)", plugins.len()));
        plugins.extend(documents(&workspace)?);
        let step = Step::start(format!("componentizing {name}"));
        let outcome = publish(&workspace.join("dist"), &plugins, Others::Remove)?;
        step.done(&outcome.to_string());
    }
    Ok(())
}

/// The folders below `catalogue/`, which have no code of their own.
fn documents(workspace: &Path) -> Result<Vec<Source>> {
    let folder = workspace.join("catalogue");
    let Ok(entries) = fs::read_dir(&folder) else { return Ok(Vec::new()) };
    let mut documents = Vec::new();
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot read `{}`", folder.display()))?;
        let (folder, id) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if folder.join("plugin.toml").is_file() {
            documents.push(Source { id, folder, code: None });
        }
    }
    documents.sort_by(|left, right| left.id.cmp(&right.id));
    Ok(documents)
}

fn workspaces(which: Which) -> Vec<PathBuf> {
    let mut all = vec![paths::root().join("plugins")];
    if which.guests {
        all.push(paths::root().join("tests/guests"));
    }
    all
}
