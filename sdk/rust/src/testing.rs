//! Native tests of node types: no WebAssembly, no host, milliseconds.
//!
//! [`Case`] runs the functions of a type on JSON written as a host would send
//! it; [`golden()`] does so for every file of a folder.
#![expect(clippy::indexing_slicing, reason = "a missing member of a `Value` reads as null")]

mod codec;
mod diagnoses;
mod golden;
mod imports;
mod noise;
mod shown;

use serde_json::{Value, json};

use crate::bindings::bowsprit::plugin::types;
use crate::bindings::exports::bowsprit::plugin::node_types as wit;
use crate::dispatch::Functions;
use crate::{Failure, NodeStatus};

pub use codec::{context, finding, status};
pub use diagnoses::{Patient, diagnostics_golden};
pub use golden::golden;
pub use imports::{analyzed, check_importers, importers_golden};
pub use noise::noise;
pub use shown::{Becomes, Shown, arrives, becomes, fields};

/// One node in its surroundings, and what the cluster says about it.
///
/// Data is given as it is stored; every function but `normalize` gets it
/// normalized, as from a host.
#[derive(Debug, Clone)]
pub struct Case {
    functions: Functions,
    stored: wit::Node,
    node: wit::Node,
    context: wit::Context,
    answers: Vec<wit::Answer>,
    at: String,
    previous: Option<NodeStatus>,
}

/// What a function answered: `{"ok": …}` or the failure.
pub type Outcome = Value;

impl Case {
    /// A node of type `type_name` with this data, alone on the canvas.
    pub fn new(types: &[Functions], type_name: &str, data: Value) -> Self {
        Self::from_input(types, &json!({ "node": { "id": "n1", "type": type_name, "data": data } }))
            .unwrap_or_else(|error| unusable(&error))
    }

    /// From the `input` of a golden file.
    ///
    /// # Errors
    ///
    /// When it has no node, or one whose type is unknown or whose data is not
    /// an object.
    pub fn from_input(types: &[Functions], input: &Value) -> Result<Self, String> {
        let stored = codec::node(&input["node"]);
        let functions = *Functions::find(types, &stored.type_).map_err(|it| format!("{it:?}"))?;
        let (data, _) = functions.normalize(&stored).map_err(|it| format!("{it:?}"))?;
        let previous = input.get("previous").filter(|it| !it.is_null());
        Ok(Self {
            functions,
            node: wit::Node { data, ..stored.clone() },
            stored,
            context: codec::context(&input["context"]),
            answers: codec::answers(&input["answers"]),
            at: input["at"].as_str().unwrap_or("2026-01-01T00:00:00Z").to_owned(),
            previous: previous.map(codec::parse_status),
        })
    }

    /// A node of this type in surroundings where nothing is as it should be:
    /// `field` of its data is [`noise`], and so is what its neighbours (one of
    /// them a `neighbour`, by its Kubernetes kind) and the cluster's objects
    /// (of kind `kind`, and a pod) say. For [`Case::check_invariants`].
    pub fn among_noise(
        types: &[Functions],
        type_name: &str,
        (kind, neighbour): (&str, &str),
        mut data: Value,
        (field, seed): (&str, u64),
    ) -> Self {
        data[field] = noise(seed);
        let other = noise(seed.wrapping_add(1));
        let view = json!({
            "kind": neighbour, "name": other, "provides": ["selects", "scales"], "ports": other,
            "selector": other, "requests": other, "type": other,
        });
        let neighbours = json!([
            { "id": "n2", "type": "x", "view": view }, { "id": "n3", "type": "x", "view": other },
        ]);
        let object = json!({ "kind": kind, "metadata": other, "spec": other, "status": other });
        let pod = json!({ "kind": "Pod", "metadata": other, "status": other });
        let context = json!({
            "neighbours": neighbours, "environment-keys": ["A", "="], "secret-keys": ["A", "="],
        });
        let answers = json!([[object, pod, other], [object, pod, other]]);
        Self::new(types, type_name, data).with_context(&context).with_answers(&answers)
    }

    /// The case with surroundings; see `codec` for the form.
    #[must_use]
    pub fn with_context(mut self, context: &Value) -> Self {
        self.context = codec::context(context);
        self
    }

    /// The case with the cluster's answers: a list of lists of objects.
    #[must_use]
    pub fn with_answers(mut self, answers: &Value) -> Self {
        self.answers = codec::answers(answers);
        self
    }

    /// The case with a status it had before.
    #[must_use]
    pub fn with_previous(mut self, previous: &Value) -> Self {
        self.previous = Some(codec::parse_status(previous));
        self
    }

    /// What `normalize` answers: data and findings.
    pub fn normalize(&self) -> Outcome {
        codec::outcome(
            self.functions.normalize(&self.stored).map(|(data, findings)| {
                json!([codec::embedded(&data), codec::findings(&findings)])
            }),
        )
    }

