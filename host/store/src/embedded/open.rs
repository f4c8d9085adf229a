//! Opening a file: whose it is, whether it is sound, how new it is.

use std::{
    fs::OpenOptions,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::{
    LOCK_PATIENCE, connect,
    integrity::{self, Extent},
    lock::Lock,
    version,
};

/// Why a store file was not opened. Nothing in it has been changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process, or this one, works on it.
    #[error("{0} has it open; stop that first")]
    Held(String),
    /// A newer build wrote it.
    #[error(
        "a newer Bowsprit wrote it (format {version}, this one knows up to {known}): use that one, \
         or restore a backup from before the update"
    )]
    Newer {
        /// The file's version.
        version: i64,
        /// The newest this build can read.
        known: usize,
    },
    /// It is a database of another program, or no database.
    #[error("it is not a store of Bowsprit; move it away or name another file")]
    Foreign,
    /// The file is broken.
    #[error("it is damaged ({0}); restore a backup with `bowsprit restore`")]
    Damaged(String),
    /// The file system refuses.
    #[error("{}: {source}", .path.display())]
    Io {
        /// What could not be opened or written.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// SQLite refuses.
    #[error(transparent)]
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::Foreign,
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged(error.to_string()),
            _ => Self::Sqlite(error),
        }
    }
}

/// The connection that writes, and the lock that makes it the only one.
pub(super) fn open(path: &Path) -> Result<(Connection, Lock), OpenError> {
    let lock = Lock::acquire(path)?;
    let failed = |source| OpenError::Io { path: path.to_owned(), source };
    private().open(path).map_err(failed)?;
    let mut connection = connect(path)?;
    if integrity::check(&mut connection, Some(integrity::AT_START))? == Extent::Part {
        tracing::info!("the store is large: its start was checked; `bowsprit db check` does all");
    }
    version::migrate(&mut connection, version::MIGRATIONS)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    Ok((connection, lock))
}

/// Looks at every page and index of the file at `path`, beside a host that
/// has it open or without one.
///
/// # Errors
///
/// [`OpenError::Damaged`] with the first finding.
pub fn examine(path: impl AsRef<Path>) -> Result<(), OpenError> {
    integrity::check(&mut beside(path.as_ref())?, None).map(drop)
}

/// Copies the store at `path`, as it is at one moment, to a new file for its
/// owner only. Works beside a host that has it open and does not hold it up.
/// The copy is on the disk when this returns.
///
/// # Errors
///
/// [`OpenError::Damaged`] if the store is; [`OpenError::Io`] if there is
/// something at `copy` already.
pub fn snapshot(path: impl AsRef<Path>, copy: impl AsRef<Path>) -> Result<(), OpenError> {
    let copy = copy.as_ref();
    let failed = |source| OpenError::Io { path: copy.to_owned(), source };
    let mut connection = beside(path.as_ref())?;
    integrity::check(&mut connection, None)?;
    let file = private().create_new(true).open(copy).map_err(failed)?;
    // Not the API for online backups: that begins anew at each write of
    // another process.
    connection.execute("VACUUM INTO ?", [copy.to_string_lossy()])?;
    file.sync_all().map_err(failed)
}

fn beside(path: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(LOCK_PATIENCE)?;
    Ok(connection)
}

/// How our files are created: for their owner only. SQLite gives its side
/// files the same permissions.
pub(super) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
