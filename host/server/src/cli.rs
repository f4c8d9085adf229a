//! The command line.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};

use crate::{
    commands::{audit, keys},
    logging,
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
    /// Checks the audit log.
    Audit {
        #[command(subcommand)]
        command: audit::Command,
        #[command(flatten)]
        source: Source,
    },
    /// Looks after the keys that seal credentials.
    Keys {
        #[command(subcommand)]
        command: keys::Command,
        #[command(flatten)]
        source: Source,
    },
}

/// Which host a command is about.
#[derive(Debug, Args)]
struct Source {
    /// Settings file (YAML).
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// Its data folder.
    #[arg(long, value_name = "DIR", global = true)]
    data_dir: Option<PathBuf>,
    /// Its store.
    #[arg(long, value_name = "STORE", global = true)]
    store: Option<String>,
}

impl Source {
    fn settings(self) -> anyhow::Result<Settings> {
        let Self { config, data_dir, store } = self;
        let flags = Flags { data_dir, store, ..Flags::default() };
        Ok(Settings::load(config.as_deref(), std::env::vars(), flags)?)
    }
}

#[derive(Debug, Args)]
struct Serve {
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
            let Serve { config, listen, data_dir, store, plugins } = serve;
            let flags = Flags { listen, data_dir, store, plugins };
            let settings = Settings::load(config.as_deref(), std::env::vars(), flags)?;
            logging::start(&settings)?;
            runtime()?.block_on(start::serve(settings))
        }
        Command::Audit { command, source } => {
            let settings = source.settings()?;
            runtime()?.block_on(audit::run(command, &settings))
        }
        Command::Keys { command, source } => {
            let settings = source.settings()?;
            runtime()?.block_on(keys::run(command, &settings))
        }
    }
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.enable_all().build().context("the async runtime does not start")
}
