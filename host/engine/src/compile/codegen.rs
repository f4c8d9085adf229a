//! What turns bytes into code, quickly or well.

use std::{
    sync::{Arc, OnceLock},
    time::Instant,
};

use bowsprit_host_core::plugins::{LoadFailure, LoadStage};
use wasmtime::{
    Config, Engine, OptLevel, RegallocAlgorithm,
    component::{Component, HasSelf, Linker},
};

use super::{
    settings,
    starter::{Start, Starter, Starters, Tier},
};
use crate::{
    bindings::v0_1::Every,
    cache::{Cache, Compiled},
    config::EngineConfig,
    failure::failure,
    instance::{Exports, State},
    package::{Code, Digest},
    trusted::compiled_by,
    world::World,
};

pub(super) struct Codegen {
    pub(super) engine: Engine,
    quick: Option<Quick>,
    linker: Linker<State>,
    cache: Option<Cache>,
    starters: Starters,
}

/// What became of bytes.
pub(super) enum Made {
    /// They serve already.
    Linked(Arc<Starter>),
    Compiled(Compiled, Tier, Left),
}

/// What is left to do for code that serves.
pub(super) enum Left {
    Nothing,
    /// To write it to the cache.
    Write(Compiled),
    /// To compile it well.
    Optimise,
}

/// The compiler without its optimisations, which takes about half the time. It only compiles: what it makes runs on the one engine, as wasmtime
/// lets code run whatever its level (docs/adr/0012). Made when bytes are new
/// for the first time, for a start that finds all code compiled needs none.
struct Quick {
    settings: Config,
    engine: OnceLock<Option<Engine>>,
}

impl Quick {
    fn new(config: &EngineConfig) -> Self {
        let mut settings = settings(config);
        settings
            .cranelift_opt_level(OptLevel::None)
            .cranelift_regalloc_algorithm(RegallocAlgorithm::SinglePass);
        Self { settings, engine: OnceLock::new() }
    }

    fn engine(&self) -> Option<&Engine> {
        let made = || Engine::new(&self.settings).inspect_err(warn("no quick compiler")).ok();
        self.engine.get_or_init(made).as_ref()
    }
}

impl Codegen {
    pub(super) fn new(
        engine: &Engine,
        cache: Option<Cache>,
        config: &EngineConfig,
    ) -> wasmtime::Result<Self> {
        let mut linker = Linker::new(engine);
        Every::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state)?;
        Ok(Self {
            engine: engine.clone(),
            quick: config.quick_compiler.then(|| Quick::new(config)),
            linker,
            cache,
            starters: Starters::default(),
        })
    }

    /// Finds or compiles a component; in haste, so that it serves soon. Blocks.
    pub(super) fn make(&self, code: &Code, world: World, haste: bool) -> Result<Made, LoadFailure> {
        if let Some(starter) = self.starters.find((code.digest, world)) {
            return Ok(Made::Linked(starter));
        }
        if let Some(found) = self.cache.as_ref().and_then(|it| it.load(&self.engine, code.digest)) {
            return Ok(Made::Compiled(found, Tier::Optimised, Left::Nothing));
        }
        if haste && let Some(quick) = self.quick.as_ref().and_then(Quick::engine) {
            let compiled = timed(|| compiled_by(quick, &self.engine, &code.bytes));
            let compiled = compiled.map_err(|it| refused(&it))?;
            return Ok(Made::Compiled(compiled, Tier::Quick, Left::Optimise));
        }
        let compiled = self.optimised(code).map_err(|it| refused(&it))?;
        Ok(Made::Compiled(compiled.clone(), Tier::Optimised, Left::Write(compiled)))
    }

    /// Links what was made, unless somebody has done that already.
    pub(super) fn linked(
        &self,
        code: Digest,
        world: World,
        made: Made,
    ) -> Result<(Arc<Starter>, Left), LoadFailure> {
        let (compiled, tier, left) = match made {
            Made::Linked(starter) => return Ok((starter, Left::Nothing)),
            Made::Compiled(compiled, tier, left) => (compiled, tier, left),
        };
        let start = self.link(compiled, world, tier).map_err(|error| {
            tracing::debug!(?error, "component not linked");
            failure(
                LoadStage::Link,
                "plugin.link.mismatch",
                format!("the component does not fit its world: {error}"),
                "build the plugin against the host's `wit` folder",
            )
        })?;
        Ok((self.starters.keep((code, world), start), left))
    }

    fn optimised(&self, code: &Code) -> wasmtime::Result<Compiled> {
        timed(|| Component::from_binary(&self.engine, &code.bytes))
    }

    fn link(&self, compiled: Compiled, world: World, tier: Tier) -> wasmtime::Result<Start> {
        let pre = self.linker.instantiate_pre(&compiled.component)?;
        let exports = Exports::of(&pre, world)?;
        Ok(Start { pre, exports, tier, compiled })
    }

    /// Gives new instances optimised code. Blocks. Whatever hinders it, the quick code
    /// goes on.
    pub(super) fn optimise(&self, code: &Code, world: World, starter: &Starter) {
        let compiled = self.optimised(code);
        match compiled.and_then(|it| Ok((self.link(it.clone(), world, Tier::Optimised)?, it))) {
            Ok((start, compiled)) => {
                starter.improve(start);
                self.keep(code.digest, &compiled);
            }
            Err(error) => warn("code not optimised")(&error),
        }
    }

    /// Writes compiled code to the cache, if there is one. Blocks.
    pub(super) fn keep(&self, code: Digest, compiled: &Compiled) {
        let Some(cache) = &self.cache else { return };
        if let Err(error) = cache.store(&self.engine, code, compiled) {
            tracing::warn!(%error, "compiled code not cached");
        }
    }
}

fn timed(compile: impl FnOnce() -> wasmtime::Result<Component>) -> wasmtime::Result<Compiled> {
    let begun = Instant::now();
    compile().map(|component| Compiled { component, took: begun.elapsed(), known: false })
}

fn warn(what: &'static str) -> impl Fn(&wasmtime::Error) {
    move |error| tracing::warn!(?error, "{what}")
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
