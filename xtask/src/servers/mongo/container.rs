//! MongoDB in a container, where an engine answers.

use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::Result;

use crate::paths;
use crate::process::{self, Running};
use crate::progress::Step;

const IMAGE: &str = "docker.io/library/mongo:8";

/// Docker or Podman.
pub(super) struct Engine {
    program: &'static str,
}

impl Engine {
    /// The first engine that answers and has, or can get, the image. A client
    /// without its daemon is common, so being installed is not enough.
    pub(super) fn answering() -> Option<Self> {
        let engines = ["docker", "podman"].into_iter();
        let mut answering = engines.filter(|program| {
            paths::on_path(program).is_some() && succeeds(program, &["info"], 10)
        });
        let engine = answering.find(|program| {
            let known = succeeds(program, &["image", "inspect", IMAGE], 10);
            known || {
                let _step = Step::start(format!("pulling `{IMAGE}`"));
                succeeds(program, &["pull", "--quiet", IMAGE], 600)
            }
        });
        engine.map(|program| Self { program })
    }

    /// The command that runs the server on `port`, and what removes it again.
    pub(super) fn prepare(&self, port: u16) -> Result<(Container, Command)> {
        let name = format!("bowsprit-test-{}-{port}", std::process::id());
        let mut command = Command::new(self.program);
        command.args(["run", "--rm", "--name", &name]);
        command.args(["--publish", &format!("127.0.0.1:{port}:27017"), IMAGE]);
        Ok((Container { program: self.program, name }, command))
    }
}

/// A container that is removed when this is dropped: ending the client alone
/// would leave it running.
pub(super) struct Container {
    program: &'static str,
    name: String,
}

impl Drop for Container {
    fn drop(&mut self) {
        let mut command = Command::new(self.program);
        command.args(["rm", "--force", "--volumes", &self.name]);
        // Not interruptible: this is the cleaning up.
        let _ = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

fn succeeds(program: &str, arguments: &[&str], seconds: u64) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut running) = Running::start(program, command) else { return false };
    let ended = process::wait_for(program, Duration::from_secs(seconds), || {
        Ok(running.child().try_wait()?)
    });
    ended.is_ok_and(|status| status.success())
}
