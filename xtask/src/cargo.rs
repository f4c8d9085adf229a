//! Cargo, started as if from a shell, and by our own means.

pub(crate) use bowsprit_plugin_build::{Cause, Runner, cargo};

use std::process::Command;

use crate::process;

/// Runs programs that never outlive us.
pub(crate) struct Guarded;

impl Runner for Guarded {
    fn run(&self, name: &str, command: Command) -> Result<(), Cause> {
        Ok(process::run(name, command)?)
    }

    fn output(&self, name: &str, command: Command) -> Result<String, Cause> {
        Ok(process::output(name, command)?)
    }
}
