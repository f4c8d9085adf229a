//! Validation: everything that is wrong with a drawing, at once, before
//! anybody runs it.
//!
//! Whatever would keep a run from applying it is told here too, and besides
//! what only means nothing: edges between nodes that have nothing to do with
//! each other, nodes nobody provides.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use futures::FutureExt as _;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Draft, Drafts, Drawn, missing};
use crate::{
    Error, Result,
    access::Caller,
    drawing::{EdgeView, Parts},
    id::Id,
    node_types::{Catalogue, End, Finding, Severity, provided_by},
    parallel::in_order,
    runs::{
        comparison::Comparison,
        graph, inventory,
        plan::{PARALLEL, Plan, Prepared, about, findings_of},
        trial::Trial,
        unanswered,
        vault::Vault,
    },
};

/// Every plugin's code for an edge of its node without meaning ends in it.
const MEANINGLESS: &str = ".edge.meaningless";

/// What is wrong with a drawing.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Validation {
    /// Whether a run would apply it.
    valid: bool,
    /// The whole drawing's first, then those of each node, then of each edge.
    findings: Vec<Located>,
}

/// A finding with its place in the drawing.
#[derive(Debug, Serialize, JsonSchema)]
struct Located {
    #[serde(flatten)]
    finding: Finding,
    /// Id of the edge it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    edge: Option<String>,
    /// RFC 6901 pointer into the drawing: `/nodes/0/data/image`, `/edges/2`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<String>,
}

impl Drafts {
    /// What is wrong with a drawing. A plugin that fails is a finding on the
    /// node it failed at.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Busy`] if plugins have no time for the caller.
    pub async fn validate(
        &self,
        caller: &Caller,
        workflow: Id,
        drawn: Drawn<'_>,
    ) -> Result<Validation> {
        let draft = self.open(caller, workflow, drawn).await?;
        let plan = Plan::of_nodes(&draft.drawing, &draft.catalogue, &draft.target()).await?;
        let mut more = validated(&draft, &plan.nodes).await?;
        more.extend(self.refused(&draft, &plan).await?);
        let parts = draft.drawing.parts()?;
        let meaningless = meaningless(&parts, &plan, &draft.catalogue);
        let mut report = Report::of(&parts);
        for flaw in graph::check(&parts) {
            report.add(flaw.finding, flaw.edge);
        }
        for (node, type_name) in &plan.skipped {
            report.add(unprovided(node, missing(&*draft.catalogue, type_name)), None);
        }
        let told: HashSet<&str> = meaningless.iter().map(|(it, _)| it.source.as_ref()).collect();
        for finding in plan.findings.into_iter().chain(more) {
            let of_edge = finding.code.ends_with(MEANINGLESS);
            let said_below = of_edge && finding.node.as_deref().is_some_and(|it| told.contains(it));
            if !said_below {
                report.add(finding, None);
            }
        }
        for (edge, n) in meaningless {
            report.add(without_meaning(edge), Some(n));
        }
        Ok(report.finish())
    }

    /// What the cluster would refuse, if it can be asked. Of objects that hold
    /// values given for runs nothing is known here.
    async fn refused(&self, draft: &Draft, plan: &Plan) -> Result<Vec<Finding>> {
        let Some((cluster_id, cluster)) = draft.cluster.as_ref().filter(|_| !plan.is_away) else {
            return Ok(Vec::new());
        };
        let (workflow, cluster_id, vault) = (draft.workflow, *cluster_id, Vault::default());
        let trial = Trial {
            comparison: Comparison { workflow, cluster_id, cluster, vault: &vault },
            catalogue: &draft.catalogue,
            target: &draft.target(),
        };
        let known = inventory::of(&self.inventories, workflow).await?;
        match trial.findings(plan, &known).await {
            Err(error @ Error::Cluster { .. }) => Ok(vec![unanswered(&error)]),
            other => other,
        }
    }
}

/// What each node's component says when it is only asked to look.
async fn validated(draft: &Draft, nodes: &[Prepared]) -> Result<Vec<Finding>> {
    let mut calls = Vec::with_capacity(nodes.len());
    for it in nodes {
        calls.push(async { draft.catalogue.validate(&it.node, &it.context).await }.boxed());
    }
    let mut findings = Vec::new();
    for (it, answer) in nodes.iter().zip(in_order(calls, PARALLEL).await) {
        match answer {
            Ok(found) => findings.extend(about(&it.node.id, found)),
            Err(error) => {
                findings.extend(findings_of(&it.node.id, error, draft.target().on_fault)?);
            }
        }
    }
    Ok(findings)
}

