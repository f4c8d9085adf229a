//! `bowsprit config`: what a start would make of the settings.

use clap::Subcommand;

use crate::{flags::Serve, output::say, settings};

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
            say(format_args!("the settings can be used"));
        }
        Command::Print(args) => say(format_args!("{}", args.load()?.to_yaml().trim_end())),
        Command::Docs => say(format_args!("{}", settings::to_markdown().trim_end())),
    }
    Ok(())
}
