//! `cargo xtask bench`: figures of a release build, beside what this machine
//! allows, as a table and as one JSON file.

use std::process::Command;

use anyhow::Result;
use clap::Args;

use crate::servers::{Needs, Servers};
use crate::{cargo, paths, plugins, process};

/// What to measure.
#[derive(Args)]
pub(crate) struct Options {
    /// Only rows whose name contains one of these, such as `embedded`.
    filters: Vec<String>,
}

/// Builds what is measured, provides the servers, and measures. Fails if a row
/// is void: an answer was wrong, so that its figure means nothing.
pub(crate) fn run(options: &Options) -> Result<()> {
    plugins::build(plugins::Which { guests: true })?;
    let mut build = cargo::cargo("build", &paths::root());
    build.args(["--release", "--workspace", "--bin", "bowsprit", "--bin", "bench"]);
    // Code built incrementally is not the code that is shipped.
    build.env_remove("CARGO_INCREMENTAL");
    process::run("building the host and the bench", build)?;
    let servers = Servers::obtain(Needs::All)?;
    // What hosts leave behind when we are interrupted goes with this.
    let scratch = tempfile::Builder::new().prefix("bowsprit-bench-").tempdir()?;
    let mut bench = Command::new(paths::target().join("release/bench"));
    bench
        .args(["run", "--revision", &revision()?, "--rustc", &rustc()?, "--out"])
        .arg(paths::target().join("bench"))
        .args(&options.filters)
        .envs(&servers.environment)
        .env("TMPDIR", scratch.path());
    process::run("the bench", bench)
}

/// The commit, and whether there are changes beside it.
fn revision() -> Result<String> {
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.args(arguments).current_dir(paths::root());
        process::output("git", command)
    };
    let commit = git(&["rev-parse", "--short=12", "HEAD"])?;
    let changes = git(&["status", "--porcelain", "--untracked-files=no"])?;
    let suffix = if changes.trim().is_empty() { "" } else { " with changes" };
    Ok(format!("{}{suffix}", commit.trim()))
}

fn rustc() -> Result<String> {
    let mut command = Command::new("rustc");
    command.arg("--version").current_dir(paths::root());
    Ok(process::output("rustc", command)?.trim().to_owned())
}
