//! Inputs that generations are compared by, kept between starts.
//!
//! In a folder of this host alone, not in the store: which generations it
//! compares is each host's own matter, and nothing is lost with them but a
//! comparison. They are written when the host stops and now and then, never
//! for a call, and read when a plugin has something to compare.

use std::{
    collections::HashSet,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::task::spawn_blocking;

use super::recent::{Input, Recent};
use crate::PluginEngine;

/// How many times as many bytes as in memory inputs may have as JSON, whose
/// texts escape what is JSON in them.
const ESCAPED: u64 = 4;

/// A private folder with a file of inputs per plugin.
#[derive(Debug, Clone)]
pub(crate) struct Shelf {
    folder: PathBuf,
}

impl Shelf {
    /// Makes the folder if need be.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// A plugin's inputs, newest first; none if there are none that can be
    /// read. Blocks.
    fn read(&self, id: &str, most_bytes: usize) -> Vec<Input> {
        let most = (most_bytes as u64).saturating_mul(ESCAPED);
        let mut text = Vec::new();
        let read = File::open(self.place(id)).and_then(|it| it.take(most).read_to_end(&mut text));
        match read.map(|_| serde_json::from_slice(&text)) {
            Ok(Ok(inputs)) => inputs,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Ok(Err(_)) | Err(_) => {
                // Of another version, or cut off: the next ones replace it.
                tracing::warn!(plugin = id, "inputs of earlier starts cannot be read");
                Vec::new()
            }
        }
    }

    /// Keeps a plugin's inputs instead of those before. Written beside and
    /// renamed, so that a reader finds all of it or nothing. Blocks.
    fn write(&self, id: &str, inputs: &[Input]) -> io::Result<()> {
        let text = serde_json::to_vec(inputs)?;
        let scratch = self.folder.join(format!(".{id}.tmp"));
        let _ = fs::remove_file(&scratch);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&scratch);
        let written = file
            .and_then(|mut it| it.write_all(&text))
            .and_then(|()| fs::rename(&scratch, self.place(id)));
        if written.is_err() {
            // The error says enough; what is left behind is only untidy.
            let _ = fs::remove_file(&scratch);
        }
        written
    }

    /// Removes what is kept of all plugins but these. Blocks.
    pub(crate) fn retain(&self, plugins: &HashSet<String>) {
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let id = name.to_str().and_then(|it| it.strip_suffix(".json"));
            if id.is_none_or(|it| !plugins.contains(it)) {
                // One that stays is removed the next time.
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    fn place(&self, id: &str) -> PathBuf {
        self.folder.join(format!("{id}.json"))
    }
}

impl PluginEngine {
    /// Keeps for the next start what plugins were asked since this was last
    /// done. To be called when the host stops, and now and then.
    pub async fn keep_inputs(&self) {
        let Some(shelf) = &self.shelf else { return };
        for (id, recent) in self.shared.recents() {
            if !recent.take_changed() {
                continue;
            }
            let (inputs, shelf, plugin) =
                (self.inputs(&id, &recent).await, shelf.clone(), id.clone());
            let written = spawn_blocking(move || shelf.write(&plugin, &inputs)).await;
            if let Ok(Err(error)) = written {
                tracing::warn!(plugin = id, %error, "inputs of plugins not kept");
                recent.set_changed();
            }
        }
    }

    /// What a plugin was asked lately, also before the host started; newest
    /// first.
    pub(super) async fn inputs(&self, id: &str, recent: &Arc<Recent>) -> Vec<Input> {
        if let Some(shelf) = self.shelf.clone().filter(|_| recent.is_unrecalled()) {
            let (id, most_bytes) = (id.to_owned(), recent.most_bytes());
            let older = spawn_blocking(move || shelf.read(&id, most_bytes)).await;
            recent.recall(older.unwrap_or_default());
        }
        recent.inputs()
    }

    /// Removes inputs of plugins that are gone.
    pub(crate) async fn clear_shelf(&self) {
        let Some(shelf) = self.shelf.clone() else { return };
        let compared = self.config.compared_inputs > 0;
        let plugins = self.generations().reports().into_iter().filter(|_| compared);
        let plugins = plugins.map(|it| it.id).collect();
        // It only saves space, and the next start does it again.
        let _ = spawn_blocking(move || shelf.retain(&plugins)).await;
    }
}