/// Edges between two nodes of which neither can use the other, with their
/// places. Of nodes that nobody provides nothing is known.
fn meaningless<'a>(
    parts: &'a Parts<'a>,
    plan: &Plan,
    catalogue: &Arc<dyn Catalogue>,
) -> Vec<(&'a EdgeView<'a>, usize)> {
    let provides: HashMap<&str, Vec<String>> =
        plan.views.iter().map(|(id, view)| (id.as_str(), provided_by(view))).collect();
    let ends: HashMap<&str, End<'_>> = plan
        .nodes
        .iter()
        .filter_map(|it| {
            let descriptor = &catalogue.find(&it.node.type_name)?.descriptor;
            let provides = provides.get(it.node.id.as_str())?;
            Some((it.node.id.as_str(), End { descriptor, provides }))
        })
        .collect();
    let is_meaningless = |edge: &EdgeView<'_>| {
        let both = ends.get(edge.source.as_ref()).zip(ends.get(edge.target.as_ref()));
        edge.source != edge.target && both.is_some_and(|(a, b)| a.roles_with(*b).is_empty())
    };
    let edges = parts.edges.iter().enumerate();
    edges.filter(|(_, it)| is_meaningless(it)).map(|(n, it)| (it, n)).collect()
}

fn without_meaning(edge: &EdgeView<'_>) -> Finding {
    let EdgeView { source, target, .. } = edge;
    Finding {
        code: "graph.edge.meaningless".into(),
        severity: Severity::Warning,
        message: format!("the edge from `{source}` to `{target}` means nothing"),
        node: Some(source.to_string()),
        at: None,
        suggestion: Some("remove the edge; it changes nothing".into()),
        fixes: Vec::new(),
    }
}

fn unprovided(node: &str, (problem, fix): (String, String)) -> Finding {
    Finding {
        code: "node.type.unknown".into(),
        severity: Severity::Warning,
        message: format!("{problem}; a run skips it"),
        node: Some(node.to_owned()),
        at: None,
        suggestion: Some(format!("{fix}, or remove the node")),
        fixes: Vec::new(),
    }
}

/// Findings in the order of the drawing, each once.
struct Report<'a> {
    parts: &'a Parts<'a>,
    /// Places of the nodes.
    nodes: HashMap<&'a str, usize>,
    seen: HashSet<(Finding, Option<usize>)>,
    findings: Vec<(Option<usize>, Located)>,
}

impl<'a> Report<'a> {
    fn of(parts: &'a Parts<'a>) -> Self {
        let nodes = parts.nodes.iter().enumerate().map(|(n, it)| (it.id.as_ref(), n)).collect();
        Self { parts, nodes, seen: HashSet::new(), findings: Vec::new() }
    }

    fn add(&mut self, finding: Finding, edge: Option<usize>) {
        if !self.seen.insert((finding.clone(), edge)) {
            return;
        }
        let node = finding.node.as_deref().and_then(|it| self.nodes.get(it)).copied();
        let pointer = match (edge, node, &finding.at) {
            (Some(edge), ..) => Some(format!("/edges/{edge}")),
            (None, Some(node), Some(at)) => Some(format!("/nodes/{node}/data{at}")),
            (None, Some(node), None) => Some(format!("/nodes/{node}")),
            (None, None, _) => None,
        };
        let edge_id = edge.and_then(|it| self.parts.edges.get(it)).map(|it| it.id.to_string());
        // Edges come after all nodes.
        let place = edge.map(|it| it + self.parts.nodes.len()).or(node);
        self.findings.push((place, Located { finding, edge: edge_id, pointer }));
    }

    fn finish(mut self) -> Validation {
        self.findings.sort_by_key(|(place, _)| *place);
        let findings: Vec<Located> = self.findings.into_iter().map(|(_, it)| it).collect();
        let valid = findings.iter().all(|it| it.finding.severity < Severity::Error);
        Validation { valid, findings }
    }
}
