//! Whether the file is sound.
//!
//! A full check reads the whole file. A start takes a moment for it, finds
//! what is wrong with a small file or at the front of a large one, and leaves
//! the rest to `bowsprit db check` and to the backup, which look at everything.

use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode};

use super::OpenError;

/// What a start may take. 200 MB took 0.1 s from memory; a disk that has to
/// read them first is slower.
pub(super) const AT_START: Duration = Duration::from_secs(1);
/// Pages, or steps of SQLite's machine, between two looks at the clock.
const STEPS_PER_LOOK: i32 = 100;

/// How much was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// All of the file.
    Whole,
    /// What the time allowed.
    Part,
}

/// Looks for damage for at most `budget`, without an end if there is none.
pub(super) fn check(
    connection: &mut Connection,
    budget: Option<Duration>,
) -> Result<Extent, OpenError> {
    let end = budget.map(|budget| Instant::now() + budget);
    let over = move || end.is_some_and(|end| Instant::now() > end);
    connection.progress_handler(STEPS_PER_LOOK, Some(over))?;
    // Bodies were checked when they were written; parsing them all again
    // would take most of the time.
    connection.pragma_update(None, "ignore_check_constraints", true)?;
    // The quick one leaves out whether indexes agree with their tables.
    let pragma = if budget.is_some() { "quick_check" } else { "integrity_check" };
    let found =
        connection.query_row(&format!("PRAGMA {pragma}(1)"), [], |row| row.get::<_, String>(0));
    connection.pragma_update(None, "ignore_check_constraints", false)?;
    connection.progress_handler(0, None::<fn() -> bool>)?;
    match found {
        Ok(verdict) if verdict == "ok" => Ok(Extent::Whole),
        Ok(finding) => Err(OpenError::Damaged(finding)),
        Err(error) => match error.sqlite_error_code() {
            Some(ErrorCode::OperationInterrupted) => Ok(Extent::Part),
            Some(ErrorCode::DatabaseCorrupt) => Err(OpenError::Damaged(error.to_string())),
            _ => Err(error.into()),
        },
    }
}
