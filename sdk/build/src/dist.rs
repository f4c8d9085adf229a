//! From modules to plugin folders, without a watcher ever seeing half a file.
//!
//! Every file is written in `.staging` beside the folders and moved into place;
//! a file whose bytes did not change is not touched, so a running host reloads
//! only what really changed. A plugin that is new appears as a whole folder.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs,
    path::{Path, PathBuf},
};

use wit_component::ComponentEncoder;

use crate::{BuildError, Code, Source, at};

/// Where files are prepared, inside `dist` so that a move is a rename.
const STAGING: &str = ".staging";
/// What a plugin's folder holds beside the component, if it is there.
const FILES: [&str; 5] = ["plugin.toml", "README.md", "LICENSE", "resource.yaml", "catalogue.yaml"];
/// The folders of a plugin's folder.
const FOLDERS: [&str; 2] = ["assets", "golden"];

/// What becomes of other plugins in the folder that is published to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Others {
    /// They stay: the folder belongs to somebody.
    Keep,
    /// They go: the folder holds what was built and nothing else.
    Remove,
}

/// What publishing changed.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Ids of plugins that are new or changed, with the bytes of the component.
    pub written: Vec<(String, usize)>,
    /// How many were the same before.
    pub unchanged: usize,
    /// Ids of plugins that were removed.
    pub removed: Vec<String>,
}

impl fmt::Display for Outcome {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let written = self.written.iter().map(|(id, bytes)| match bytes {
            0 => format!("`{id}`"),
            bytes => format!("`{id}` ({} KB)", bytes.div_ceil(1000)),
        });
        let written: Vec<_> = written.collect();
        let mut parts = Vec::new();
        if self.unchanged > 0 {
            parts.push(format!("{} unchanged", self.unchanged));
        }
        if !written.is_empty() {
            parts.push(format!("wrote {}", written.join(", ")));
        }
        if !self.removed.is_empty() {
            parts.push(format!("removed `{}`", self.removed.join("`, `")));
        }
        let said = if parts.is_empty() { "nothing to do".to_owned() } else { parts.join(", ") };
        out.write_str(&said)
    }
}

/// Puts the folders of `sources`, compiled before, into `dist`.
///
/// # Errors
///
/// [`BuildError::Encode`] if a module is no plugin, [`BuildError::File`] if
/// something cannot be read or written. A folder is then as it was before.
pub fn publish(dist: &Path, sources: &[Source], others: Others) -> Result<Outcome, BuildError> {
    let staging = dist.join(STAGING);
    if staging.exists() {
        fs::remove_dir_all(&staging).map_err(at(&staging))?;
    }
    fs::create_dir_all(&staging).map_err(at(&staging))?;
    let mut outcome = Outcome::default();
    for source in sources {
        let files = files(source)?;
        if write(dist, &source.id, &files)? {
            let bytes = files.get(Path::new("plugin.wasm")).map_or(0, Vec::len);
            outcome.written.push((source.id.clone(), bytes));
        } else {
            outcome.unchanged += 1;
        }
    }
    if others == Others::Remove {
        remove_others(dist, sources, &mut outcome)?;
    }
    fs::remove_dir_all(&staging).map_err(at(&staging))?;
    Ok(outcome)
}

/// Turns a core module into a component, checked against its own WIT.
fn componentize(plugin: &str, module: &Path) -> Result<Vec<u8>, BuildError> {
    let bytes = fs::read(module).map_err(at(module))?;
    let encoded = ComponentEncoder::default()
        .validate(true)
        .module(&bytes)
        .and_then(|mut encoder| encoder.encode());
    encoded.map_err(|error| BuildError::Encode {
        plugin: plugin.to_owned(),
        why: format!("{error:#}"),
    })
}

type Files = BTreeMap<PathBuf, Vec<u8>>;

/// Everything the plugin's folder holds, by path inside it.
fn files(source: &Source) -> Result<Files, BuildError> {
    let mut files = Files::new();
    let component = match &source.code {
        Some(Code::Module(module)) => Some(componentize(&source.id, module)?),
        Some(Code::Component(file)) => Some(fs::read(file).map_err(at(file))?),
        None => None,
    };
    if let Some(component) = component {
        files.insert("plugin.wasm".into(), component);
    }
    for name in FILES {
        let path = source.folder.join(name);
        if path.is_file() {
            files.insert(name.into(), fs::read(&path).map_err(at(&path))?);
        }
    }
    for name in FOLDERS {
        collect(&source.folder, Path::new(name), &mut files)?;
    }
    Ok(files)
}

