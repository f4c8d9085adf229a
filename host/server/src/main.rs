//! The binary `bowsprit`.

use std::process::ExitCode;

use bowsprit_host_server::{Cli, run};
use clap::Parser as _;

fn main() -> ExitCode {
    // kube and mongodb would each pick a provider; the first to choose wins.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bowsprit: {error:#}");
            ExitCode::FAILURE
        }
    }
}
