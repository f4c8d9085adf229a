//! What the driver's errors mean to the port.
//!
//! The driver prints whole answers of the server, and may quote documents and
//! connection strings. What leaves this module is a code and our own words.

use bowsprit_host_core::store::{Collection, StoreError};
use mongodb::error::{Error, ErrorKind, WriteFailure};

use super::indexes;

const INTERNAL: i32 = 1;
const WRITE_CONFLICT: i32 = 112;
const DUPLICATE_KEY: i32 = 11000;
/// PostgreSQL's `deadlock_detected`, SQLSTATE 40P01, as its `MAKE_SQLSTATE`
/// packs it: six bits a character, the first lowest, counted from `0`.
const DEADLOCK: i32 = 4 | (32 << 12) | (1 << 24);
/// `BSONObjectTooLarge` and the two codes of updates that grow a document.
const TOO_LARGE: [i32; 3] = [10334, 17419, 17420];

/// What went wrong between the driver and the server.
#[derive(Debug, thiserror::Error)]
pub(super) enum Outage {
    #[error("the connection string is not valid")]
    ConnectionString,
    #[error("the store is closed")]
    Closed,
    #[error("no answer in time")]
    Slow,
    #[error("no server could be selected")]
    Unreachable,
    #[error("the server does not accept the credentials")]
    Credentials,
    #[error("the connection failed: {0}")]
    Connection(std::io::ErrorKind),
    #[error("the server answered with error {code}")]
    Refused { code: i32 },
    #[error("the driver failed")]
    Driver,
}

impl From<Outage> for StoreError {
    fn from(outage: Outage) -> Self {
        Self::Unavailable(outage.into())
    }
}

/// A unique index the declaration does not know.
#[derive(Debug, thiserror::Error)]
#[error("a unique index that collection `{0}` does not declare refused a document")]
struct UnknownIndex(&'static str);

/// An error of an operation that touches only `of`.
pub(super) fn of_collection(of: &'static Collection, error: Error) -> StoreError {
    match (code(&error), message(&error)) {
        (Some(DUPLICATE_KEY), Some(message)) => match taken(of, message) {
            Some(name) => StoreError::Taken(name),
            None => StoreError::Corrupt(UnknownIndex(of.name).into()),
        },
        (Some(code), _) if TOO_LARGE.contains(&code) => StoreError::TooLarge,
        _ => plain(error),
    }
}

/// An error that no constraint explains.
pub(super) fn plain(error: Error) -> StoreError {
    let outage = match *error.kind {
        ErrorKind::Bson(source) => return StoreError::Corrupt(source.into()),
        ErrorKind::ServerSelection { .. } | ErrorKind::DnsResolve { .. } => Outage::Unreachable,
        ErrorKind::Authentication { .. } => Outage::Credentials,
        ErrorKind::Io(source) => Outage::Connection(source.kind()),
        ErrorKind::ConnectionPoolCleared { .. } => {
            Outage::Connection(std::io::ErrorKind::ConnectionReset)
        }
        ErrorKind::Shutdown => Outage::Closed,
        _ => code(&error).map_or(Outage::Driver, |code| Outage::Refused { code }),
    };
    outage.into()
}

/// Whether no server could be found.
pub(super) fn is_unreachable(error: &Error) -> bool {
    matches!(*error.kind, ErrorKind::ServerSelection { .. } | ErrorKind::DnsResolve { .. })
}

/// Whether one connection broke, which says little about the server.
pub(super) fn is_broken_line(error: &Error) -> bool {
    matches!(*error.kind, ErrorKind::Io(_) | ErrorKind::ConnectionPoolCleared { .. })
}

/// The server's error code.
pub(super) fn code(error: &Error) -> Option<i32> {
    match &*error.kind {
        ErrorKind::Command(failure) => Some(failure.code),
        ErrorKind::Write(WriteFailure::WriteError(failure)) => Some(failure.code),
        ErrorKind::Write(WriteFailure::WriteConcernError(failure)) => Some(failure.code),
        _ => None,
    }
}

/// Whether there are values twice that must be unique.
pub(super) fn is_duplicate(error: &Error) -> bool {
    code(error) == Some(DUPLICATE_KEY) || is_nameless_duplicate(error)
}

/// FerretDB 2.7 answers a `findAndModify` that violates a unique index, and the
/// building of one over equal values, with an internal error of its
/// PostgreSQL, which names none of our indexes.
pub(super) fn is_nameless_duplicate(error: &Error) -> bool {
    code(error) == Some(INTERNAL)
        && message(error).is_some_and(|message| message.contains("exclusion constraint"))
}

/// Whether the server undid a write because it and another blocked each other.
/// MongoDB calls it `WriteConflict`; FerretDB 2.7 passes on its PostgreSQL's
/// deadlock, which checking a unique index can end in: as an internal error of
/// a command, or with PostgreSQL's own code as an error of one write.
pub(super) fn is_lost_race(error: &Error) -> bool {
    match code(error) {
        Some(WRITE_CONFLICT | DEADLOCK) => true,
        Some(INTERNAL) => message(error).is_some_and(|it| it.contains("deadlock detected")),
        _ => false,
    }
}

fn message(error: &Error) -> Option<&str> {
    match &*error.kind {
        ErrorKind::Command(failure) => Some(&failure.message),
        ErrorKind::Write(WriteFailure::WriteError(failure)) => Some(&failure.message),
        _ => None,
    }
}

/// The constraint that a message names. Nothing else in FerretDB's answer does.
fn taken(of: &'static Collection, message: &str) -> Option<&'static str> {
    let name = index_name(message)?;
    if name == "_id_" {
        return Some("id");
    }
    let holds = |unique: &&bowsprit_host_core::store::Unique| {
        name == indexes::unique_name(unique) || name == indexes::default_name(unique.fields)
    };
    of.unique.iter().find(holds).map(|unique| unique.name)
}

/// MongoDB says `… index: NAME dup key: …`, FerretDB `… Index 'NAME'`.
pub(super) fn index_name(message: &str) -> Option<&str> {
    if let Some((_, rest)) = message.split_once(" index: ") {
        return rest.split_whitespace().next();
    }
    message.split_once(" Index '")?.1.split('\'').next()
}

#[cfg(test)]
mod tests {
    use mongodb::bson::{deserialize_from_document, doc};

    use super::*;

    /// What a server says of one write among those of a command.
    fn write_error(code: i32, message: &str) -> Error {
        let error = deserialize_from_document(doc! { "code": code, "errmsg": message });
        ErrorKind::Write(WriteFailure::WriteError(error.expect("a write error"))).into()
    }

    #[test]
    fn a_write_that_was_undone_for_another_has_lost_a_race() {
        for (code, message, expected) in [
            (112, "WriteConflict error", true),
            (1, "ERROR: deadlock detected (SQLSTATE 40P01)", true),
            // As FerretDB answers an insert.
            (16_908_292, "deadlock detected", true),
            (1, "conflicting key value violates exclusion constraint", false),
            (11000, "E11000 duplicate key error", false),
        ] {
            assert_eq!(is_lost_race(&write_error(code, message)), expected, "{code} {message}");
        }
    }
}
