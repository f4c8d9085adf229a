//! One running copy of a component and what the host keeps beside it.

use std::sync::Arc;

use wasmtime::{Store, UpdateDeadline};

use crate::{
    bindings::v0_1::{NodeTypesPluginPre, assets, log, node_types::Guest, types},
    count::Counted,
    limits::{CallLimits, MemoryAccount},
    package::{Assets, Digest},
    ticker::TICK,
};

/// Longest log line of a guest, bytes.
const LOG_LINE: usize = 8 << 10;

/// A component ready to be started, with all that its calls go by.
pub(crate) struct Program {
    /// The plugin's id.
    pub(crate) plugin: String,
    /// Digest of the generation.
    pub(crate) digest: Digest,
    /// The same in hex, for spans.
    pub(crate) generation: String,
    pub(crate) pre: NodeTypesPluginPre<State>,
    pub(crate) assets: Arc<Assets>,
    pub(crate) limits: CallLimits,
    /// Calls of this plugin at a time, whatever the generation.
    pub(crate) gate: Arc<tokio::sync::Semaphore>,
    pub(crate) counted: Counted,
}

/// What the host keeps for one instance.
pub(crate) struct State {
    memory: MemoryAccount,
    assets: Arc<Assets>,
    plugin: String,
    generation: String,
    function: &'static str,
    /// Ticks this call may still run for.
    ticks_left: u64,
    lines_left: u32,
    lines_dropped: u32,
}

/// One running copy.
pub(crate) struct Instance {
    pub(crate) store: Store<State>,
    pub(crate) guest: Guest,
}

impl Instance {
    /// A fresh copy, armed for `function`, because starting it runs guest code
    /// already.
    pub(crate) async fn start(program: &Program, function: &'static str) -> wasmtime::Result<Self> {
        let limits = &program.limits;
        let state = State {
            memory: MemoryAccount::new(limits.memory),
            assets: Arc::clone(&program.assets),
            plugin: program.plugin.clone(),
            generation: program.generation.clone(),
            function,
            ticks_left: ticks(limits),
            lines_left: limits.log_lines,
            lines_dropped: 0,
        };
        let mut store = Store::new(program.pre.engine(), state);
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
        let plugin = program.pre.instantiate_async(&mut store).await?;
        let guest = plugin.bowsprit_plugin_node_types().clone();
        Ok(Self { store, guest })
    }

    /// Gives the next call its own time and log lines.
    pub(crate) fn arm(&mut self, function: &'static str, limits: &CallLimits) {
        let state = self.store.data_mut();
        state.function = function;
        state.ticks_left = ticks(limits);
        state.lines_left = limits.log_lines;
        state.lines_dropped = 0;
        self.store.set_epoch_deadline(1);
    }

    /// Log lines the call wrote beyond its budget.
    pub(crate) fn lines_dropped(&self) -> u32 {
        self.store.data().lines_dropped
    }
}

/// The deadline in ticks, at least one.
fn ticks(limits: &CallLimits) -> u64 {
    let ticks = limits.deadline.as_millis() / TICK.as_millis();
    u64::try_from(ticks).unwrap_or(u64::MAX).max(1)
}

impl types::Host for State {}

impl log::Host for State {
    async fn write(&mut self, level: log::Level, message: String) {
        let Some(left) = self.lines_left.checked_sub(1) else {
            self.lines_dropped = self.lines_dropped.saturating_add(1);
            return;
        };
        self.lines_left = left;
        let message = message.get(..message.floor_char_boundary(LOG_LINE)).unwrap_or_default();
        let (plugin, generation, function) = (&self.plugin, &self.generation, self.function);
        // Debug formatting escapes line breaks and terminal sequences.
        match level {
            log::Level::Debug => {
                tracing::debug!(plugin, generation, function, ?message, "plugin log")
            }
            log::Level::Info => {
                tracing::info!(plugin, generation, function, ?message, "plugin log")
            }
            log::Level::Warn => {
                tracing::warn!(plugin, generation, function, ?message, "plugin log")
            }
            log::Level::Error => {
                tracing::error!(plugin, generation, function, ?message, "plugin log")
            }
        }
    }
}

impl assets::Host for State {
    async fn list(&mut self) -> Vec<String> {
        self.assets.keys().cloned().collect()
    }

    async fn read(&mut self, path: String) -> Option<Vec<u8>> {
        self.assets.get(&path).cloned()
    }
}