    /// What `public-view` answers.
    pub fn public_view(&self) -> Outcome {
        codec::outcome(self.functions.public_view(&self.node).map(|it| codec::embedded(&it)))
    }

    /// What `validate` answers.
    pub fn validate(&self) -> Outcome {
        let answer = self.functions.validate(&self.node, &self.context);
        codec::outcome(answer.map(|it| codec::findings(&it)))
    }

    /// What `render` answers.
    pub fn render(&self) -> Outcome {
        let answer = self.functions.render(&self.node, &self.context);
        codec::outcome(answer.map(|it| codec::rendered(&it)))
    }

    /// What `observe` answers.
    pub fn observe(&self) -> Outcome {
        let answer = self.functions.observe(&self.node, &self.context);
        codec::outcome(answer.map(|it| codec::watches(&it)))
    }

    /// What `status` answers.
    pub fn status(&self) -> Outcome {
        let previous = self.previous.as_ref();
        let answer = self.functions.status(&self.node, &self.answers, &self.at, previous);
        codec::outcome(answer.map(|it| codec::status(&it)))
    }

    /// The body of the manifest with this local id; `null` when there is none.
    pub fn manifest(&self, local_id: &str) -> Value {
        let rendered = self.render();
        let manifests = rendered["ok"]["manifests"].as_array();
        let found = manifests.into_iter().flatten().find(|it| it["local-id"] == local_id);
        found.map_or(Value::Null, |it| it["body"].clone())
    }

    /// The codes of what `validate` finds, with their pointers:
    /// `deployment.image.missing at /image`.
    pub fn found(&self) -> Vec<String> {
        let findings = self.validate();
        let findings = findings["ok"].as_array().cloned().unwrap_or_default();
        let line = |it: &Value| match it["at"].as_str() {
            Some(at) => format!("{} at {at}", it["code"].as_str().unwrap_or_default()),
            None => it["code"].as_str().unwrap_or_default().to_owned(),
        };
        findings.iter().map(line).collect()
    }

    /// Runs every function, and checks what holds for all inputs: canonical
    /// answers, `validate` agreeing with `render`, nothing but findings for
    /// bad data.
    ///
    /// # Errors
    ///
    /// Says what does not hold.
    pub fn check_invariants(&self) -> Result<(), String> {
        let rendered = self.functions.render(&self.node, &self.context);
        let validated = self.functions.validate(&self.node, &self.context);
        let validated = validated.map_err(|it| format!("validate failed: {it:?}"))?;
        let blocking = validated.iter().any(codec::is_error);
        match &rendered {
            Ok(_) if blocking => return Err("validate finds errors that render ignores".into()),
            Ok(rendered) => {
                for manifest in &rendered.manifests {
                    codec::canonical(&manifest.body)?;
                }
            }
            Err(Failure::InvalidInput(findings)) if *findings == validated && blocking => {}
            Err(other) => return Err(format!("render failed: {other:?}, validate: {validated:?}")),
        }
        for text in [self.functions.public_view(&self.node), Ok(self.node.data.clone())] {
            codec::canonical(&text.map_err(|it| format!("{it:?}"))?)?;
        }
        let status = self.functions.status(&self.node, &self.answers, &self.at, None);
        codec::canonical(&status.map_err(|it| format!("status failed: {it:?}"))?.card)?;
        self.functions.observe(&self.node, &self.context).map_err(|it| format!("{it:?}"))?;
        self.check_normalized()
    }

    fn check_normalized(&self) -> Result<(), String> {
        let again: types::Node = self.node.clone();
        match self.functions.normalize(&again) {
            Ok((data, _)) if data == self.node.data => Ok(()),
            other => Err(format!("normalizing twice changes the data: {other:?}")),
        }
    }
}

/// Checks what the contract asks of descriptors: a schema that is an object,
/// handles with ids of their own, something to produce.
///
/// # Errors
///
/// Says what does not hold.
pub fn check_descriptors(types: &[Functions]) -> Result<(), String> {
    for functions in types {
        let it = functions.describe().map_err(|it| format!("{it:?}"))?;
        codec::canonical(&it.schema)?;
        let mut handles: Vec<_> = it.handles.iter().map(|handle| &handle.id).collect();
        handles.sort();
        handles.dedup();
        if handles.len() != it.handles.len() {
            return Err(format!("two handles of `{}` have one id", it.name));
        }
        if it.name != functions.name() || it.produces.is_empty() || !it.schema.starts_with('{') {
            return Err(format!("the descriptor of `{}` is incomplete", functions.name()));
        }
        let context = codec::context(&Value::Null);
        codec::canonical(&functions.create("n-1", "", &context).map_err(|it| format!("{it:?}"))?)?;
    }
    Ok(())
}

#[expect(clippy::panic, reason = "a test that names no known type cannot go on")]
fn unusable(error: &str) -> Case {
    panic!("{error}")
}
