//! One running copy of a component and what the host keeps beside it.

use std::{
    sync::{Arc, atomic::AtomicUsize},
    time::Duration,
};

use bowsprit_host_core::importers::{Progress, SourceTree};
use wasmtime::{
    Store, UpdateDeadline,
    component::{Instance as Component, InstancePre},
};

use crate::{
    bill::Bill,
    bindings::v0_1::{catalogue, diagnostics, importer, node_types},
    call::Ticket,
    compile::{Linked, Tier},
    count::Counted,
    grants::Grants,
    journal::Journal,
    life::{figures::Figures, recent::Recent},
    limits::{CallLimits, HostCallsExceeded, MemoryAccount},
    package::{Assets, Digest},
    ticker::TICK,
    world::World,
};

/// A component ready to be started, with all that its calls go by.
pub(crate) struct Program {
    /// The plugin's id.
    pub(crate) plugin: String,
    /// The plugin's version.
    pub(crate) version: String,
    /// Digest of the generation.
    pub(crate) digest: Digest,
    /// The same in hex, for spans.
    pub(crate) generation: String,
    pub(crate) linked: Linked,
    pub(crate) assets: Arc<Assets>,
    pub(crate) grants: Grants,
    pub(crate) limits: CallLimits,
    /// Calls of this plugin at a time, whatever the generation.
    pub(crate) gate: Arc<tokio::sync::Semaphore>,
    pub(crate) counted: Counted,
    /// Its calls so far.
    pub(crate) figures: Arc<Figures>,
    /// What the plugin was asked lately, whatever the generation.
    pub(crate) recent: Arc<Recent>,
    /// Where the plugin's log goes, whatever the generation.
    pub(crate) journal: Arc<Journal>,
}

impl Program {
    /// What a call took that has just ended, unless that says nothing of later
    /// ones because its code is still to be optimised.
    pub(crate) fn timed(&self, took: Duration) -> Option<Duration> {
        (self.linked.starter.tier() == Tier::Optimised).then_some(took)
    }
}

/// What the host keeps for one instance.
pub(crate) struct State {
    memory: MemoryAccount,
    /// What `memory` has counted.
    used: Arc<AtomicUsize>,
    pub(crate) assets: Arc<Assets>,
    pub(crate) plugin: String,
    pub(crate) generation: String,
    pub(crate) function: &'static str,
    pub(crate) ticket: Ticket,
    pub(crate) journal: Arc<Journal>,
    /// Ticks this call may still run for.
    ticks_left: u64,
    pub(crate) lines_left: u32,
    pub(crate) lines_dropped: u32,
    host_calls_left: u32,
    /// The source an importer's call is about.
    pub(crate) source: Option<Source>,
}

/// What an importer's call may look at, and who waits for it.
pub(crate) struct Source {
    pub(crate) files: Arc<dyn SourceTree>,
    /// Paths the plugin is granted, sorted.
    pub(crate) shown: Arc<[String]>,
    /// Bytes the call may still read, and could at first.
    pub(crate) bytes_left: u64,
    pub(crate) bytes: u64,
    pub(crate) progress: Option<Arc<dyn Progress>>,
}

/// Where a component's exports are.
#[derive(Clone)]
pub(crate) struct Exports {
    node_types: Option<node_types::GuestIndices>,
    importer: Option<importer::GuestIndices>,
    diagnostics: Option<diagnostics::GuestIndices>,
    catalogue: Option<catalogue::GuestIndices>,
}

impl Exports {
    /// What a component of that world exports.
    pub(crate) fn of(pre: &InstancePre<State>, world: World) -> wasmtime::Result<Self> {
        let renders = matches!(world, World::NodeTypes | World::ResourceCatalogue);
        let only = |it: World| (world == it).then_some(());
        Ok(Self {
            node_types: renders.then(|| node_types::GuestIndices::new(pre)).transpose()?,
            importer: only(World::Importer)
                .map(|()| importer::GuestIndices::new(pre))
                .transpose()?,
            diagnostics: only(World::Diagnostics)
                .map(|()| diagnostics::GuestIndices::new(pre))
                .transpose()?,
            catalogue: only(World::ResourceCatalogue)
                .map(|()| catalogue::GuestIndices::new(pre))
                .transpose()?,
        })
    }

    fn load(&self, store: &mut Store<State>, instance: &Component) -> wasmtime::Result<Guests> {
        let mut guests = Guests::default();
        if let Some(indices) = &self.node_types {
            guests.node_types = Some(indices.load(&mut *store, instance)?);
        }
        if let Some(indices) = &self.importer {
            guests.importer = Some(indices.load(&mut *store, instance)?);
        }
        if let Some(indices) = &self.diagnostics {
            guests.diagnostics = Some(indices.load(&mut *store, instance)?);
        }
        if let Some(indices) = &self.catalogue {
            guests.catalogue = Some(indices.load(&mut *store, instance)?);
        }
        Ok(guests)
    }
}

