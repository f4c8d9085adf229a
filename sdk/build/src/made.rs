//! What builds leave among the sources, and whether it is still up to date.

use std::{
    fs,
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

use crate::{BuildError, at};

/// Folders that builds write, below a plugin's.
const FOLDERS: [&str; 4] = ["target", "dist", "node_modules", "__pycache__"];
/// Files that they write beside the sources.
const LOCKS: [&str; 2] = ["Cargo.lock", "package-lock.json"];
/// Where what cannot be named by a tool is written.
pub(crate) const WORK: &str = "target";

/// Whether a build wrote what lies there, `inside` the folder of the sources.
pub(crate) fn is_made(inside: &Path) -> bool {
    inside.components().any(|part| FOLDERS.iter().any(|it| part.as_os_str() == *it))
}

/// Whether it is a file that builds write and go by.
pub(crate) fn is_lock(path: &Path) -> bool {
    path.file_name().is_some_and(|name| LOCKS.iter().any(|it| name == *it))
}

/// Something made earlier, which is not made again while its inputs are the
/// same. That is no luxury: what the tools of interpreters write differs each
/// time, so that a host would load the same plugin anew.
pub(crate) struct Kept {
    stamp: PathBuf,
    digest: String,
}

impl Kept {
    /// That which is made of `files` in the way `how` says; `stamp` is where
    /// this is remembered.
    pub(crate) fn of(stamp: PathBuf, files: &[PathBuf], how: &str) -> Result<Self, BuildError> {
        let mut hash = Sha256::new();
        hash.update(how);
        for file in files {
            let bytes = fs::read(file).map_err(at(file))?;
            hash.update(file.as_os_str().as_encoded_bytes());
            hash.update(Sha256::digest(&bytes));
        }
        let digest = hash.finalize().iter().map(|it| format!("{it:02x}")).collect();
        Ok(Self { stamp, digest })
    }

    /// Makes it with `make`, unless it is `there` already.
    pub(crate) fn or_make(
        &self,
        there: &Path,
        make: impl FnOnce() -> Result<(), BuildError>,
    ) -> Result<(), BuildError> {
        let same = fs::read_to_string(&self.stamp).is_ok_and(|it| it == self.digest);
        if same && there.exists() {
            return Ok(());
        }
        let folder = self.stamp.parent().unwrap_or(&self.stamp);
        fs::create_dir_all(folder).map_err(at(folder))?;
        // What breaks off half done must not look whole.
        fs::write(&self.stamp, "").map_err(at(&self.stamp))?;
        make()?;
        fs::write(&self.stamp, &self.digest).map_err(at(&self.stamp))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn what_was_made_is_kept_until_an_input_changes_or_it_is_gone() {
        let base = tempfile::tempdir().unwrap();
        let (input, made) = (base.path().join("input"), base.path().join("made"));
        let times = Cell::new(0);
        let make = |how: &str, works: bool| {
            let kept = Kept::of(base.path().join("work/stamp"), std::slice::from_ref(&input), how)
                .unwrap();
            let made = kept.or_make(&made, || {
                times.set(times.get() + 1);
                fs::write(&made, "x").unwrap();
                if works { Ok(()) } else { Err(BuildError::NoTarget) }
            });
            (made.is_ok(), times.get())
        };
        fs::write(&input, "one").unwrap();
        assert_eq!(make("fast", true), (true, 1));
        assert_eq!(make("fast", true), (true, 1));
        assert_eq!(make("small", true), (true, 2));
        fs::write(&input, "two").unwrap();
        assert_eq!(make("small", false), (false, 3));
        fs::write(&input, "one").unwrap();
        assert_eq!(make("small", true), (true, 4), "half of it is none of it");
        fs::remove_file(&made).unwrap();
        assert_eq!(make("small", true), (true, 5));
    }

    #[test]
    fn what_builds_write_is_told_from_sources() {
        for made in ["target/venv/x.py", "a/node_modules/b/c.js", "src/__pycache__/a.pyc"] {
            assert!(is_made(Path::new(made)), "{made}");
        }
        assert!(!is_made(Path::new("src/targets.py")) && !is_made(Path::new("package.json")));
    }
}
