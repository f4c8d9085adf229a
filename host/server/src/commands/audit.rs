//! `bowsprit audit`: is the audit log what was written?

use anyhow::{Context as _, bail};
use bowsprit_host_core::audit::{Audit, Verified};
use clap::Subcommand;

use crate::{flags::Serve, output::say, store};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Checks the chain of entries; fails if one was changed or removed.
    Verify {
        /// A head that an earlier check printed; must still be in the chain.
        #[arg(long, value_name = "HASH")]
        head: Option<String>,
        #[command(flatten)]
        serve: Serve,
    },
}

impl Command {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let Self::Verify { head, serve } = self;
        let store = store::open(&serve.settings()?).await?;
        let verified = Audit::new(&store).verify(head.as_deref()).await;
        store.close().await;
        match verified.context("the audit log cannot be read")? {
            Ok(Verified { entries, head }) => {
                say(format_args!("{entries} entries, unbroken; head {head}"));
                Ok(())
            }
            Err(broken) => bail!("the audit log was tampered with: {broken}"),
        }
    }
}
