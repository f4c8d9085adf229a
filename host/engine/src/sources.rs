//! The folders plugins come from, and who of two with one id counts.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use tokio::task::spawn_blocking;

use crate::package::{Digest, Package, Sight, is_scratch};

/// What is remembered of a folder.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    /// What was found at the last look.
    pub(crate) seen: Option<Digest>,
    /// The id it is filed under.
    pub(crate) id: String,
    /// The plugin whose component it uses.
    pub(crate) uses: Option<String>,
    /// Whether it may be accepted without having changed, once others change.
    pub(crate) retry: bool,
    /// Whether it was refused for having another one's id.
    pub(crate) duplicate: bool,
}

/// The configured folders and the plugins found in them.
#[derive(Debug, Clone)]
pub(crate) struct Sources {
    dirs: Vec<PathBuf>,
    folders: BTreeMap<PathBuf, Known>,
}

/// How a plugin relates to others of its id.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is the one.
    First,
    /// One in a later configured folder counts instead.
    Overridden,
    /// Another in the same configured folder was there first.
    Duplicate(PathBuf),
}

impl Sources {
    pub(crate) fn new(dirs: Vec<PathBuf>) -> Self {
        Self { dirs, folders: BTreeMap::new() }
    }

    pub(crate) fn known(&self, folder: &Path) -> Option<&Known> {
        self.folders.get(folder)
    }

    pub(crate) fn remember(&mut self, folder: &Path, known: Known) {
        self.folders.insert(folder.to_owned(), known);
    }

    pub(crate) fn forget(&mut self, folder: &Path) -> Option<Known> {
        self.folders.remove(folder)
    }

    /// How `package` stands to the other folders with its id.
    pub(crate) fn standing(&self, package: &Package) -> Standing {
        let rank = self.rank(&package.folder);
        let others = self
            .folders
            .iter()
            .filter(|(folder, known)| **folder != package.folder && known.id == package.toml.id);
        for (folder, known) in others {
            let other = self.rank(folder);
            if other > rank {
                return Standing::Overridden;
            }
            if other == rank && !known.duplicate {
                return Standing::Duplicate(folder.clone());
            }
        }
        Standing::First
    }

    /// Folders whose fate may change after `id` went live or away, and those
    /// that wait for any change.
    pub(crate) fn affected_by(&self, id: &str, except: &Path) -> BTreeSet<PathBuf> {
        let affected = self.folders.iter().filter(|(folder, known)| {
            let touched = known.retry || known.id == id || known.uses.as_deref() == Some(id);
            touched && **folder != *except
        });
        affected.map(|(folder, _)| folder.clone()).collect()
    }

    /// Everything that is or was a plugin, in the order of the configured
    /// folders.
    pub(crate) async fn all(&self) -> Vec<PathBuf> {
        let sources = self.clone();
        spawn_blocking(move || sources.list()).await.unwrap_or_default()
    }

    fn list(&self) -> Vec<PathBuf> {
        let mut all = Vec::new();
        for (rank, dir) in self.dirs.iter().enumerate() {
            let gone = self.folders.keys().filter(|it| self.rank(it) == Some(rank)).cloned();
            let within: BTreeSet<PathBuf> = gone.chain(folders_in(dir)).collect();
            all.extend(within);
        }
        all
    }

    /// Position of the configured folder that `folder` is in.
    fn rank(&self, folder: &Path) -> Option<usize> {
        self.dirs.iter().rposition(|dir| folder.parent() == Some(dir))
    }
}

/// Sub-folders that may be plugins; none if `dir` cannot be read.
pub(crate) fn folders_in(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let named = entries.filter(|it| it.file_name().to_str().is_some_and(|name| !is_scratch(name)));
    named.map(|it| it.path()).filter(|it| it.is_dir()).collect()
}

/// Changes when anything in `folder` does, as far as a look at names, sizes
/// and times can tell. Blocks.
pub(crate) fn stamp(folder: &Path) -> u64 {
    let mut hasher = DefaultHasher::new();
    let mut open = vec![(folder.to_owned(), 0)];
    while let Some((path, depth)) = open.pop() {
        let Ok(meta) = fs::metadata(&path) else { continue };
        path.hash(&mut hasher);
        (meta.ino(), meta.len(), meta.mtime(), meta.mtime_nsec()).hash(&mut hasher);
        (meta.ctime(), meta.ctime_nsec()).hash(&mut hasher);
        if meta.is_dir() && depth < STAMP_DEPTH {
            let mut inner: Vec<_> = fs::read_dir(&path).into_iter().flatten().flatten().collect();
            inner.sort_by_key(fs::DirEntry::file_name);
            open.extend(inner.iter().map(|it| (it.path(), depth + 1)));
        }
    }
    hasher.finish()
}

/// The plugin's folder, `assets/` and as deep as assets go.
const STAMP_DEPTH: usize = 10;

/// What to file a folder under that does not say its id.
pub(crate) fn fallback_id(folder: &Path) -> String {
    folder.file_name().map_or_else(|| "plugin".into(), |it| it.to_string_lossy().into_owned())
}

impl Known {
    /// What is known of a folder by looking at it.
    pub(crate) fn of(folder: &Path, sight: &Sight, before: Option<&Self>) -> Self {
        let seen = sight.digest();
        let fallback = || before.map_or_else(|| fallback_id(folder), |it| it.id.clone());
        match sight {
            Sight::Ready(package) => Self {
                seen,
                id: package.toml.id.clone(),
                uses: package.toml.uses.clone(),
                retry: false,
                duplicate: false,
            },
            Sight::Refused(refusal) => {
                let id = refusal.id.clone().unwrap_or_else(fallback);
                Self { seen, id, uses: None, retry: false, duplicate: false }
            }
            Sight::Absent => {
                Self { seen, id: fallback(), uses: None, retry: false, duplicate: false }
            }
        }
    }
}
