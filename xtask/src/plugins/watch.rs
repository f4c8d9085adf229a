//! `cargo xtask plugins watch`: build again whenever a source changes.

use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use anyhow::Result;
use notify::{EventKind, RecursiveMode, Watcher};

use super::Which;
use crate::{paths, process};

/// How long sources must be quiet before a build starts.
const QUIET: Duration = Duration::from_millis(150);

/// Builds now and after each change, until interrupted. A build that fails is
/// reported and the next change tries again.
pub(super) fn run(which: Which) -> Result<()> {
    let (sender, changes) = mpsc::channel();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|event| matters(&event)) {
            // The receiver is gone only when we are ending anyway.
            let _ = sender.send(());
        }
    })?;
    for folder in ["plugins", "sdk", "wit"] {
        watch(&mut watcher, &paths::root().join(folder))?;
    }
    if which.guests {
        watch(&mut watcher, &paths::root().join("tests/guests"))?;
    }
    loop {
        if let Err(error) = super::build(which) {
            process::check_interrupted()?;
            eprintln!("  {error:#}");
        }
        eprintln!("  watching for changes");
        loop {
            if process::interrupted() {
                return Ok(());
            }
            match changes.recv_timeout(Duration::from_millis(200)) {
                Ok(()) => break,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
        }
        while changes.recv_timeout(QUIET).is_ok() {}
    }
}

fn watch(watcher: &mut impl Watcher, folder: &Path) -> Result<()> {
    if folder.is_dir() {
        watcher.watch(folder, RecursiveMode::Recursive)?;
    }
    Ok(())
}

/// Whether an event is about a source, not about what a build writes.
fn matters(event: &notify::Event) -> bool {
    let root = paths::root();
    let written = |path: &Path| {
        let inside = path.strip_prefix(&root).unwrap_or(path);
        inside.components().any(|part| part.as_os_str() == "target" || part.as_os_str() == "dist")
            || path.file_name().is_some_and(|name| name == "Cargo.lock")
    };
    !matches!(event.kind, EventKind::Access(_)) && !event.paths.iter().all(|path| written(path))
}
