//! An OpenID provider: the certified `oidc-provider` from npm, with a script of
//! ours that lets tests register clients and say what is claimed of people.

use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use super::Environment;
use super::child::{Server, folder, free_port};
use super::tools;
use crate::progress::Step;
use crate::{paths, process};

/// What tests are told the issuer by.
const VARIABLE: &str = "BOWSPRIT_TEST_OIDC_ISSUER";
/// How long the provider may take to listen; usually it is a second.
const LIMIT: Duration = Duration::from_secs(30);

/// An OpenID provider; dropping it ends what was started for it.
pub(super) struct Oidc {
    issuer: String,
    server: Option<Server>,
    _folder: Option<TempDir>,
}

impl Oidc {
    /// A given provider (it must run our script), else a new one.
    pub(super) fn obtain() -> Result<Self> {
        if let Ok(issuer) = std::env::var(VARIABLE) {
            eprintln!("  openid: using `{VARIABLE}`");
            return Ok(Self { issuer, server: None, _folder: None });
        }
        require_node()?;
        let source = paths::root().join("tests/servers/oidc");
        let packages = packages(&source)?;
        let step = Step::start("starting the OpenID provider");
        let folder = folder("oidc")?;
        // Node looks for packages beside the script.
        symlink(packages.join("node_modules"), folder.path().join("node_modules"))?;
        let script = folder.path().join("provider.mjs");
        fs::copy(source.join("provider.mjs"), &script)?;
        let port = free_port()?;
        let mut command = Command::new("node");
        command.arg(&script).arg(port.to_string());
        let mut server = Server::start("oidc", command, folder.path())?;
        server.wait_until("starting the OpenID provider", LIMIT, || {
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        })?;
        let issuer = format!("http://127.0.0.1:{port}");
        step.done(&format!("ready at {issuer}"));
        Ok(Self { issuer, server: Some(server), _folder: Some(folder) })
    }

    /// What tests are told about it.
    pub(super) fn environment(&self) -> Environment {
        Environment::from([(VARIABLE.to_owned(), self.issuer.clone())])
    }

    /// Fails if its process has ended.
    pub(super) fn check_alive(&mut self) -> Result<()> {
        self.server.as_mut().map_or(Ok(()), Server::check_alive)
    }
}

/// The provider's packages, kept by what the lock file says.
fn packages(source: &Path) -> Result<PathBuf> {
    let lock = fs::read(source.join("package-lock.json"))?;
    let digest = hex::encode(Sha256::digest(&lock));
    let version = digest.get(..16).context("a digest is longer")?;
    tools::tool("oidc-provider", version, |folder, _| tools::npm_install(source, folder))
}

/// Node and npm, from Debian where they are missing and we may install them.
fn require_node() -> Result<()> {
    let there = || paths::on_path("node").is_some() && paths::on_path("npm").is_some();
    if there() {
        return Ok(());
    }
    if paths::on_path("apt-get").is_some() {
        let _step = Step::start("installing nodejs and npm with apt-get");
        let mut command = Command::new("apt-get");
        command.args(["install", "--yes", "--no-install-recommends", "nodejs", "npm"]);
        command.env("DEBIAN_FRONTEND", "noninteractive").stdout(Stdio::null());
        process::run("`apt-get install nodejs npm`", command)?;
    }
    if there() {
        return Ok(());
    }
    bail!(
        "`node` and `npm` are not on `PATH`; they run the OpenID provider of the tests \
         (https://nodejs.org), unless `{VARIABLE}` names one"
    )
}
