//! What happens to a folder that was looked at: the one place where
//! generations come and go. Only ever run by one task at a time.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
};

use bowsprit_host_core::{
    audit::Actor,
    plugins::{LoadFailure, LoadStage},
};
use futures::StreamExt as _;
use tokio::{sync::Semaphore, task::spawn_blocking};

use crate::{
    PluginEngine,
    failure::failure,
    journal::Journal,
    life::{Built, Failed, book, recent::Recent},
    package::{Digest, Package, Refusal, Sight},
    sources::{Known, Sources, Standing},
};

/// The bookkeeping of the reloading task.
pub(crate) struct Reloader {
    pub(crate) sources: Sources,
    /// On whose account it acts: an operator's, or the host's own.
    by: Actor,
}

/// What the generations of a plugin have in common, by plugin.
#[derive(Default)]
pub(crate) struct AllShared {
    /// A new generation queues behind the same one, unless it asks for another
    /// number of permits.
    gates: Mutex<BTreeMap<(String, usize), Arc<Semaphore>>>,
    /// What they were asked lately.
    recents: Mutex<BTreeMap<String, Arc<Recent>>>,
    /// What they wrote lately.
    journals: Mutex<BTreeMap<String, Arc<Journal>>>,
}

impl AllShared {
    /// The plugin's semaphore with so many permits.
    pub(crate) fn gate(&self, id: &str, permits: usize) -> Arc<Semaphore> {
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        // Plugins that went away leave nothing behind.
        gates.retain(|_, gate| Arc::strong_count(gate) > 1);
        let gate = gates.entry((id.to_owned(), permits));
        Arc::clone(gate.or_insert_with(|| Arc::new(Semaphore::new(permits))))
    }

    /// Permits taken of all plugins' semaphores.
    pub(crate) fn taken(&self) -> usize {
        let gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = |((_, permits), gate): (&(String, usize), &Arc<Semaphore>)| {
            permits.saturating_sub(gate.available_permits())
        };
        gates.iter().map(taken).sum()
    }

    /// What the plugin was asked lately.
    pub(crate) fn recent(&self, id: &str, fresh: impl FnOnce() -> Recent) -> Arc<Recent> {
        let mut recents = self.recents.lock().unwrap_or_else(PoisonError::into_inner);
        recents.retain(|_, it| Arc::strong_count(it) > 1);
        Arc::clone(recents.entry(id.to_owned()).or_insert_with(|| Arc::new(fresh())))
    }

    /// What all plugins were asked lately, by plugin.
    pub(crate) fn recents(&self) -> Vec<(String, Arc<Recent>)> {
        let recents = self.recents.lock().unwrap_or_else(PoisonError::into_inner);
        recents.iter().map(|(id, recent)| (id.clone(), Arc::clone(recent))).collect()
    }

    /// What the plugin wrote lately. Kept also of plugins that never served:
    /// their authors want to know why. Those that nobody knows of any more
    /// leave nothing behind.
    pub(crate) fn journal(
        &self,
        id: &str,
        is_known: impl Fn(&str) -> bool,
        fresh: impl FnOnce() -> Journal,
    ) -> Arc<Journal> {
        let mut journals = self.journals.lock().unwrap_or_else(PoisonError::into_inner);
        journals.retain(|id, it| Arc::strong_count(it) > 1 || is_known(id));
        Arc::clone(journals.entry(id.to_owned()).or_insert_with(|| Arc::new(fresh())))
    }

    /// The same of a plugin that has been built at least once.
    pub(crate) fn written(&self, id: &str) -> Option<Arc<Journal>> {
        self.journals.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }
}

/// Looks at a folder off the async threads.
pub(crate) async fn look(folder: PathBuf) -> Sight {
    let shown = folder.display().to_string();
    spawn_blocking(move || Sight::of(&folder)).await.unwrap_or_else(|_| {
        let message = format!("{shown} could not be looked at");
        let fix = "load the plugin again";
        let failure = failure(LoadStage::Read, "plugin.folder.unreadable", message, fix);
        Sight::Refused(Refusal { id: None, failure })
    })
}

/// Looks at a folder, unless that was done, and builds what is new in it,
/// unless that has to wait for another plugin.
async fn prepared(
    engine: &PluginEngine,
    known: Option<Option<Digest>>,
    folder: PathBuf,
    sight: Option<Sight>,
) -> (PathBuf, Sight, Option<Built>) {
    let sight = match sight {
        Some(sight) => sight,
        None => look(folder.clone()).await,
    };
    let built = match &sight {
        Sight::Ready(package) if package.toml.uses.is_none() && known != Some(sight.digest()) => {
            Some(engine.build(package).await)
        }
        _ => None,
    };
    (folder, sight, built)
}

impl Reloader {
    pub(crate) fn new(sources: Sources) -> Self {
        Self { sources, by: Actor::default() }
    }

    /// Acts on folders in their order, first on those with a component of their
    /// own; those that nobody looked at yet are looked at. However many there are,
    /// the catalogue is replaced once.
    pub(crate) async fn take_all(
        &mut self,
        engine: &PluginEngine,
        folders: Vec<(PathBuf, Option<Sight>)>,
    ) {
        let count = folders.len();
        engine.batching.store(true, Ordering::Release);
        // Compile side by side, but let them go live in order, so that of two
        // with the same node type always the same one is refused.
        let known = |folder: &Path| self.sources.known(folder).map(|it| it.seen);
        let folders: Vec<_> =
            folders.into_iter().map(|(folder, sight)| (known(&folder), folder, sight)).collect();
        let mut built = futures::stream::iter(folders)
            .map(|(known, folder, sight)| prepared(engine, known, folder, sight))
            .buffered(engine.config.compile_workers.max(1) * 2);
        let mut users = Vec::new();
        while let Some((folder, sight, built)) = built.next().await {
            // What it uses may be among those that are still to come.
            if matches!(&sight, Sight::Ready(it) if it.toml.uses.is_some()) {
                users.push((folder, sight));
            } else {
                self.take(engine, &folder, sight, built).await;
            }
        }
        for (folder, sight) in users {
            self.take(engine, &folder, sight, None).await;
        }
        engine.batching.store(false, Ordering::Release);
        engine.swap_if_due();
        engine.tell().await;
        engine.store_packages().await;
        engine.processed(count);
    }

