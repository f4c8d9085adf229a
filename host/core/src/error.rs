//! Why an operation did not happen, sorted by what the caller can do next.

use std::time::Duration;

use crate::{id::Id, node_types::Finding};

/// The cause of an error, for the log only.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What every use-case and port answers.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation did not happen.
///
/// A variant exists because some caller branches on it. `Display` is for the
/// person who asked and never holds a secret or a driver's words; `source` is
/// for the log.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing by that name, or nothing this caller may see.
    #[error("{kind} `{id}` was not found")]
    NotFound {
        /// The noun: `workflow`, `cluster`.
        kind: &'static str,
        /// The id or name that was asked for.
        id: String,
    },
    /// Nothing by that name among a few that the caller may see and choose of.
    #[error("{message}")]
    NoSuch {
        /// A sentence for the person, with what there is.
        message: String,
    },
    /// Somebody else changed it first, or it exists already.
    #[error("{message}")]
    Conflict {
        /// Stable code: `store.conflict`, `cluster.name.taken`.
        code: &'static str,
        /// A sentence for the person.
        message: String,
    },
    /// A workflow is not any more what the caller saw.
    #[error(
        "the workflow was changed meanwhile: you have revision {seen}, it is at {current}; read it again"
    )]
    Changed {
        /// The revision the caller started from.
        seen: i64,
        /// The revision it is at.
        current: i64,
    },
    /// A value is wrong in a way the caller can fix.
    #[error("`{field}` {problem}")]
    Invalid {
        /// The field, dotted from the top of the request.
        field: String,
        /// What is wrong with it and what would be right, as a predicate.
        problem: String,
    },
    /// The request is at odds with the state it meets (a draft is run, …).
    #[error("{message}")]
    Refused {
        /// Stable code.
        code: &'static str,
        /// A sentence for the person.
        message: String,
    },
    /// A drawing, or a source of one, has problems that have to be mended
    /// first.
    #[error("{} must be mended first", count(.0.len(), "problem"))]
    Findings(Vec<Finding>),
    /// No or no valid credentials.
    #[error("{message}")]
    Unauthenticated {
        /// Stable code: `auth.token.missing`.
        code: &'static str,
        /// A sentence for the person.
        message: &'static str,
    },
    /// Known, but not allowed.
    #[error("{message}")]
    Forbidden {
        /// Stable code.
        code: &'static str,
        /// A sentence for the person.
        message: &'static str,
    },
    /// Something is larger than a configured limit.
    #[error("{what} exceeds the limit of {limit}")]
    TooLarge {
        /// What is too large, as the subject of the sentence.
        what: &'static str,
        /// The limit with its unit.
        limit: String,
    },
    /// Too much at once; the same request may work later.
    #[error("{message}; try again later")]
    Busy {
        /// Stable code.
        code: &'static str,
        /// What is busy.
        message: String,
        /// How long to wait.
        retry_after: Duration,
    },
    /// A plugin failed at its own job.
    #[error("plugin `{plugin}` failed in `{function}`: {reason}")]
    Plugin {
        /// Stable code: `plugin.trap`, `plugin.deadline`, …
        code: &'static str,
        /// The plugin's id.
        plugin: String,
        /// The function that was called.
        function: &'static str,
        /// A sentence without guest data.
        reason: Box<str>,
        /// The node it was asked about, where the caller knows.
        node: Option<Box<str>>,
        /// The record of the call, for administrators.
        record: Option<Id>,
        /// For the log.
        #[source]
        source: Option<BoxError>,
    },
    /// A cluster did not do what it was asked; its answer is in `message`.
    #[error("{message}")]
    Cluster {
        /// Stable code: `cluster.unreachable`, `cluster.forbidden`, …
        code: &'static str,
        /// A sentence for the person, secrets removed.
        message: String,
    },
    /// A service outside the host did not answer, or not as it should.
    #[error("{message}")]
    Outside {
        /// Stable code: `auth.provider.unreachable`, …
        code: &'static str,
        /// A sentence for the person, secrets removed.
        message: String,
        /// For the log.
        #[source]
        source: BoxError,
    },
    /// Something we depend on is down; the same request may work later.
    #[error("{dependency} is unavailable")]
    Unavailable {
        /// The dependency in plain words: `the store`.
        dependency: &'static str,
        /// For the log.
        #[source]
        source: BoxError,
    },
    /// Stored data is not what we wrote, or not for the keys we have.
    #[error("{what} cannot be read; see the setting `encryption_keys_old`, or give it anew")]
    Unreadable {
        /// What, as the subject of the sentence; names the record.
        what: String,
    },
    /// A fault of ours.
    #[error("an internal error occurred")]
    Internal(#[source] BoxError),
}

impl Error {
    /// A wrong value of `field`; `problem` continues the sentence
    /// "`field` …".
    pub fn invalid(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Invalid { field: field.into(), problem: problem.into() }
    }

    /// Nothing there, or not for this caller.
    pub fn not_found(kind: &'static str, id: impl ToString) -> Self {
        Self::NotFound { kind, id: id.to_string() }
    }

    /// A fault of ours, with its cause.
    pub fn internal(source: impl Into<BoxError>) -> Self {
        Self::Internal(source.into())
    }

    /// The stable, dotted code clients branch on. `docs/errors.md` lists all.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } | Self::NoSuch { .. } => "not-found",
            Self::Invalid { .. } => "request.invalid",
            Self::Findings(_) => "workflow.findings",
            Self::Changed { .. } => "workflow.changed",
            Self::TooLarge { .. } => "request.too-large",
            Self::Conflict { code, .. }
            | Self::Refused { code, .. }
            | Self::Unauthenticated { code, .. }
            | Self::Forbidden { code, .. }
            | Self::Busy { code, .. }
            | Self::Plugin { code, .. }
            | Self::Cluster { code, .. }
            | Self::Outside { code, .. } => code,
            Self::Unavailable { .. } => "dependency.unavailable",
            Self::Unreadable { .. } => "secret.unreadable",
            Self::Internal(_) => "internal",
        }
    }
}

fn count(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}
