//! Counts what passed and failed, and where the time went.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::progress::seconds;

/// What a test run said about itself.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) passed: usize,
    pub(super) failed: usize,
    pub(super) skipped: usize,
}

/// What a run of `cargo test` came to.
#[derive(Debug, Default)]
pub(super) struct Tested {
    pub(super) counts: Counts,
    /// The names of the tests that failed.
    pub(super) failures: Vec<String>,
    /// Whether cargo itself was content; it is not where something did not
    /// compile or a test process died before it could say so.
    pub(super) success: bool,
}

impl Tested {
    /// Learns from one line of `cargo test`'s output.
    pub(super) fn read(&mut self, line: &str) {
        let line = line.trim();
        if let Some(result) = line.strip_prefix("test result: ") {
            let number = |word: &str| {
                let before = result.split(word).next().filter(|it| it.len() < result.len());
                let digits = before.and_then(|it| it.split_whitespace().next_back());
                digits.and_then(|it| it.parse().ok()).unwrap_or(0)
            };
            self.counts.passed += number(" passed");
            self.counts.failed += number(" failed");
            self.counts.skipped += number(" ignored");
        } else if let Some(name) = line.strip_prefix("test ").and_then(failed_name) {
            self.failures.push(name.to_owned());
        }
    }
}

fn failed_name(rest: &str) -> Option<&str> {
    rest.strip_suffix(" ... FAILED")
}

struct Row {
    name: String,
    took: Duration,
    outcome: String,
}

/// All steps so far.
#[derive(Default)]
pub(super) struct Tally {
    counts: Counts,
    rows: Vec<Row>,
    problems: Vec<String>,
    /// How many of `counts` are tests.
    tests: usize,
}

impl Tally {
    /// Runs a step that is no test run; it counts as one.
    pub(super) fn step<T>(&mut self, name: &str, work: impl FnOnce() -> Result<T>) -> Option<T> {
        let (took, outcome) = self.timed(name, work);
        match outcome {
            Ok(value) => {
                self.counts.passed += 1;
                self.row(name, took, "passed");
                Some(value)
            }
            Err(error) => {
                self.fail(name, took, &error);
                None
            }
        }
    }

    /// Runs tests; each of them counts.
    pub(super) fn tests(&mut self, name: &str, work: impl FnOnce() -> Result<Tested>) {
        let (took, outcome) = self.timed(name, work);
        let tested = match outcome {
            Ok(tested) => tested,
            Err(error) => return self.fail(name, took, &error),
        };
        let Counts { passed, failed, skipped } = tested.counts;
        self.counts.passed += passed;
        self.counts.failed += failed;
        self.counts.skipped += skipped;
        self.tests += passed + failed + skipped;
        self.row(name, took, &format!("{passed} passed, {failed} failed, {skipped} skipped"));
        self.problems.extend(tested.failures.iter().map(|test| format!("{name}: `{test}` failed")));
        if !tested.success && failed == 0 {
            self.counts.failed += 1;
            self.problems.push(format!("{name}: did not build, or ended before its result"));
        }
    }

    /// Counts a step as failed that could not be tried.
    pub(super) fn not_run(&mut self, name: &str, why: &str) {
        self.counts.failed += 1;
        self.row(name, Duration::ZERO, "not run");
        self.problems.push(format!("{name}: not run: {why}"));
    }

    /// Whether any test was run.
    pub(super) fn has_tests(&self) -> bool {
        self.tests > 0
    }

    /// Whether this is good enough; nothing may be skipped where it `is_ci`.
    pub(super) fn is_success(&self, is_ci: bool) -> bool {
        self.counts.failed == 0 && (!is_ci || self.counts.skipped == 0)
    }

    /// Prints the table, what failed, and the sum as the last line.
    pub(super) fn print(&self) {
        println!("\nwhere the time went:");
        for Row { name, took, outcome } in &self.rows {
            println!("  {name:<24} {:>14}  {outcome}", seconds(*took));
        }
        let total = self.rows.iter().map(|row| row.took).sum();
        println!("  {:<24} {:>14}", "total", seconds(total));
        if !self.problems.is_empty() {
            println!("\nwhat failed:");
            self.problems.iter().for_each(|problem| println!("  {problem}"));
        }
        let Counts { passed, failed, skipped } = self.counts;
        println!("\n{passed} passed, {failed} failed, {skipped} skipped");
    }

    fn timed<T>(&self, name: &str, work: impl FnOnce() -> Result<T>) -> (Duration, Result<T>) {
        eprintln!("── {name}");
        let start = Instant::now();
        let outcome = crate::process::check_interrupted().and_then(|()| work());
        (start.elapsed(), outcome)
    }

    fn fail(&mut self, name: &str, took: Duration, error: &anyhow::Error) {
        eprintln!("  {error:#}");
        self.counts.failed += 1;
        self.row(name, took, "FAILED");
        let reason = format!("{error:#}");
        let reason = reason.lines().next().unwrap_or_default();
        self.problems.push(format!("{name}: {reason}"));
    }

    fn row(&mut self, name: &str, took: Duration, outcome: &str) {
        self.rows.push(Row { name: name.to_owned(), took, outcome: outcome.to_owned() });
    }
}
