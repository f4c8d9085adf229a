//! Written cases: one node in its surroundings, and what each function of its
//! plugin answers.
//!
//! A *case* is the `input` of a golden file (the form is that of
//! `sdk/rust/src/testing/golden.rs`: names as in the WIT, JSON texts embedded
//! as JSON). An *answer* is `{"ok": …}`, `{"invalid-input": [findings]}`,
//! `{"unsupported": ""}` or, if the call broke, `{"failed": {"code", "reason"}}`.

pub(crate) mod answers;
pub(crate) mod compare;
mod golden;
mod input;

use bowsprit_host_core::{
    Error,
    node_types::{CallError, Catalogue, Node},
};
use serde_json::{Map, Value, json};

pub use compare::{Difference, differences};
pub use golden::{Golden, GoldenError, golden_files};
pub use input::{Case, CaseError};

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
        if function == Function::Create {
            let node = &self.node;
            let name = self.suggested_name();
            let made = catalogue.create(&node.type_name, &node.id, &name, &self.context).await;
            return outcome(made, |it| answers::embedded(&it));
        }
        let normalized = catalogue.normalize(&self.node).await;
        if function == Function::Normalize {
            return outcome(normalized, |(data, findings)| {
                json!([answers::embedded(&data), answers::findings(&findings)])
            });
        }
        match normalized {
            Ok((data, _)) => {
                let node = Node { data, ..self.node.clone() };
                self.call_with(catalogue, function, &node).await
            }
            Err(error) => outcome(Err::<Value, _>(error), |it| it),
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

    async fn call_with(&self, catalogue: &dyn Catalogue, function: Function, node: &Node) -> Value {
        let context = &self.context;
        match function {
            Function::PublicView => {
                outcome(catalogue.public_view(node).await, |it| answers::embedded(&it))
            }
            Function::Validate => {
                let found = catalogue.validate(node, context).await;
                outcome(found, |it| answers::findings(&it))
            }
            Function::Render => {
                outcome(catalogue.render(node, context).await, |it| answers::rendered(&it))
            }
            Function::Observe => {
                outcome(catalogue.observe(node, context).await, |it| answers::watches(&it))
            }
            Function::Create | Function::Normalize | Function::Status => {
                let previous = self.previous.as_ref();
                let status = catalogue.status(node, self.answers(), &self.at, previous).await;
                outcome(status, |it| answers::status(&it))
            }
        }
    }
}

fn outcome<T>(answer: Result<T, CallError>, written: impl FnOnce(T) -> Value) -> Value {
    match answer {
        Ok(value) => json!({ "ok": written(value) }),
        Err(CallError::InvalidInput(found)) => {
            json!({ "invalid-input": answers::findings(&found) })
        }
        Err(CallError::Unsupported(what)) => json!({ "unsupported": what }),
        Err(CallError::UnknownType(name)) => failed("plugin.node-type.unknown", &name),
        Err(CallError::Failed(Error::Plugin { code, reason, .. })) => failed(code, &reason),
        Err(CallError::Failed(Error::Busy { code, message, .. })) => failed(code, &message),
        Err(CallError::Failed(other)) => failed("plugin.failed", &other.to_string()),
    }
}

fn failed(code: &str, reason: &str) -> Value {
    json!({ "failed": { "code": code, "reason": reason } })
}

#[cfg(test)]
mod tests;
