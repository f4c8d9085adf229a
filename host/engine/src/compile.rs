//! From a component's bytes to something that starts in microseconds.

use std::{sync::Arc, time::Duration};

use bowsprit_host_core::plugins::{LoadFailure, LoadStage};
use tokio::{sync::Semaphore, task::spawn_blocking};
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig,
    component::{Component, HasSelf, InstancePre, Linker},
};

use crate::{
    admission::{Needs, admit},
    bindings::v0_1::Every,
    cache::Cache,
    config::EngineConfig,
    failure::failure,
    instance::{Exports, State},
    package::{Digest, Wants},
    world::World,
};

/// Tables one component may consist of.
const TABLES: u32 = 64;
/// Memories one component may consist of: the pool sets address space aside
/// for each.
const MEMORIES: u32 = 1;
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
        .total_core_instances(slots.saturating_mul(4).max(instances))
        .total_memories(slots.max(MEMORIES))
        .total_tables(slots.saturating_mul(2).max(TABLES))
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
            workers: Arc::new(Semaphore::new(config.compile_workers.max(1))),
            patience: config.limits.compile,
        })
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Admits, compiles (or finds compiled) and links a component.
    pub(crate) async fn prepare(
        &self,
        bytes: Arc<[u8]>,
        world: World,
        wants: &Wants,
    ) -> Result<Linked, LoadFailure> {
        let worker = Arc::clone(&self.workers).acquire_owned().await.map_err(|_| interrupted())?;
        let (engine, cache, wants) = (self.engine.clone(), self.cache.clone(), wants.clone());
        let compiling = spawn_blocking(move || {
            // Nobody can stop a compiler; its place is taken until it ends by
            // itself, so that a second such component does not take another.
            let _worker = worker;
            let needs = admit(&bytes, world, &wants)?;
            compile(&engine, cache.as_deref(), &bytes).map(|(it, code)| (it, code, needs))
        });
        let compiled = tokio::time::timeout(self.patience, compiling).await;
        let compiled = compiled.map_err(|_| too_slow(self.patience))?;
        let (component, code, needs) = compiled.map_err(|_| interrupted())??;
        let linked = self.linker.instantiate_pre(&component).and_then(|pre| {
            let exports = Exports::of(&pre, world)?;
            Ok(Linked { pre, exports, code, needs })
        });
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
}

fn compile(
    engine: &Engine,
    cache: Option<&Cache>,
    bytes: &[u8],
) -> Result<(Component, Digest), LoadFailure> {
    let code = Digest::of(bytes);
    if let Some(component) = cache.and_then(|cache| cache.load(engine, code)) {
        return Ok((component, code));
    }
    let component = Component::from_binary(engine, bytes).map_err(|error| {
        tracing::debug!(?error, "component not compiled");
        refused(&error)
    })?;
    if let Some(cache) = cache
        && let Err(error) = cache.store(engine, code, &component)
    {
        // The plugin works; only the next start is slower.
        tracing::warn!(%error, "compiled code not cached");
    }
    Ok((component, code))
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
