//! What the functions of `node-types` say of a node.

use bowsprit_host_core::node_types::{CallError, Catalogue, Node};
use serde_json::{Map, Value, json};

use super::{Case, Said, answer_of, answers, said};

/// A function of `node-types` that takes a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Function {
    /// Data of a new node.
    Create,
    /// The data in its current shape.
    Normalize,
    /// What neighbours may know.
    PublicView,
    /// What is wrong.
    Validate,
    /// The objects.
    Render,
    /// What a status needs.
    Observe,
    /// How the node is doing.
    Status,
}

impl Function {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Create,
        Self::Normalize,
        Self::PublicView,
        Self::Validate,
        Self::Render,
        Self::Observe,
        Self::Status,
    ];

    /// As the WIT calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Normalize => "normalize",
            Self::PublicView => "public-view",
            Self::Validate => "validate",
            Self::Render => "render",
            Self::Observe => "observe",
            Self::Status => "status",
        }
    }

    /// The function of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }
}

impl Case {
    /// Calls one function. `normalize` gets the data as it is written, the
    /// others as `normalize` answers it, like from a host; if that fails, so
    /// do they.
    pub async fn call(&self, catalogue: &dyn Catalogue, function: Function) -> Value {
        let said = match self.prepared(catalogue, function).await {
            Ok(Ok(node)) => self.said(catalogue, function, &node).await,
            Ok(Err(refused)) => Ok(refused),
            Err(broke) => Err(broke),
        };
        answer_of(said)
    }

    /// The node as `function` gets it, or what `normalize` says against it.
    pub(crate) async fn prepared(
        &self,
        catalogue: &dyn Catalogue,
        function: Function,
    ) -> Result<Result<Node, Said>, CallError> {
        if matches!(function, Function::Create | Function::Normalize) {
            return Ok(Ok(self.node.clone()));
        }
        match catalogue.normalize(&self.node).await {
            Ok((data, _)) => Ok(Ok(Node { data, ..self.node.clone() })),
            refused => said(refused, |_| (Value::Null, Vec::new())).map(Err),
        }
    }

    /// What a function says of the node as it was [prepared](Self::prepared).
    pub(crate) async fn said(
        &self,
        catalogue: &dyn Catalogue,
        function: Function,
        node: &Node,
    ) -> Result<Said, CallError> {
        let context = &self.context;
        match function {
            Function::Create => {
                let name = self.suggested_name();
                let made = catalogue.create(&node.type_name, &node.id, &name, context).await;
                said(made, |it| (answers::embedded(&it), Vec::new()))
            }
            Function::Normalize => said(catalogue.normalize(node).await, |(data, findings)| {
                (json!([answers::embedded(&data), answers::findings(&findings)]), findings)
            }),
            Function::PublicView => {
                said(catalogue.public_view(node).await, |it| (answers::embedded(&it), Vec::new()))
            }
            Function::Validate => {
                said(catalogue.validate(node, context).await, |it| (answers::findings(&it), it))
            }
            Function::Render => said(catalogue.render(node, context).await, |it| {
                (answers::rendered(&it), it.findings)
            }),
            Function::Observe => said(catalogue.observe(node, context).await, |it| {
                (answers::watches(&it), Vec::new())
            }),
            Function::Status => {
                let previous = self.previous.as_ref();
                let status = catalogue.status(node, self.answers(), &self.at, previous).await;
                said(status, |it| (answers::status(&it), it.findings))
            }
        }
    }

    /// What every function answers that golden files have, by its name;
    /// `status` only if the case has the cluster's answers.
    pub async fn call_all(&self, catalogue: &dyn Catalogue) -> Value {
        let mut all = Map::new();
        for function in Function::ALL {
            let left_out = match function {
                Function::Create => true,
                Function::Status => !self.has_answers(),
                _ => false,
            };
            if !left_out {
                all.insert(function.name().to_owned(), self.call(catalogue, function).await);
            }
        }
        Value::Object(all)
    }
}
