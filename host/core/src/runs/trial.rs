//! What the cluster says to objects before any of them is written.
//!
//! Node types that the frontend draws itself check what an API server checks.
//! Of what others render only the server knows all: rules in CEL, policies,
//! fields that cannot be changed.

mod origin;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use futures::FutureExt as _;
use serde_json::Value;

use super::{
    comparison::{Comparison, PARALLEL, described},
    inventory::Inventory,
    plan::{Plan, Planned, Target},
};
use crate::{
    Result,
    kubernetes::{Objection, Trial as Verdict},
    node_types::{Catalogue, Finding, NodeType, OnImmutable, Severity},
    parallel::in_order,
};

/// Objections whose field is looked for. It takes calls of plugins, and who
/// has mended so many asks again.
const LOCATED: usize = 10;

/// What says that an object is the one that somebody else has.
const NAME: &str = "/metadata/name";

/// Shows a plan's objects to the cluster.
pub(crate) struct Trial<'a> {
    pub(crate) comparison: Comparison<'a>,
    /// What nodes are asked of.
    pub(crate) catalogue: &'a Arc<dyn Catalogue>,
    /// What the plan was made for.
    pub(crate) target: &'a Target<'a>,
}

impl Trial<'_> {
    /// What the cluster would refuse of a plan, as findings on its nodes.
    /// Nothing is said of nodes that are known to be wrong, of objects that
    /// are in force, and of those that cannot be tried: their namespace or
    /// their kind is not there yet. Where what the plan brings along may be
    /// what is missing, it is a warning.
    ///
    /// # Errors
    ///
    /// What the cluster answers if it cannot be asked.
    pub(crate) async fn findings(&self, plan: &Plan, known: &Inventory) -> Result<Vec<Finding>> {
        let doubtful = self.doubtful(plan).await?;
        let live = self.comparison.live_objects(&doubtful).await?;
        let mut calls = Vec::new();
        for object in doubtful {
            if !self.comparison.is_in_force(object, live.get(&object.key), known) {
                let live = live.get(&object.key);
                let call = async move { (object, self.refusal(plan, object, live, known).await) };
                calls.push(call.boxed());
            }
        }
        let mut findings = Vec::new();
        for (object, refusal) in in_order(calls, PARALLEL).await {
            let Refusal { why, severity } = refusal?;
            for Objection { at, message } in why {
                let at = match at {
                    Some(at) if findings.len() < LOCATED => self.origin(plan, object, &at).await,
                    _ => None,
                };
                findings.push(refused(object, message, at, severity));
            }
        }
        Ok(findings)
    }

    /// Objects of which only the server knows whether they are as they should
    /// be.
    async fn doubtful<'p>(&self, plan: &'p Plan) -> Result<Vec<&'p Planned>> {
        let wrong: BTreeSet<&str> = plan
            .findings
            .iter()
            .filter(|it| it.severity >= Severity::Error)
            .filter_map(|it| it.node.as_deref())
            .collect();
        let types: BTreeMap<&str, &NodeType> = plan
            .nodes
            .iter()
            .filter(|it| !wrong.contains(it.node.id.as_str()))
            .filter_map(|it| Some((it.node.id.as_str(), self.catalogue.find(&it.node.type_name)?)))
            .collect();
        let mut doubtful = Vec::new();
        for object in plan.waves.iter().flatten() {
            let of = types.get(object.node.as_str());
            let kind = &object.key.kind;
            if of.is_some_and(|it| !it.native)
                && self.comparison.cluster.served(kind).await?.is_some()
            {
                doubtful.push(object);
            }
        }
        Ok(doubtful)
    }

    async fn refusal(
        &self,
        plan: &Plan,
        object: &Planned,
        live: Option<&Value>,
        known: &Inventory,
    ) -> Result<Refusal> {
        let foreign = live.and_then(|live| self.comparison.foreign(object, live, known));
        if let Some(message) = foreign {
            let why = vec![Objection { at: Some(NAME.into()), message }];
            return Ok(Refusal { why, severity: Severity::Error });
        }
        // That a value was not given is told when the object is applied.
        // What was left to others is taken back when it is applied.
        let mut left = self.comparison.released(object, known);
        left.extend_from_slice(&object.yields);
        let Ok(wanted) = self.comparison.leaving(object, live, &left) else {
            return Ok(Refusal::NONE);
        };
        let replaced = object.on_immutable == OnImmutable::Replace;
        let (why, severity) = match self.comparison.cluster.try_out(&wanted).await? {
            Verdict::Fine | Verdict::Unknown => return Ok(Refusal::NONE),
            Verdict::Refused { immutable: true, .. } if replaced => return Ok(Refusal::NONE),
            Verdict::Denied(why) if self.brings_more(plan, object, known) => {
                (why, Severity::Warning)
            }
            Verdict::Denied(why) | Verdict::Refused { why, .. } => (why, Severity::Error),
        };
        let object = described(&object.key);
        let in_words = |Objection { at, message }| {
            let message = format!("{object} would be refused by the cluster: {message}");
            Objection { at, message }
        };
        Ok(Refusal { why: why.into_iter().map(in_words).collect(), severity })
    }

    /// Whether a plan has other objects that were never applied.
    fn brings_more(&self, plan: &Plan, object: &Planned, known: &Inventory) -> bool {
        let is_known = |it: &Planned| {
            let mut entries = known.entries.iter();
            entries.any(|entry| self.comparison.is_entry_of(entry, it) && !entry.uid.is_empty())
        };
        plan.waves.iter().flatten().any(|it| it.key != object.key && !is_known(it))
    }
}

/// What the cluster has against an object, and how much that matters.
struct Refusal {
    why: Vec<Objection>,
    severity: Severity,
}

impl Refusal {
    const NONE: Self = Self { why: Vec::new(), severity: Severity::Info };
}

fn refused(object: &Planned, message: String, at: Option<String>, severity: Severity) -> Finding {
    Finding {
        code: "node.object.refused".into(),
        severity,
        message,
        node: Some(object.node.clone()),
        at,
        suggestion: None,
        fixes: Vec::new(),
    }
}
