//! The functions of `diagnostics`.

use bowsprit_host_core::{diagnostics as core, node_types::Kind};
use serde_json::{Value, json};
use wasmtime::Store;

use super::{Function, Raw};
use crate::{
    bindings::v0_1::{
        diagnostics::{self as wit, Guest},
        types,
    },
    cases::answers::embedded,
    convert::{answers::Answers, written},
    fault::Fault,
    instance::State,
};

pub(crate) struct Describe;

impl Function for Describe {
    const NAME: &'static str = "describe";
    type Guest = Guest;
    type Raw = Vec<wit::Check>;
    type Output = Vec<wit::Check>;

    async fn call(&self, guest: &Guest, store: &mut Store<State>) -> Raw<Self::Raw> {
        guest.call_describe(store).await
    }

    fn convert(&self, raw: Self::Raw, answers: &Answers) -> Result<Self::Output, Fault> {
        answers.list("the list of checks", raw, Ok)
    }
}

pub(crate) struct Queries<'a> {
    pub(crate) check: String,
    pub(crate) node: types::Node,
    /// Kinds the plugin may look at.
    pub(crate) reads: &'a [Kind],
}

impl Function for Queries<'_> {
    const NAME: &'static str = "queries";
    type Guest = Guest;
    type Raw = Vec<wit::Query>;
    type Output = Vec<core::Query>;

    fn input(&self) -> Value {
        json!({ "check": self.check, "node": written::node(&self.node) })
    }

    async fn call(&self, guest: &Guest, store: &mut Store<State>) -> Raw<Self::Raw> {
        guest.call_queries(store, &self.check, &self.node).await
    }

    fn convert(&self, raw: Self::Raw, answers: &Answers) -> Result<Self::Output, Fault> {
        answers.queries(raw, self.reads)
    }
}

pub(crate) struct Diagnose {
    pub(crate) check: String,
    pub(crate) node: types::Node,
    pub(crate) snapshot: wit::Snapshot,
}

impl Function for Diagnose {
    const NAME: &'static str = "diagnose";
    type Guest = Guest;
    type Raw = wit::Outcome;
    type Output = core::Outcome;

    fn input(&self) -> Value {
        json!({
            "check": self.check, "node": written::node(&self.node),
            "snapshot": written::snapshot(&self.snapshot),
        })
    }

    async fn call(&self, guest: &Guest, store: &mut Store<State>) -> Raw<Self::Raw> {
        guest.call_diagnose(store, &self.check, &self.node, &self.snapshot).await
    }

    fn convert(&self, raw: Self::Raw, answers: &Answers) -> Result<Self::Output, Fault> {
        answers.outcome(raw)
    }
}

pub(crate) struct Propose<'a> {
    pub(crate) fix: String,
    pub(crate) finding: Option<types::Finding>,
    pub(crate) parameters: String,
    pub(crate) node: types::Node,
    pub(crate) snapshot: wit::Snapshot,
    /// Kinds the plugin may change.
    pub(crate) changes: &'a [Kind],
}

impl Function for Propose<'_> {
    const NAME: &'static str = "propose";
    type Guest = Guest;
    type Raw = wit::Fix;
    type Output = core::Fix;

    fn input(&self) -> Value {
        json!({
            "fix": self.fix, "parameters": embedded(&self.parameters),
            "node": written::node(&self.node), "snapshot": written::snapshot(&self.snapshot),
        })
    }

    async fn call(&self, guest: &Guest, store: &mut Store<State>) -> Raw<Self::Raw> {
        let Self { fix, finding, parameters, node, snapshot, .. } = self;
        guest.call_propose(store, fix, finding.as_ref(), parameters, node, snapshot).await
    }

    fn convert(&self, raw: Self::Raw, answers: &Answers) -> Result<Self::Output, Fault> {
        answers.fix(raw, self.changes)
    }
}
