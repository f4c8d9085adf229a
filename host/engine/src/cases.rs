//! Written cases: what a plugin is asked, and what each of its functions
//! answers. The one home of golden files: the host runs them through this
//! before a generation serves, and the author's commands through the same.
//!
//! A *subject* is the `input` of a golden file; its form depends on the world
//! (`sdk/rust/src/testing/` documents those of the first three):
//!
//! | input | about | functions |
//! |---|---|---|
//! | `node` | a node in its surroundings ([`Case`]) | `normalize` … `status` |
//! | `importer` | the files of `golden/<case>/` | `detect`, `analyze` |
//! | `node`, of a diagnostics plugin | a node and its cluster's answers | `queries`, `diagnose`, `propose` |
//! | `served` | kinds a cluster serves | `match-cluster`, `form`, `describe-served` |
//!
//! An *answer* is `{"ok": …}`, `{"invalid-input": [findings]}`,
//! `{"unsupported": ""}` or, if the call broke, `{"failed": {"code", "reason"}}`.

pub(crate) mod answers;
pub(crate) mod compare;
mod golden;
mod input;
mod node;
mod patient;
mod served;
mod source;

use bowsprit_host_core::{
    Error,
    catalogues::EntryCatalogue,
    diagnostics::CheckCatalogue,
    importers::ImporterCatalogue,
    node_types::{CallError, Catalogue, Finding},
};
use serde_json::{Value, json};

use crate::world::World;
pub use compare::{Difference, differences};
pub use golden::{Golden, GoldenError};
pub use input::{Case, CaseError};
pub use node::Function;
pub use patient::Patient;
pub use served::Definitions;
pub use source::SourceCase;

/// One plugin that can be asked whatever its world has.
pub trait Asked: Catalogue + ImporterCatalogue + CheckCatalogue + EntryCatalogue {
    /// Its id.
    fn id(&self) -> &str;
}

/// What a golden file is about.
#[derive(Debug, Clone)]
pub enum Subject {
    /// A node.
    Node(Box<Case>),
    /// A source to be imported.
    Source(SourceCase),
    /// A node that may be ill.
    Patient(Patient),
    /// Definitions of a cluster.
    Definitions(Definitions),
}

impl Subject {
    /// From the `input` of a golden file of a plugin of that world; `files` is
    /// what lies in the folder of its name.
    fn read(input: &Value, world: World, files: source::Files) -> Result<Self, CaseError> {
        Ok(match world {
            World::ResourceCatalogue if input.get("served").is_some() => {
                Self::Definitions(Definitions::read(input)?)
            }
            World::NodeTypes | World::ResourceCatalogue => Self::Node(Box::new(Case::read(input)?)),
            World::Importer => Self::Source(SourceCase::read(input, files)?),
            World::Diagnostics => Self::Patient(Patient::read(input)?),
        })
    }

    /// What every function answers that golden files have, by its name.
    pub async fn call_all(&self, plugin: &dyn Asked) -> Value {
        match self {
            Self::Node(it) => it.call_all(plugin).await,
            Self::Source(it) => it.call_all(plugin).await,
            Self::Patient(it) => it.call_all(plugin).await,
            Self::Definitions(it) => it.call_all(plugin).await,
        }
    }

    /// The node, if it is about one and what renders it.
    pub fn node(&self) -> Option<&Case> {
        match self {
            Self::Node(it) => Some(it),
            _ => None,
        }
    }
}

/// What a function said.
#[derive(Debug)]
pub(crate) struct Said {
    /// In the form of a golden file.
    pub(crate) answer: Value,
    /// Findings anywhere in it.
    pub(crate) findings: Vec<Finding>,
}

/// Writes down what was said. The call itself breaking is no answer.
fn said<T>(
    answer: Result<T, CallError>,
    written: impl FnOnce(T) -> (Value, Vec<Finding>),
) -> Result<Said, CallError> {
    match answer {
        Ok(value) => {
            let (value, findings) = written(value);
            Ok(Said { answer: json!({ "ok": value }), findings })
        }
        Err(CallError::InvalidInput(findings)) => {
            let answer = json!({ "invalid-input": answers::findings(&findings) });
            Ok(Said { answer, findings })
        }
        Err(CallError::Unsupported(what)) => {
            Ok(Said { answer: json!({ "unsupported": what }), findings: Vec::new() })
        }
        Err(broke) => Err(broke),
    }
}

/// The answer, also of a call that broke.
fn outcome<T>(answer: Result<T, CallError>, written: impl FnOnce(T) -> Value) -> Value {
    answer_of(said(answer, |it| (written(it), Vec::new())))
}

fn answer_of(said: Result<Said, CallError>) -> Value {
    match said {
        Ok(said) => said.answer,
        Err(CallError::UnknownType(name)) => {
            failed("plugin.node-type.unknown", &format!("there is no node type `{name}`"))
        }
        Err(CallError::Failed(Error::Plugin { code, reason, source, .. })) => {
            let mut answer = failed(code, &reason);
            // What a plugin says of a fault of its own is for its author.
            let failed = answer.get_mut("failed").and_then(Value::as_object_mut);
            if let Some(said) = source.filter(|_| code == OWN_FAULT)
                && let Some(failed) = failed
            {
                failed.insert("said".to_owned(), said.to_string().into());
            }
            answer
        }
        Err(CallError::Failed(Error::Busy { code, message, .. })) => failed(code, &message),
        Err(other) => failed("plugin.failed", &other.to_string()),
    }
}

/// The code of faults that plugins report themselves.
const OWN_FAULT: &str = "plugin.internal";

fn failed(code: &str, reason: &str) -> Value {
    json!({ "failed": { "code": code, "reason": reason } })
}

/// Reads JSON of a form; the error names the field.
fn read<T: serde::de::DeserializeOwned>(input: &Value) -> Result<T, CaseError> {
    serde_path_to_error::deserialize(input).map_err(|error| CaseError {
        field: error.path().to_string(),
        problem: format!("is not as it should be: {}", error.inner()),
    })
}

#[cfg(test)]
mod tests;
