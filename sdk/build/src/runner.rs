//! How programs are run.

use std::{
    error::Error,
    process::{Command, Stdio},
};

/// Why a program did not do its work.
pub type Cause = Box<dyn Error + Send + Sync>;

/// Runs programs to their end.
pub trait Runner {
    /// Runs `command`, whose output the user sees.
    ///
    /// # Errors
    ///
    /// If it cannot be started or fails; says `name`.
    fn run(&self, name: &str, command: Command) -> Result<(), Cause>;

    /// Runs `command` and answers its standard output.
    ///
    /// # Errors
    ///
    /// If it cannot be started, fails, or prints no text; says `name`.
    fn output(&self, name: &str, command: Command) -> Result<String, Cause>;
}

/// Runs programs as a shell does.
#[derive(Debug, Clone, Copy)]
pub struct Shell;

impl Runner for Shell {
    fn run(&self, name: &str, mut command: Command) -> Result<(), Cause> {
        // Standard output is for what we say ourselves.
        let status = command.stdin(Stdio::null()).stdout(std::io::stderr()).status();
        match status.map_err(|error| format!("{name} cannot be started: {error}"))? {
            status if status.success() => Ok(()),
            status => Err(format!("{name} failed ({status})").into()),
        }
    }

    fn output(&self, name: &str, mut command: Command) -> Result<String, Cause> {
        let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
        let output = output.map_err(|error| format!("{name} cannot be started: {error}"))?;
        if !output.status.success() {
            return Err(format!("{name} failed ({})", output.status).into());
        }
        Ok(String::from_utf8(output.stdout)?)
    }
}
