//! Runs plugins: WebAssembly components found in folders, replaced while the
//! host runs, and kept from doing harm.
//!
//! [`PluginEngine`] answers the ports `NodeTypes` and `Plugins` of the core. A
//! folder becomes a *generation* in steps (`package` → `admission` → `compile`
//! → `describe` → `generations`); one that fails a step is recorded under its
//! plugin's id and the one that serves goes on. A request holds the
//! [`catalogue`] it began with; each of its calls gets a fresh instance, or one
//! that the same request has used before.
//!
//! Absent on purpose: WASI, and any import through which a component could
//! reach a clock, randomness, files or a network.

mod admission;
pub mod archive;
mod bill;
mod bindings;
mod cache;
mod call;
pub mod cases;
mod catalogue;
mod compile;
mod config;
mod convert;
mod count;
mod describe;
mod failure;
mod fault;
mod functions;
#[cfg(test)]
mod fuzz;
mod generations;
mod grants;
mod imports;
mod instance;
mod limits;
mod occupancy;
mod package;
mod port;
mod reload;
mod sources;
mod ticker;
mod watch;
pub mod workbench;
mod world;

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

use bowsprit_host_core::{events::Events, plugins::PluginCalls};
use futures::StreamExt as _;
use tokio::sync::{Semaphore, watch as counter};

pub use cache::CacheError;
pub use config::EngineConfig;
pub use limits::{Caps, Limits};
pub use occupancy::Occupancy;

use cache::Cache;
use call::Runtime;
use catalogue::Table;
use compile::Compiler;
use generations::Generations;
use package::Sight;
use reload::{Gates, Reloader, look};
use sources::Sources;
use ticker::Ticker;

/// The plugins of a host. Cheap calls, expensive to open: one per process.
pub struct PluginEngine {
    config: EngineConfig,
    dirs: Vec<PathBuf>,
    compiler: Compiler,
    runtime: Arc<Runtime>,
    gates: Gates,
    generations: Mutex<Generations>,
    table: RwLock<Arc<Table>>,
    /// While everything is loaded, the catalogue is only replaced at the end.
    loading: AtomicBool,
    reloader: tokio::sync::Mutex<Reloader>,
    events: Arc<dyn Events>,
    calls: Option<Arc<dyn PluginCalls>>,
    outcomes: counter::Sender<u64>,
}

/// Why an engine cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The limits and this machine do not go together.
    #[error("webassembly cannot be set up with these limits")]
    Setup(#[source] wasmtime::Error),
    /// The cache folder will not do.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// The operating system refuses a thread or the current folder.
    #[error("the operating system refuses what the plugin engine needs")]
    System(#[from] std::io::Error),
}

impl PluginEngine {
    /// An engine without plugins; [`Self::load_all`] fills it.
    ///
    /// # Errors
    ///
    /// If the limits do not fit the machine, or the cache folder is not
    /// private.
    pub fn open(config: EngineConfig, events: Arc<dyn Events>) -> Result<Self, OpenError> {
        let engine = compile::engine(&config).map_err(OpenError::Setup)?;
        let cache = config.cache_dir.as_deref().map(Cache::open).transpose()?;
        let compiler = Compiler::new(&engine, cache, &config).map_err(OpenError::Setup)?;
        let absolute = config.dirs.iter().map(std::path::absolute);
        let dirs: Vec<PathBuf> = absolute.collect::<Result<_, _>>()?;
        let runtime = Runtime {
            ticker: Ticker::start(&engine)?,
            gate: Arc::new(Semaphore::new(config.limits.calls)),
            idle: Arc::new(Semaphore::new(config.limits.idle_instances)),
            wait: config.limits.wait,
            budgets: config.budgets.clone(),
        };
        Ok(Self {
            compiler,
            runtime: Arc::new(runtime),
            gates: Gates::default(),
            generations: Mutex::new(Generations::new(config.kept_generations)),
            table: RwLock::default(),
            loading: AtomicBool::new(false),
            reloader: tokio::sync::Mutex::new(Reloader { sources: Sources::new(dirs.clone()) }),
            events,
            calls: None,
            outcomes: counter::Sender::new(0),
            dirs,
            config,
        })
    }

    /// Has the calls of plugins counted that are loaded from now on.
    #[must_use]
    pub fn counted_by(self, calls: Arc<dyn PluginCalls>) -> Self {
        Self { calls: Some(calls), ..self }
    }

    /// Loads every plugin of the configured folders. What does not load is
    /// found in the reports.
    pub async fn load_all(&self) {
        let mut reloader = self.reloader.lock().await;
        self.loading.store(true, Ordering::Release);
        let found = reloader.sources.all().await;
        // Compile side by side, but let them go live in order, so that of two
        // with the same node type always the same one is refused.
        let mut built = futures::stream::iter(found)
            .map(async |folder| {
                let sight = look(folder.clone()).await;
                let built = match &sight {
                    Sight::Ready(package) if package.toml.uses.is_none() => {
                        Some(self.build(package).await)
                    }
                    _ => None,
                };
                (folder, sight, built)
            })
            .buffered(self.config.compile_workers.max(1) * 2);
        while let Some((folder, sight, built)) = built.next().await {
            reloader.take(self, &folder, sight, built).await;
        }
        self.loading.store(false, Ordering::Release);
        self.swap(&self.generations());
    }

    /// Loads, replaces and removes plugins as their folders change, until
    /// `shutdown` is ready. To be run by one task.
    pub async fn watch(&self, shutdown: impl Future<Output = ()>) {
        watch::run(self, shutdown).await;
    }

    /// Counts the folders that were acted upon, changed or not. Whoever waits
    /// for a reload looks at the reports whenever this changes.
    pub fn outcomes(&self) -> counter::Receiver<u64> {
        self.outcomes.subscribe()
    }

    fn dirs(&self) -> &[PathBuf] {
        &self.dirs
    }

    fn generations(&self) -> MutexGuard<'_, Generations> {
        self.generations.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn processed(&self) {
        self.outcomes.send_modify(|count| *count += 1);
    }

    async fn take(&self, folder: &Path, sight: Sight) {
        self.reloader.lock().await.take(self, folder, sight, None).await;
    }
}
