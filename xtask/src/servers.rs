//! Real servers for tests and the demo: a Kubernetes control plane with fake
//! nodes, a server that speaks MongoDB's protocol, an OpenID provider and a
//! container registry; and the tools that take what the host exports.
//!
//! What the environment offers is used first, then what the cache has, and
//! only then is something built. Each server has a free port and a temporary
//! folder of its own, and ends with the process that started it.

mod background;
mod child;
mod kube;
mod mongo;
mod oidc;
mod packagers;
mod registry;
mod tools;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Subcommand;

use crate::process;
use crate::progress::seconds;

/// What the children of a command are told about the servers, by name.
pub(crate) type Environment = BTreeMap<String, String>;

/// What to do with the servers; nothing said means: run them until Ctrl-C.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Starts the servers in the background; `test` and `demo` use them.
    Up,
    /// Stops the servers started by `up`.
    Down,
    /// Says whether servers run in the background, and where.
    Status,
    /// Runs the servers for `up`.
    #[command(hide = true)]
    Hold,
}

/// Which servers are needed.
#[derive(Clone, Copy)]
pub(crate) enum Needs {
    /// Kubernetes, MongoDB, the OpenID provider, the registry, and the tools
    /// that take exports.
    All,
    /// Kubernetes only.
    Kubernetes,
}

/// Servers that are up; dropping this ends those it started.
#[derive(Default)]
pub(crate) struct Servers {
    /// `BOWSPRIT_TEST_*` for whoever uses the servers.
    pub(crate) environment: Environment,
    kube: Option<kube::ControlPlane>,
    mongo: Option<mongo::Mongo>,
    oidc: Option<oidc::Oidc>,
    registry: Option<registry::Registry>,
}

impl Servers {
    /// Uses the servers of `cargo xtask servers up` if there are any, else
    /// starts what is needed.
    pub(crate) fn obtain(needs: Needs) -> Result<Self> {
        if let Some(state) = background::running()? {
            eprintln!("  using the servers of `cargo xtask servers up` (process {})", state.pid);
            return Ok(Self { environment: state.environment, ..Self::default() });
        }
        Self::start(needs)
    }

    /// Starts what is needed, side by side.
    fn start(needs: Needs) -> Result<Self> {
        let start = Instant::now();
        let all = matches!(needs, Needs::All);
        let (kube, oidc, registry, packagers, mongo) = std::thread::scope(|scope| {
            let mongo = all.then(|| scope.spawn(mongo::Mongo::obtain));
            let kube = kube::ControlPlane::obtain().context("cannot provide Kubernetes");
            // Two seconds: not worth a thread of its own.
            let oidc = all.then(oidc::Oidc::obtain).transpose();
            let registry = all.then(registry::Registry::obtain).transpose();
            let packagers = all.then(packagers::obtain).transpose();
            (kube, oidc, registry, packagers, mongo.map(|thread| thread.join()))
        });
        let (kube, oidc) = (kube?, oidc.context("cannot provide the OpenID provider")?);
        let registry = registry.context("cannot provide the container registry")?;
        let packagers = packagers.context("cannot provide Kustomize and Helm")?;
        let mongo = match mongo {
            None => None,
            Some(Ok(result)) => Some(result.context("cannot provide MongoDB")?),
            Some(Err(_)) => anyhow::bail!("the thread that starts MongoDB panicked"),
        };
        let mut environment = kube.environment();
        environment.extend(mongo.iter().flat_map(mongo::Mongo::environment));
        environment.extend(oidc.iter().flat_map(oidc::Oidc::environment));
        environment.extend(packagers.unwrap_or_default());
        environment.extend(registry.iter().flat_map(registry::Registry::environment));
        eprintln!("  servers up after {}", seconds(start.elapsed()));
        Ok(Self { environment, kube: Some(kube), mongo, oidc, registry })
    }

    /// Fails if a server that should run has ended.
    fn check_alive(&mut self) -> Result<()> {
        self.kube.as_mut().map_or(Ok(()), kube::ControlPlane::check_alive)?;
        self.mongo.as_mut().map_or(Ok(()), mongo::Mongo::check_alive)?;
        self.oidc.as_mut().map_or(Ok(()), oidc::Oidc::check_alive)?;
        self.registry.as_mut().map_or(Ok(()), registry::Registry::check_alive)
    }

    /// Watches over the servers until we are asked to stop.
    fn keep_until_interrupted(&mut self) -> Result<()> {
        while !process::interrupted() {
            self.check_alive()?;
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }
}

/// Runs `cargo xtask servers …`.
pub(crate) fn run(command: Option<&Command>) -> Result<()> {
    match command {
        Some(Command::Up) => background::up(),
        Some(Command::Down) => background::down(),
        Some(Command::Status) => background::status(),
        Some(Command::Hold) => background::hold(),
        None => {
            let mut servers = Servers::start(Needs::All)?;
            print(&servers.environment);
            eprintln!("  until Ctrl-C");
            servers.keep_until_interrupted()
        }
    }
}

/// Prints `environment` in a form a shell can read.
fn print(environment: &Environment) {
    for (name, value) in environment {
        println!("export {name}='{value}'");
    }
}
