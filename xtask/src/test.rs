//! `cargo xtask test`: all of CI, in order, with the time each step took.
//!
//! A step that fails does not stop the steps that do not need it; the table at
//! the end names it. The last line is `N passed, M failed, K skipped`, where
//! each test counts as one and each step that is no test run counts as one.

mod steps;
mod tally;

#[cfg(test)]
mod tests;

use std::process::ExitCode;

use clap::Args;

use self::tally::Tally;
use crate::servers::{Needs, Servers};

/// What to test.
#[derive(Args)]
pub(crate) struct Options {
    /// Only the tests whose names contain this; nothing else is checked.
    filter: Option<String>,
}

/// Runs the steps; fails if one failed, or, in CI, if something was skipped.
pub(crate) fn run(options: &Options) -> ExitCode {
    let mut tally = Tally::default();
    match &options.filter {
        Some(filter) => filtered(&mut tally, filter),
        None => everything(&mut tally),
    }
    tally.print();
    if tally.is_success(steps::is_ci()) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn everything(tally: &mut Tally) {
    tally.step("format", steps::format);
    tally.step("tidy", steps::tidy);
    let plugins = tally.step("plugins and guests", steps::plugins).is_some();
    tally.step("clippy", steps::clippy);
    tally.step("clippy of the plugins", steps::clippy_of_plugins);
    let built = tally.step("build tests and host", steps::build).is_some();
    let servers = tally.step("start the servers", || Servers::obtain(Needs::All));
    match &servers {
        Some(servers) if plugins => {
            tally.tests("tests", || steps::tests(servers, None));
        }
        _ => tally.not_run("tests", "needs the plugins and the servers"),
    }
    tally.tests("tests of the plugins", || steps::tests_of_plugins(None));
    match &servers {
        Some(servers) if plugins && built => {
            tally.step("demo", || steps::demo(servers));
        }
        _ => tally.not_run("demo", "needs the host, the plugins and the servers"),
    }
}

/// The inner loop: as little as the tests need.
fn filtered(tally: &mut Tally, filter: &str) {
    // Most tests do not need them, so one that does not build stops nothing.
    tally.step("plugins and guests", steps::plugins);
    tally.step("build tests and host", steps::build);
    if let Some(servers) = tally.step("start the servers", || Servers::obtain(Needs::All)) {
        tally.tests("tests", || steps::tests(&servers, Some(filter)));
    }
    tally.tests("tests of the plugins", || steps::tests_of_plugins(Some(filter)));
    if !tally.has_tests() {
        tally.not_run("a test", &format!("no test's name contains `{filter}`"));
    }
}
