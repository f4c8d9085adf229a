//! Shared by tests of interpreters, natively only.

#![expect(clippy::panic, reason = "a test that cannot go on")]

use std::fmt::Debug;

use bowsprit_plugin_sdk::{Failure, Finding};

/// Reads a file's bytes.
pub type Read<T> = fn(&[u8]) -> Result<T, Failure>;

/// What is wrong with a file that does not load, as `code message / fix`.
pub fn mistakes<T: Debug>(read: Read<T>, file: &[u8]) -> Vec<String> {
    let told =
        |it: Finding| format!("{} {} / {}", it.code, it.message, it.suggestion.unwrap_or_default());
    match read(file) {
        Err(Failure::InvalidInput(findings)) => findings.into_iter().map(told).collect(),
        other => panic!("{other:?}"),
    }
}

/// Checks that each change to a good file is told as the case wants: what is
/// replaced, by what, and a part of what is told then.
pub fn expect_mistakes<T: Debug>(read: Read<T>, good: &str, cases: &[(&str, &str, &str)]) {
    for (from, to, wanted) in cases {
        assert!(good.contains(from), "{from}");
        let told = mistakes(read, good.replacen(from, to, 1).as_bytes());
        assert!(told.iter().any(|it| it.contains(wanted)), "{to}: {told:#?}");
    }
}
