//! How the host looks after its plugins, as opposed to the node types they
//! contribute ([`crate::node_types`]).
//!
//! A folder's content becomes a *generation*: read, admitted, compiled, linked,
//! described, self-tested, compared with what serves, perhaps held for an
//! operator, live, retired. [`Plugins`] is what the engine offers, [`PluginAdmin`]
//! what an administrator may do with it, and [`PluginMemory`] what the engine
//! asks to have remembered over a restart.

mod admin;
mod comparison;
mod generation;
mod journal;
mod memory;
mod report;
mod stored;
mod trial;
mod wants;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;

use crate::{Result, audit::Actor, id::Id};
pub use admin::{Activation, ActivationPage, PluginAdmin};
pub use comparison::{ComparisonReport, ComparisonSummary, InputDifference, ManifestDifference};
pub use generation::{
    GenerationReport, GenerationState, Hold, SelfTest, StageTime, SwapPolicy, TestFailure,
    short_digest,
};
pub use journal::{FailedCall, FailedCallSummary, LogLevel, LogLine, masked};
pub use memory::{ActivationEntry, Happening, PluginMemory, Remembered, ShortMemory, Successor};
pub use report::{Figures, LoadFailure, LoadStage, PluginLimits, PluginReport, PluginState};
pub use stored::{PLUGINS, StoredMemory};
pub use trial::{Cost, Trial, Validation};
pub use wants::Wants;

/// The plugins of this host.
///
/// Digests are SHA-256 in hex. Every change is written to the activation log
/// with its `by`.
///
/// # Errors
///
/// All that take an `id` answer [`crate::Error::NotFound`] if there is no such
/// plugin, and all that take a digest if there is no such generation.
#[async_trait]
pub trait Plugins: Send + Sync {
    /// All plugins that were ever seen and not removed since, ordered by id.
    fn list(&self) -> Vec<PluginReport>;

    /// One plugin.
    fn report(&self, id: &str) -> Result<PluginReport>;

    /// What is known of the plugin's generations, newest first.
    fn generations(&self, id: &str) -> Result<Vec<GenerationReport>>;

    /// How a generation answered the inputs its predecessor had been given.
    /// Not found also if it was not compared.
    fn comparison(&self, id: &str, digest: &str) -> Result<ComparisonReport>;

    /// Lets a waiting generation serve, whatever it waits for, and grants what
    /// it wants.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Conflict`] if that generation does not wait, or another
    /// plugin has taken one of its node types.
    async fn consent(&self, id: &str, digest: &str, by: Actor) -> Result<PluginReport>;

    /// Goes back to generation `to`, without it to the one that served before
    /// the present one. What lies in the folder waits for its next change.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Refused`] if no earlier generation is kept,
    /// [`crate::Error::Conflict`] if another plugin has taken one of its node
    /// types.
    async fn rollback(&self, id: &str, to: Option<&str>, by: Actor) -> Result<PluginReport>;

    /// Lets the plugin serve again after [`Self::disable`].
    ///
    /// # Errors
    ///
    /// [`crate::Error::Conflict`] if another plugin has taken one of its node
    /// types meanwhile.
    async fn enable(&self, id: &str, by: Actor) -> Result<PluginReport>;

    /// Takes the plugin's node types out of the catalogue, also over restarts.
    async fn disable(&self, id: &str, by: Actor) -> Result<PluginReport>;

    /// Says when a new generation takes over.
    async fn set_policy(&self, id: &str, policy: SwapPolicy, by: Actor) -> Result<PluginReport>;

    /// Reads the plugin's folder again and loads what lies there, also if it
    /// was rolled back before. The report tells how that ended.
    async fn reload(&self, id: &str, by: Actor) -> Result<PluginReport>;

    /// Takes a packed folder (a tar archive, `plugin.toml` at its top) through
    /// every stage and activates nothing. What is wrong with the plugin is in
    /// the answer.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Invalid`] if the bytes are not such an archive,
    /// [`crate::Error::TooLarge`] if there is too much in it.
    async fn validate(&self, packed: Bytes) -> Result<Validation>;

    /// The last lines of the plugin's log that matter at least so much, up to
    /// `limit`, oldest first. Published under [`crate::events::Topic::PluginLog`]
    /// as they are written.
    fn log(&self, id: &str, least: LogLevel, limit: usize) -> Result<Vec<LogLine>>;

    /// The last calls that broke, of one plugin or of all, newest first.
    fn failed_calls(&self, plugin: Option<&str>) -> Vec<FailedCallSummary>;

    /// A call that broke. Not found also if it is no longer kept.
    fn failed_call(&self, id: Id) -> Result<FailedCall>;

    /// Calls one function of the serving generation. `input` has the form of
    /// `input` in a golden file; what `create` takes is documented with
    /// [`Trial`].
    ///
    /// # Errors
    ///
    /// [`crate::Error::Invalid`] for an unknown function or an input that is
    /// not of that form, [`crate::Error::Refused`] if nothing serves,
    /// [`crate::Error::Plugin`] and [`crate::Error::Busy`] as of any call.
    async fn try_call(&self, id: &str, function: &str, input: &str) -> Result<Trial>;
}

/// What calls of plugins come to, as [`CallFigures::count`] is told.
pub const CALL_OUTCOMES: [&str; 16] = [
    "ok",
    "invalid-input",
    "unsupported",
    "plugin.trap",
    "plugin.deadline",
    "plugin.memory",
    "plugin.stack",
    "plugin.instances",
    "plugin.host-calls",
    "plugin.output-too-large",
    "plugin.list-too-long",
    "plugin.invalid-output",
    "plugin.not-granted",
    "plugin.forged",
    "plugin.internal",
    "plugin.busy",
];

/// Whoever counts calls of plugins.
pub trait PluginCalls: Send + Sync {
    /// Where calls of one function of one plugin are counted. Asked for once
    /// per generation, as it may look the place up.
    fn figures(&self, plugin: &str, function: &'static str) -> Arc<dyn CallFigures>;
}

/// The figures of one function of one plugin.
pub trait CallFigures: Send + Sync {
    /// Counts a call that came to `outcome`, one of [`CALL_OUTCOMES`], and
    /// took so long, its wait for a turn included.
    fn count(&self, outcome: &'static str, took: Duration);
}
