//! Figures: what the host reaches beside what the machine allows, both measured
//! in the same run. `cargo xtask bench` builds and starts it.
//!
//! A workload checks the answers it gets and panics when one is wrong; its row
//! is then void, with the reason, and the whole ends in failure. No figure is
//! asserted: whether a target is met is printed.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a workload that goes wrong voids its rows by panicking"
)]

mod drawings;
mod engine;
mod host;
mod http;
mod limits;
mod load;
mod machine;
mod plugins;
mod questions;
mod reload;
mod report;
mod runs;
mod start;
mod store;
mod streams;

use std::{path::PathBuf, process::ExitCode};

use bowsprit_tests::Store;
use clap::Parser;
use tikv_jemallocator::Jemalloc;

use self::{machine::Machine, report::Report};

/// The host's, for rows that measure parts of it in this process.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

#[derive(Parser)]
enum Cli {
    /// Measures.
    Run {
        /// The folder that gets the JSON file.
        #[arg(long)]
        out: PathBuf,
        /// What was built, from version control.
        #[arg(long)]
        revision: String,
        /// What built it.
        #[arg(long)]
        rustc: String,
        /// Only rows whose name contains one of these.
        filters: Vec<String>,
    },
    /// Serves as a limit, for a run that started it.
    Limits,
}

#[tokio::main]
async fn main() -> ExitCode {
    match Cli::parse() {
        Cli::Limits => {
            limits::serve().await;
            ExitCode::SUCCESS
        }
        Cli::Run { out, revision, rustc, filters } => {
            let machine = Machine::here(revision, rustc);
            let mut report = Report::new(filters);
            measure(&mut report).await;
            println!("{machine}\n{report}");
            if report.is_empty() {
                return ExitCode::FAILURE;
            }
            match report.write(&machine, &out) {
                Ok(file) => println!("{}", file.display()),
                Err(error) => {
                    eprintln!("error: `{}` cannot be written: {error}", out.display());
                    return ExitCode::FAILURE;
                }
            }
            if report.is_sound() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
    }
}

async fn measure(report: &mut Report) {
    engine::measure(report).await;
    reload::measure(report).await;
    plugins::measure(report).await;
    start::measure(report).await;
    store::measure(report).await;
    questions::measure(report).await;
    runs::measure(report).await;
    streams::measure(report).await;
    http::measure(report, Store::Embedded).await;
    http::measure(report, Store::Mongo).await;
}
