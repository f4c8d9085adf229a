//! From a component's bytes to something that starts in microseconds.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, Instant},
};

use bowsprit_host_core::plugins::{LoadFailure, LoadStage};
use tokio::{
    sync::Semaphore,
    task::{JoinHandle, spawn_blocking},
};
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig,
    component::{Component, HasSelf, InstancePre, Linker},
};

use crate::{
    admission::{Needs, admit},
    bindings::v0_1::Every,
    cache::{Cache, Compiled},
    config::EngineConfig,
    failure::failure,
    instance::{Exports, State},
    life::book::Journey,
    package::{Code, Digest, Wants},
    world::World,
};

/// Tables one component may consist of.
const TABLES: u32 = 64;
/// Memories one component may consist of: the pool sets address space aside
/// for each. JavaScript's has three, two of them empty: they belong to what
/// stands for the interfaces that are not offered.
const MEMORIES: u32 = 3;
/// Tables for each instance at once. JavaScript's has three.
const TABLES_EACH: u32 = 3;
/// Bytes of memory, stack and table that stay mapped in a slot between
/// instances: without them every start pays page faults.
const KEPT_MEMORY: usize = 1 << 20;
const KEPT_STACK: usize = 1 << 20;
const KEPT_TABLE: usize = 64 << 10;

/// Compiles components, a few at a time.
pub(crate) struct Compiler {
    engine: Engine,
    linker: Linker<State>,
    cache: Option<Arc<Cache>>,
    loaded: Arc<Loaded>,
    /// Code on its way into the cache.
    writes: Arc<Mutex<Vec<JoinHandle<()>>>>,
    workers: Arc<Semaphore>,
    patience: Duration,
}

/// The engine all plugins run on.
pub(crate) fn engine(config: &EngineConfig) -> wasmtime::Result<Engine> {
    let limits = &config.limits;
    let slots = u32::try_from(limits.calls + limits.idle_instances).unwrap_or(u32::MAX);
    let instances = config.caps.instances.max(limits.instances);
    let instances = u32::try_from(instances).unwrap_or(u32::MAX);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(slots)
        // Only counted, so that no place is set aside for them.
        .total_core_instances(slots.saturating_mul(instances))
        .total_memories(slots.saturating_mul(MEMORIES))
        .total_tables(slots.saturating_mul(TABLES_EACH).max(TABLES))
        .total_stacks(slots)
        .max_core_instances_per_component(instances)
        .max_memories_per_component(MEMORIES)
        .max_tables_per_component(TABLES)
        .max_memory_size(config.caps.memory.max(limits.memory))
        .pagemap_scan(Enabled::Auto)
        .linear_memory_keep_resident(KEPT_MEMORY)
        .async_stack_keep_resident(KEPT_STACK)
        .table_keep_resident(KEPT_TABLE);
    let mut settings = Config::new();
    settings
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
        .epoch_interruption(true)
        .max_wasm_stack(limits.stack)
        // A host function runs on the guest's stack too.
        .async_stack_size(limits.stack + (512 << 10));
    Engine::new(&settings)
}

impl Compiler {
    pub(crate) fn new(
        engine: &Engine,
        cache: Option<Cache>,
        config: &EngineConfig,
    ) -> wasmtime::Result<Self> {
        let mut linker = Linker::new(engine);
        Every::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state)?;
        Ok(Self {
            engine: engine.clone(),
            linker,
            cache: cache.map(Arc::new),
            loaded: Arc::default(),
            writes: Arc::default(),
            workers: Arc::new(Semaphore::new(config.compile_workers.max(1))),
            patience: config.limits.compile,
        })
    }

    /// Waits until the code compiled so far is in the cache.
    pub(crate) async fn written(&self) {
        let writes =
            std::mem::take(&mut *self.writes.lock().unwrap_or_else(PoisonError::into_inner));
        for write in writes {
            // A panic is logged where it happens.
            let _ = write.await;
        }
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Admits, compiles (or finds compiled) and links a component; notes what
    /// each took, waiting for the compiler included.
    pub(crate) async fn prepare(
        &self,
        component: Code,
        world: World,
        wants: &Wants,
        journey: &mut Journey,
    ) -> Result<Linked, LoadFailure> {
        let worker = Arc::clone(&self.workers).acquire_owned().await.map_err(|_| interrupted())?;
        let (engine, cache, wants) = (self.engine.clone(), self.cache.clone(), wants.clone());
        let (loaded, writes) = (Arc::clone(&self.loaded), Arc::clone(&self.writes));
        let compiling = spawn_blocking(move || {
            // Nobody can stop a compiler; its place is taken until it ends by
            // itself, so that a second such component does not take another.
            let _worker = worker;
            let begun = Instant::now();
            let needs = admit(&component.bytes, world, &wants)?;
            let admitted = begun.elapsed();
            let compiled = match loaded.find(component.digest) {
                Some(compiled) => compiled,
                None => {
                    let (compiled, write) = compile(&engine, cache, &component)?;
                    writes.lock().unwrap_or_else(PoisonError::into_inner).extend(write);
                    loaded.keep(component.digest, compiled)
                }
            };
            Ok::<_, LoadFailure>((compiled, component.digest, needs, admitted))
        });
        let compiled = tokio::time::timeout(self.patience, compiling).await;
        let compiled = compiled.map_err(|_| too_slow(self.patience))?;
        let (compiled, code, needs, admitted) = compiled.map_err(|_| interrupted())??;
        journey.split(LoadStage::Admit, admitted, LoadStage::Compile);
        let linked = self.linker.instantiate_pre(&compiled.component).and_then(|pre| {
            let exports = Exports::of(&pre, world)?;
            Ok(Linked { pre, exports, code, needs, compiled })
        });
        journey.passed(LoadStage::Link);
        linked.map_err(|error| {
            tracing::debug!(?error, "component not linked");
            failure(
                LoadStage::Link,
                "plugin.link.mismatch",
                format!("the component does not fit its world: {error}"),
                "build the plugin against the host's `wit` folder",
            )
        })
    }
}

