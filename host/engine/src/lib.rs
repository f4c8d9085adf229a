//! Runs plugins: WebAssembly components found in folders, replaced while the
//! host runs, and kept from doing harm.
//!
//! [`PluginEngine`] answers the ports `NodeTypes` and `Plugins` of the core. A
//! folder becomes a *generation* in steps (`package` → `admission` → `compile`
//! → `describe` → `life` → `generations`); one that fails a step is recorded
//! under its plugin's id and the one that serves goes on. A request holds the
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
mod journal;
mod life;
mod limits;
mod occupancy;
mod package;
mod port;
mod reload;
mod remembered;
mod sources;
mod ticker;
mod trusted;
mod watch;
pub mod workbench;
mod world;

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use bowsprit_host_core::{
    Result as CoreResult,
    events::Events,
    plugins::{PluginCalls, PluginMemory, ShortMemory},
};
use tokio::sync::{
    Semaphore,
    mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    watch as counter,
};

pub use cache::CacheError;
pub use config::{EngineConfig, Guard, Trust};
pub use limits::{Caps, Limits};
pub use occupancy::Occupancy;

use cache::Cache;
use call::Runtime;
use catalogue::Table;
use compile::Compiler;
use generations::Generations;
use journal::Failures;
use life::{depot::Depot, figures::Alarm, guard, ledger::Ledger, shelf::Shelf};
use package::{Package, Sight};
use reload::{AllShared, Reloader};
use remembered::Remembered;
use sources::Sources;
use ticker::Ticker;

/// The plugins of a host. Cheap calls, expensive to open: one per process.
pub struct PluginEngine {
    config: EngineConfig,
    dirs: Vec<PathBuf>,
    builtin_dirs: Vec<PathBuf>,
    compiler: Compiler,
    runtime: Arc<Runtime>,
    shared: AllShared,
    generations: Mutex<Generations>,
    table: RwLock<Arc<Table>>,
    /// Counts the catalogues there have been.
    swaps: AtomicU64,
    /// While many folders are taken, the catalogue is only replaced at the end.
    batching: AtomicBool,
    /// Whether such a replacement is due.
    due: AtomicBool,
    /// While the host starts, what was decided before holds.
    loading: AtomicBool,
    reloader: tokio::sync::Mutex<Reloader>,
    ledger: Ledger,
    events: Arc<dyn Events>,
    depot: Option<Depot>,
    shelf: Option<Shelf>,
    /// Packages that are yet to be kept.
    unkept: Mutex<Vec<Package>>,
    alarms: (UnboundedSender<Alarm>, tokio::sync::Mutex<UnboundedReceiver<Alarm>>),
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
    /// An engine without plugins; [`Self::load_all`] fills it. What it is told
    /// it remembers until it ends.
    ///
    /// # Errors
    ///
    /// If the limits do not fit the machine, or the cache folder is not
    /// private.
    pub fn open(config: EngineConfig, events: Arc<dyn Events>) -> Result<Self, OpenError> {
        Self::open_with(config, events, Arc::new(ShortMemory::default()))
    }

    /// The same with a memory that outlives it.
    ///
    /// # Errors
    ///
    /// As [`Self::open`].
    pub fn open_with(
        config: EngineConfig,
        events: Arc<dyn Events>,
        memory: Arc<dyn PluginMemory>,
    ) -> Result<Self, OpenError> {
        let engine = compile::engine(&config).map_err(OpenError::Setup)?;
        let cache = config.cache_dir.as_deref();
        let cache = cache.map(|it| Cache::open(it, config.cache_bytes)).transpose()?;
        let depot = config.packages_dir.as_deref().map(Depot::open).transpose()?;
        let shelf = config.inputs_dir.as_deref().map(Shelf::open).transpose()?;
        let compiler = Compiler::new(&engine, cache, &config).map_err(OpenError::Setup)?;
        let dirs = absolute(&config.dirs)?;
        let runtime = Runtime {
            ticker: Ticker::start(&engine)?,
            gate: Arc::new(Semaphore::new(config.limits.calls)),
            idle: Arc::new(Semaphore::new(config.limits.idle_instances)),
            wait: config.limits.wait,
            budgets: config.budgets.clone(),
            trace: config.trace,
            failures: Failures::default(),
            remembered: Remembered::new(config.remembered_bytes),
            calls: AtomicU64::new(0),
        };
        let generations = Generations::new(config.kept_generations, config.policy, depot.is_some());
        let (alarm, alarms) = unbounded_channel();
        Ok(Self {
            compiler,
            runtime: Arc::new(runtime),
            shared: AllShared::default(),
            generations: Mutex::new(generations),
            table: RwLock::default(),
            swaps: AtomicU64::new(0),
            batching: AtomicBool::new(false),
            due: AtomicBool::new(false),
            loading: AtomicBool::new(false),
            reloader: tokio::sync::Mutex::new(Reloader::new(Sources::new(dirs.clone()))),
            ledger: Ledger::new(memory, Arc::clone(&events), config.kept_generations),
            events,
            depot,
            shelf,
            unkept: Mutex::default(),
            alarms: (alarm, tokio::sync::Mutex::new(alarms)),
            calls: None,
            outcomes: counter::Sender::new(0),
            dirs,
            builtin_dirs: absolute(&config.builtin_dirs)?,
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
    ///
    /// # Errors
    ///
    /// If the memory cannot be read: without it nobody knows what was granted.
    pub async fn load_all(&self) -> CoreResult<()> {
        let remembered = self.ledger.recall().await?;
        self.generations().recall(remembered);
        let mut reloader = self.reloader.lock().await;
        self.loading.store(true, Ordering::Release);
        let found = reloader.sources.all().await;
        reloader.take_all(self, found.into_iter().map(|it| (it, None)).collect()).await;
        self.loading.store(false, Ordering::Release);
        drop(reloader);
        self.clear_depot().await;
        self.clear_shelf().await;
        Ok(())
    }

    /// Loads, replaces and removes plugins as their folders change, and takes
    /// back generations that do badly, until `shutdown` is ready. To be run by
    /// one task.
    pub async fn watch(&self, shutdown: impl Future<Output = ()>) {
        tokio::select! {
            () = watch::run(self, shutdown) => {}
            () = guard::run(self) => {}
        }
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

    /// How many catalogues there have been: many folders that change together
    /// make one.
    pub fn catalogues(&self) -> u64 {
        self.swaps.load(Ordering::Relaxed)
    }

    fn processed(&self, folders: usize) {
        self.outcomes.send_modify(|count| *count += folders as u64);
    }

    async fn take(&self, settled: Vec<(PathBuf, Option<Sight>)>) {
        self.reloader.lock().await.take_all(self, settled).await;
    }

    /// Removes packages that nobody can want any more.
    async fn clear_depot(&self) {
        let Some(depot) = self.depot.clone() else { return };
        let wanted = self.generations().packages().map(str::to_owned).collect();
        // It only saves space, and the next start does it again.
        let _ = tokio::task::spawn_blocking(move || depot.retain(&wanted)).await;
    }
}

fn absolute(dirs: &[PathBuf]) -> std::io::Result<Vec<PathBuf>> {
    dirs.iter().map(std::path::absolute).collect()
}