fn collect(base: &Path, inside: &Path, files: &mut Files) -> Result<(), BuildError> {
    let Ok(entries) = fs::read_dir(base.join(inside)) else { return Ok(()) };
    for entry in entries {
        let entry = entry.map_err(at(base.join(inside)))?;
        let (path, found) = (inside.join(entry.file_name()), entry.path());
        if found.is_dir() {
            collect(base, &path, files)?;
        } else {
            files.insert(path, fs::read(&found).map_err(at(&found))?);
        }
    }
    Ok(())
}

/// Writes one plugin's folder; answers whether anything changed.
fn write(dist: &Path, id: &str, files: &Files) -> Result<bool, BuildError> {
    let folder = dist.join(id);
    if !folder.exists() {
        let staged = dist.join(STAGING).join(id);
        for (path, bytes) in files {
            write_file(&staged.join(path), bytes)?;
        }
        fs::rename(&staged, &folder).map_err(at(&folder))?;
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
        let parent = target.parent().unwrap_or(&folder);
        fs::create_dir_all(parent).map_err(at(parent))?;
        fs::rename(&staged, &target).map_err(at(&target))?;
        changed = true;
    }
    let mut present = Files::new();
    collect(&folder, Path::new(""), &mut present)?;
    for stale in present.keys().filter(|path| !files.contains_key(*path)) {
        fs::remove_file(folder.join(stale)).map_err(at(stale))?;
        changed = true;
    }
    Ok(changed)
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<(), BuildError> {
    let parent = path.parent().unwrap_or(path);
    fs::create_dir_all(parent).map_err(at(parent))?;
    fs::write(path, bytes).map_err(at(path))
}

/// Removes the folders of plugins that are gone.
fn remove_others(dist: &Path, sources: &[Source], outcome: &mut Outcome) -> Result<(), BuildError> {
    let kept: BTreeSet<_> = sources.iter().map(|source| source.id.as_str()).collect();
    for entry in fs::read_dir(dist).map_err(at(dist))? {
        let entry = entry.map_err(at(dist))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name != STAGING && !kept.contains(name.as_str()) && entry.path().is_dir() {
            // Moved first, so that it disappears at once.
            fs::rename(entry.path(), dist.join(STAGING).join(&name)).map_err(at(entry.path()))?;
            outcome.removed.push(name);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(base: &Path, id: &str, description: &str) -> Source {
        let folder = base.join("sources").join(id);
        fs::create_dir_all(folder.join("golden")).unwrap();
        let text = format!("id = \"{id}\"\ndescription = \"{description}\"\n");
        fs::write(folder.join("plugin.toml"), text).unwrap();
        fs::write(folder.join("golden/one.json"), "{}").unwrap();
        fs::write(folder.join("notes.txt"), "not part of a plugin").unwrap();
        Source { id: id.into(), folder, code: None }
    }

    #[test]
    fn what_did_not_change_is_not_written_and_what_is_gone_is_removed() {
        let base = tempfile::tempdir().unwrap();
        let dist = base.path().join("dist");
        let both = [template(base.path(), "a", "one"), template(base.path(), "b", "one")];
        let outcome = publish(&dist, &both, Others::Remove).unwrap();
        assert_eq!(outcome.to_string(), "wrote `a`, `b`");
        assert!(!dist.join("a/notes.txt").exists());
        let before = fs::metadata(dist.join("a/plugin.toml")).unwrap().modified().unwrap();
        fs::remove_file(both[1].folder.join("golden/one.json")).unwrap();
        template(base.path(), "b", "two");
        fs::remove_file(both[1].folder.join("golden/one.json")).unwrap();
        let outcome = publish(&dist, &both, Others::Remove).unwrap();
        assert_eq!(outcome.to_string(), "1 unchanged, wrote `b`");
        assert!(!dist.join("b/golden/one.json").exists());
        assert_eq!(fs::metadata(dist.join("a/plugin.toml")).unwrap().modified().unwrap(), before);
        let outcome = publish(&dist, &both[..1], Others::Keep).unwrap();
        assert!(outcome.removed.is_empty() && dist.join("b").exists());
        let outcome = publish(&dist, &both[..1], Others::Remove).unwrap();
        assert_eq!(outcome.removed, ["b"]);
        assert!(!dist.join("b").exists() && !dist.join(STAGING).exists());
    }

    #[test]
    fn what_is_no_component_is_not_published() {
        let base = tempfile::tempdir().unwrap();
        let module = base.path().join("it.wasm");
        fs::write(&module, "no module").unwrap();
        let source =
            Source { code: Some(Code::Module(module)), ..template(base.path(), "a", "one") };
        let dist = base.path().join("dist");
        let error = publish(&dist, &[source], Others::Keep).unwrap_err();
        assert!(matches!(&error, BuildError::Encode { plugin, .. } if plugin == "a"), "{error}");
        assert!(!dist.join("a").exists());
    }
}
