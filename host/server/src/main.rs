//! The binary `bowsprit`.

use std::process::ExitCode;

use bowsprit_host_server::{Cli, run};
use clap::Parser as _;
use tikv_jemallocator::Jemalloc;

/// SQLite's memory comes from it too. How soon it gives memory back is set in
/// `.cargo/config.toml`; what it saves is in docs/adr/0014.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

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
