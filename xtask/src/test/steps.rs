//! What each step of `cargo xtask test` runs.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use super::tally::Tested;
use crate::servers::Servers;
use crate::{cargo, demo, paths, plugins, process, tidy};

/// Longer than any test run takes; something hangs.
const LIMIT: Duration = Duration::from_secs(30 * 60);

/// Whether this is CI, where nothing may be skipped.
pub(super) fn is_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"))
}

/// All three workspaces are formatted.
pub(super) fn format() -> Result<()> {
    for folder in [paths::root(), plugins_folder(), paths::root().join("tests/guests")] {
        if folder.join("Cargo.toml").is_file() {
            let mut command = cargo::cargo("fmt", &folder);
            command.args(["--all", "--check"]);
            process::run(&format!("`cargo fmt` in `{}`", folder.display()), command)?;
        }
    }
    Ok(())
}

/// `cargo xtask tidy`.
pub(super) fn tidy() -> Result<()> {
    tidy::run(&tidy::Options::default())
}

/// Components for the tests and the demo.
pub(super) fn plugins() -> Result<()> {
    plugins::build(plugins::Which { guests: true })
}

/// No warning in the workspace.
pub(super) fn clippy() -> Result<()> {
    clippy_in(&paths::root())
}

/// No warning in the plugins, compiled for this machine.
pub(super) fn clippy_of_plugins() -> Result<()> {
    clippy_in(&plugins_folder())
}

fn clippy_in(folder: &Path) -> Result<()> {
    let mut command = locked("clippy", folder);
    command.args(["--workspace", "--all-targets", "--", "-D", "warnings"]);
    process::run("`cargo clippy`", command)
}

/// Compiles all tests and the host they start, in one go, so that the next
/// steps' times are their own and nothing is compiled twice.
pub(super) fn build() -> Result<()> {
    let mut command = locked("build", &paths::root());
    command.args(["--workspace", "--tests", "--bin", "bowsprit"]);
    process::run("building the tests and the host", command)
}

/// The workspace's tests, or those a filter names.
pub(super) fn tests(servers: &Servers, filter: Option<&str>) -> Result<Tested> {
    let mut command = locked("test", &paths::root());
    command.args(["--workspace", "--no-fail-fast"]).args(filter).envs(&servers.environment);
    run_tests(command)
}

/// The plugins' tests, compiled for this machine.
pub(super) fn tests_of_plugins(filter: Option<&str>) -> Result<Tested> {
    let mut command = locked("test", &plugins_folder());
    command.args(["--workspace", "--no-fail-fast"]).args(filter);
    run_tests(command)
}

/// `cargo xtask demo --once` with what is built and up already.
pub(super) fn demo(servers: &Servers) -> Result<()> {
    demo::once(servers)
}

fn run_tests(command: Command) -> Result<Tested> {
    let mut tested = Tested::default();
    let status = process::lines("`cargo test`", command, LIMIT, |line| {
        println!("{line}");
        tested.read(line);
    })?;
    tested.success = status.success();
    Ok(tested)
}

/// A cargo command; CI tests exactly what the lock file says.
fn locked(subcommand: &str, folder: &Path) -> Command {
    let mut command = cargo::cargo(subcommand, folder);
    if is_ci() {
        command.arg("--locked");
    }
    command
}

fn plugins_folder() -> PathBuf {
    paths::root().join("plugins")
}
