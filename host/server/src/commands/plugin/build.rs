//! `bowsprit plugin build`: sources in, a plugin's folder out.

use std::path::{Path, PathBuf};

use bowsprit_plugin_build::{Others, Outcome, Shell, Way, compile, publish, sources};
use clap::Args;

use crate::output::say;

#[derive(Debug, Args)]
pub(crate) struct Build {
    /// The folder with the sources: a crate or a workspace of crates with
    /// `plugin.toml`, or a plugin without code.
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
    /// Where the plugin's folder is put, beside what is there already;
    /// `dist` in DIR, which then holds nothing else, if not given.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Builds exactly what `Cargo.lock` says.
    #[arg(long)]
    locked: bool,
}

impl Build {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let (dist, others) = match self.out {
            Some(out) => (out, Others::Keep),
            None => (self.folder.join("dist"), Others::Remove),
        };
        let outcome = build(&self.folder, &dist, others, self.locked)?;
        say(format_args!("{}: {outcome}", dist.display()));
        Ok(())
    }
}

/// Builds what lies in `folder` into `dist`.
pub(super) fn build(
    folder: &Path,
    dist: &Path,
    others: Others,
    locked: bool,
) -> anyhow::Result<Outcome> {
    let plugins = sources(folder, &Shell)?;
    if plugins.iter().any(|it| it.module.is_some()) {
        compile(folder, &Way::choose(folder, &Shell)?, locked, &Shell)?;
    }
    Ok(publish(dist, &plugins, others)?)
}
