//! The functions of `node-types`, one struct each: what it sends, and how its
//! answer is believed.

use bowsprit_host_core::node_types as core;
use wasmtime::Store;

use crate::{
    bindings::v0_1::{
        node_types::{self as wit, Guest},
        types,
    },
    convert::answers::{Answers, object},
    fault::Fault,
    instance::State,
    limits::CallLimits,
};

/// All of them, as the WIT calls them.
pub(crate) const NAMES: [&str; 8] = [
    Describe::NAME,
    Create::NAME,
    Normalize::NAME,
    PublicView::NAME,
    Validate::NAME,
    Render::NAME,
    Observe::NAME,
    Status::NAME,
];

/// What wasmtime gives for a WIT function that can fail.
type Raw<T> = wasmtime::Result<Result<T, types::Failure>>;

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
    /// What comes back.
    type Raw: Send;
    /// What it becomes.
    type Output: Send;

    /// Calls it.
    fn call(
        &self,
        guest: &Guest,
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
        let answers = Answers { list_entries: limits.list_entries };
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

pub(crate) struct Describe;

impl Function for Describe {
    const NAME: &'static str = "describe";
    type Raw = Vec<wit::Descriptor>;
    type Output = Vec<wit::Descriptor>;

    async fn call(&self, guest: &Guest, store: &mut Store<State>) -> Raw<Self::Raw> {
        guest.call_describe(store).await
    }

    fn convert(&self, raw: Self::Raw, answers: &Answers) -> Result<Self::Output, Fault> {
        answers.list("the list of node types", raw, Ok)
    }
}

pub(crate) struct Create {
    pub(crate) type_name: String,
    pub(crate) id: String,
    pub(crate) suggested_name: String,
    pub(crate) context: wit::Context,
}

impl Function for Create {
    const NAME: &'static str = "create";
    type Raw = String;
    type Output = core::Json;

    async fn call(&self, guest: &Guest, store: &mut Store<State>) -> Raw<Self::Raw> {
        let Self { type_name, id, suggested_name, context } = self;
        guest.call_create(store, type_name, id, suggested_name, context).await
    }

    fn convert(&self, raw: Self::Raw, _: &Answers) -> Result<Self::Output, Fault> {
        object("the node's data", raw)
    }
}

pub(crate) struct Normalize(pub(crate) types::Node);

impl Function for Normalize {
    const NAME: &'static str = "normalize";
    type Raw = (String, Vec<types::Finding>);
    type Output = (core::Json, Vec<core::Finding>);

    async fn call(&self, guest: &Guest, store: &mut Store<State>) -> Raw<Self::Raw> {
        guest.call_normalize(store, &self.0).await
    }

    fn convert(&self, raw: Self::Raw, answers: &Answers) -> Result<Self::Output, Fault> {
        Ok((object("the node's data", raw.0)?, answers.findings(raw.1)?))
    }
}

pub(crate) struct PublicView(pub(crate) types::Node);

impl Function for PublicView {
    const NAME: &'static str = "public-view";
    type Raw = String;
    type Output = core::Json;

    async fn call(&self, guest: &Guest, store: &mut Store<State>) -> Raw<Self::Raw> {
        guest.call_public_view(store, &self.0).await
    }

    fn convert(&self, raw: Self::Raw, _: &Answers) -> Result<Self::Output, Fault> {
        object("the public view", raw)
    }
}

pub(crate) struct Validate {
    pub(crate) node: types::Node,
    pub(crate) context: wit::Context,
}

impl Function for Validate {
    const NAME: &'static str = "validate";
    type Raw = Vec<types::Finding>;
    type Output = Vec<core::Finding>;

    async fn call(&self, guest: &Guest, store: &mut Store<State>) -> Raw<Self::Raw> {
        guest.call_validate(store, &self.node, &self.context).await
    }

    fn convert(&self, raw: Self::Raw, answers: &Answers) -> Result<Self::Output, Fault> {
        answers.findings(raw)
    }
}

pub(crate) struct Render<'a> {
    pub(crate) node: types::Node,
    pub(crate) context: wit::Context,
    /// Kinds the node's type may produce.
    pub(crate) produces: &'a [core::Kind],
}

impl Function for Render<'_> {
    const NAME: &'static str = "render";
    type Raw = wit::Rendered;
    type Output = core::Rendered;

    async fn call(&self, guest: &Guest, store: &mut Store<State>) -> Raw<Self::Raw> {
        guest.call_render(store, &self.node, &self.context).await
    }

    fn convert(&self, raw: Self::Raw, answers: &Answers) -> Result<Self::Output, Fault> {
        answers.rendered(raw, self.produces)
    }
}

pub(crate) struct Observe {
    pub(crate) node: types::Node,
    pub(crate) context: wit::Context,
}

impl Function for Observe {
    const NAME: &'static str = "observe";
    type Raw = Vec<wit::Watch>;
    type Output = Vec<core::Watch>;

    async fn call(&self, guest: &Guest, store: &mut Store<State>) -> Raw<Self::Raw> {
        guest.call_observe(store, &self.node, &self.context).await
    }

    fn convert(&self, raw: Self::Raw, answers: &Answers) -> Result<Self::Output, Fault> {
        answers.watches(raw)
    }
}

pub(crate) struct Status {
    pub(crate) node: types::Node,
    pub(crate) answers: Vec<types::Answer>,
    pub(crate) at: String,
    pub(crate) previous: Option<wit::NodeStatus>,
}

impl Function for Status {
    const NAME: &'static str = "status";
    type Raw = wit::NodeStatus;
    type Output = core::NodeStatus;

    async fn call(&self, guest: &Guest, store: &mut Store<State>) -> Raw<Self::Raw> {
        let Self { node, answers, at, previous } = self;
        guest.call_status(store, node, answers, at, previous.as_ref()).await
    }

    fn convert(&self, raw: Self::Raw, answers: &Answers) -> Result<Self::Output, Fault> {
        answers.status(raw)
    }
}
