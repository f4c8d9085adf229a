//! What a backup holds: one JSON file in it.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context as _, bail};
use bowsprit_host_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::folder;

/// The layout of backups this build writes and reads.
const FORMAT: u32 = 1;
const FILE: &str = "backup.json";

/// What a backup holds.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Manifest {
    format: u32,
    /// Of the build that made it.
    version: String,
    pub(super) made_at: Timestamp,
    /// Names the key that seals credentials; the key itself is only in the
    /// backup if the host generated it.
    pub(super) encryption_key: String,
    /// Documents and digest of each collection.
    pub(super) collections: BTreeMap<String, Count>,
    /// The configured plugin folders, and what the backup calls them.
    pub(super) plugins: BTreeMap<String, String>,
    /// SHA-256 by path.
    files: BTreeMap<String, String>,
}

/// Documents of a collection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Count {
    pub(super) documents: u64,
    pub(super) digest: String,
}

impl Manifest {
    /// Writes the manifest of what lies in `folder`.
    pub(super) fn write(
        folder: &Path,
        encryption_key: String,
        collections: BTreeMap<String, Count>,
        plugins: BTreeMap<String, String>,
    ) -> anyhow::Result<()> {
        let mut files = BTreeMap::new();
        for path in folder::files(folder)? {
            let digest = folder::digest(&folder.join(&path))?;
            files.insert(path.to_string_lossy().into_owned(), digest);
        }
        let manifest = Self {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").into(),
            made_at: Timestamp::now(),
            encryption_key,
            collections,
            plugins,
            files,
        };
        let text = serde_json::to_vec_pretty(&manifest)?;
        folder::write(&folder.join(FILE), &text).context("the manifest cannot be written")
    }

    /// Reads the manifest of a backup and checks every file against it.
    pub(super) fn read(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join(FILE);
        let text = fs::read(&path)
            .with_context(|| format!("{} is not a backup: {FILE}", folder.display()))?;
        let manifest: Self =
            serde_json::from_slice(&text).with_context(|| format!("{}", path.display()))?;
        if manifest.format != FORMAT {
            let Self { format, version, .. } = manifest;
            bail!("the backup has format {format}; Bowsprit {version} or newer can restore it");
        }
        for (name, expected) in &manifest.files {
            let found = folder::digest(&folder.join(name))
                .with_context(|| format!("the backup lacks `{name}`"))?;
            if found != *expected {
                bail!("the backup is damaged: `{name}` is not what was saved");
            }
        }
        Ok(manifest)
    }
}
