//! The command line.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};

use crate::{
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
            tokio::runtime::Builder::new_multi_thread()
                .enable_all()
                .build()
                .context("the async runtime does not start")?
                .block_on(start::serve(settings))
        }
    }
}
