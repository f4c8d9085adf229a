//! What strangers' bytes do to the engine's gates: never a panic, never more
//! than they may. A new target is one function in a file of this folder.

mod answers;
mod component;
mod folder;
mod toml;

use bowsprit_fuzz::{Target, walk};
use bowsprit_host_core::plugins::LoadFailure;

/// The word for a failure: its code, and its message without what differs
/// from input to input.
fn word(failure: &LoadFailure) -> String {
    assert!(!failure.message.is_empty() && !failure.fix.is_empty(), "{failure:?}");
    let plain: String = failure.message.chars().filter(|it| it.is_ascii_alphabetic()).collect();
    format!("{} {}", failure.code, plain.get(..40).unwrap_or(&plain))
}

/// Feeds a target, and sees that it got somewhere.
fn survives(target: &Target<'_>) {
    let walked = walk(target);
    assert!(walked.inputs > 20 && walked.words > 3, "{}: {walked:?}", target.name);
}
