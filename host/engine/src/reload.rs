//! What happens to a folder that was looked at: the one place where
//! generations come and go. Only ever run by one task at a time.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use bowsprit_host_core::plugins::{LoadFailure, LoadStage};
use sha2::{Digest as _, Sha256};
use tokio::{sync::Semaphore, task::spawn_blocking};

use crate::{
    PluginEngine,
    admission::admit_needs,
    count::Counted,
    describe::describe,
    failure::failure,
    generations::Generation,
    grants::Grants,
    instance::Program,
    limits::CallLimits,
    package::{Code, Digest, Package, PluginToml, Refusal, Sight},
    sources::{Known, Sources, Standing},
};

/// The bookkeeping of the reloading task.
pub(crate) struct Reloader {
    pub(crate) sources: Sources,
}

/// Semaphores by plugin, so that a new generation queues behind the same one.
/// One for each number of permits: a generation that asks for another number
/// does not share the old one's.
pub(crate) type Gates = Mutex<BTreeMap<(String, usize), Arc<Semaphore>>>;

/// A generation built ahead of its turn.
type Built = Result<Arc<Generation>, LoadFailure>;

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

impl Reloader {
    /// Acts on what was found in `folder`, and on what that means for others.
    pub(crate) async fn take(
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
        engine.processed();
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
                self.sources.remember(folder, known);
                engine.refuse(&id, folder, refusal.failure);
            }
            Sight::Ready(package) => {
                self.sources.remember(folder, known.clone());
                match self.admit(engine, package, built).await {
                    Ok(true) => {
                        touched.insert(id);
                    }
                    Ok(false) => {}
                    Err((filed, failure)) => {
                        let retry = failure.stage == LoadStage::Activate;
                        let duplicate = filed != id;
                        self.sources.remember(folder, Known { retry, duplicate, ..known });
                        engine.refuse(&filed, folder, failure);
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
    ) -> Result<bool, (String, LoadFailure)> {
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
                return Err((by_folder(&package.folder), failure));
            }
        }
        let generation = match built {
            Some(built) => built,
            None => engine.build(&package).await,
        };
        match generation.and_then(|it| engine.activate(it)) {
            Ok(changed) => Ok(changed),
            Err(failure) => Err((id, failure)),
        }
    }
}

impl PluginEngine {
    /// Builds a generation, or finds it among those that are kept.
    pub(crate) async fn build(&self, package: &Package) -> Built {
        let id = &package.toml.id;
        let (base, digest) = match package.toml.code() {
            Code::Own(_) => (None, package.digest),
            Code::Of(used) => {
                let base = self.generations().live(used).cloned();
                let base = base.filter(|it| it.toml.uses.is_none());
                let base = base.ok_or_else(|| missing(id, used))?;
                let digest = joined(package.digest, base.program.linked.code);
                (Some(base), digest)
            }
        };
        if let Some(kept) = self.generations().known(id, digest)
            && kept.folder == package.folder
        {
            return Ok(kept);
        }
        let world = package.toml.world();
        let linked = match (&base, &package.component) {
            (Some(base), _) if base.toml.world() == world => {
                admit_needs(&base.program.linked.needs, &package.toml.wants)?;
                base.program.linked.clone()
            }
            (Some(base), _) => return Err(other_kind(package, &base.toml)),
            (None, Some(bytes)) => {
                self.compiler.prepare(Arc::clone(bytes), world, &package.toml.wants).await?
            }
            (None, None) => return Err(missing(id, "")),
        };
        let limits = CallLimits::of(&self.config.limits, &self.config.caps, &package.toml.limits);
        let program = Program {
            plugin: id.clone(),
            digest,
            generation: digest.hex(),
            linked,
            assets: Arc::clone(&package.assets),
            grants: Grants::of(&package.toml.wants),
            gate: self.gate(id, limits.calls),
            limits,
            counted: Counted::new(id, self.calls.clone()),
        };
        let provides = describe(&self.runtime, &program, &package.toml).await?;
        let (toml, folder) = (Arc::clone(&package.toml), package.folder.clone());
        Ok(Arc::new(Generation { program, toml, folder, provides }))
    }

    fn gate(&self, id: &str, permits: usize) -> Arc<Semaphore> {
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        // Plugins that went away leave nothing behind.
        gates.retain(|_, gate| Arc::strong_count(gate) > 1);
        let gate = gates.entry((id.to_owned(), permits));
        Arc::clone(gate.or_insert_with(|| Arc::new(Semaphore::new(permits))))
    }
}

/// What a plugin is filed under whose id is another one's.
fn by_folder(folder: &Path) -> String {
    folder.display().to_string()
}

/// Identity of a plugin that uses another one's component.
fn joined(own: Digest, code: Digest) -> Digest {
    let mut hash = Sha256::new();
    hash.update(own.bytes());
    hash.update(code.bytes());
    Digest::from(<[u8; 32]>::from(hash.finalize()))
}

fn other_kind(package: &Package, base: &PluginToml) -> LoadFailure {
    let (own, other) = (package.toml.world().kind(), base.world().kind());
    failure(
        LoadStage::Activate,
        "plugin.uses.kind",
        format!("plugin `{}` is of kind `{own}`, `{}` of kind `{other}`", package.toml.id, base.id),
        format!("write `kind = \"{other}\"`, or use another plugin"),
    )
}

fn missing(id: &str, used: &str) -> LoadFailure {
    failure(
        LoadStage::Activate,
        "plugin.uses.missing",
        format!("plugin `{id}` uses the component of `{used}`, which does not serve one"),
        format!("install `{used}`"),
    )
}
