//! How much a cache keeps.

use std::{
    fs::{self, Metadata},
    io,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// How the names begin of files that are being written.
pub(super) const SCRATCH: &str = ".bowsprit-";
/// How long the names of kept files are before the dot: the digest of a
/// component and a hash of the engine.
const NAME: usize = 64 + 1 + 16;

/// Removes what was used longest ago until all is no more than `most` bytes.
/// Other people's files do not count: the folder may have been theirs before.
pub(super) fn trim(folder: &Path, most: u64) -> io::Result<()> {
    let mut files: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_name().to_str().is_some_and(is_ours) {
            continue;
        }
        // Another process may have removed it meanwhile.
        if let Ok(meta) = entry.metadata().and_then(with_time) {
            files.push((meta.0, meta.1, entry.path()));
        }
    }
    files.sort_unstable_by(|one, other| other.cmp(one));
    let mut kept = 0;
    for (_, bytes, path) in files {
        kept += bytes;
        if kept > most {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => kept -= bytes,
            }
        }
    }
    Ok(())
}

fn with_time(meta: Metadata) -> io::Result<(SystemTime, u64)> {
    Ok((meta.modified()?, meta.len()))
}

fn is_ours(name: &str) -> bool {
    let kept = name.strip_suffix(".code").is_some_and(|it| {
        it.len() == NAME && it.bytes().all(|it| it.is_ascii_hexdigit() || it == b'-')
    });
    kept || name.starts_with(SCRATCH)
}
