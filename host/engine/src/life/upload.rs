//! A packed plugin folder: a tar archive, believed in nothing.

use std::{
    fs,
    io::{self, Read as _},
    path::{Component, Path, PathBuf},
};

use bowsprit_host_core::{Error, Result};
use tar::{Archive, EntryType};

/// Most bytes of all files together: a component and assets at their largest.
const BYTES: u64 = 64 << 20;
/// Most entries.
const ENTRIES: usize = 2000;

/// Writes an archive's files below `folder`. Only regular files and folders
/// with plain relative names are taken. Blocks.
pub(super) fn unpack(packed: &[u8], folder: &Path) -> Result<()> {
    let mut archive = Archive::new(packed);
    let entries = archive.entries().map_err(|_| not_tar())?;
    let mut left = BYTES;
    for (count, entry) in entries.enumerate() {
        if count == ENTRIES {
            let limit = format!("{ENTRIES} entries");
            return Err(Error::TooLarge { what: "the package", limit });
        }
        let mut entry = entry.map_err(|_| not_tar())?;
        let path = plain(&entry.path().map_err(|_| not_tar())?)?;
        match entry.header().entry_type() {
            EntryType::Directory => {}
            EntryType::Regular => left = write(&mut entry, &folder.join(path), left)?,
            _ => {
                let problem =
                    format!("has `{}`, which is neither a file nor a folder", path.display());
                return Err(Error::invalid("package", problem));
            }
        }
    }
    Ok(())
}

/// Writes one file; what is left of the bytes that may be written.
fn write(entry: &mut impl io::Read, path: &Path, left: u64) -> Result<u64> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(Error::internal)?;
    }
    let file = fs::OpenOptions::new().write(true).create_new(true).open(path);
    let mut file = match file {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let name = path.file_name().unwrap_or_default().display();
            return Err(Error::invalid("package", format!("has `{name}` twice")));
        }
        other => other.map_err(Error::internal)?,
    };
    let written = io::copy(&mut entry.take(left + 1), &mut file).map_err(|_| not_tar())?;
    let limit = || format!("{} MiB", BYTES >> 20);
    left.checked_sub(written).ok_or_else(|| Error::TooLarge { what: "the package", limit: limit() })
}

/// A path that cannot lead out of where it is joined to.
fn plain(path: &Path) -> Result<PathBuf> {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => plain.push(name),
            Component::CurDir => {}
            _ => {
                let shown: String = path.display().to_string().chars().take(120).collect();
                let problem = format!("has `{shown}`, which leads out of it");
                return Err(Error::invalid("package", problem));
            }
        }
    }
    Ok(plain)
}

fn not_tar() -> Error {
    Error::invalid("package", "is no tar archive; pack the folder with `tar -c -C FOLDER .`")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An archive of one entry with any name at all.
    fn archive(name: &str, kind: EntryType, bytes: &[u8]) -> Vec<u8> {
        let mut header = tar::Header::new_ustar();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(kind);
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        let mut builder = tar::Builder::new(Vec::new());
        builder.append(&header, bytes).expect("appended");
        builder.into_inner().expect("an archive")
    }

    fn refused(packed: &[u8]) -> String {
        let dir = tempfile::tempdir().expect("a folder");
        let inner = dir.path().join("inner");
        fs::create_dir(&inner).expect("a folder");
        let error = unpack(packed, &inner).expect_err("refused").to_string();
        assert_eq!(fs::read_dir(dir.path()).expect("a folder").count(), 1, "nothing outside");
        error
    }

    #[test]
    fn files_land_where_they_are_named() {
        let dir = tempfile::tempdir().expect("a folder");
        unpack(&archive("./assets/mark", EntryType::Regular, b"x"), dir.path()).expect("unpacked");
        assert_eq!(fs::read(dir.path().join("assets/mark")).expect("read"), b"x");
    }

    #[test]
    fn what_is_not_plain_is_refused() {
        assert!(refused(&archive("../out", EntryType::Regular, b"x")).contains("leads out"));
        assert!(refused(&archive("a/../../out", EntryType::Regular, b"x")).contains("leads out"));
        assert!(refused(&archive("/out", EntryType::Regular, b"x")).contains("leads out"));
        assert!(refused(&archive("link", EntryType::Symlink, b"")).contains("neither"));
        assert!(refused(&archive("dev", EntryType::Char, b"")).contains("neither"));
        assert!(refused(b"not a tar archive at all, but long enough for nothing").contains("tar"));
        let twice = |bytes: Vec<u8>| [&bytes[..1024], &bytes[..]].concat();
        assert!(refused(&twice(archive("a", EntryType::Regular, b"x"))).contains("twice"));
    }

    #[test]
    fn bytes_and_entries_are_bounded() {
        let mut many = Vec::new();
        for _ in 0..=ENTRIES {
            many.extend(&archive("d", EntryType::Directory, b"")[..512]);
        }
        many.extend([0; 1024]);
        assert!(refused(&many).contains("2000 entries"));
        let large = vec![0; BYTES as usize + 1];
        assert!(refused(&archive("a", EntryType::Regular, &large)).contains("64 MiB"));
    }
}
