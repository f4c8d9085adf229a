//! What SQLite's errors mean to the port.

use bowsprit_host_core::store::{Collection, StoreError};
use rusqlite::{Error, ErrorCode, ffi};

/// See [`StoreError::Unwritable`].
const SPACE: &str = "space on the store's disk";
/// See [`StoreError::Unwritable`].
const ACCESS: &str = "write access to the store's file";
/// See [`StoreError::Unwritable`]: what a file system that turned read-only
/// after an error, or a failing disk, ends writes with.
const DISK: &str = "a disk that takes the store's writes";
/// What can go wrong with a file without anything being wrong with reading.
const WRITING: [i32; 6] = [
    ffi::SQLITE_IOERR_WRITE,
    ffi::SQLITE_IOERR_FSYNC,
    ffi::SQLITE_IOERR_DIR_FSYNC,
    ffi::SQLITE_IOERR_TRUNCATE,
    ffi::SQLITE_IOERR_DELETE,
    ffi::SQLITE_IOERR_SHMSIZE,
];

/// Why nothing was done at all.
#[derive(Debug, thiserror::Error)]
pub(super) enum Outage {
    #[error("the store is closed")]
    Closed,
    #[error("the batch was not committed: {0}")]
    Batch(String),
    #[error("SQLite ended the transaction")]
    RolledBack,
    #[error("a reading thread ended early")]
    Thread,
}

impl From<Outage> for StoreError {
    fn from(outage: Outage) -> Self {
        Self::Unavailable(outage.into())
    }
}

/// An error of a statement that touches only `of`.
pub(super) fn of_collection(of: &'static Collection, error: Error) -> StoreError {
    if let Error::SqliteFailure(failure, Some(message)) = &error {
        match failure.extended_code {
            ffi::SQLITE_CONSTRAINT_PRIMARYKEY => return StoreError::Taken("id"),
            ffi::SQLITE_CONSTRAINT_UNIQUE => {
                if let Some(name) = taken(of, message) {
                    return StoreError::Taken(name);
                }
            }
            _ => {}
        }
    }
    plain(error)
}

/// An error that no constraint explains.
pub(super) fn plain(error: Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::SystemIoFailure) if is_of_writing(&error) => {
            StoreError::Unwritable(DISK, error.into())
        }
        Some(ErrorCode::TooBig) => StoreError::TooLarge,
        Some(ErrorCode::DiskFull) => StoreError::Unwritable(SPACE, error.into()),
        Some(ErrorCode::ReadOnly) => StoreError::Unwritable(ACCESS, error.into()),
        // SQLITE_ERROR, `Unknown` here, is a statement that can never work: a
        // body that is not JSON, a table that was not prepared.
        Some(
            ErrorCode::ConstraintViolation
            | ErrorCode::DatabaseCorrupt
            | ErrorCode::NotADatabase
            | ErrorCode::TypeMismatch
            | ErrorCode::Unknown,
        )
        | None => StoreError::Corrupt(error.into()),
        Some(_) => StoreError::Unavailable(error.into()),
    }
}

fn is_of_writing(error: &Error) -> bool {
    let code = error.sqlite_error().map(|it| it.extended_code);
    code.is_some_and(|it| WRITING.contains(&it))
}

/// What each write of a batch is told when the whole batch failed.
pub(super) fn of_batch(error: &StoreError) -> StoreError {
    let told = Outage::Batch(chain(error));
    match error {
        StoreError::Unwritable(lacking, _) => StoreError::Unwritable(lacking, told.into()),
        StoreError::Corrupt(_) => StoreError::Corrupt(told.into()),
        _ => told.into(),
    }
}

/// An error with its causes.
fn chain(error: &StoreError) -> String {
    let causes = std::iter::successors(std::error::Error::source(error), |it| it.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// Finds the constraint by its columns: the message says
/// `UNIQUE constraint failed: table.f_a, table.f_b`, never the index.
fn taken(of: &'static Collection, message: &str) -> Option<&'static str> {
    let (_, columns) = message.split_once(": ")?;
    let prefix = format!("{}.f_", of.name);
    let fields: Vec<_> =
        columns.split(", ").map(|column| column.strip_prefix(&prefix)).collect::<Option<_>>()?;
    of.unique.iter().find(|unique| unique.fields == fields).map(|unique| unique.name)
}
