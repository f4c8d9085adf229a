//! From a component's bytes to something that starts in microseconds.

mod codegen;
mod starter;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use bowsprit_host_core::plugins::{LoadFailure, LoadStage};
use tokio::{
    sync::Semaphore,
    task::{JoinHandle, spawn_blocking},
};
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::{
    admission::{Needs, admit},
    cache::{Cache, Compiled},
    config::EngineConfig,
    failure::failure,
    life::book::Journey,
    package::{Code, Digest, Wants},
    world::World,
};
use codegen::{Codegen, Left};
use starter::Starter;
pub(crate) use starter::Tier;

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
    codegen: Arc<Codegen>,
    /// Code on its way into the cache.
    writes: Mutex<Vec<JoinHandle<()>>>,
    workers: Arc<Semaphore>,
    patience: Duration,
}

/// The engine all plugins run on.
pub(crate) fn engine(config: &EngineConfig) -> wasmtime::Result<Engine> {
    Engine::new(&settings(config))
}

fn settings(config: &EngineConfig) -> Config {
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
    settings
}

impl Compiler {
    pub(crate) fn new(
        engine: &Engine,
        cache: Option<Cache>,
        config: &EngineConfig,
    ) -> wasmtime::Result<Self> {
        Ok(Self {
            codegen: Arc::new(Codegen::new(engine, cache, config)?),
            writes: Mutex::default(),
            workers: Arc::new(Semaphore::new(config.compile_workers.max(1))),
            patience: config.limits.compile,
        })
    }

    /// Waits until the code compiled so far is in the cache; not for code that
    /// is still to be optimised.
    pub(crate) async fn written(&self) {
        let writes =
            std::mem::take(&mut *self.writes.lock().unwrap_or_else(PoisonError::into_inner));
        for write in writes {
            // A panic is logged where it happens.
            let _ = write.await;
        }
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.codegen.engine
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
        // Where others wait already, compiling twice would help nobody.
        let (worker, haste) = match Arc::clone(&self.workers).try_acquire_owned() {
            Ok(worker) => (Ok(worker), true),
            Err(_) => (Arc::clone(&self.workers).acquire_owned().await, false),
        };
        let worker = worker.map_err(|_| interrupted())?;
        let (codegen, wants) = (Arc::clone(&self.codegen), wants.clone());
        let compiling = spawn_blocking(move || {
            // Nobody can stop a compiler; its place is taken until it ends by
            // itself, so that a second such component does not take another.
            let _worker = worker;
            let begun = Instant::now();
            let needs = admit(&component.bytes, world, &wants)?;
            let admitted = begun.elapsed();
            let made = codegen.make(&component, world, haste)?;
            Ok::<_, LoadFailure>((component, made, needs, admitted))
        });
        let compiled = tokio::time::timeout(self.patience, compiling).await;
        let compiled = compiled.map_err(|_| too_slow(self.patience))?;
        let (component, made, needs, admitted) = compiled.map_err(|_| interrupted())??;
        journey.split(LoadStage::Admit, admitted, LoadStage::Compile);
        let code = component.digest;
        let linked = self.codegen.linked(code, world, made);
        journey.passed(LoadStage::Link);
        let (starter, left) = linked?;
        match left {
            Left::Nothing => {}
            Left::Write(compiled) => self.write(code, compiled),
            Left::Optimise => self.optimise(component, world, &starter),
        }
        Ok(Linked { starter, code, needs })
    }

    /// Writes compiled code to the cache. Serving does not wait for the disk:
    /// the plugin works without, and only the next start would be slower.
    fn write(&self, code: Digest, compiled: Compiled) {
        let codegen = Arc::clone(&self.codegen);
        let write = spawn_blocking(move || codegen.keep(code, &compiled));
        self.writes.lock().unwrap_or_else(PoisonError::into_inner).push(write);
    }

    /// Compiles once more behind what serves, unless nothing does by then.
    fn optimise(&self, component: Code, world: World, starter: &Arc<Starter>) {
        let (codegen, workers) = (Arc::clone(&self.codegen), Arc::clone(&self.workers));
        let starter = Arc::downgrade(starter);
        tokio::spawn(async move {
            let Ok(worker) = workers.acquire_owned().await else { return };
            spawn_blocking(move || {
                let _worker = worker;
                if let Some(starter) = starter.upgrade() {
                    codegen.optimise(&component, world, &starter);
                }
            });
        });
    }
}

/// A component that is ready to be started.
#[derive(Clone)]
pub(crate) struct Linked {
    pub(crate) starter: Arc<Starter>,
    /// Digest of its bytes.
    pub(crate) code: Digest,
    /// What its imports take.
    pub(crate) needs: Needs,
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

#[cfg(test)]
mod tests {
    use super::*;

    /// One of our own, which whoever runs the tests has built.
    const COMPONENT: &str =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../plugins/dist/configmap/plugin.wasm");

    fn code() -> Code {
        let bytes = std::fs::read(COMPONENT).expect("`cargo xtask plugins build` comes first");
        Code { digest: Digest::of(&bytes), bytes: bytes.into() }
    }

    async fn prepared(compiler: &Compiler) -> Linked {
        let journey = &mut Journey::begin();
        let wants = Wants::default();
        compiler.prepare(code(), World::NodeTypes, &wants, journey).await.expect("compiled")
    }

    fn compiler(config: &EngineConfig) -> Compiler {
        Compiler::new(&engine(config).expect("an engine"), None, config).expect("a compiler")
    }

    #[tokio::test]
    async fn new_bytes_serve_as_they_are_and_are_optimised_behind() {
        let compiler = compiler(&EngineConfig::default());
        let linked = prepared(&compiler).await;
        // On the one thread of this test nothing has gone on behind it yet.
        assert_eq!(linked.starter.tier(), Tier::Quick);
        let again = prepared(&compiler).await;
        assert!(Arc::ptr_eq(&linked.starter, &again.starter), "compiled once for all who use it");
        tokio::time::timeout(Duration::from_secs(60), async {
            while linked.starter.tier() == Tier::Quick {
                tokio::task::yield_now().await;
            }
        })
        .await
        .expect("optimised");
        assert_eq!(again.starter.tier(), Tier::Optimised, "for all of them");
    }

    #[tokio::test]
    async fn who_waits_for_the_compiler_has_it_once() {
        let config = EngineConfig { compile_workers: 1, ..EngineConfig::default() };
        let compiler = compiler(&config);
        let busy = Arc::clone(&compiler.workers).try_acquire_owned().expect("idle");
        let (linked, ()) = tokio::join!(prepared(&compiler), async { drop(busy) });
        assert_eq!(linked.starter.tier(), Tier::Optimised);
    }

    #[tokio::test]
    async fn what_has_to_be_told_of_is_compiled_once() {
        let config = EngineConfig { quick_compiler: false, ..EngineConfig::default() };
        let linked = prepared(&compiler(&config)).await;
        assert_eq!(linked.starter.tier(), Tier::Optimised);
    }
}
