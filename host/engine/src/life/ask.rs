//! Calling any function by its name, with input and answer as JSON.

use bowsprit_host_core::node_types::{Finding, Node};
use serde_json::{Value, json};

use super::form::Input;
use crate::{
    call::{Idle, Runtime},
    cases::answers,
    convert::inputs,
    fault::Fault,
    functions::{
        Function, Outcome,
        node_types::{Create, Normalize, Observe, PublicView, Render, Status, Validate},
    },
    generations::Generation,
};

/// Functions that can be asked for, but for `describe`, which every load asks.
pub(crate) const FUNCTIONS: [&str; 7] =
    ["create", "normalize", "public-view", "validate", "render", "observe", "status"];

/// What a function said.
#[derive(Debug)]
pub(crate) struct Said {
    /// In the form of a golden file.
    pub(crate) answer: Value,
    /// Findings anywhere in it.
    pub(crate) findings: Vec<Finding>,
}

/// A generation that is asked one thing after another.
pub(crate) struct Asked<'a> {
    pub(crate) runtime: &'a Runtime,
    pub(crate) generation: &'a Generation,
    pub(crate) idle: &'a Idle,
}

impl Asked<'_> {
    /// The input's node as all functions but `normalize` and `create` get it.
    pub(crate) async fn normalized(&self, input: &Input) -> Result<Option<Node>, Fault> {
        match self.run(&Normalize(inputs::node(&input.node))).await? {
            Outcome::Answer((data, _)) => Ok(Some(Node { data, ..input.node.clone() })),
            Outcome::Invalid(_) | Outcome::Unsupported(_) => Ok(None),
        }
    }

    /// Asks one of [`FUNCTIONS`]; None for another name. `node` is the input's
    /// node, normalized but for `normalize` and `create`.
    pub(crate) async fn ask(
        &self,
        function: &str,
        node: &Node,
        input: &Input,
    ) -> Result<Option<Said>, Fault> {
        let node = || inputs::node(node);
        let context = || inputs::context(&input.context);
        let said = match function {
            "create" => {
                let data = answers::embedded(&input.node.data);
                let name = data.get("name").and_then(Value::as_str).unwrap_or_default();
                let function = Create {
                    type_name: input.node.type_name.clone(),
                    id: input.node.id.clone(),
                    suggested_name: name.to_owned(),
                    context: context(),
                };
                self.said(&function, |it| (answers::embedded(&it), Vec::new())).await?
            }
            "normalize" => {
                let told = |(data, all): (String, Vec<Finding>)| {
                    (json!([answers::embedded(&data), answers::findings(&all)]), all)
                };
                self.said(&Normalize(node()), told).await?
            }
            "public-view" => {
                self.said(&PublicView(node()), |it| (answers::embedded(&it), Vec::new())).await?
            }
            "validate" => {
                let function = Validate { node: node(), context: context() };
                self.said(&function, |all| (answers::findings(&all), all)).await?
            }
            "render" => {
                let produces = self.produces(&input.node.type_name);
                let cluster_scoped = self.generation.program.grants.cluster_scoped;
                let function =
                    Render { node: node(), context: context(), produces, cluster_scoped };
                self.said(&function, |it| (answers::rendered(&it), it.findings)).await?
            }
            "observe" => {
                let function = Observe { node: node(), context: context() };
                self.said(&function, |all| (answers::watches(&all), Vec::new())).await?
            }
            "status" => {
                let function = Status {
                    node: node(),
                    answers: input.answers.iter().map(inputs::answer).collect(),
                    at: input.at.clone(),
                    previous: input.previous.as_ref().map(inputs::status),
                };
                self.said(&function, |it| (answers::status(&it), it.findings)).await?
            }
            _ => return Ok(None),
        };
        Ok(Some(said))
    }

    fn produces(&self, type_name: &str) -> &[bowsprit_host_core::node_types::Kind] {
        let found =
            self.generation.provides.node_types.iter().find(|it| it.descriptor.name == type_name);
        found.map(|it| it.descriptor.produces.as_slice()).unwrap_or_default()
    }

    async fn run<F: Function>(&self, function: &F) -> Result<Outcome<F::Output>, Fault> {
        self.runtime.turn_and_run(&self.generation.program, self.idle, function).await
    }

    async fn said<F: Function>(
        &self,
        function: &F,
        told: impl FnOnce(F::Output) -> (Value, Vec<Finding>),
    ) -> Result<Said, Fault> {
        Ok(match self.run(function).await {
            Ok(Outcome::Answer(answer)) => {
                let (answer, findings) = told(answer);
                Said { answer: json!({ "ok": answer }), findings }
            }
            Ok(Outcome::Invalid(findings)) => {
                let answer = json!({ "invalid-input": answers::findings(&findings) });
                Said { answer, findings }
            }
            Ok(Outcome::Unsupported(what)) => {
                Said { answer: json!({ "unsupported": what }), findings: Vec::new() }
            }
            Err(Fault::Internal(what)) => {
                Said { answer: json!({ "internal": what }), findings: Vec::new() }
            }
            Err(fault) => return Err(fault),
        })
    }
}
