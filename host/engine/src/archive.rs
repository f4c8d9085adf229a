//! Files in one file: a tar archive that is the same for the same files, and
//! the reading of archives that nobody has to trust.
//!
//! Absent on purpose: links, devices, owners, times, permissions. What an
//! archive holds is checked as a whole before any of it is used.

mod folder;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Read as _},
};

use bowsprit_host_core::foreign::shown;

pub use folder::{FolderError, read_folder, write_folder};

/// Files by their path, `/` between segments.
pub type Files = BTreeMap<String, Vec<u8>>;

/// Deepest path, segments.
const DEPTH: usize = 12;
/// Longest path, bytes.
const PATH: usize = 240;

/// How much an archive may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Files.
    pub files: usize,
    /// Bytes of one file.
    pub file_bytes: u64,
    /// Bytes of all files together.
    pub bytes: u64,
}

impl Bounds {
    /// A plugin's folder: component, assets and golden files at their largest.
    pub const PLUGIN: Self = Self { files: 2000, file_bytes: 32 << 20, bytes: 64 << 20 };
    /// A plugin with its signature in an image layout.
    pub const BUNDLE: Self = Self { files: 64, file_bytes: 64 << 20, bytes: 160 << 20 };
}

/// Why an archive is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It is cut off or no tar archive.
    #[error("the archive is cut off or damaged: {0}")]
    Damaged(#[source] io::Error),
    /// A path that could lead out of the folder, or that not every system can
    /// have.
    #[error("`{path}` in the archive {problem}")]
    Path {
        /// The path, as far as it can be shown.
        path: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Something that is neither file nor folder.
    #[error("`{path}` in the archive is a {kind}, and only files and folders may be in it")]
    Kind {
        /// The path.
        path: String,
        /// What it is.
        kind: &'static str,
    },
    /// One path twice.
    #[error("`{path}` is in the archive twice")]
    Twice {
        /// The path.
        path: String,
    },
    /// More than it may hold.
    #[error("the archive holds more than {most} {what}")]
    TooMuch {
        /// How much is allowed.
        most: u64,
        /// Of what.
        what: &'static str,
    },
}

/// An archive of `files`: the same bytes for the same files.
///
/// # Errors
///
/// If a path is none that [`unpack`] would accept.
pub fn pack(files: &Files) -> Result<Vec<u8>, ArchiveError> {
    check_paths(files)?;
    let mut builder = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        builder.append_data(&mut header, path, bytes.as_slice()).map_err(ArchiveError::Damaged)?;
    }
    builder.into_inner().map_err(ArchiveError::Damaged)
}

/// The files of an archive.
///
/// # Errors
///
/// If it is damaged, holds anything but plain files at plain paths, or more
/// than `bounds`.
pub fn unpack(archive: &[u8], bounds: Bounds) -> Result<Files, ArchiveError> {
    let mut files = Files::new();
    let mut left = bounds.bytes;
    let mut reader = tar::Archive::new(archive);
    for (count, entry) in reader.entries().map_err(ArchiveError::Damaged)?.enumerate() {
        let mut entry = entry.map_err(ArchiveError::Damaged)?;
        // Folders count too, or a small archive would keep us busy for long.
        if count >= bounds.files.saturating_mul(2) || files.len() >= bounds.files {
            return Err(ArchiveError::TooMuch { most: bounds.files as u64, what: "files" });
        }
        let bytes = entry.path_bytes();
        let path = std::str::from_utf8(&bytes).map_err(|_| ArchiveError::Path {
            path: shown(&String::from_utf8_lossy(&bytes)),
            problem: "is not UTF-8",
        })?;
        let path = path.to_owned();
        match kind(entry.header().entry_type()) {
            None => {}
            Some("folder") => {
                check_path(path.strip_suffix('/').unwrap_or(&path))?;
                continue;
            }
            Some(kind) => return Err(ArchiveError::Kind { path: shown(&path), kind }),
        }
        check_path(&path)?;
        let size = entry.size();
        if size > bounds.file_bytes {
            let most = bounds.file_bytes;
            return Err(ArchiveError::TooMuch { most, what: "bytes in one file" });
        }
        left = left
            .checked_sub(size)
            .ok_or(ArchiveError::TooMuch { most: bounds.bytes, what: "bytes" })?;
        let mut content = Vec::new();
        entry.by_ref().take(size).read_to_end(&mut content).map_err(ArchiveError::Damaged)?;
        if content.len() as u64 != size {
            let short = io::Error::from(io::ErrorKind::UnexpectedEof);
            return Err(ArchiveError::Damaged(short));
        }
        if files.contains_key(&path) {
            return Err(ArchiveError::Twice { path });
        }
        files.insert(path, content);
    }
    check_paths(&files)?;
    Ok(files)
}

/// Checks paths that somebody else wrote: one by one, and that none is both a
/// file and a folder.
///
/// # Errors
///
/// [`ArchiveError::Path`] names the path and what is wrong with it.
pub fn check_paths(files: &Files) -> Result<(), ArchiveError> {
    let mut folders = BTreeSet::new();
    for path in files.keys() {
        check_path(path)?;
        let ends = path.match_indices('/').filter_map(|(at, _)| path.get(..at));
        folders.extend(ends);
    }
    match files.keys().find(|path| folders.contains(path.as_str())) {
        Some(path) => {
            Err(ArchiveError::Path { path: shown(path), problem: "is both a file and a folder" })
        }
        None => Ok(()),
    }
}

fn check_path(path: &str) -> Result<(), ArchiveError> {
    let wrong = |problem| Err(ArchiveError::Path { path: shown(path), problem });
    if path.is_empty() || path.len() > PATH || path.split('/').count() > DEPTH {
        return wrong("is empty, too long or too deep");
    }
    if path.starts_with('/') || path.split('/').any(|it| matches!(it, "" | "." | "..")) {
        return wrong("leads out of the folder or goes round about");
    }
    if path.chars().any(|it| it.is_control() || matches!(it, '\\' | ':')) {
        return wrong("holds a character that not every system allows");
    }
    Ok(())
}

/// What an entry is, if it is not a file.
fn kind(of: tar::EntryType) -> Option<&'static str> {
    use tar::EntryType as Type;
    match of {
        Type::Regular => None,
        Type::Directory => Some("folder"),
        Type::Symlink => Some("symbolic link"),
        Type::Link => Some("hard link"),
        Type::Char | Type::Block => Some("device"),
        Type::Fifo => Some("pipe"),
        Type::GNUSparse => Some("sparse file"),
        _ => Some("special entry"),
    }
}