/// A component that is ready to be started.
#[derive(Clone)]
pub(crate) struct Linked {
    pub(crate) pre: InstancePre<State>,
    pub(crate) exports: Exports,
    /// Digest of its bytes.
    pub(crate) code: Digest,
    /// What its imports take.
    pub(crate) needs: Needs,
    /// Lets the next plugin with the same bytes find them compiled.
    pub(crate) compiled: Arc<Compiled>,
}

/// Components that something holds: a thousand plugins made of twenty
/// components take the memory of twenty.
#[derive(Default)]
struct Loaded(Mutex<BTreeMap<Digest, Weak<Compiled>>>);

impl Loaded {
    fn find(&self, code: Digest) -> Option<Arc<Compiled>> {
        self.all().get(&code)?.upgrade()
    }

    /// Keeps a component for as long as somebody holds it. Of two that were
    /// compiled at once the first stays.
    fn keep(&self, code: Digest, compiled: Arc<Compiled>) -> Arc<Compiled> {
        let mut all = self.all();
        all.retain(|_, it| it.strong_count() > 0);
        if let Some(first) = all.get(&code).and_then(Weak::upgrade) {
            return first;
        }
        all.insert(code, Arc::downgrade(&compiled));
        compiled
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<Digest, Weak<Compiled>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A component compiled, and the writing of it to the cache, if that has begun.
fn compile(
    engine: &Engine,
    cache: Option<Arc<Cache>>,
    code: &Code,
) -> Result<(Arc<Compiled>, Option<JoinHandle<()>>), LoadFailure> {
    if let Some(compiled) = cache.as_ref().and_then(|cache| cache.load(engine, code.digest)) {
        return Ok((Arc::new(compiled), None));
    }
    let begun = Instant::now();
    let component = Component::from_binary(engine, &code.bytes).map_err(|error| {
        tracing::debug!(?error, "component not compiled");
        refused(&error)
    })?;
    let compiled = Arc::new(Compiled { component, took: begun.elapsed(), known: false });
    let write = cache.map(|cache| keep(cache, engine.clone(), code.digest, Arc::clone(&compiled)));
    Ok((compiled, write))
}

/// Writes compiled code to the cache. Serving does not wait for the disk: the
/// plugin works without, and only the next start would be slower.
fn keep(
    cache: Arc<Cache>,
    engine: Engine,
    code: Digest,
    compiled: Arc<Compiled>,
) -> JoinHandle<()> {
    spawn_blocking(move || {
        if let Err(error) = cache.store(&engine, code, &compiled) {
            tracing::warn!(%error, "compiled code not cached");
        }
    })
}

/// Why the compiler does not want it. What does not fit the pool is told by
/// its words only; the fixtures `many-memories`, `many-instances` and
/// `huge-memory` fail should they change.
fn refused(error: &wasmtime::Error) -> LoadFailure {
    let said = error.root_cause().to_string();
    let parts = said.starts_with("The component transitively contains");
    if parts || said.contains("which exceeds the limit of") {
        return failure(
            LoadStage::Compile,
            "plugin.component.parts",
            format!("the component does not fit an instance's place: {said}"),
            "use fewer instances, memories and tables, and begin with less memory",
        );
    }
    failure(
        LoadStage::Compile,
        "plugin.component.invalid",
        format!("the component does not compile: {error}"),
        "check the component with `wasm-tools validate`",
    )
}

fn too_slow(patience: Duration) -> LoadFailure {
    failure(
        LoadStage::Compile,
        "plugin.compile.deadline",
        format!("the component does not compile within {} s", patience.as_secs()),
        "make its functions smaller or fewer, or raise `plugins.limits.compile_seconds`",
    )
}

fn interrupted() -> LoadFailure {
    failure(
        LoadStage::Compile,
        "plugin.compile.interrupted",
        "the compiler was stopped",
        "load the plugin again",
    )
}
