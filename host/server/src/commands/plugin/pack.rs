//! `bowsprit plugin pack`: a plugin's folder as one file.

use std::{fs, path::PathBuf};

use anyhow::Context as _;
use bowsprit_host_engine::archive::{pack, read_folder};
use bowsprit_host_outbound::oci::Digest;
use clap::Args;

use super::{
    desk::{Desk, package},
    test::must_be_met,
};
use crate::output::say;

#[derive(Debug, Args)]
pub(crate) struct Pack {
    #[command(flatten)]
    desk: Desk,
    /// The file to write; `<id>-<version>.tar` if not given.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Pack {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let sample = self.desk.load().await?;
        let folder = package(&self.desk.folder)?;
        must_be_met(&sample, &folder).await?;
        let files = read_folder(&folder)?;
        let archive = pack(&files)?;
        let about = &sample.about;
        let named = || PathBuf::from(format!("{}-{}.tar", about.id, about.version));
        let out = self.out.unwrap_or_else(named);
        fs::write(&out, &archive).with_context(|| out.display().to_string())?;
        say(format_args!("{}", out.display()));
        say(format_args!("  {} files, {} bytes", files.len(), archive.len()));
        say(format_args!("  archive     {}", Digest::of(&archive)));
        say(format_args!("  generation  {}", about.generation));
        Ok(())
    }
}
