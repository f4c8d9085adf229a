//! The functions of `node-types`.

use bowsprit_host_core::node_types as core;
use serde_json::{Value, json};
use wasmtime::Store;

use super::{Function, Raw};
use crate::{
    bindings::v0_1::{
        node_types::{self as wit, Guest},
        types,
    },
    convert::{
        answers::{Answers, object},
        manifests::Allowed,
        written,
    },
    fault::Fault,
    instance::State,
};

pub(crate) struct Describe;

impl Function for Describe {
    const NAME: &'static str = "describe";
    type Guest = Guest;
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
    type Guest = Guest;
    type Raw = String;
    type Output = core::Json;

    fn input(&self) -> Value {
        let data = json!({ "name": self.suggested_name });
        let node = json!({ "id": self.id, "type": self.type_name, "data": data });
        json!({ "node": node, "context": written::context(&self.context) })
    }

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
    type Guest = Guest;
    type Raw = (String, Vec<types::Finding>);
    type Output = (core::Json, Vec<core::Finding>);

    fn node(&self) -> Option<&types::Node> {
        Some(&self.0)
    }

    fn input(&self) -> Value {
        json!({ "node": written::node(&self.0) })
    }

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
    type Guest = Guest;
    type Raw = String;
    type Output = core::Json;

    fn node(&self) -> Option<&types::Node> {
        Some(&self.0)
    }

    fn input(&self) -> Value {
        json!({ "node": written::node(&self.0) })
    }

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
    type Guest = Guest;
    type Raw = Vec<types::Finding>;
    type Output = Vec<core::Finding>;

    fn node(&self) -> Option<&types::Node> {
        Some(&self.node)
    }

    fn input(&self) -> Value {
        json!({ "node": written::node(&self.node), "context": written::context(&self.context) })
    }

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
    /// Whether it may produce objects outside of namespaces.
    pub(crate) cluster_scoped: bool,
}

impl Function for Render<'_> {
    const NAME: &'static str = "render";
    type Guest = Guest;
    type Raw = wit::Rendered;
    type Output = core::Rendered;

    fn node(&self) -> Option<&types::Node> {
        Some(&self.node)
    }

    fn input(&self) -> Value {
        json!({ "node": written::node(&self.node), "context": written::context(&self.context) })
    }

    async fn call(&self, guest: &Guest, store: &mut Store<State>) -> Raw<Self::Raw> {
        guest.call_render(store, &self.node, &self.context).await
    }

    fn convert(&self, raw: Self::Raw, answers: &Answers) -> Result<Self::Output, Fault> {
        let allowed = Allowed {
            produces: self.produces,
            cluster_scoped: self.cluster_scoped,
            context: &self.context,
            data: &self.node.data,
        };
        answers.rendered(raw, &allowed)
    }
}

pub(crate) struct Observe {
    pub(crate) node: types::Node,
    pub(crate) context: wit::Context,
}

impl Function for Observe {
    const NAME: &'static str = "observe";
    type Guest = Guest;
    type Raw = Vec<wit::Watch>;
    type Output = Vec<core::Watch>;

    fn node(&self) -> Option<&types::Node> {
        Some(&self.node)
    }

    fn input(&self) -> Value {
        json!({ "node": written::node(&self.node), "context": written::context(&self.context) })
    }

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
    type Guest = Guest;
    type Raw = wit::NodeStatus;
    type Output = core::NodeStatus;

    fn node(&self) -> Option<&types::Node> {
        Some(&self.node)
    }

    fn input(&self) -> Value {
        json!({
            "node": written::node(&self.node), "answers": written::answers(&self.answers),
            "at": self.at, "previous": self.previous.as_ref().map(written::status),
        })
    }

    async fn call(&self, guest: &Guest, store: &mut Store<State>) -> Raw<Self::Raw> {
        let Self { node, answers, at, previous } = self;
        guest.call_status(store, node, answers, at, previous.as_ref()).await
    }

    fn convert(&self, raw: Self::Raw, answers: &Answers) -> Result<Self::Output, Fault> {
        answers.status(raw)
    }
}
