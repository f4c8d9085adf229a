//! Folders that are copied whole, and files that are really on the disk.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

/// Makes a folder for its owner alone.
pub(super) fn make(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().mode(0o700).create(path)
}

/// Writes a file that is not there yet, for its owner alone.
pub(super) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    io::Write::write_all(&mut file, bytes)?;
    file.sync_all()
}

/// Copies plain files and folders to a place that is not there yet. Anything
/// else (links, sockets) is left out.
pub(super) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    make(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let target = to.join(entry.file_name());
        if kind.is_dir() {
            copy(&entry.path(), &target)?;
        } else if kind.is_file() {
            write(&target, &fs::read(entry.path())?)?;
        }
    }
    sync(to)
}

/// Every plain file below a folder, by its path in it, in order.
pub(super) fn files(below: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![below.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            match entry.file_type()? {
                kind if kind.is_dir() => folders.push(entry.path()),
                kind if kind.is_file() => {
                    let path = entry.path();
                    found.push(path.strip_prefix(below).unwrap_or(&path).to_owned());
                }
                _ => {}
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The SHA-256 of a file, in hex.
pub(super) fn digest(path: &Path) -> io::Result<String> {
    let mut digest = Sha256::new();
    let mut file = File::open(path)?;
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = io::Read::read(&mut file, &mut buffer)?;
        if read == 0 {
            return Ok(hex::encode(digest.finalize()));
        }
        digest.update(buffer.get(..read).unwrap_or_default());
    }
}

/// Makes sure that a folder's entries are on the disk.
pub(super) fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
