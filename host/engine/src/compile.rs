//! From a component's bytes to something that starts in microseconds.

use std::sync::Arc;

use bowsprit_host_core::plugins::{LoadFailure, LoadStage};
use tokio::{sync::Semaphore, task::spawn_blocking};
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig,
    component::{Component, HasSelf, InstancePre, Linker},
};

use crate::{
    admission::admit,
    bindings::v0_1::Every,
    cache::Cache,
    config::EngineConfig,
    failure::failure,
    instance::{Exports, State},
    package::{Digest, Wants},
    world::World,
};

/// Core instances, memories and tables one component may consist of. Python's
/// has 38 core instances, Rust's up to four.
const PARTS: u32 = 64;
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
}

/// The engine all plugins run on.
pub(crate) fn engine(config: &EngineConfig) -> wasmtime::Result<Engine> {
    let limits = &config.limits;
    let slots = u32::try_from(limits.calls + limits.idle_instances).unwrap_or(u32::MAX);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(slots)
        .total_core_instances(slots.saturating_mul(4).max(PARTS))
        .total_memories(slots)
        .total_tables(slots.saturating_mul(2).max(PARTS))
        .total_stacks(slots)
        .max_core_instances_per_component(PARTS)
        .max_memories_per_component(1)
        .max_tables_per_component(PARTS)
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
        workers: usize,
    ) -> wasmtime::Result<Self> {
        let mut linker = Linker::new(engine);
        Every::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state)?;
        Ok(Self {
            engine: engine.clone(),
            linker,
            cache: cache.map(Arc::new),
            workers: Arc::new(Semaphore::new(workers.max(1))),
        })
    }

    /// Admits, compiles (or finds compiled) and links a component.
    pub(crate) async fn prepare(
        &self,
        bytes: Arc<[u8]>,
        world: World,
        wants: &Wants,
    ) -> Result<Linked, LoadFailure> {
        let _worker = self.workers.acquire().await.map_err(|_| interrupted())?;
        let (engine, cache, wants) = (self.engine.clone(), self.cache.clone(), wants.clone());
        let compiled = spawn_blocking(move || {
            admit(&bytes, world, &wants)?;
            compile(&engine, cache.as_deref(), &bytes)
        })
        .await;
        let (component, code) = compiled.map_err(|_| interrupted())??;
        let linked = self.linker.instantiate_pre(&component).and_then(|pre| {
            let exports = Exports::of(&pre, world)?;
            Ok(Linked { pre, exports, code })
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
        failure(
            LoadStage::Compile,
            "plugin.component.invalid",
            format!("the component does not compile: {error}"),
            "check the component with `wasm-tools validate`",
        )
    })?;
    if let Some(cache) = cache
        && let Err(error) = cache.store(engine, code, &component)
    {
        // The plugin works; only the next start is slower.
        tracing::warn!(%error, "compiled code not cached");
    }
    Ok((component, code))
}

fn interrupted() -> LoadFailure {
    failure(
        LoadStage::Compile,
        "plugin.compile.interrupted",
        "the compiler was stopped",
        "load the plugin again",
    )
}
