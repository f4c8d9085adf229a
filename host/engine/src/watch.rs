//! Noticing changed folders: file system events where they come, a look at
//! names, sizes and times every few seconds where they do not.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Component, Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::{
    sync::Notify,
    task::spawn_blocking,
    time::{Instant, MissedTickBehavior, interval, sleep_until},
};

use crate::{
    PluginEngine,
    package::{Digest, is_scratch},
    reload::look,
    sources::{folders_in, stamp},
};

/// What was found at the first of two looks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    Never,
    Found(Option<Digest>),
}

/// Folders with changes nobody has looked at yet. An entry that is one of the
/// configured folders stands for all in it.
#[derive(Default)]
struct Dirt {
    folders: Mutex<BTreeSet<PathBuf>>,
    more: Notify,
}

impl Dirt {
    fn add(&self, folders: impl IntoIterator<Item = PathBuf>) {
        let mut dirt = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        let before = dirt.len();
        dirt.extend(folders);
        if dirt.len() > before {
            self.more.notify_one();
        }
    }

    fn take(&self) -> BTreeSet<PathBuf> {
        std::mem::take(&mut *self.folders.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Watches until `shutdown` is ready.
pub(crate) async fn run(engine: &PluginEngine, shutdown: impl Future<Output = ()>) {
    let mut shutdown = std::pin::pin!(shutdown);
    let dirs = engine.dirs().to_vec();
    let dirt = Arc::new(Dirt::default());
    let mut eyes = Eyes::open(&dirs, &dirt, engine.config.events);
    let mut pending: BTreeMap<PathBuf, Look> = BTreeMap::new();
    let mut due = Instant::now();
    let mut poll = interval(engine.config.poll);
    poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // Whatever changed between the first load and now.
    dirt.add(dirs.iter().cloned());
    loop {
        tokio::select! {
            () = &mut shutdown => return,
            () = dirt.more.notified() => {
                if pending.is_empty() {
                    due = Instant::now() + engine.config.debounce;
                }
                for folder in expand(engine, &dirs, dirt.take()).await {
                    pending.entry(folder).or_insert(Look::Never);
                }
            }
            () = sleep_until(due), if !pending.is_empty() => {
                settle(engine, &mut pending).await;
                eyes.follow(&dirs);
                due = Instant::now() + engine.config.debounce;
            }
            _ = poll.tick() => {
                eyes.follow(&dirs);
                dirt.add(eyes.changed(&dirs).await);
            }
        }
    }
}

/// Looks at what is pending, and lets go what looks the same twice, all of it
/// together.
async fn settle(engine: &PluginEngine, pending: &mut BTreeMap<PathBuf, Look>) {
    let mut settled = Vec::new();
    for (folder, before) in std::mem::take(pending) {
        let sight = look(folder.clone()).await;
        let found = Look::Found(sight.digest());
        if before == found {
            settled.push((folder, Some(sight)));
        } else {
            pending.insert(folder, found);
        }
    }
    if !settled.is_empty() {
        engine.take(settled).await;
    }
}

/// Replaces each configured folder by all that is or was in it.
async fn expand(
    engine: &PluginEngine,
    dirs: &[PathBuf],
    dirt: BTreeSet<PathBuf>,
) -> BTreeSet<PathBuf> {
    let (whole, mut folders): (Vec<PathBuf>, BTreeSet<PathBuf>) = {
        let (whole, single): (BTreeSet<_>, BTreeSet<_>) =
            dirt.into_iter().partition(|it| dirs.contains(it));
        (whole.into_iter().collect(), single)
    };
    if !whole.is_empty() {
        folders.extend(engine.all_folders().await);
    }
    folders
}

/// What sees changes.
struct Eyes {
    watcher: Option<RecommendedWatcher>,
    /// What is watched, and what it was when the watch began: a folder that is
    /// removed and made again needs a new watch.
    watched: BTreeMap<PathBuf, u64>,
    stamps: BTreeMap<PathBuf, u64>,
}

impl Eyes {
    fn open(dirs: &[PathBuf], dirt: &Arc<Dirt>, events: bool) -> Self {
        let watcher = if events { watcher(dirs.to_vec(), Arc::clone(dirt)) } else { None };
        let mut eyes = Self { watcher, watched: BTreeMap::new(), stamps: BTreeMap::new() };
        eyes.follow(dirs);
        eyes
    }

    /// Watches configured folders, and plugins that are links to elsewhere, as
    /// they are now.
    fn follow(&mut self, dirs: &[PathBuf]) {
        let Some(watcher) = &mut self.watcher else { return };
        let links = dirs.iter().flat_map(|dir| folders_in(dir)).filter(|it| it.is_symlink());
        let wanted: BTreeSet<PathBuf> = dirs.iter().cloned().chain(links).collect();
        self.watched.retain(|path, _| wanted.contains(path));
        for path in wanted {
            let Some(inode) = inode(&path) else {
                self.watched.remove(&path);
                continue;
            };
            if self.watched.get(&path) == Some(&inode) {
                continue;
            }
            // Forget the old folder of that name, if there was one.
            let _ = watcher.unwatch(&path);
            match watcher.watch(&path, RecursiveMode::Recursive) {
                Ok(()) => {
                    self.watched.insert(path, inode);
                }
                Err(error) => {
                    tracing::warn!(folder = %path.display(), %error, "folder only polled for changes");
                }
            }
        }
    }

    /// Folders that look different from the last time.
    async fn changed(&mut self, dirs: &[PathBuf]) -> Vec<PathBuf> {
        let dirs = dirs.to_vec();
        let stamps = spawn_blocking(move || {
            let folders = dirs.iter().flat_map(|dir| folders_in(dir));
            folders.map(|it| (stamp(&it), it)).map(|(stamp, it)| (it, stamp)).collect()
        });
        let now: BTreeMap<PathBuf, u64> = stamps.await.unwrap_or_default();
        let before = std::mem::replace(&mut self.stamps, now);
        let now = &self.stamps;
        let new = now.iter().filter(|(folder, stamp)| before.get(*folder) != Some(*stamp));
        let gone = before.keys().filter(|folder| !now.contains_key(*folder));
        new.map(|(folder, _)| folder).chain(gone).cloned().collect()
    }
}

fn inode(path: &Path) -> Option<u64> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).ok().map(|it| it.ino())
}

fn watcher(dirs: Vec<PathBuf>, dirt: Arc<Dirt>) -> Option<RecommendedWatcher> {
    let made = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let Ok(event) = event else {
            // Events were lost: anything may have changed.
            dirt.add(dirs.iter().cloned());
            return;
        };
        // Our own reading must not count as a change.
        if matches!(event.kind, EventKind::Access(_)) {
            return;
        }
        if event.need_rescan() {
            dirt.add(dirs.iter().cloned());
        }
        dirt.add(event.paths.iter().filter_map(|path| folder_of(&dirs, path)));
    });
    made.inspect_err(|error| tracing::warn!(%error, "no file system events; folders are polled"))
        .ok()
}

/// The plugin a path belongs to, or the configured folder if that cannot be
/// told.
fn folder_of(dirs: &[PathBuf], path: &Path) -> Option<PathBuf> {
    let (dir, inner) = dirs.iter().find_map(|dir| Some((dir, path.strip_prefix(dir).ok()?)))?;
    match inner.components().next() {
        Some(Component::Normal(name)) if !is_scratch(&name.to_string_lossy()) => {
            Some(dir.join(name))
        }
        _ => Some(dir.clone()),
    }
}
