//! Commands beside `serve`: they do one thing, say what they did, and end.

pub(crate) mod audit;
pub(crate) mod backup;
pub(crate) mod db_move;
mod folder;
pub(crate) mod keys;
mod manifest;
pub(crate) mod plugin;
pub(crate) mod restore;

use anyhow::Context as _;
use bowsprit_host_store::embedded;
use clap::Subcommand;

use crate::{output::say, store::address::Address};

/// Looks after the store.
#[derive(Debug, Subcommand)]
pub(crate) enum Db {
    /// Copies a store to another one, of the same or the other kind, and
    /// compares the two.
    Move(db_move::Move),
    /// Reads all of an embedded store and reports damage. A host may have it open.
    Check {
        /// The store's file, or the data folder it is in.
        #[arg(value_name = "PATH")]
        store: Address,
    },
}

impl Db {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Move(it) => it.run().await,
            Self::Check { store: Address::File(path) } => {
                embedded::examine(&path)
                    .with_context(|| format!("the store {}", path.display()))?;
                say(format_args!("{} is sound", path.display()));
                Ok(())
            }
            Self::Check { store: Address::Server(_) } => {
                anyhow::bail!("a MongoDB server checks its files itself")
            }
        }
    }
}
