//! The command line.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};

use crate::{
    commands, logging,
    settings::{Flags, Settings},
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
    /// Saves the store, the generated keys and the plugins in a folder.
    Backup(commands::backup::Backup),
    /// Brings an instance back from a backup, to a clean data folder.
    Restore(commands::restore::Restore),
    /// Looks after the store.
    #[command(subcommand)]
    Db(commands::Db),
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Settings file (YAML). Every key can also be set as BOWSPRIT_<KEY>.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Address to listen on; port 0 picks a free one.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Folder for generated keys, the embedded store and caches.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// `embedded`, or a `mongodb://` address.
    #[arg(long, value_name = "STORE")]
    store: Option<String>,
    /// Folder of plugins; may be given more than once.
    #[arg(long, value_name = "DIR")]
    plugins: Vec<PathBuf>,
}

/// Does what the command line says; answers when it is done.
pub fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        Command::Serve(serve) => {
            let settings = serve.settings()?;
            logging::start(&settings)?;
            wait_for(start::serve(settings))
        }
        Command::Backup(backup) => wait_for(backup.run()),
        Command::Restore(restore) => wait_for(restore.run()),
        Command::Db(command) => wait_for(command.run()),
    }
}

fn wait_for(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the async runtime does not start")?
        .block_on(work)
}

impl Serve {
    /// The settings of the host that these flags would start.
    pub(crate) fn settings(self) -> anyhow::Result<Settings> {
        let Self { config, listen, data_dir, store, plugins } = self;
        let flags = Flags { listen, data_dir, store, plugins };
        Ok(Settings::load(config.as_deref(), std::env::vars(), flags)?)
    }
}
