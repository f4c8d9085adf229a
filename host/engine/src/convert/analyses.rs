//! What an importer hands back.

use std::collections::HashSet;

use bowsprit_host_core::importers as core;

use super::answers::{Answers, Checked, invalid, object, pointer};
use crate::bindings::v0_1::importer as wit;

impl Answers<'_> {
    pub(crate) fn confidences(&self, from: Vec<wit::Confidence>) -> Checked<Vec<core::Confidence>> {
        let all = self.list("the list of confidences", from, |it| match it.percent {
            0..=100 => Ok(core::Confidence { importer: it.importer, percent: it.percent }),
            _ => Err(invalid("a confidence above 100")),
        })?;
        Ok(all.into_iter().filter(|it| it.percent > 0).collect())
    }

    /// A drawing whose nodes have ids out of `ids` and whose other parts speak
    /// of no other nodes.
    pub(crate) fn analysis(&self, from: wit::Analysis, ids: &[String]) -> Checked<core::Analysis> {
        let nodes = self.list("the list of nodes", from.nodes, node)?;
        let mut known = HashSet::new();
        for node in &nodes {
            if !ids.contains(&node.id) || !known.insert(node.id.as_str()) {
                return Err(invalid(format!(
                    "a node with id `{}`, not given or used twice",
                    node.id
                )));
            }
        }
        let of = |what: &str, node: &str| match known.contains(node) {
            true => Ok(()),
            false => Err(invalid(format!("{what} of a node `{node}` that it did not draw"))),
        };
        let edges = self.list("the list of edges", from.edges, |it| {
            of("an edge", &it.source).and(of("an edge", &it.target)).map(|()| edge(it))
        })?;
        let traces = self.list("the list of traces", from.traces, |it| {
            it.node.iter().try_for_each(|node| of("a trace", node))?;
            trace(it)
        })?;
        let builds = self.list("the list of builds", from.builds, |it| {
            of("a build", &it.node).and_then(|()| build(it))
        })?;
        let secrets = self.list("the list of secrets", from.secrets, |it| {
            of("a secret", &it.node)?;
            Ok(core::FoundSecret { node: it.node, key: it.key, value: it.value.into() })
        })?;
        let missing_secrets =
            self.list("the list of missing secrets", from.missing_secrets, |it| {
                of("a missing secret", &it.node)?;
                Ok(core::MissingSecret { node: it.node, key: it.key })
            })?;
        let questions = self.list("the list of questions", from.questions, |it| {
            let choices = self.strings("a question's list of choices", it.choices)?;
            Ok(core::Question { id: it.id, text: it.text, choices, default: it.default })
        })?;
        let findings = self.findings(from.findings)?;
        let summary = object("the summary", from.summary)?;
        Ok(core::Analysis {
            nodes,
            edges,
            findings,
            traces,
            builds,
            questions,
            secrets,
            missing_secrets,
            summary,
        })
    }
}

fn node(from: wit::DrawnNode) -> Checked<core::DrawnNode> {
    if from.type_.is_empty() {
        return Err(invalid("a node without type"));
    }
    let data = object("a node's data", from.data)?;
    Ok(core::DrawnNode { id: from.id, type_name: from.type_, data, hint: from.hint })
}

fn edge(from: wit::DrawnEdge) -> core::DrawnEdge {
    core::DrawnEdge {
        source: from.source,
        target: from.target,
        source_handle: from.source_handle,
        target_handle: from.target_handle,
    }
}

fn trace(from: wit::Trace) -> Checked<core::Trace> {
    if let Some(at) = &from.at {
        pointer("a trace's `at`", at)?;
    }
    let wit::Origin { path, line, column } = from.origin;
    Ok(core::Trace {
        key: from.key,
        fate: match from.fate {
            wit::Fate::Converted => core::Fate::Converted,
            wit::Fate::Approximated => core::Fate::Approximated,
            wit::Fate::Rejected => core::Fate::Rejected,
            wit::Fate::Ignored => core::Fate::Ignored,
        },
        origin: core::Origin { path, line, column },
        node: from.node,
        at: from.at,
        note: from.note,
    })
}

fn build(from: wit::BuildPlan) -> Checked<core::BuildPlan> {
    if from.confidence > 100 {
        return Err(invalid("a confidence above 100"));
    }
    Ok(core::BuildPlan {
        node: from.node,
        build_context: from.build_context,
        dockerfile: from.dockerfile,
        plan: object("a build's plan", from.plan)?,
        confidence: from.confidence,
    })
}
