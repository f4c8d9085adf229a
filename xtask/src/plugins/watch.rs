//! `cargo xtask plugins watch`: build again whenever a source changes.

use std::path::PathBuf;

use anyhow::Result;
use bowsprit_plugin_build::Changes;

use super::Which;
use crate::{paths, process};

/// Builds now and after each change, until interrupted. A build that fails is
/// reported and the next change tries again.
pub(super) fn run(which: Which) -> Result<()> {
    let mut folders: Vec<PathBuf> = ["plugins", "sdk", "wit"].map(Into::into).into();
    if which.guests {
        folders.push("tests/guests".into());
    }
    let changes = Changes::of(&paths::root(), &folders, &[])?;
    loop {
        if let Err(error) = super::build(which) {
            process::check_interrupted()?;
            eprintln!("  {error:#}");
        }
        eprintln!("  watching for changes");
        if !changes.next(process::interrupted) {
            return Ok(());
        }
    }
}
