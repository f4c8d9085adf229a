//! The host as a child process, with an empty data folder.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::paths;
use crate::process::{self, Running};

/// How long it may take until it listens.
const LIMIT: Duration = Duration::from_secs(60);
/// What it says then, before its address.
const LISTENING: &str = "listening on ";

/// A running host. It is stopped before its folder is removed.
pub(super) struct Host {
    running: Running,
    /// Where it answers: `http://127.0.0.1:…`.
    pub(super) url: String,
    log: PathBuf,
    _output: Receiver<String>,
    _folder: TempDir,
}

impl Host {
    /// Starts the host that was built last and waits until it listens.
    pub(super) fn start() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("bowsprit-demo-").tempdir()?;
        let log = folder.path().join("host.log");
        let mut command = Command::new(program());
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(folder.path().join("data"))
            .arg("--plugins")
            .arg(paths::root().join("plugins/dist"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log)?);
        // A developer's own settings are not the demo's.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("BOWSPRIT_") {
                command.env_remove(name);
            }
        }
        // It clicks faster than people do.
        command.env("BOWSPRIT_RATE_LIMIT_RPS", "1000").env("BOWSPRIT_RATE_LIMIT_BURST", "1000");
        let running = Running::start("the host", command)?.with_patience(Duration::from_secs(15));
        let mut host = Self {
            running,
            url: String::new(),
            log,
            _output: std::sync::mpsc::channel().1,
            _folder: folder,
        };
        host.wait_until_listening()?;
        Ok(host)
    }

    fn wait_until_listening(&mut self) -> Result<()> {
        let pipe = self.running.child().stdout.take().context("no pipe")?;
        let output = process::receive_lines(pipe);
        self.url = process::wait_for("starting the host", LIMIT, || match output.try_recv() {
            Ok(line) => Ok(line.strip_prefix(LISTENING).map(str::to_owned)),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => bail!("the host ended:\n{}", self.last_words()),
        })?;
        // Kept, so that the host can go on writing there.
        self._output = output;
        Ok(())
    }

    /// Fails if the host has ended.
    pub(super) fn check_alive(&mut self) -> Result<()> {
        self.running.check_alive()
    }

    /// The end of its log.
    pub(super) fn last_words(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = text.lines().collect();
        lines.get(lines.len().saturating_sub(20)..).unwrap_or_default().join("\n")
    }
}

fn program() -> PathBuf {
    paths::target().join("debug/bowsprit")
}
