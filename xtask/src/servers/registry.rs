//! A container registry: CNCF distribution, with one user, on plain files.

use std::fs;
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use tempfile::TempDir;

use super::Environment;
use super::child::{Server, folder, free_port};
use super::tools::{go_install, tool};
use crate::paths;
use crate::progress::Step;

/// What tests are told the registry's host and port by.
const VARIABLE: &str = "BOWSPRIT_TEST_REGISTRY";
const PACKAGE: &str = "github.com/distribution/distribution/v3/cmd/registry";
const VERSION: &str = "v3.1.2";
/// The user `bowsprit` with the password `bowsprit-test`, as bcrypt has it.
const USERS: &str = "bowsprit:$2b$05$abcdefghijklmnopqrstuuSjmHGUKXQS4SWzQkiIvlIVI2y.mGjUm\n";
/// How long the registry may take to listen; usually it is a moment.
const LIMIT: Duration = Duration::from_secs(30);

/// A registry; dropping it ends what was started for it.
pub(super) struct Registry {
    address: String,
    server: Option<Server>,
    _folder: Option<TempDir>,
}

impl Registry {
    /// A given registry (it must have our user), else a new one.
    pub(super) fn obtain() -> Result<Self> {
        if let Ok(address) = std::env::var(VARIABLE) {
            eprintln!("  registry: using `{VARIABLE}`");
            return Ok(Self { address, server: None, _folder: None });
        }
        let program = match paths::on_path("registry") {
            Some(program) => program,
            None => tool("registry", VERSION, |folder, _| go_install(PACKAGE, VERSION, folder))?
                .join("registry"),
        };
        let step = Step::start("starting the container registry");
        let folder = folder("registry")?;
        let port = free_port()?;
        let config = folder.path().join("config.yml");
        fs::write(folder.path().join("users"), USERS)?;
        fs::write(&config, configuration(&folder.path().display().to_string(), port))?;
        let mut command = Command::new(program);
        command.arg("serve").arg(&config).env("OTEL_TRACES_EXPORTER", "none");
        let mut server = Server::start("registry", command, folder.path())?;
        server.wait_until("starting the container registry", LIMIT, || {
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        })?;
        let address = format!("127.0.0.1:{port}");
        step.done(&format!("ready at {address}"));
        Ok(Self { address, server: Some(server), _folder: Some(folder) })
    }

    /// What tests are told about it.
    pub(super) fn environment(&self) -> Environment {
        Environment::from([(VARIABLE.to_owned(), self.address.clone())])
    }

    /// Fails if its process has ended.
    pub(super) fn check_alive(&mut self) -> Result<()> {
        self.server.as_mut().map_or(Ok(()), Server::check_alive)
    }
}

fn configuration(folder: &str, port: u16) -> String {
    format!(
        "version: 0.1\n\
         log: {{level: warn}}\n\
         storage: {{filesystem: {{rootdirectory: {folder}/data}}, delete: {{enabled: true}}}}\n\
         auth: {{htpasswd: {{realm: bowsprit-test, path: {folder}/users}}}}\n\
         http: {{addr: '127.0.0.1:{port}'}}\n"
    )
}
