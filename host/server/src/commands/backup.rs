//! `bowsprit backup`: a folder with everything an instance needs.
//!
//! `store.db` is an embedded store, whatever store the instance has; `keys/`
//! holds the keys the host generated; `plugins/` the plugin folders;
//! `backup.json` what there is, with digests.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use bowsprit_host_core::{secrets::Key, store::Documents as _};
use bowsprit_host_store::{
    embedded::{self, EmbeddedStore},
    transfer::{copy, tally},
};
use clap::Args;

use super::{
    folder,
    manifest::{Count, Manifest},
};
use crate::{
    flags::Serve,
    keys,
    output::say,
    settings::Settings,
    store::{COLLECTIONS, address::Address},
};

pub(super) const STORE: &str = "store.db";
pub(super) const KEYS: &str = "keys";
pub(super) const PLUGINS: &str = "plugins";
const KEY: &str = "key";

/// Saves an instance, which may be running.
#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// The folder to make. It must not exist.
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    #[command(flatten)]
    serve: Serve,
}

impl Backup {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let settings = self.serve.settings()?;
        if self.folder.exists() {
            bail!("{} exists already", self.folder.display());
        }
        // Under its name only when it is complete.
        let mut partial = self.folder.clone().into_os_string();
        partial.push(format!(".partial-{}", std::process::id()));
        let partial = PathBuf::from(partial);
        folder::make(&partial).with_context(|| format!("{}", partial.display()))?;
        let saved = save(&settings, &partial).await;
        let saved = saved.and_then(|count| {
            fs::rename(&partial, &self.folder)?;
            Ok(count)
        });
        match saved {
            Ok(count) => {
                say(format_args!("{count} documents are saved in {}", self.folder.display()));
                Ok(())
            }
            Err(error) => {
                // The first error is the one to tell.
                let _ = fs::remove_dir_all(&partial);
                Err(error)
            }
        }
    }
}

async fn save(settings: &Settings, folder: &Path) -> anyhow::Result<u64> {
    let collections = save_store(settings, &folder.join(STORE)).await?;
    let total = collections.values().map(|it| it.documents).sum();
    save_keys(&settings.data_dir, &folder.join(KEYS))?;
    let plugins = save_plugins(&settings.plugins.dirs, &folder.join(PLUGINS))?;
    let configured = settings.encryption_key.as_ref();
    let key = match configured {
        None if !settings.data_dir.join("encryption.key").exists() => String::new(),
        _ => {
            let key = keys::configured_or_kept(configured, &settings.data_dir, "encryption.key")?;
            Key::parse(&key).id().to_owned()
        }
    };
    Manifest::write(folder, key, collections, plugins)?;
    folder::sync(folder)?;
    Ok(total)
}

/// Saves the store: an embedded one as it is at one moment, a server's
/// collection by collection.
async fn save_store(settings: &Settings, to: &Path) -> anyhow::Result<BTreeMap<String, Count>> {
    let address = Address::of(settings);
    if let Address::File(path) = &address {
        if !path.exists() {
            bail!("there is no store at {}", path.display());
        }
        embedded::snapshot(path, to).context("the store cannot be saved")?;
    }
    let saved = EmbeddedStore::open(to)?;
    saved.prepare(COLLECTIONS).await?;
    let mut counts = BTreeMap::new();
    let server = match address {
        Address::Server(_) => Some(address.open().await?),
        Address::File(_) => None,
    };
    for of in COLLECTIONS {
        if let Some(server) = &server {
            copy(server.transfer(), &saved, of).await?;
        }
        let tally = tally(&saved, of).await?;
        let count = Count { documents: tally.documents, digest: tally.hex() };
        counts.insert(of.name.to_owned(), count);
    }
    saved.close().await;
    drop(saved);
    // The saved store is nobody's yet.
    fs::remove_file(to.with_extension("db.lock"))?;
    Ok(counts)
}

/// Saves the keys that the host generated.
fn save_keys(data_dir: &Path, to: &Path) -> anyhow::Result<()> {
    folder::make(to)?;
    if !data_dir.exists() {
        return Ok(());
    }
    for entry in fs::read_dir(data_dir)? {
        let path = entry?.path();
        if let Some(name) = path.file_name()
            && path.extension().is_some_and(|it| it == KEY)
        {
            folder::write(&to.join(name), &fs::read(&path)?)?;
        }
    }
    folder::sync(to).map_err(Into::into)
}

/// Saves the configured plugin folders; answers what each is called.
fn save_plugins(dirs: &[PathBuf], to: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    folder::make(to)?;
    let mut names = BTreeMap::new();
    for (n, dir) in dirs.iter().enumerate() {
        let base = dir.file_name().unwrap_or_default().to_string_lossy();
        let name = format!("{n}-{base}");
        folder::copy(dir, &to.join(&name)).with_context(|| format!("{}", dir.display()))?;
        names.insert(dir.to_string_lossy().into_owned(), name);
    }
    folder::sync(to)?;
    Ok(names)
}
