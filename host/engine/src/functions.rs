//! The functions of components, one struct each: what it sends, and how its
//! answer is believed.

pub(crate) mod catalogue;
pub(crate) mod diagnostics;
pub(crate) mod importer;
pub(crate) mod node_types;

use bowsprit_host_core::node_types as core;
use serde_json::Value;
use wasmtime::Store;

use crate::{
    bindings::v0_1::types,
    convert::answers::Answers,
    fault::Fault,
    instance::{Exported, State},
    limits::CallLimits,
};

/// All of them, as the WIT calls them; every world's `describe` counts as one.
pub(crate) const NAMES: [&str; 17] = [
    node_types::Describe::NAME,
    node_types::Create::NAME,
    node_types::Normalize::NAME,
    node_types::PublicView::NAME,
    node_types::Validate::NAME,
    node_types::Render::NAME,
    node_types::Observe::NAME,
    node_types::Status::NAME,
    importer::Detect::NAME,
    importer::Analyze::NAME,
    diagnostics::Queries::NAME,
    diagnostics::Diagnose::NAME,
    diagnostics::Propose::NAME,
    catalogue::Entries::NAME,
    catalogue::MatchCluster::NAME,
    catalogue::Form::NAME,
    catalogue::DescribeServed::NAME,
];

/// What wasmtime gives for a WIT function that can fail.
pub(crate) type Raw<T> = wasmtime::Result<Result<T, types::Failure>>;

/// What a call that did not break came to.
pub(crate) enum Outcome<T> {
    /// An answer.
    Answer(T),
    /// The user can put it right.
    Invalid(Vec<core::Finding>),
    /// Outside what the plugin handles.
    Unsupported(String),
}

/// One function of a component with its arguments.
pub(crate) trait Function: Send + Sync {
    /// As the WIT calls it.
    const NAME: &'static str;
    /// The interface it belongs to.
    type Guest: Exported;
    /// What comes back.
    type Raw: Send;
    /// What it becomes.
    type Output: Send;

    /// The node it is about, into whose data findings point.
    fn node(&self) -> Option<&types::Node> {
        None
    }

    /// What it sends, as `input` of a golden file as far as there is such a
    /// form: for the record of a call that broke.
    fn input(&self) -> Value {
        Value::Null
    }

    /// Lays out what the call may look at.
    fn prepare(&self, _: &mut State) {}

    /// Calls it.
    fn call(
        &self,
        guest: &Self::Guest,
        store: &mut Store<State>,
    ) -> impl Future<Output = Raw<Self::Raw>> + Send;

    /// Checks and converts what came back.
    fn convert(&self, raw: Self::Raw, answers: &Answers) -> Result<Self::Output, Fault>;

    /// Sorts what came back, and checks it either way.
    fn accept(
        &self,
        raw: Result<Self::Raw, types::Failure>,
        limits: &CallLimits,
    ) -> Result<Outcome<Self::Output>, Fault> {
        let answers = Answers::new(limits.list_entries, self.node());
        match raw {
            Ok(raw) => self.convert(raw, &answers).map(Outcome::Answer),
            Err(types::Failure::InvalidInput(findings)) => {
                answers.findings(findings).map(Outcome::Invalid)
            }
            Err(types::Failure::Unsupported(mut what)) => {
                what.truncate(what.floor_char_boundary(SENTENCE));
                Ok(Outcome::Unsupported(what))
            }
            Err(types::Failure::Internal(why)) => Err(Fault::Internal(why)),
        }
    }
}

/// Longest sentence of a plugin that is passed on, bytes.
const SENTENCE: usize = 2 << 10;
