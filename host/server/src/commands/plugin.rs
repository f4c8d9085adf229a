//! `bowsprit plugin`: the plugin author's side, one module per verb. All but
//! those that name a host or a registry work offline, on a folder.

mod build;
mod check;
mod compiled;
mod credentials;
mod desk;
mod dev;
mod diff;
mod list;
mod new;
mod pack;
mod pull;
mod push;
mod remote;
mod test;
mod r#try;

use clap::Subcommand;

/// Makes, tests and ships plugins.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Begins a plugin: a folder that builds and passes its tests.
    New(new::New),
    /// Builds a plugin from its sources into `dist/<id>`.
    Build(build::Build),
    /// Says what a plugin is, wants and costs; fails if a host would refuse it.
    Check(check::Check),
    /// Runs a plugin's golden files, offline, through the host's own engine.
    Test(test::Test),
    /// Runs one function of a plugin on one input.
    Try(r#try::Try),
    /// Compares two plugins: what they want, offer and render.
    Diff(diff::Diff),
    /// Builds at each change into a folder that a host watches, and says what
    /// the host makes of it.
    Dev(dev::Dev),
    /// Lists the plugins of a running host, or the generations of one of them.
    List(list::List),
    /// Lets a generation serve that waits for an operator, on a running host.
    Consent(list::Consent),
    /// Lets an earlier generation of a plugin serve again, on a running host.
    Rollback(list::Rollback),
    /// Packs a plugin's folder into one file, the same for the same plugin.
    Pack(pack::Pack),
    /// Puts a plugin into a registry, or into a bundle for sites without one.
    Push(push::Push),
    /// Gets a plugin from a registry or a bundle, if somebody vouches for it.
    Pull(pull::Pull),
}

impl Command {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::New(it) => it.run(),
            Self::Build(it) => it.run(),
            Self::Check(it) => it.run().await,
            Self::Test(it) => it.run().await,
            Self::Try(it) => it.run().await,
            Self::Diff(it) => it.run().await,
            Self::Dev(it) => it.run().await,
            Self::List(it) => it.run().await,
            Self::Consent(it) => it.run().await,
            Self::Rollback(it) => it.run().await,
            Self::Pack(it) => it.run().await,
            Self::Push(it) => it.run().await,
            Self::Pull(it) => it.run().await,
        }
    }
}
