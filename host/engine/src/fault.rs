//! What can go wrong in a call, and what the caller is told.

use std::time::Duration;

use bowsprit_host_core::{Error, error::BoxError, id::Id, node_types::CallError};
use wasmtime::{PoolConcurrencyLimitError, Trap};

use crate::limits::{HostCallsExceeded, MemoryExceeded};

/// Why a call broke. What a plugin answers on purpose is not here, but for
/// its confession that it is broken.
#[derive(Debug)]
pub(crate) enum Fault {
    /// It did something WebAssembly forbids, or gave up.
    Trap(wasmtime::Error),
    /// It took too long.
    Deadline,
    /// It wanted too much memory.
    Memory,
    /// It called too deeply.
    Stack,
    /// It consists of too many core instances.
    Instances,
    /// It called the host too often.
    HostCalls,
    /// Its answer is too long; says which part.
    OutputTooLarge(&'static str),
    /// A list of its answer is too long; says which.
    ListTooLong(&'static str),
    /// Its answer is not what the contract says.
    InvalidOutput(String),
    /// It answers what it has no grant for; says what.
    NotGranted(String),
    /// It writes what only the host or the cluster may; says what.
    Forged(String),
    /// It says it is broken; its words are for the log.
    Internal(String),
    /// No turn came up in time.
    Busy,
}

impl Fault {
    /// Sorts an error of wasmtime.
    pub(crate) fn of(error: wasmtime::Error) -> Self {
        if error.is::<MemoryExceeded>() {
            return Self::Memory;
        }
        if error.is::<HostCallsExceeded>() {
            return Self::HostCalls;
        }
        if error.is::<PoolConcurrencyLimitError>() {
            return Self::Busy;
        }
        match error.downcast_ref::<Trap>() {
            Some(Trap::Interrupt) => Self::Deadline,
            Some(Trap::StackOverflow) => Self::Stack,
            Some(_) => Self::Trap(error),
            None if says(&error, FUEL_EXHAUSTED) => Self::OutputTooLarge("the answer"),
            None if says(&error, TOO_MANY_INSTANCES) => Self::Instances,
            // Text that is not UTF-8, a pointer out of memory, a case that does
            // not exist.
            None => Self::InvalidOutput(error.root_cause().to_string()),
        }
    }

    /// The stable code, also of a failed `describe`.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Trap(_) => "plugin.trap",
            Self::Deadline => "plugin.deadline",
            Self::Memory => "plugin.memory",
            Self::Stack => "plugin.stack",
            Self::Instances => "plugin.instances",
            Self::HostCalls => "plugin.host-calls",
            Self::OutputTooLarge(_) => "plugin.output-too-large",
            Self::ListTooLong(_) => "plugin.list-too-long",
            Self::InvalidOutput(_) => "plugin.invalid-output",
            Self::NotGranted(_) => "plugin.not-granted",
            Self::Forged(_) => "plugin.forged",
            Self::Internal(_) => "plugin.internal",
            Self::Busy => "plugin.busy",
        }
    }

    /// A sentence without the guest's words.
    pub(crate) fn reason(&self) -> String {
        match self {
            Self::Trap(_) => "it crashed".into(),
            Self::Deadline => "it took longer than it may".into(),
            Self::Memory => "it wanted more memory than it may have".into(),
            Self::Stack => "it ran out of stack".into(),
            Self::Instances => "it consists of more core instances than it may".into(),
            Self::HostCalls => "it called the host more often than it may".into(),
            Self::OutputTooLarge(what) => format!("{what} is larger than allowed"),
            Self::ListTooLong(what) => format!("{what} is longer than allowed"),
            Self::InvalidOutput(_) => "its answer is not what the contract asks for".into(),
            Self::NotGranted(_) => "its answer goes beyond what it is granted".into(),
            Self::Forged(_) => "its answer says what only the host may say".into(),
            Self::Internal(_) => "it reports a fault of its own".into(),
            Self::Busy => "too many of its calls are under way".into(),
        }
    }