    /// Acts on a folder again, changed or not, on an operator's account.
    pub(crate) async fn take_again(
        &mut self,
        engine: &PluginEngine,
        folder: &Path,
        sight: Sight,
        by: Actor,
    ) {
        self.by = by;
        let touched = self.act(engine, folder, sight, None).await;
        self.ripple(engine, folder, touched).await;
        engine.store_packages().await;
        self.by = Actor::default();
    }

    /// Acts on what was found in `folder`, and on what that means for others.
    async fn take(
        &mut self,
        engine: &PluginEngine,
        folder: &Path,
        sight: Sight,
        built: Option<Built>,
    ) {
        let seen = sight.digest();
        let same = self.sources.known(folder).is_some_and(|it| it.seen == seen);
        if !same && (seen.is_some() || self.sources.known(folder).is_some()) {
            let touched = self.act(engine, folder, sight, built).await;
            self.ripple(engine, folder, touched).await;
        }
    }

    /// Looks again at folders that a change elsewhere may help or hurt.
    async fn ripple(&mut self, engine: &PluginEngine, from: &Path, touched: BTreeSet<String>) {
        let mut open: BTreeSet<PathBuf> = BTreeSet::new();
        for id in touched {
            open.extend(self.sources.affected_by(&id, from));
        }
        while let Some(folder) = open.pop_first() {
            let sight = look(folder.clone()).await;
            // What has changed itself comes by in its own time.
            if self.sources.known(&folder).is_none_or(|it| it.seen != sight.digest()) {
                continue;
            }
            for id in self.act(engine, &folder, sight, None).await {
                open.extend(self.sources.affected_by(&id, &folder));
            }
        }
    }

    /// The ids whose serving generation changed.
    async fn act(
        &mut self,
        engine: &PluginEngine,
        folder: &Path,
        sight: Sight,
        built: Option<Built>,
    ) -> BTreeSet<String> {
        let before = self.sources.known(folder).cloned();
        let known = Known::of(folder, &sight, before.as_ref());
        let mut touched = BTreeSet::new();
        if before.as_ref().is_some_and(|it| it.duplicate) {
            engine.withdraw(&by_folder(folder), folder);
        }
        if let Some(before) = before.filter(|it| it.id != known.id)
            && engine.remove(&before.id, folder)
        {
            touched.insert(before.id);
        }
        let id = known.id.clone();
        match sight {
            Sight::Absent => {
                self.sources.forget(folder);
                if engine.remove(&id, folder) {
                    touched.insert(id);
                }
            }
            Sight::Refused(refusal) => {
                let seen = known.seen.map(Digest::hex).unwrap_or_default();
                self.sources.remember(folder, known);
                let failure = refusal.failure;
                let report = book::report_of_unread(seen, failure.clone());
                engine.refuse(&id, folder, Failed { failure, report }, self.by);
                engine.resume_if_loading(&id).await;
            }
            Sight::Ready(package) => {
                self.sources.remember(folder, known.clone());
                match self.admit(engine, package, built).await {
                    Ok(true) => {
                        touched.insert(id);
                    }
                    Ok(false) => engine.resume_if_loading(&id).await,
                    Err((filed, failed)) => {
                        let retry = failed.failure.stage == LoadStage::Activate;
                        let duplicate = filed != id;
                        self.sources.remember(folder, Known { retry, duplicate, ..known });
                        engine.refuse(&filed, folder, *failed, self.by);
                        engine.resume_if_loading(&filed).await;
                    }
                }
            }
        }
        touched
    }

    /// Whether another generation serves now; on failure also what to file it
    /// under.
    async fn admit(
        &self,
        engine: &PluginEngine,
        package: Package,
        built: Option<Built>,
    ) -> Result<bool, (String, Box<Failed>)> {
        let id = package.toml.id.clone();
        match self.sources.standing(&package) {
            Standing::First => {}
            Standing::Overridden => {
                tracing::info!(plugin = id, folder = %package.folder.display(), "plugin overridden");
                return Ok(false);
            }
            Standing::Duplicate(other) => {
                let message = format!("plugin `{id}` is also in {}", other.display());
                let fix = "give it another id, or remove one of the two";
                let failure = failure(LoadStage::Activate, "plugin.id.taken", message, fix);
                return Err((by_folder(&package.folder), failed(&package, failure)));
            }
        }
        let built = match built {
            Some(built) => built,
            None => engine.build(&package).await,
        };
        let settled = match built {
            Ok(candidate) => engine.settle(candidate, self.by).await,
            Err(failed) => Err(failed),
        };
        settled.map_err(|failed| (id, failed))
    }
}

fn failed(package: &Package, failure: LoadFailure) -> Box<Failed> {
    let report = book::report_of_unread(package.digest.hex(), failure.clone());
    Box::new(Failed { failure, report })
}

/// What a plugin is filed under whose id is another one's.
fn by_folder(folder: &Path) -> String {
    folder.display().to_string()
}
