//! `bowsprit restore`: an instance from a backup, in a clean place.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use bowsprit_host_core::{
    secrets::Key,
    store::{Documents, Filter},
};
use bowsprit_host_store::{embedded::EmbeddedStore, transfer::tally};
use clap::Args;
use secrecy::SecretString;

use super::{
    backup::{KEYS, PLUGINS, STORE},
    db_move, folder,
    manifest::{Count, Manifest},
};
use crate::{
    flags::Serve,
    keys,
    output::say,
    settings::Settings,
    store::{
        COLLECTIONS,
        address::{Address, Opened},
    },
};

/// Brings an instance back. The data folder must not hold one.
#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// The folder that `bowsprit backup` made.
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    #[command(flatten)]
    serve: Serve,
}

impl Restore {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let settings = self.serve.settings()?;
        let manifest = Manifest::read(&self.folder)?;
        let data = &settings.data_dir;
        keys::prepare_data_dir(data)?;
        let saved_keys = self.folder.join(KEYS);
        check_key(&settings, &manifest, &saved_keys)?;
        require_clean(data, &saved_keys)?;
        restore_store(&settings, &manifest, &self.folder.join(STORE)).await?;
        for name in folder::files(&saved_keys)? {
            folder::write(&data.join(&name), &fs::read(saved_keys.join(&name))?)?;
        }
        folder::sync(data)?;
        say(format_args!("restored the backup of {} to {}", manifest.made_at, data.display()));
        for (dir, name) in &manifest.plugins {
            let to = data.join(PLUGINS).join(name);
            fs::create_dir_all(data.join(PLUGINS))?;
            folder::copy(&self.folder.join(PLUGINS).join(name), &to)
                .with_context(|| format!("{}", to.display()))?;
            say(format_args!("plugins of {dir}: start with --plugins {}", to.display()));
        }
        Ok(())
    }
}

/// Whether what is sealed in the backup can be opened afterwards.
fn check_key(settings: &Settings, manifest: &Manifest, saved: &Path) -> anyhow::Result<()> {
    let file = saved.join("encryption.key");
    let generated = file.exists().then(|| fs::read_to_string(&file)).transpose()?;
    let mut known: Vec<String> = Vec::new();
    match (&settings.encryption_key, generated) {
        (Some(key), _) => known.push(Key::parse(key).id().into()),
        (None, Some(text)) => known.push(Key::parse(&SecretString::from(text)).id().into()),
        (None, None) => {}
    }
    known.extend(settings.encryption_keys_old.iter().map(|it| Key::parse(it).id().into()));
    let key = &manifest.encryption_key;
    if !key.is_empty() && !known.contains(key) {
        bail!(
            "the backup's credentials are sealed with key {key}, which is not configured: set it \
             as `encryption_key`, or add it to `encryption_keys_old`"
        );
    }
    Ok(())
}

/// Nothing of another instance may be overwritten.
fn require_clean(data: &Path, saved_keys: &Path) -> anyhow::Result<()> {
    let keys = folder::files(saved_keys)?.into_iter().map(|name| data.join(name));
    for path in keys.chain([data.join("bowsprit.db"), data.join(PLUGINS)]) {
        if path.exists() {
            bail!("{} exists already; name a clean folder with --data-dir", path.display());
        }
    }
    Ok(())
}

/// Puts the store in its place, last step first made under another name.
async fn restore_store(
    settings: &Settings,
    manifest: &Manifest,
    saved: &Path,
) -> anyhow::Result<()> {
    let partial = settings.data_dir.join("restored.db");
    if partial.exists() {
        // Of an earlier attempt.
        fs::remove_file(&partial)?;
    }
    folder::write(&partial, &fs::read(saved)?)?;
    let store = EmbeddedStore::open(&partial)?;
    store.prepare(COLLECTIONS).await?;
    let store = Opened::File(store.into());
    compare(&store, manifest).await?;
    let address = Address::of(settings);
    if let Address::Server(_) = address {
        let server = address.open().await?;
        server.transfer().prepare(COLLECTIONS).await?;
        db_move::require_empty(server.transfer(), false).await?;
        db_move::fill(&store, &server).await?;
        server.transfer().close().await;
    }
    store.transfer().close().await;
    drop(store);
    fs::remove_file(partial.with_extension("db.lock"))?;
    match address {
        Address::File(path) => fs::rename(&partial, path)?,
        Address::Server(_) => fs::remove_file(&partial)?,
    }
    Ok(())
}

/// Fails if the store does not hold what the manifest says.
async fn compare(store: &Opened, manifest: &Manifest) -> anyhow::Result<()> {
    for of in COLLECTIONS {
        let found = tally(store.transfer(), of).await?;
        let found = Count { documents: found.documents, digest: found.hex() };
        let same = match manifest.collections.get(of.name) {
            Some(expected) => *expected == found,
            // The build that made the backup did not have it yet.
            None => store.transfer().count(of, &Filter::All).await? == 0,
        };
        if !same {
            bail!("the backup is damaged: `{}` is not what was saved", of.name);
        }
    }
    Ok(())
}
