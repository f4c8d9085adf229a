//! The functions of `catalogue`.

use bowsprit_host_core::{
    catalogues as core,
    node_types::{Descriptor, Json},
};
use serde_json::{Value, json};
use wasmtime::Store;

use super::{Function, Raw};
use crate::{
    bindings::v0_1::{
        catalogue::{self as wit, Guest},
        types,
    },
    cases::answers::embedded,
    convert::{
        answers::{Answers, object},
        written,
    },
    fault::Fault,
    instance::State,
};

pub(crate) struct Entries;

impl Function for Entries {
    const NAME: &'static str = "entries";
    type Guest = Guest;
    type Raw = Vec<wit::Entry>;
    type Output = Vec<wit::Entry>;

    async fn call(&self, guest: &Guest, store: &mut Store<State>) -> Raw<Self::Raw> {
        guest.call_entries(store).await
    }

    fn convert(&self, raw: Self::Raw, answers: &Answers) -> Result<Self::Output, Fault> {
        answers.list("the list of entries", raw, Ok)
    }
}

pub(crate) struct MatchCluster(pub(crate) Vec<wit::Served>);

impl Function for MatchCluster {
    const NAME: &'static str = "match-cluster";
    type Guest = Guest;
    type Raw = Vec<wit::Match>;
    type Output = Vec<core::Standing>;

    fn input(&self) -> Value {
        json!({ "served": self.0.iter().map(served).collect::<Value>() })
    }

    async fn call(&self, guest: &Guest, store: &mut Store<State>) -> Raw<Self::Raw> {
        guest.call_match_cluster(store, &self.0).await
    }

    fn convert(&self, raw: Self::Raw, answers: &Answers) -> Result<Self::Output, Fault> {
        answers.list("the list of matches", raw, |it| answers.standing(it))
    }
}

pub(crate) struct Form(pub(crate) wit::Served);

impl Function for Form {
    const NAME: &'static str = "form";
    type Guest = Guest;
    type Raw = String;
    type Output = Json;

    fn input(&self) -> Value {
        json!({ "served": [served(&self.0)] })
    }

    async fn call(&self, guest: &Guest, store: &mut Store<State>) -> Raw<Self::Raw> {
        guest.call_form(store, &self.0).await
    }

    fn convert(&self, raw: Self::Raw, _: &Answers) -> Result<Self::Output, Fault> {
        object("the form", raw)
    }
}

pub(crate) struct DescribeServed(pub(crate) wit::Served);

impl Function for DescribeServed {
    const NAME: &'static str = "describe-served";
    type Guest = Guest;
    type Raw = types::Descriptor;
    type Output = Descriptor;

    fn input(&self) -> Value {
        json!({ "served": [served(&self.0)] })
    }

    async fn call(&self, guest: &Guest, store: &mut Store<State>) -> Raw<Self::Raw> {
        guest.call_describe_served(store, &self.0).await
    }

    fn convert(&self, raw: Self::Raw, answers: &Answers) -> Result<Self::Output, Fault> {
        answers.descriptor(raw)
    }
}

fn served(it: &wit::Served) -> Value {
    json!({
        "kind": written::kind(&it.kind), "plural": it.plural, "namespaced": it.namespaced,
        "schema": it.schema.as_deref().map(embedded), "columns": embedded(&it.columns),
    })
}
