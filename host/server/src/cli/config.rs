//! `bowsprit config`: what a start would make of the settings.

use clap::Subcommand;

use super::Serve;
use crate::settings;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Checks all settings; fails as a start would.
    Check(Serve),
    /// Prints every setting, its value (secrets hidden) and its origin.
    Print(Serve),
    /// Prints the table of docs/settings.md.
    Docs,
}

pub(super) fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Check(args) => {
            let loaded = args.load()?;
            for warning in &loaded.warnings {
                eprintln!("warning: {warning}");
            }
            println!("the settings can be used");
        }
        Command::Print(args) => print!("{}", args.load()?.to_yaml()),
        Command::Docs => print!("{}", settings::to_markdown()),
    }
    Ok(())
}
