//! Calls and loads that change nothing.

use std::{sync::Arc, time::Instant};

use bowsprit_host_core::{
    Error, Result,
    node_types::CallError,
    plugins::{Cost, GenerationState, Trial, Validation},
};
use bytes::Bytes;
use serde_json::Value;

use super::{Candidate, Verdict, book, upload::unpack};
use crate::{
    PluginEngine,
    cases::{Case, Function},
    catalogue::{Pinned, Table},
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
        let Some(function) = Function::parse(function) else {
            let problem =
                format!("must be one of {}", Function::ALL.map(Function::name).join(", "));
            return Err(Error::invalid("function", problem));
        };
        let case = read(input)?;
        let table = Arc::new(Table::of_one(&generation));
        // The figure is that of a fresh instance, as in the documentation.
        let fresh = || Pinned::unheard(Arc::clone(&table), Arc::clone(&self.runtime));
        let node = case.prepared(&fresh(), function).await.map_err(broke)?;
        let node = node.map_err(|_| {
            Error::invalid("input.node.data", "is refused by the plugin's `normalize`; try that")
        })?;
        let plugin = fresh();
        let begun = Instant::now();
        let said = case.said(&plugin, function, &node).await.map_err(broke)?;
        let micros = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
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
        let (room, before) = {
            let generations = self.generations();
            (generations.room_for(&generation), generations.known_live(&id))
        };
        match verdict {
            Verdict::Wait(hold, why) => {
                report.hold = Some(hold);
                report.why = why;
            }
            _ => match room {
                Ok(()) => {
                    report.state = GenerationState::Live;
                    report.why =
                        book::in_order(before.as_deref(), &report, "it would serve at once");
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

fn broke(error: CallError) -> Error {
    match error {
        CallError::Failed(error) => error,
        CallError::UnknownType(name) => {
            Error::invalid("input.node.type", format!("`{name}` is no node type of this plugin"))
        }
        other => Error::internal(other),
    }
}

fn read(input: &str) -> Result<Case> {
    if input.len() > INPUT {
        return Err(Error::TooLarge { what: "the input", limit: format!("{} MiB", INPUT >> 20) });
    }
    let value: Value = serde_json::from_str(input)
        .map_err(|error| Error::invalid("input", format!("is not JSON: {error}")))?;
    Case::read(&value).map_err(|error| Error::invalid("input", error.to_string()))
}
