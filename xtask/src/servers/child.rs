//! One server process: where it logs, and how it is waited for.

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::process::{self, Running};

/// How much of a failed server's log is shown.
const TAIL: usize = 15;

/// A running server; dropping it kills it, since all it has is thrown away.
#[derive(Debug)]
pub(super) struct Server {
    running: Running,
    log: PathBuf,
}

impl Server {
    /// Starts `command`; both of its outputs go to `<folder>/<name>.log`.
    pub(super) fn start(name: &str, mut command: Command, folder: &Path) -> Result<Self> {
        let log = folder.join(format!("{name}.log"));
        let file = File::create(&log)?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        let running = Running::start(name, command)?.with_patience(Duration::ZERO);
        Ok(Self { running, log })
    }

    /// Fails, with the end of its log, if the server has ended.
    pub(super) fn check_alive(&mut self) -> Result<()> {
        let alive = self.running.check_alive();
        alive.with_context(|| format!("its last words:\n{}", tail(&self.log)))
    }

    /// Waits until `ready` answers true while the server lives.
    pub(super) fn wait_until(
        &mut self,
        what: &str,
        limit: Duration,
        mut ready: impl FnMut() -> bool,
    ) -> Result<()> {
        let waited = process::wait_for(what, limit, || {
            self.running.check_alive()?;
            Ok(ready().then_some(()))
        });
        waited.with_context(|| format!("its last words:\n{}", tail(&self.log)))
    }
}

fn tail(log: &Path) -> String {
    let bytes = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<_> = text.lines().collect();
    lines.get(lines.len().saturating_sub(TAIL)..).unwrap_or_default().join("\n")
}

/// A port nobody listens on right now. The kernel hands out others for a
/// while before it repeats one, so it stays free until the server binds it.
pub(super) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// A temporary folder for `what`, named for this process. Removes those of
/// processes that were killed before they could.
pub(super) fn folder(what: &str) -> Result<TempDir> {
    let prefix = format!("bowsprit-{what}-");
    for entry in std::fs::read_dir(std::env::temp_dir())? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let owner = name.strip_prefix(&prefix).and_then(|rest| rest.split('-').next());
        let Some(owner) = owner.and_then(|owner| owner.parse::<u32>().ok()) else { continue };
        if !Path::new("/proc").join(owner.to_string()).exists() {
            // Somebody else may remove it at the same time.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
    let prefix = format!("{prefix}{}-", std::process::id());
    Ok(tempfile::Builder::new().prefix(&prefix).tempdir()?)
}
