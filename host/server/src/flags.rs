//! The flags that say which host a command is about.

use std::path::PathBuf;

use clap::Args;

use crate::settings::{Flags, Loaded, Settings};

/// Which host a command is about.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Settings file (YAML). Every key can also be set as BOWSPRIT_<KEY>.
    #[arg(long, value_name = "FILE", env = "BOWSPRIT_CONFIG")]
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

impl Serve {
    /// The settings with what else there is to say about them.
    pub(crate) fn load(self) -> anyhow::Result<Loaded> {
        let Self { config, listen, data_dir, store, plugins } = self;
        let flags = Flags { listen, data_dir, store, plugins };
        Ok(Loaded::read(config.as_deref(), std::env::vars(), flags)?)
    }

    /// The settings of the host that these flags would start.
    pub(crate) fn settings(self) -> anyhow::Result<Settings> {
        Ok(self.load()?.settings)
    }
}
