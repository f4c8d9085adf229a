//! Edges that would mean something: what node types can do for each other, and
//! what names, ports and references of the drawing say about who belongs to
//! whom.

mod clues;
mod handles;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use schemars::JsonSchema;
use serde::Serialize;

use self::{clues::Clues, handles::Drawn as DrawnEdges};
use super::{Drafts, Drawn};
use crate::{
    Result,
    access::Caller,
    id::Id,
    node_types::{Catalogue, End, provided_by},
    runs::plan::{Plan, Prepared},
};

/// Pairs of nodes that are looked at, so that a huge drawing takes no minutes.
const MOST_PAIRS: usize = 1_000_000;
/// What is taken off for a node that does the same for another one already.
const BUSY: u32 = 40;
/// What it counts to be the only node that comes into question.
const ONLY: u32 = 20;

/// Edges, the best first.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EdgeSuggestions {
    edges: Vec<EdgeSuggestion>,
}

/// One edge that is not drawn yet.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct EdgeSuggestion {
    source: String,
    target: String,
    /// Only where the node has several; else the card's only one is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    source_handle: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_handle: Option<String>,
    /// What it would do: `selects`, `mounts`, …
    role: String,
    /// How sure it is; 100 and more where the drawing says so itself.
    score: u32,
    /// Why, in plain sentences.
    reasons: Vec<String>,
}

/// A node that can be at an end.
struct Candidate<'a> {
    id: &'a str,
    end: End<'a>,
    clues: Clues,
}

impl Drafts {
    /// At most `limit` edges that would mean something and are not drawn.
    pub async fn edges(
        &self,
        caller: &Caller,
        workflow: Id,
        drawn: Drawn<'_>,
        limit: usize,
    ) -> Result<EdgeSuggestions> {
        let draft = self.open(caller, workflow, drawn).await?;
        let plan = Plan::prepared(&draft.drawing, &draft.catalogue, &draft.target()).await?;
        let provides: HashMap<&str, Vec<String>> =
            plan.views.iter().map(|(id, view)| (id.as_str(), provided_by(view))).collect();
        let candidate = |it| candidate(it, &plan, &provides, &draft.catalogue, &draft.namespace);
        let candidates: Vec<Candidate<'_>> = plan.nodes.iter().filter_map(candidate).collect();
        let parts = draft.drawing.parts()?;
        let drawn = DrawnEdges::of(&parts);
        let mut edges = ranked(&candidates, &drawn);
        edges.truncate(limit);
        Ok(EdgeSuggestions { edges })
    }
}

fn candidate<'a>(
    it: &'a Prepared,
    plan: &'a Plan,
    provides: &'a HashMap<&str, Vec<String>>,
    catalogue: &'a Arc<dyn Catalogue>,
    namespace: &str,
) -> Option<Candidate<'a>> {
    let id = it.node.id.as_str();
    let descriptor = &catalogue.find(&it.node.type_name)?.descriptor;
    let end = End { descriptor, provides: provides.get(id)? };
    let clues = Clues::of(plan.views.get(id)?, &it.node.data, namespace);
    Some(Candidate { id, end, clues })
}

/// A pair with what it would do and why.
struct Pair<'a> {
    /// Who uses, and who is used.
    ends: (&'a Candidate<'a>, &'a Candidate<'a>),
    role: &'a str,
    score: u32,
    reasons: Vec<String>,
}

fn ranked(candidates: &[Candidate<'_>], drawn: &DrawnEdges<'_>) -> Vec<EdgeSuggestion> {
    let mut pairs = pairs(candidates, drawn);
    let mut choices: HashMap<(&str, &str), usize> = HashMap::new();
    for it in &pairs {
        *choices.entry((it.ends.0.id, it.role)).or_default() += 1;
    }
    let mut busy: HashSet<(&str, &str)> = HashSet::new();
    for (a, b) in users(candidates).filter(|(a, b)| drawn.connects(a.id, b.id)) {
        busy.extend(a.end.uses(b.end).into_iter().map(|role| (a.id, role)));
    }
    for it in &mut pairs {
        let key = (it.ends.0.id, it.role);
        if busy.contains(&key) {
            it.score = it.score.saturating_sub(BUSY);
        } else if choices.get(&key) == Some(&1) {
            it.score += ONLY;
            let other = &it.ends.1.clues.name;
            it.reasons.push(format!("`{other}` is the only node it can be connected to like this"));
        }
    }
    pairs.retain(|it| it.score > 0);
    pairs.sort_by_key(|it| std::cmp::Reverse(it.score));
    let mut seen: HashSet<(&str, &str)> = HashSet::new();
    let mut edges = Vec::new();
    for pair in pairs {
        let (a, b) = (pair.ends.0.id, pair.ends.1.id);
        if seen.insert((a.min(b), a.max(b))) {
            edges.extend(suggestion(pair, drawn));
        }
    }
    edges
}

/// All pairs of different nodes, both ways.
fn users<'a>(
    candidates: &'a [Candidate<'a>],
) -> impl Iterator<Item = (&'a Candidate<'a>, &'a Candidate<'a>)> {
    let different = |a: &Candidate<'_>, b: &Candidate<'_>| a.id != b.id;
    let of = move |a: &'a Candidate<'a>| {
        candidates.iter().filter(move |b| different(a, b)).map(move |b| (a, b))
    };
    candidates.iter().flat_map(of).take(MOST_PAIRS)
}

fn pairs<'a>(candidates: &'a [Candidate<'a>], drawn: &DrawnEdges<'_>) -> Vec<Pair<'a>> {
    let mut pairs = Vec::new();
    for (a, b) in users(candidates) {
        if a.clues.namespace != b.clues.namespace || drawn.connects(a.id, b.id) {
            continue;
        }
        for role in a.end.uses(b.end) {
            let (score, reasons) = a.clues.with(&b.clues);
            pairs.push(Pair { ends: (a, b), role, score, reasons });
        }
    }
    pairs
}

/// The edge from the node with a handle that such edges start at; none if all
/// such handles are in use.
fn suggestion(pair: Pair<'_>, drawn: &DrawnEdges<'_>) -> Option<EdgeSuggestion> {
    let (user, used) = pair.ends;
    let starts = |it: &Candidate<'_>| handles::starts(it.end.descriptor, pair.role);
    let (source, target) = if !starts(user) && starts(used) { (used, user) } else { (user, used) };
    let source_handle = drawn.source_handle(source, &target.clues.name, pair.role)?;
    let target_handle = drawn.target_handle(target, pair.role)?;
    Some(EdgeSuggestion {
        source: source.id.to_owned(),
        target: target.id.to_owned(),
        source_handle,
        target_handle,
        role: pair.role.to_owned(),
        score: pair.score,
        reasons: pair.reasons,
    })
}
