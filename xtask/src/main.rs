//! The project's own commands: `cargo xtask plugins|servers|tidy|test|demo|bench|crds`.
//!
//! Everything a contributor or CI has to do that `cargo` alone does not: turn
//! plugins into components, start real servers, run every check in order.

mod bench;
mod cargo;
mod crds;
mod demo;
mod json;
mod paths;
mod plugins;
mod process;
mod progress;
mod servers;
mod test;
mod tidy;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The project's own commands.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Builds plugins into components.
    #[command(subcommand)]
    Plugins(plugins::Command),
    /// Checks the rules about the code that no compiler checks.
    Tidy(tidy::Options),
    /// Runs every check and every test, as CI does.
    Test(test::Options),
    /// Starts everything and deploys a starter application.
    Demo(demo::Options),
    /// Measures a release build, beside what this machine allows.
    Bench(bench::Options),
    /// Fetches the operators' definitions of their kinds, test material, anew.
    Crds(crds::Options),
    /// Runs the servers that tests and the demo need.
    Servers {
        /// What to do; without it, run them until Ctrl-C.
        #[command(subcommand)]
        command: Option<servers::Command>,
    },
}

fn main() -> ExitCode {
    match run(&Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: &Command) -> anyhow::Result<ExitCode> {
    process::watch_signals()?;
    match command {
        Command::Plugins(command) => plugins::run(command)?,
        Command::Tidy(options) => tidy::run(options)?,
        Command::Test(options) => return Ok(test::run(options)),
        Command::Demo(options) => demo::run(options)?,
        Command::Bench(options) => bench::run(options)?,
        Command::Crds(options) => crds::run(options)?,
        Command::Servers { command } => servers::run(command.as_ref())?,
    }
    Ok(ExitCode::SUCCESS)
}
