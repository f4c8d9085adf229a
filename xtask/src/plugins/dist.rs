//! From modules to plugin folders, without a watcher ever seeing half a file.
//!
//! Every file is written in `dist/.staging` and moved into place; a file whose
//! bytes did not change is not touched, so a running host reloads only what
//! really changed. A plugin that is new appears as a whole folder.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use wit_component::ComponentEncoder;

use super::compile::Guest;

/// Where files are prepared, inside `dist` so that a move is a rename.
const STAGING: &str = ".staging";

/// What publishing changed.
#[derive(Default)]
pub(super) struct Outcome {
    written: Vec<String>,
    unchanged: usize,
    removed: Vec<String>,
}

impl fmt::Display for Outcome {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} unchanged", self.unchanged)?;
        if !self.written.is_empty() {
            write!(out, ", wrote {}", self.written.join(", "))?;
        }
        if !self.removed.is_empty() {
            write!(out, ", removed {}", self.removed.join(", "))?;
        }
        Ok(())
    }
}

/// Makes `dist` hold exactly `guests`.
pub(super) fn publish(dist: &Path, guests: &[Guest]) -> Result<Outcome> {
    let staging = dist.join(STAGING);
    if staging.exists() {
        fs::remove_dir_all(&staging)?;
    }
    fs::create_dir_all(&staging)?;
    let mut outcome = Outcome::default();
    for guest in guests {
        let files = files(guest).with_context(|| format!("plugin `{}`", guest.id))?;
        if write(dist, &guest.id, &files)? {
            let bytes = files.get(Path::new("plugin.wasm")).map_or(0, Vec::len);
            outcome.written.push(format!("`{}` ({} KB)", guest.id, bytes.div_ceil(1000)));
        } else {
            outcome.unchanged += 1;
        }
    }
    remove_others(dist, guests, &mut outcome)?;
    fs::remove_dir_all(&staging)?;
    Ok(outcome)
}

/// Turns a core module into a component, checked against its own WIT.
fn componentize(module: &Path) -> Result<Vec<u8>> {
    let bytes =
        fs::read(module).with_context(|| format!("cargo did not write `{}`", module.display()))?;
    ComponentEncoder::default().validate(true).module(&bytes)?.encode()
}

type Files = BTreeMap<PathBuf, Vec<u8>>;

/// Everything the plugin's folder holds, by path inside it.
fn files(guest: &Guest) -> Result<Files> {
    let mut files = Files::new();
    files.insert("plugin.wasm".into(), componentize(&guest.module)?);
    for name in ["plugin.toml", "README.md"] {
        let path = guest.folder.join(name);
        if path.is_file() {
            files.insert(name.into(), fs::read(path)?);
        }
    }
    for name in ["assets", "golden"] {
        collect(&guest.folder, Path::new(name), &mut files)?;
    }
    Ok(files)
}

fn collect(base: &Path, inside: &Path, files: &mut Files) -> Result<()> {
    let Ok(entries) = fs::read_dir(base.join(inside)) else { return Ok(()) };
    for entry in entries {
        let entry = entry?;
        let path = inside.join(entry.file_name());
        if entry.path().is_dir() {
            collect(base, &path, files)?;
        } else {
            files.insert(path, fs::read(entry.path())?);
        }
    }
    Ok(())
}

/// Writes one plugin's folder; answers whether anything changed.
fn write(dist: &Path, id: &str, files: &Files) -> Result<bool> {
    let folder = dist.join(id);
    if !folder.exists() {
        let staged = dist.join(STAGING).join(id);
        for (path, bytes) in files {
            write_file(&staged.join(path), bytes)?;
        }
        fs::rename(&staged, &folder)?;
        return Ok(true);
    }
    let mut changed = false;
    for (path, bytes) in files {
        let target = folder.join(path);
        if fs::read(&target).is_ok_and(|old| old == *bytes) {
            continue;
        }
        let staged = dist.join(STAGING).join("file");
        write_file(&staged, bytes)?;
        fs::create_dir_all(target.parent().unwrap_or(&folder))?;
        fs::rename(&staged, &target)?;
        changed = true;
    }
    let mut present = Files::new();
    collect(&folder, Path::new(""), &mut present)?;
    for stale in present.keys().filter(|path| !files.contains_key(*path)) {
        fs::remove_file(folder.join(stale))?;
        changed = true;
    }
    Ok(changed)
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::create_dir_all(path.parent().unwrap_or(path))?;
    fs::write(path, bytes).with_context(|| format!("cannot write `{}`", path.display()))
}

/// Removes the folders of plugins that are gone.
fn remove_others(dist: &Path, guests: &[Guest], outcome: &mut Outcome) -> Result<()> {
    let kept: BTreeSet<_> = guests.iter().map(|guest| guest.id.as_str()).collect();
    for entry in fs::read_dir(dist)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name != STAGING && !kept.contains(name.as_str()) && entry.path().is_dir() {
            // Moved first, so that it disappears at once.
            fs::rename(entry.path(), dist.join(STAGING).join(&name))?;
            outcome.removed.push(format!("`{name}`"));
        }
    }
    Ok(())
}
