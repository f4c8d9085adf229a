//! `plugins.sources` that are pinned by digest, installed while the host
//! serves.
//!
//! Each is a folder named after its digest, in the data folder, watched like
//! the operator's own: what is there already needs no registry, what arrives
//! goes live by itself, what is not listed any more is removed. Entries without
//! a digest name no artifact; `bowsprit plugin pull` goes by them.

use std::{
    fs::{self, DirBuilder},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use bowsprit_host_core::tasks::Tasks as _;
use bowsprit_host_engine::archive::{check_paths, write_folder};
use bowsprit_host_outbound::oci::{Digest, Reference, artifact::open, registry::Registry};

use crate::{
    registries::{logged_in, vouched},
    settings::{Settings, Trust},
    supervisor::Supervisor,
};

/// Longest one plugin may take to arrive.
const PATIENCE: Duration = Duration::from_secs(120);
/// First pause before what did not arrive is asked for again; doubles.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
/// Longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(600);

/// A plugin that is to be here.
struct Wanted {
    place: Reference,
    digest: Digest,
    trust: Trust,
}

/// Where they are put.
pub(super) fn folder(settings: &Settings) -> PathBuf {
    settings.data_dir.join("plugin-sources")
}

/// Removes what is not wanted any more, and has what is missing brought in the
/// background.
pub(super) fn tend(settings: &Settings, supervisor: &Supervisor) -> anyhow::Result<()> {
    let folder = folder(settings);
    let wanted = wanted(settings)?;
    if wanted.is_empty() && !folder.exists() {
        return Ok(());
    }
    let what = || format!("the folder of installed plugins {}", folder.display());
    DirBuilder::new().recursive(true).mode(0o700).create(&folder).with_context(what)?;
    for entry in fs::read_dir(&folder).with_context(what)? {
        let entry = entry.with_context(what)?;
        let is_wanted = |it: &Wanted| entry.file_name().to_str() == Some(it.digest.hex());
        if !wanted.iter().any(is_wanted) {
            tracing::info!(folder = %entry.path().display(), "plugin is no source any more; removed");
            fs::remove_dir_all(entry.path()).with_context(what)?;
        }
    }
    let missing: Vec<Wanted> =
        wanted.into_iter().filter(|it| !folder.join(it.digest.hex()).is_dir()).collect();
    if !missing.is_empty() {
        supervisor.spawn_endless("install plugins", Box::pin(bring_all(missing, folder)));
    }
    Ok(())
}

fn wanted(settings: &Settings) -> anyhow::Result<Vec<Wanted>> {
    let mut wanted = Vec::new();
    for source in &settings.plugins.sources {
        let (place, trust) = source.trust()?;
        if let Some(digest) = trust.digest.clone() {
            wanted.push(Wanted { place: place.at(digest.clone()), digest, trust });
        }
    }
    Ok(wanted)
}

/// Brings one after the other, again and again until all are there.
async fn bring_all(mut missing: Vec<Wanted>, folder: PathBuf) {
    let mut pause = FIRST_PAUSE;
    loop {
        let mut left = Vec::new();
        for it in missing {
            let brought = tokio::time::timeout(PATIENCE, bring(&it, &folder)).await;
            let failed = match brought {
                Ok(Ok(())) => {
                    tracing::info!(source = %it.place, "plugin installed");
                    continue;
                }
                Ok(Err(error)) => format!("{error:#}"),
                Err(_) => format!("it did not arrive within {} s", PATIENCE.as_secs()),
            };
            tracing::warn!(
                source = %it.place,
                again_in_seconds = pause.as_secs(),
                "plugin not installed, the host goes on without: {failed}"
            );
            left.push(it);
        }
        if left.is_empty() {
            return;
        }
        missing = left;
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Gets one, believes it if somebody vouches for it, and puts it into place
/// whole.
async fn bring(it: &Wanted, folder: &Path) -> anyhow::Result<()> {
    let credentials = logged_in(&it.place.registry)?;
    let registry = Registry::of(&it.place, credentials, false)?;
    let artifact = registry.pull(&it.place).await?;
    vouched(&artifact, &it.trust)?;
    let files = open(&artifact.content)?;
    check_paths(&files)?;
    let target = folder.join(it.digest.hex());
    tokio::task::spawn_blocking(move || write_folder(&target, &files, false)).await??;
    Ok(())
}