    /// What the author or operator can do about it.
    pub(crate) fn fix(&self) -> &'static str {
        match self {
            Self::Trap(_) | Self::Internal(_) => "look at the plugin's log lines and mend it",
            Self::Deadline => "do less in one call, or ask for more time with `limits.deadline-ms`",
            Self::Memory => "use less memory, or ask for more with `limits.memory-mib`",
            Self::Stack => "call less deeply",
            Self::Instances => "use fewer core instances, or ask for more with `limits.instances`",
            Self::HostCalls => "call the host less, or ask for more with `limits.host-calls`",
            Self::OutputTooLarge(_) => "answer less, or ask for more with `limits.output-kib`",
            Self::ListTooLong(_) => "answer less, or ask for more with `limits.list-entries`",
            Self::InvalidOutput(_) => "make the answer what the WIT's comments say",
            Self::NotGranted(_) => "stay within `[wants]` of plugin.toml and the node's namespace",
            Self::Forged(_) => "leave owners, field managers and labels of the host alone",
            Self::Busy => "try again later",
        }
    }

    /// For the log only: may quote the guest.
    pub(crate) fn detail(&self) -> String {
        match self {
            Self::Trap(error) => format!("{error:#}"),
            Self::InvalidOutput(what)
            | Self::NotGranted(what)
            | Self::Forged(what)
            | Self::Internal(what) => what.clone(),
            _ => self.reason(),
        }
    }

    /// As the port says it; `record` is where more is kept of it.
    pub(crate) fn into_call_error(
        self,
        plugin: &str,
        function: &'static str,
        record: Option<Id>,
    ) -> CallError {
        if matches!(self, Self::Busy) {
            return CallError::Failed(Error::Busy {
                code: self.code(),
                message: format!("too many calls of plugin `{plugin}` are under way"),
                retry_after: Duration::from_secs(1),
            });
        }
        let (code, reason) = (self.code(), self.reason().into());
        let source: Option<BoxError> = match self {
            Self::Trap(error) => Some(error.into()),
            Self::InvalidOutput(what)
            | Self::NotGranted(what)
            | Self::Forged(what)
            | Self::Internal(what) => Some(what.into()),
            _ => None,
        };
        let (plugin, node) = (plugin.into(), None);
        CallError::Failed(Error::Plugin { code, plugin, function, reason, node, record, source })
    }
}

/// Whether the cause of an error begins with these words.
///
/// Wasmtime 48 keeps some errors' types to itself, so their text has to do;
/// the fixtures `huge-string` and `many-instances` fail should it change.
fn says(error: &wasmtime::Error, words: &str) -> bool {
    error.root_cause().to_string().starts_with(words)
}

const FUEL_EXHAUSTED: &str = "too much data is being copied";
const TOO_MANY_INSTANCES: &str = "resource limit exceeded: instance count";

#[cfg(test)]
mod tests {
    use bowsprit_host_core::plugins::CALL_OUTCOMES;

    use super::*;

    #[test]
    fn every_fault_is_an_outcome_that_is_counted() {
        let faults = [
            Fault::Trap(wasmtime::Error::msg("unreachable")),
            Fault::Deadline,
            Fault::Memory,
            Fault::Stack,
            Fault::Instances,
            Fault::HostCalls,
            Fault::OutputTooLarge("the answer"),
            Fault::ListTooLong("a list"),
            Fault::InvalidOutput(String::new()),
            Fault::NotGranted(String::new()),
            Fault::Forged(String::new()),
            Fault::Internal(String::new()),
            Fault::Busy,
        ];
        let codes: Vec<&str> = faults.iter().map(Fault::code).collect();
        assert_eq!(codes, CALL_OUTCOMES[CALL_OUTCOMES.len() - codes.len()..]);
    }
}
