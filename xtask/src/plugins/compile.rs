//! From crates to WebAssembly modules, with cargo.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::toolchain::{TARGET, Way, clear_inherited};
use crate::{cargo, json, process};

/// One compiled plugin crate.
pub(super) struct Guest {
    /// The crate's folder name, which is the plugin's id.
    pub(super) id: String,
    /// The crate's folder, with `plugin.toml`.
    pub(super) folder: PathBuf,
    /// The compiled core module.
    pub(super) module: PathBuf,
}

/// Compiles all plugin crates of a workspace.
pub(super) fn workspace(folder: &Path, way: &Way) -> Result<Vec<Guest>> {
    let guests = guests(folder)?;
    let mut build = way.cargo_build(folder);
    build.arg("--lib");
    if folder.join("Cargo.lock").is_file() {
        build.arg("--locked");
    }
    process::run("cargo build", build)?;
    Ok(guests)
}

/// The crates of a workspace that have a `plugin.toml`, by id.
fn guests(folder: &Path) -> Result<Vec<Guest>> {
    let mut command = cargo::cargo("metadata", folder);
    clear_inherited(&mut command);
    command.args(["--no-deps", "--format-version", "1"]);
    let metadata: Value = serde_json::from_str(&process::output("cargo metadata", command)?)?;
    let target = json::text(&metadata, "/target_directory").context("no target directory")?;
    let modules = Path::new(target).join(TARGET).join("release");
    let mut guests = Vec::new();
    for package in json::list(&metadata, "/packages") {
        guests.extend(guest(package, &modules)?);
    }
    guests.sort_by(|left, right| left.id.cmp(&right.id));
    Ok(guests)
}

fn guest(package: &Value, modules: &Path) -> Result<Option<Guest>> {
    let manifest = json::text(package, "/manifest_path").context("a package without a manifest")?;
    let folder = Path::new(manifest).parent().context("a manifest without a folder")?;
    if !folder.join("plugin.toml").is_file() {
        return Ok(None);
    }
    let id = folder.file_name().context("a crate without a name")?.to_string_lossy().into_owned();
    let mut targets = json::list(package, "/targets").iter();
    let library =
        targets.find(|target| json::list(target, "/kind").iter().any(|kind| kind == "cdylib"));
    let Some(name) = library.and_then(|target| json::text(target, "/name")) else {
        bail!("`{manifest}` has a `plugin.toml` beside it but no `crate-type = [\"cdylib\"]`");
    };
    let module = modules.join(format!("{}.wasm", name.replace('-', "_")));
    Ok(Some(Guest { id, folder: folder.to_owned(), module }))
}