/// The interfaces a running copy exports.
#[derive(Default)]
pub(crate) struct Guests {
    node_types: Option<node_types::Guest>,
    importer: Option<importer::Guest>,
    diagnostics: Option<diagnostics::Guest>,
    catalogue: Option<catalogue::Guest>,
}

/// An interface that a running copy may export.
pub(crate) trait Exported: Sync {
    /// That of a copy; none if its world has no such interface.
    fn of(guests: &Guests) -> Option<&Self>;
}

impl Exported for node_types::Guest {
    fn of(guests: &Guests) -> Option<&Self> {
        guests.node_types.as_ref()
    }
}

impl Exported for importer::Guest {
    fn of(guests: &Guests) -> Option<&Self> {
        guests.importer.as_ref()
    }
}

impl Exported for diagnostics::Guest {
    fn of(guests: &Guests) -> Option<&Self> {
        guests.diagnostics.as_ref()
    }
}

impl Exported for catalogue::Guest {
    fn of(guests: &Guests) -> Option<&Self> {
        guests.catalogue.as_ref()
    }
}

/// One running copy.
pub(crate) struct Instance {
    pub(crate) store: Store<State>,
    pub(crate) guests: Guests,
}

impl Instance {
    /// A fresh copy, armed for `function`, because starting it runs guest code
    /// already.
    pub(crate) async fn start(
        program: &Program,
        (function, ticket): (&'static str, Ticket),
        bill: &Bill<'_>,
    ) -> wasmtime::Result<Self> {
        let limits = &program.limits;
        let used = Arc::<AtomicUsize>::default();
        bill.memory(&used);
        let state = State {
            memory: MemoryAccount::new(limits, Arc::clone(&used)),
            used,
            assets: Arc::clone(&program.assets),
            plugin: program.plugin.clone(),
            generation: program.generation.clone(),
            function,
            ticket,
            journal: Arc::clone(&program.journal),
            ticks_left: ticks(limits),
            lines_left: limits.log_lines,
            lines_dropped: 0,
            host_calls_left: limits.host_calls,
            source: None,
        };
        let start = program.linked.starter.now();
        let mut store = Store::new(start.pre.engine(), state);
        store.limiter(|state| &mut state.memory);
        store.set_hostcall_fuel(limits.output);
        // Give the thread back at every tick, so that a guest that computes
        // does not keep others from running. Counting ticks instead of looking
        // at the clock spares a guest that was not let run: time in which the
        // machine was busy elsewhere is not its own.
        store.epoch_deadline_callback(|mut context| {
            let state = context.data_mut();
            state.ticks_left = state.ticks_left.saturating_sub(1);
            let over = state.ticks_left == 0;
            Ok(if over { UpdateDeadline::Interrupt } else { UpdateDeadline::Yield(1) })
        });
        store.set_epoch_deadline(1);
        let instance = start.pre.instantiate_async(&mut store).await?;
        let guests = start.exports.load(&mut store, &instance)?;
        Ok(Self { store, guests })
    }

    /// Gives the next call its own time and log lines.
    pub(crate) fn arm(
        &mut self,
        (function, ticket): (&'static str, Ticket),
        limits: &CallLimits,
        bill: &Bill<'_>,
    ) {
        let state = self.store.data_mut();
        bill.memory(&state.used);
        state.function = function;
        state.ticket = ticket;
        state.ticks_left = ticks(limits);
        state.lines_left = limits.log_lines;
        state.lines_dropped = 0;
        state.host_calls_left = limits.host_calls;
        state.source = None;
        self.store.set_epoch_deadline(1);
    }

    /// Log lines the call wrote beyond its budget.
    pub(crate) fn lines_dropped(&self) -> u32 {
        self.store.data().lines_dropped
    }
}

impl State {
    /// Counts a call of the host; one too many ends the guest's call.
    pub(crate) fn host_call(&mut self) -> wasmtime::Result<()> {
        let left = self.host_calls_left.checked_sub(1).ok_or(HostCallsExceeded)?;
        self.host_calls_left = left;
        Ok(())
    }
}

/// The deadline in ticks, at least one.
fn ticks(limits: &CallLimits) -> u64 {
    let ticks = limits.deadline.as_millis() / TICK.as_millis();
    u64::try_from(ticks).unwrap_or(u64::MAX).max(1)
}
