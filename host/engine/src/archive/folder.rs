//! A plugin's folder as files, and files as a folder.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use bowsprit_host_core::plugins::LoadFailure;

use super::{ArchiveError, Bounds, Files, check_paths};
use crate::package::{PluginToml, is_scratch};

/// Files a plugin's folder may have beside `plugin.toml` and the component.
const FILES: [&str; 2] = ["README.md", "LICENSE"];
/// Folders a plugin's folder may have.
const FOLDERS: [&str; 2] = ["assets", "golden"];

/// Why a folder is not read or written.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// A file or folder.
    #[error("`{}`: {source}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Its `plugin.toml` is not as it should be.
    #[error("{}", .0.message)]
    Toml(LoadFailure),
    /// A link or a device, which would mean something else elsewhere.
    #[error("`{}` is no plain file: put a copy of what it leads to there", .0.display())]
    NotPlain(PathBuf),
    /// Paths or sizes that an archive may not hold.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// Something is there already.
    #[error("`{}` is there already: remove it, or name another place", .0.display())]
    Taken(PathBuf),
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> FolderError + '_ {
    move |source| FolderError::File { path: path.to_owned(), source }
}

/// What belongs to the plugin in `folder`; what else lies there is left out.
/// Blocks.
///
/// # Errors
///
/// If there is no plugin, a file is no plain one, or it is too much.
pub fn read_folder(folder: &Path) -> Result<Files, FolderError> {
    let file = folder.join("plugin.toml");
    let text = fs::read_to_string(&file).map_err(at(&file))?;
    let shown = file.display().to_string();
    let toml = PluginToml::parse(&text, &shown).map_err(FolderError::Toml)?;
    let mut found = Found { files: Files::new(), left: Bounds::PLUGIN.bytes };
    found.file(folder, "plugin.toml")?;
    if let Some(component) = &toml.component {
        found.file(folder, component)?;
    }
    for name in FILES {
        if folder.join(name).symlink_metadata().is_ok() {
            found.file(folder, name)?;
        }
    }
    // What is written for another plugin's component.
    let documents = if toml.uses.is_some() { yaml_in(folder)? } else { Vec::new() };
    for name in documents {
        found.file(folder, &name)?;
    }
    for name in FOLDERS {
        if folder.join(name).symlink_metadata().is_ok() {
            found.folder(folder, name)?;
        }
    }
    check_paths(&found.files)?;
    Ok(found.files)
}

/// Names of the YAML files right in a folder.
fn yaml_in(folder: &Path) -> Result<Vec<String>, FolderError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(at(folder))? {
        let name = entry.map_err(at(folder))?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".yaml") && !is_scratch(&name) {
            names.push(name);
        }
    }
    Ok(names)
}

struct Found {
    files: Files,
    left: u64,
}

impl Found {
    fn file(&mut self, base: &Path, inside: &str) -> Result<(), FolderError> {
        let path = base.join(inside);
        let meta = path.symlink_metadata().map_err(at(&path))?;
        if !meta.is_file() {
            return Err(FolderError::NotPlain(path));
        }
        let Bounds { files, file_bytes, bytes } = Bounds::PLUGIN;
        let too_much = |most, what| FolderError::Archive(ArchiveError::TooMuch { most, what });
        if meta.len() > file_bytes {
            return Err(too_much(file_bytes, "bytes in one file"));
        }
        if self.files.len() >= files {
            return Err(too_much(files as u64, "files"));
        }
        self.left = self.left.checked_sub(meta.len()).ok_or(too_much(bytes, "bytes"))?;
        self.files.insert(inside.to_owned(), fs::read(&path).map_err(at(&path))?);
        Ok(())
    }

    fn folder(&mut self, base: &Path, inside: &str) -> Result<(), FolderError> {
        let path = base.join(inside);
        if !path.symlink_metadata().map_err(at(&path))?.is_dir() {
            return Err(FolderError::NotPlain(path));
        }
        for entry in fs::read_dir(&path).map_err(at(&path))? {
            let entry = entry.map_err(at(&path))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if is_scratch(&name) {
                continue;
            }
            let inner = format!("{inside}/{name}");
            if entry.file_type().map_err(at(&path))?.is_dir() {
                self.folder(base, &inner)?;
            } else {
                self.file(base, &inner)?;
            }
        }
        Ok(())
    }
}

/// Makes `folder` hold exactly `files`. It appears whole or not at all, and is
/// only replaced if `replace` says so. Blocks.
///
/// # Errors
///
/// If a path is not accepted, or something cannot be written; a folder that
/// was there is then as it was.
pub fn write_folder(folder: &Path, files: &Files, replace: bool) -> Result<(), FolderError> {
    check_paths(files)?;
    if folder.symlink_metadata().is_ok() && !replace {
        return Err(FolderError::Taken(folder.to_owned()));
    }
    let absolute = std::path::absolute(folder).map_err(at(folder))?;
    let parent = absolute.parent().unwrap_or(&absolute);
    fs::create_dir_all(parent).map_err(at(parent))?;
    // A name that no host takes for a plugin.
    let name = absolute.file_name().unwrap_or_default().to_string_lossy();
    let staged = parent.join(format!(".{name}.{}.new", std::process::id()));
    let written = write_all(&staged, files).and_then(|()| put(&staged, &absolute));
    if written.is_err() {
        // What could not be written is not worth more than this.
        drop(fs::remove_dir_all(&staged));
    }
    written
}

fn write_all(folder: &Path, files: &Files) -> Result<(), FolderError> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(at(folder))?;
    }
    for (name, bytes) in files {
        let path = folder.join(name);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(at(parent))?;
        fs::write(&path, bytes).map_err(at(&path))?;
    }
    Ok(())
}

/// Two renames: a host that looks in between sees no plugin for a moment and
/// keeps the one it has until the folder is quiet.
fn put(staged: &Path, folder: &Path) -> Result<(), FolderError> {
    let old = staged.with_extension("old");
    let had_one = folder.symlink_metadata().is_ok();
    if had_one {
        fs::rename(folder, &old).map_err(at(folder))?;
    }
    if let Err(error) = fs::rename(staged, folder) {
        if had_one {
            fs::rename(&old, folder).map_err(at(folder))?;
        }
        return Err(at(folder)(error));
    }
    if had_one {
        fs::remove_dir_all(&old).map_err(at(&old))?;
    }
    Ok(())
}
