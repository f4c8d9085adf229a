//! The node types as one request sees them.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use bowsprit_host_core::node_types::{
    Answer, CallError, Catalogue, Context, Finding, Json, Node, NodeStatus, NodeType, Rendered,
    Watch,
};

use crate::{
    call::{Idle, Runtime},
    convert::inputs,
    functions::{Create, Function, Normalize, Observe, PublicView, Render, Status, Validate},
    generations::{Generation, Generations},
};

/// All node types at one moment. Never changed, only replaced.
#[derive(Default)]
pub(crate) struct Table {
    types: Vec<NodeType>,
    owners: BTreeMap<String, (usize, Arc<Generation>)>,
}

impl Table {
    pub(crate) fn of(generations: &Generations) -> Self {
        let mut all: Vec<(&NodeType, &Arc<Generation>)> = generations
            .serving()
            .flat_map(|generation| generation.types.iter().map(move |it| (it, generation)))
            .collect();
        all.sort_by(|a, b| a.0.descriptor.name.cmp(&b.0.descriptor.name));
        let owners = all.iter().enumerate().map(|(at, (node_type, generation))| {
            (node_type.descriptor.name.clone(), (at, Arc::clone(generation)))
        });
        let owners = owners.collect();
        Self { types: all.into_iter().map(|(it, _)| it.clone()).collect(), owners }
    }
}

/// A table held for one request, and the instances that request has started.
pub(crate) struct Pinned {
    table: Arc<Table>,
    runtime: Arc<Runtime>,
    idle: Idle,
}

impl Pinned {
    pub(crate) fn new(table: Arc<Table>, runtime: Arc<Runtime>) -> Self {
        Self { table, runtime, idle: Idle::default() }
    }

    fn owner(&self, type_name: &str) -> Result<&Generation, CallError> {
        let owner = self.table.owners.get(type_name).map(|(_, generation)| generation.as_ref());
        owner.ok_or_else(|| CallError::UnknownType(type_name.to_owned()))
    }

    async fn call<F: Function>(
        &self,
        type_name: &str,
        function: F,
    ) -> Result<F::Output, CallError> {
        let owner = self.owner(type_name)?;
        self.runtime.call(&owner.program, &self.idle, function).await
    }
}

#[async_trait]
impl Catalogue for Pinned {
    fn types(&self) -> &[NodeType] {
        &self.table.types
    }

    fn find(&self, name: &str) -> Option<&NodeType> {
        let (at, _) = self.table.owners.get(name)?;
        self.table.types.get(*at)
    }

    async fn create(
        &self,
        type_name: &str,
        id: &str,
        suggested_name: &str,
        context: &Context,
    ) -> Result<Json, CallError> {
        let function = Create {
            type_name: type_name.to_owned(),
            id: id.to_owned(),
            suggested_name: suggested_name.to_owned(),
            context: inputs::context(context),
        };
        self.call(type_name, function).await
    }

    async fn normalize(&self, node: &Node) -> Result<(Json, Vec<Finding>), CallError> {
        self.call(&node.type_name, Normalize(inputs::node(node))).await
    }

    async fn public_view(&self, node: &Node) -> Result<Json, CallError> {
        self.call(&node.type_name, PublicView(inputs::node(node))).await
    }

    async fn validate(&self, node: &Node, context: &Context) -> Result<Vec<Finding>, CallError> {
        let function = Validate { node: inputs::node(node), context: inputs::context(context) };
        self.call(&node.type_name, function).await
    }

    async fn render(&self, node: &Node, context: &Context) -> Result<Rendered, CallError> {
        let produces = self.find(&node.type_name).map(|it| it.descriptor.produces.as_slice());
        let function = Render {
            node: inputs::node(node),
            context: inputs::context(context),
            produces: produces.unwrap_or_default(),
        };
        self.call(&node.type_name, function).await
    }

    async fn observe(&self, node: &Node, context: &Context) -> Result<Vec<Watch>, CallError> {
        let function = Observe { node: inputs::node(node), context: inputs::context(context) };
        self.call(&node.type_name, function).await
    }

    async fn status(
        &self,
        node: &Node,
        answers: &[Answer],
        at: &str,
        previous: Option<&NodeStatus>,
    ) -> Result<NodeStatus, CallError> {
        let function = Status {
            node: inputs::node(node),
            answers: answers.iter().map(inputs::answer).collect(),
            at: at.to_owned(),
            previous: previous.map(inputs::status),
        };
        self.call(&node.type_name, function).await
    }
}
