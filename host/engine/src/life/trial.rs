//! Calls and loads that change nothing.

use std::time::Instant;

use bowsprit_host_core::{
    Error, Result,
    node_types::CallError,
    plugins::{Cost, GenerationState, Trial, Validation},
};
use bytes::Bytes;
use serde_json::Value;

use super::{
    Candidate, Verdict,
    ask::{Asked, FUNCTIONS},
    book,
    form::Input,
    upload::unpack,
};
use crate::{
    PluginEngine,
    call::Idle,
    fault::Fault,
    package::{Refusal, Sight},
};

/// Largest input of a trial, bytes.
const INPUT: usize = 4 << 20;

impl PluginEngine {
    /// Calls one function of the serving generation.
    pub(crate) async fn try_function(
        &self,
        id: &str,
        function: &str,
        input: &str,
    ) -> Result<Trial> {
        let generation = {
            let generations = self.generations();
            generations.source(id).ok_or_else(|| Error::not_found("plugin", id))?;
            generations.live(id).cloned().ok_or_else(|| Error::Refused {
                code: "plugin.not-serving",
                message: format!("no generation of plugin `{id}` serves"),
            })?
        };
        let Some(name) = FUNCTIONS.iter().copied().find(|it| *it == function) else {
            let problem = format!("must be one of {}", FUNCTIONS.join(", "));
            return Err(Error::invalid("function", problem));
        };
        let input = read(input)?;
        let idle = Idle::default();
        let asked = Asked { runtime: &self.runtime, generation: &generation, idle: &idle };
        let broke = |fault: Fault| match fault.into_call_error(id, name) {
            CallError::Failed(error) => error,
            other => Error::internal(other),
        };
        let node = match name {
            "create" | "normalize" => Some(input.node.clone()),
            _ => asked.normalized(&input).await.map_err(broke)?,
        };
        let node = node.ok_or_else(|| {
            Error::invalid("input.node.data", "is refused by the plugin's `normalize`; try that")
        })?;
        // The figure is that of a fresh instance, as in the documentation.
        let fresh = Idle::default();
        let asked = Asked { idle: &fresh, ..asked };
        let begun = Instant::now();
        let said = asked.ask(name, &node, &input).await.map_err(broke)?;
        let micros = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        let said = said.ok_or_else(|| Error::invalid("function", "is unknown"))?;
        let answer_bytes = said.answer.to_string().len() as u64;
        Ok(Trial {
            generation: generation.program.generation.clone(),
            answer: said.answer,
            findings: said.findings,
            cost: Cost { micros, answer_bytes },
        })
    }

    /// Takes a packed folder as far as it would get.
    pub(crate) async fn validate_packed(&self, packed: Bytes) -> Result<Validation> {
        let sight = tokio::task::spawn_blocking(move || {
            let scratch = tempfile::tempdir().map_err(Error::internal)?;
            unpack(&packed, scratch.path())?;
            Ok::<_, Error>(Sight::of(scratch.path()))
        });
        match sight.await.map_err(Error::internal)?? {
            Sight::Absent => Err(Error::invalid("package", "has no `plugin.toml` at its top")),
            Sight::Refused(Refusal { id, failure }) => {
                let generation = book::report_of_unread(String::new(), failure);
                Ok(Validation { id, generation, node_types: Vec::new() })
            }
            Sight::Ready(package) => {
                let id = Some(package.toml.id.clone());
                Ok(match self.build(&package).await {
                    Ok(candidate) => self.weigh(candidate).await,
                    Err(failed) => {
                        Validation { id, generation: failed.report, node_types: Vec::new() }
                    }
                })
            }
        }
    }

    async fn weigh(&self, mut candidate: Candidate) -> Validation {
        let id = candidate.generation.program.plugin.clone();
        let live = self.generations().live(&id).cloned();
        self.compare(&mut candidate, live.as_deref()).await;
        let verdict = self.judge(&mut candidate);
        let Candidate { generation, mut report, .. } = candidate;
        match verdict {
            Verdict::Wait(hold, why) => {
                report.hold = Some(hold);
                report.why = why;
            }
            _ => match self.generations().room_for(&generation) {
                Ok(()) => {
                    report.state = GenerationState::Live;
                    report.why = "it would serve at once".into();
                }
                Err(failure) => {
                    report.state = GenerationState::Refused;
                    report.why.clone_from(&failure.message);
                    report.failure = Some(failure);
                }
            },
        }
        let types = generation.provides.node_types.iter().map(|it| it.descriptor.name.clone());
        Validation { id: Some(id), generation: report, node_types: types.collect() }
    }
}

fn read(input: &str) -> Result<Input> {
    if input.len() > INPUT {
        return Err(Error::TooLarge { what: "the input", limit: format!("{} MiB", INPUT >> 20) });
    }
    let value: Value = serde_json::from_str(input)
        .map_err(|error| Error::invalid("input", format!("is not JSON: {error}")))?;
    Input::read(&value)
        .map_err(|problem| Error::invalid("input", format!("is incomplete: {problem}")))
}
