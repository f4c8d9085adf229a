//! `bowsprit plugin build`: sources in, a plugin's folder out.

use std::path::{Path, PathBuf};

use bowsprit_plugin_build::{Language, Others, Shell, Source, publish, sources};
use clap::Args;

use crate::output::say;

#[derive(Debug, Args)]
pub(crate) struct Build {
    /// The folder with the sources: a crate or a workspace of crates with
    /// `plugin.toml`, JavaScript with `package.json`, Python with
    /// `requirements.txt`, or a plugin without code.
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
    /// Where the plugin's folder is put, beside what is there already;
    /// `dist` in DIR, which then holds nothing else, if not given.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Builds exactly what the lock file says.
    #[arg(long)]
    locked: bool,
}

impl Build {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let (dist, others) = match self.out {
            Some(out) => (out, Others::Keep),
            None => (self.folder.join("dist"), Others::Remove),
        };
        let outcome = publish(&dist, &build(&self.folder, self.locked)?, others)?;
        say(format_args!("{}: {outcome}", dist.display()));
        Ok(())
    }
}

/// Builds what lies in `folder`, ready to be published.
pub(super) fn build(folder: &Path, locked: bool) -> anyhow::Result<Vec<Source>> {
    let plugins = sources(folder, &Shell)?;
    Language::of(folder).build(folder, locked, &Shell)?;
    Ok(plugins)
}
