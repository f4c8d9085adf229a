//! What the settings say about plugins.

use std::{path::PathBuf, time::Duration};

use bowsprit_host_core::{
    budgets::{BudgetLimits, Budgets},
    palette::Audience,
    plugins::SwapPolicy,
};
use bowsprit_host_engine::{Caps, EngineConfig, Limits, Trust};
use serde::Deserialize;

use super::PluginSource;

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

/// Where plugins come from and what they may use.
#[derive(Debug, Deserialize)]
pub struct Plugins {
    /// Folders of plugins.
    pub dirs: Vec<PathBuf>,
    /// For whom their node types are.
    pub(crate) offered: Audience,
    /// Where compiled components are kept; in the data folder if absent.
    pub cache_dir: Option<PathBuf>,
    /// Repositories plugins may come from, and what has to vouch for them.
    pub(crate) sources: Vec<PluginSource>,
    /// What they are granted unasked.
    pub(crate) trust: Trust,
    /// When a new generation takes over.
    pub(crate) policy: SwapPolicy,
    /// Earlier generations that are kept.
    pub(crate) kept_generations: usize,
    /// Inputs on which generations are compared.
    pub(crate) compared_inputs: usize,
    /// Mebibytes of answers that are remembered.
    pub(crate) remembered_mib: u64,
    /// How new generations are judged.
    pub(crate) guard: Guard,
    /// What a call may use.
    limits: CallLimits,
    /// What a plugin may ask for.
    caps: CallCaps,
    /// What plugins may use for one user.
    budgets: UserBudgets,
}

/// How the first calls of a new generation are judged.
#[derive(Debug, Deserialize)]
pub(crate) struct Guard {
    /// How many; 0 judges none.
    pub calls: u32,
    /// Percent that may break beyond the share before.
    pub error_percent: u32,
    /// Times as long as they may take.
    pub times_slower: u32,
}

/// As `bowsprit_host_engine::Limits`, in the units of the settings.
#[derive(Debug, Deserialize)]
struct CallLimits {
    deadline_ms: u64,
    memory_mib: usize,
    output_kib: usize,
    list_entries: usize,
    log_lines: u32,
    host_calls: u32,
    instances: usize,
    stack_kib: usize,
    calls_per_plugin: usize,
    calls: usize,
    idle_instances: usize,
    wait_ms: u64,
    compile_seconds: u64,
}

/// As `bowsprit_host_engine::Caps`, in the units of the settings.
#[derive(Debug, Deserialize)]
struct CallCaps {
    deadline_ms: u64,
    memory_mib: usize,
    output_kib: usize,
    list_entries: usize,
    log_lines: u32,
    host_calls: u32,
    instances: usize,
    calls_per_plugin: usize,
}

/// As `bowsprit_host_core::budgets::BudgetLimits`.
#[derive(Debug, Deserialize)]
struct UserBudgets {
    cpu_millis: u64,
    memory_mib_seconds: u64,
}

impl Plugins {
    /// What the engine is told of it.
    pub(crate) fn engine_config(&self) -> EngineConfig {
        let (limits, caps) = (&self.limits, &self.caps);
        EngineConfig {
            limits: Limits {
                deadline: Duration::from_millis(limits.deadline_ms),
                memory: limits.memory_mib * MIB,
                output: limits.output_kib * KIB,
                list_entries: limits.list_entries,
                log_lines: limits.log_lines,
                host_calls: limits.host_calls,
                instances: limits.instances,
                stack: limits.stack_kib * KIB,
                calls_per_plugin: limits.calls_per_plugin,
                calls: limits.calls,
                idle_instances: limits.idle_instances,
                wait: Duration::from_millis(limits.wait_ms),
                compile: Duration::from_secs(limits.compile_seconds),
            },
            caps: Caps {
                deadline: Duration::from_millis(caps.deadline_ms),
                memory: caps.memory_mib * MIB,
                output: caps.output_kib * KIB,
                list_entries: caps.list_entries,
                log_lines: caps.log_lines,
                host_calls: caps.host_calls,
                instances: caps.instances,
                calls_per_plugin: caps.calls_per_plugin,
            },
            ..EngineConfig::default()
        }
    }

    /// Nobody has used anything yet.
    pub(crate) fn budgets(&self) -> Budgets {
        let UserBudgets { cpu_millis, memory_mib_seconds } = self.budgets;
        Budgets::new(BudgetLimits { cpu_millis, memory_mib_seconds })
    }
}

#[cfg(test)]
mod tests;
