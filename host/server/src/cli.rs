//! The command line.

mod config;

use anyhow::Context as _;
use clap::{Parser, Subcommand};

use crate::{
    commands::{self, audit, keys, plugin},
    flags::Serve,
    logging,
    settings::Loaded,
    start,
};

/// Turns drawings of applications into running Kubernetes applications.
#[derive(Debug, Parser)]
#[command(name = "bowsprit", version, about)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Starts the host and serves its HTTP API.
    Serve(Serve),
    /// Shows and checks settings without starting anything.
    #[command(subcommand)]
    Config(config::Command),
    /// Checks the audit log.
    #[command(subcommand)]
    Audit(audit::Command),
    /// Looks after the keys that seal credentials.
    #[command(subcommand)]
    Keys(keys::Command),
    /// Saves the store, the generated keys and the plugins in a folder.
    Backup(commands::backup::Backup),
    /// Brings an instance back from a backup, to a clean data folder.
    Restore(commands::restore::Restore),
    /// Makes, tests and ships plugins.
    #[command(subcommand)]
    Plugin(plugin::Command),
    /// Looks after the store.
    #[command(subcommand)]
    Db(commands::Db),
}

/// Does what the command line says; answers when it is done.
pub fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        Command::Serve(args) => serve(args.load()?),
        Command::Config(command) => config::run(command),
        Command::Audit(command) => wait_for(command.run()),
        Command::Keys(command) => wait_for(command.run()),
        Command::Backup(backup) => wait_for(backup.run()),
        Command::Restore(restore) => wait_for(restore.run()),
        Command::Plugin(command) => wait_for(command.run()),
        Command::Db(command) => wait_for(command.run()),
    }
}

fn serve(loaded: Loaded) -> anyhow::Result<()> {
    let telemetry = logging::start(&loaded.settings)?;
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    // Shells start programs with few; each connection takes one.
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::warn!(%error, "the number of open files cannot be raised");
    }
    let served = wait_for(start::serve(loaded.settings));
    telemetry.end();
    served
}

fn wait_for(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the async runtime does not start")?
        .block_on(work)
}
