//! What calls hold at a moment.

use tokio::sync::Semaphore;

use crate::PluginEngine;

/// What calls and requests hold of an engine at a moment; all zero when nobody
/// calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Occupancy {
    /// Calls under way.
    pub calls: usize,
    /// Instances that requests hold for their next call.
    pub idle_instances: usize,
    /// Permits taken of plugins' own.
    pub plugin_calls: usize,
    /// Component instances that exist.
    pub instances: u64,
    /// Core instances that exist.
    pub core_instances: u64,
    /// Memories, tables and stacks in use.
    pub slots: usize,
}

impl PluginEngine {
    /// What is held now.
    pub fn occupancy(&self) -> Occupancy {
        let limits = &self.config.limits;
        let taken = |all: usize, gate: &Semaphore| all.saturating_sub(gate.available_permits());
        let plugin_calls = self.shared.taken();
        let pool = self.compiler.engine().pooling_allocator_metrics();
        Occupancy {
            calls: taken(limits.calls, &self.runtime.gate),
            idle_instances: taken(limits.idle_instances, &self.runtime.idle),
            plugin_calls,
            instances: pool.as_ref().map_or(0, |it| it.component_instances()),
            core_instances: pool.as_ref().map_or(0, |it| it.core_instances()),
            slots: pool.as_ref().map_or(0, |it| it.memories() + it.tables() + it.stacks()),
        }
    }
}
