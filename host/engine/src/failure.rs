//! Building the records of loads that did not succeed.

use bowsprit_host_core::plugins::{LoadFailure, LoadStage};

/// A failure in the words of this crate.
pub(crate) fn failure(
    stage: LoadStage,
    code: impl Into<String>,
    message: impl Into<String>,
    fix: impl Into<String>,
) -> LoadFailure {
    LoadFailure { stage, code: code.into(), message: message.into(), fix: fix.into() }
}
