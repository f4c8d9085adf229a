//! What a call may use, and the counting of its memory.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use wasmtime::ResourceLimiter;

use crate::package::Asks;

const MIB: usize = 1 << 20;

/// What calls may use.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Longest a call may run, to the millisecond; waiting for a turn and for
    /// a processor does not count. Default: 250 ms.
    pub deadline: Duration,
    /// Bytes of all memories and tables of one instance. Default: 64 MiB.
    pub memory: usize,
    /// Bytes of one answer, or of one message to the log. Default: 4 MiB.
    pub output: usize,
    /// Entries of any one list of an answer. Default: 2048.
    pub list_entries: usize,
    /// Log lines of one call; more are counted and dropped. Default: 64.
    pub log_lines: u32,
    /// Calls of the host by one call: log lines, assets. Default: 10,000.
    pub host_calls: u32,
    /// Core instances a component consists of. Python's has 38, JavaScript's
    /// eleven, Rust's up to four. Default: 64.
    pub instances: usize,
    /// Bytes of stack. One value for the whole engine. Default: 512 KiB.
    pub stack: usize,
    /// Calls of one plugin at the same time. Default: 16.
    pub calls_per_plugin: usize,
    /// Calls of all plugins at the same time. Default: 64.
    pub calls: usize,
    /// Instances that requests hold for their next call. Default: 64.
    pub idle_instances: usize,
    /// Longest a call waits for a turn, once of its plugin and once of all.
    /// Default: 2 s.
    pub wait: Duration,
    /// Longest a component may take to compile. Default: 60 s.
    pub compile: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            deadline: Duration::from_millis(250),
            memory: 64 * MIB,
            output: 4 * MIB,
            list_entries: 2048,
            log_lines: 64,
            host_calls: 10_000,
            instances: 64,
            stack: 512 << 10,
            calls_per_plugin: 16,
            calls: 64,
            idle_instances: 64,
            wait: Duration::from_secs(2),
            compile: Duration::from_secs(60),
        }
    }
}

/// The most a plugin gets, whatever it asks for.
#[derive(Debug, Clone)]
pub struct Caps {
    /// Default: 5 s.
    pub deadline: Duration,
    /// Default: 256 MiB. Address space is set aside for this much per
    /// instance.
    pub memory: usize,
    /// Default: 32 MiB.
    pub output: usize,
    /// Default: 16,384.
    pub list_entries: usize,
    /// Default: 1,000.
    pub log_lines: u32,
    /// Default: 1,000,000.
    pub host_calls: u32,
    /// Default: 128.
    pub instances: usize,
    /// Default: 64.
    pub calls_per_plugin: usize,
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(5),
            memory: 256 * MIB,
            output: 32 * MIB,
            list_entries: 16_384,
            log_lines: 1_000,
            host_calls: 1_000_000,
            instances: 128,
            calls_per_plugin: 64,
        }
    }
}

/// The limits of one plugin's calls.
#[derive(Debug, Clone)]
pub(crate) struct CallLimits {
    pub(crate) deadline: Duration,
    pub(crate) memory: usize,
    pub(crate) output: usize,
    pub(crate) list_entries: usize,
    pub(crate) log_lines: u32,
    pub(crate) host_calls: u32,
    pub(crate) instances: usize,
    /// At the same time.
    pub(crate) calls: usize,
}

impl CallLimits {
    /// What the plugin asks for where it asks, else the default; never more
    /// than the operator's cap.
    pub(crate) fn of(limits: &Limits, caps: &Caps, asks: &Asks) -> Self {
        let bytes = |ask: Option<u32>, unit: usize| ask.map(|n| (n as usize).saturating_mul(unit));
        let count = |ask: Option<u32>, default: usize, cap: usize| {
            ask.map_or(default, |n| n as usize).min(cap)
        };
        let deadline = asks.deadline_ms.map(|ms| Duration::from_millis(ms.into()));
        Self {
            deadline: deadline.unwrap_or(limits.deadline).min(caps.deadline),
            memory: bytes(asks.memory_mib, MIB).unwrap_or(limits.memory).min(caps.memory),
            output: bytes(asks.output_kib, 1 << 10).unwrap_or(limits.output).min(caps.output),
            list_entries: count(asks.list_entries, limits.list_entries, caps.list_entries),
            log_lines: asks.log_lines.unwrap_or(limits.log_lines).min(caps.log_lines),
            host_calls: asks.host_calls.unwrap_or(limits.host_calls).min(caps.host_calls),
            instances: count(asks.instances, limits.instances, caps.instances),
            calls: count(asks.calls, limits.calls_per_plugin, caps.calls_per_plugin),
        }
    }
}

/// An instance wanted more memory than it may have.
#[derive(Debug, thiserror::Error)]
#[error("more than {limit} bytes of memory wanted")]
pub(crate) struct MemoryExceeded {
    limit: usize,
}

/// A guest called the host more often than one call may.
#[derive(Debug, thiserror::Error)]
#[error("too many calls of the host")]
pub(crate) struct HostCallsExceeded;

/// Counts the bytes of all memories and tables of a store.
///
/// Growth beyond the limit ends the call instead of making `memory.grow` fail:
/// a guest that runs on without memory only fails later and less clearly.
#[derive(Debug)]
pub(crate) struct MemoryAccount {
    limit: usize,
    instances: usize,
    /// Shared with whoever is billed for it.
    used: Arc<AtomicUsize>,
}

/// Bytes the host spends on one table element.
const TABLE_ELEMENT: usize = 16;

impl MemoryAccount {
    pub(crate) fn new(limits: &CallLimits, used: Arc<AtomicUsize>) -> Self {
        Self { limit: limits.memory, instances: limits.instances, used }
    }

    fn grow(&mut self, current: usize, desired: usize) -> wasmtime::Result<bool> {
        let used = self.used.load(Ordering::Relaxed);
        let used = used.saturating_add(desired.saturating_sub(current));
        if used > self.limit {
            return Err(MemoryExceeded { limit: self.limit }.into());
        }
        self.used.store(used, Ordering::Relaxed);
        Ok(true)
    }
}

impl ResourceLimiter for MemoryAccount {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        self.grow(current, desired)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        self.grow(current.saturating_mul(TABLE_ELEMENT), desired.saturating_mul(TABLE_ELEMENT))
    }

    /// The pool has a bound of its own, which no `memory.grow` may run on
    /// without either.
    fn memory_grow_failed(&mut self, _: wasmtime::Error) -> wasmtime::Result<()> {
        Err(MemoryExceeded { limit: self.limit }.into())
    }

    fn table_grow_failed(&mut self, _: wasmtime::Error) -> wasmtime::Result<()> {
        Err(MemoryExceeded { limit: self.limit }.into())
    }

    fn instances(&self) -> usize {
        self.instances
    }
}

#[cfg(test)]
mod tests;
