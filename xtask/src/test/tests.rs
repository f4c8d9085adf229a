use super::tally::{Counts, Tally, Tested};

fn read(lines: &[&str]) -> Tested {
    let mut tested = Tested::default();
    lines.iter().for_each(|line| tested.read(line));
    tested
}

#[test]
fn result_lines_are_summed_up() {
    let tested = read(&[
        "test result: ok. 7 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s",
        "test result: FAILED. 12 passed; 2 failed; 0 ignored; 0 measured; 3 filtered out",
    ]);
    assert_eq!(tested.counts, Counts { passed: 19, failed: 2, skipped: 1 });
}

#[test]
fn failed_tests_are_named() {
    let tested = read(&["test a::b ... ok", "test a::c ... FAILED", "test failed"]);
    assert_eq!(tested.failures, ["a::c"]);
}

#[test]
fn a_run_that_did_not_build_counts_as_a_failure() {
    let mut tally = Tally::default();
    tally.tests("tests", || Ok(Tested::default()));
    assert!(!tally.is_success(false));
}

#[test]
fn skipped_tests_fail_in_ci_only() {
    let mut tally = Tally::default();
    tally.tests("tests", || {
        Ok(Tested {
            counts: Counts { skipped: 1, ..Counts::default() },
            success: true,
            ..Tested::default()
        })
    });
    assert!(tally.is_success(false));
    assert!(!tally.is_success(true));
}
