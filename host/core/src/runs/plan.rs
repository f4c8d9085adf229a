//! From a drawing to the objects it stands for: what every node's component
//! says, checked, stamped and ordered.

mod prepare;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use futures::FutureExt as _;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

pub(crate) use self::prepare::{about, findings_of};
use super::{graph, surroundings::Surroundings, vault::ValueNames};
use crate::{
    Error, Result,
    drawing::Drawing,
    id::Id,
    kubernetes::{Cluster, ObjectKey},
    labels,
    node_types::{
        Catalogue, Context, Finding, Json, Kind, Manifest, Node, OnImmutable, Order, Prune,
        Severity,
    },
    parallel::in_order,
};

/// Component calls under way at once for one request.
pub(crate) const PARALLEL: usize = 4;

/// A node somebody provides, ready for calls about it.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// Its data as `normalize` returned it.
    pub node: Node,
    /// What surrounds it.
    pub context: Context,
    /// The printer columns of kinds it may render, each a JSON list.
    pub(crate) columns: Arc<[(Kind, Json)]>,
}

/// One object to apply.
#[derive(Debug, Clone)]
pub struct Planned {
    /// The node it comes from.
    pub node: String,
    /// Its key within the node.
    pub local_id: String,
    /// Names it.
    pub key: ObjectKey,
    /// The object, stamped; vault references are still in place.
    pub body: Value,
    /// SHA-256 of `body`.
    pub digest: String,
    /// When it is applied.
    pub order: Order,
    /// What becomes of it later.
    pub prune: Prune,
    /// On an immutable field.
    pub on_immutable: OnImmutable,
    /// Fields others may own.
    pub yields: Vec<String>,
}

/// What a run is going to do.
#[derive(Debug, Default)]
pub struct Plan {
    /// Nodes with a component, in the order of the drawing.
    pub nodes: Vec<Prepared>,
    /// Nodes whose type nobody provides: (id, type).
    pub skipped: Vec<(String, String)>,
    /// Objects by wave; a wave is applied when the one before it is.
    pub waves: Vec<Vec<Planned>>,
    /// Kinds that have to be within a namespace, because the plugin that
    /// renders them may not go beyond: (kind, plugin).
    pub confined: BTreeSet<(Kind, String)>,
    /// What to know.
    pub findings: Vec<Finding>,
    /// Whether the cluster did not answer, where it need not.
    pub(crate) is_away: bool,
    /// What the nodes show of themselves, by id.
    pub(crate) views: HashMap<String, Json>,
}

/// What becomes of a plan when a plugin fails at one of its nodes, or the cluster
/// does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFault {
    /// There is none.
    Stop,
    /// There is none if a plugin fails; a cluster that does not answer is
    /// unknown to the nodes.
    StopAtPlugin,
    /// What a plugin fails at is a finding on that node; a cluster that does not
    /// answer is unknown to the nodes.
    Tell,
}

/// What a plan is made for.
pub struct Target<'a> {
    /// The workflow whose labels the objects carry; none leaves them to nobody.
    pub workflow: Option<Id>,
    /// Namespace for nodes that name none.
    pub namespace: &'a str,
    /// Values the nodes can refer to.
    pub given: &'a ValueNames,
    /// Where its objects are to be, if that is known.
    pub cluster: Option<&'a Arc<dyn Cluster>>,
    /// Definitions of custom kinds as far as they are kept, by node type.
    pub definitions: &'a BTreeMap<String, (Kind, Arc<str>)>,
    /// When a plugin fails, or the cluster does not answer.
    pub on_fault: OnFault,
}

impl<'a> Target<'a> {
    fn surroundings(&self) -> Surroundings<'a> {
        match self.on_fault {
            OnFault::Stop => Surroundings::of(self.cluster, self.definitions),
            OnFault::StopAtPlugin | OnFault::Tell => {
                Surroundings::as_far_as_known(self.cluster, self.definitions)
            }
        }
    }
}

impl Plan {
    /// Plans a drawing. Findings of severity error are in the answer; calls
    /// that failed for another reason than the drawing are an `Err`.
    pub async fn make(
        drawing: &Drawing,
        catalogue: &Arc<dyn Catalogue>,
        target: &Target<'_>,
    ) -> Result<Self> {
        let flaws = graph::check(&drawing.parts()?);
        let mut plan = Self::of_nodes(drawing, catalogue, target).await?;
        plan.findings.splice(0..0, flaws.into_iter().map(|it| it.finding));
        Ok(plan)
    }

    /// The same without a look at the graph.
    pub(crate) async fn of_nodes(
        drawing: &Drawing,
        catalogue: &Arc<dyn Catalogue>,
        target: &Target<'_>,
    ) -> Result<Self> {
        let mut surroundings = target.surroundings();
        let mut plan = Self::default();
        plan.prepare(drawing, catalogue, target, &mut surroundings).await?;
        let mut calls = Vec::with_capacity(plan.nodes.len());
        for it in &plan.nodes {
            calls.push(rendered(it, catalogue, target).boxed());
        }
        let rendered = in_order(calls, PARALLEL).await;
        let mut objects = Vec::new();
        for (node, answer) in plan.nodes.iter().zip(rendered) {
            let (made, findings) = answer?;
            plan.findings.extend(findings);
            let by = catalogue.find(&node.node.type_name).filter(|it| !it.cluster_scoped);
            if let Some(by) = by {
                let confined = made.iter().map(|it| (it.key.kind.clone(), by.plugin.clone()));
                plan.confined.extend(confined);
            }
            objects.extend(made);
        }
        plan.findings.extend(surroundings.unserved(&objects, &plan.nodes, catalogue).await?);
        plan.findings.extend(duplicates(&objects));
        let away = surroundings.away();
        plan.is_away = away.is_some();
        plan.findings.extend(away);
        plan.waves = waves(objects);
        Ok(plan)
    }

    /// Whether anything keeps it from being run.
    pub fn is_blocked(&self) -> bool {
        self.findings.iter().any(|it| it.severity >= Severity::Error)
    }
}

/// What one node renders, checked and stamped.
pub(crate) async fn rendered(
    node: &Prepared,
    catalogue: &Arc<dyn Catalogue>,
    target: &Target<'_>,
) -> Result<(Vec<Planned>, Vec<Finding>)> {
    let id = &node.node.id;
    match catalogue.render(&node.node, &node.context).await {
        Ok(rendered) => {
            let manifests = rendered.manifests.into_iter();
            let objects = manifests.map(|it| planned(target, id, it)).collect::<Result<_>>()?;
            Ok((objects, about(id, rendered.findings).collect()))
        }
        Err(error) => Ok((Vec::new(), findings_of(id, error, target.on_fault)?)),
    }
}

/// Checks and stamps one manifest.
fn planned(target: &Target<'_>, node: &str, manifest: Manifest) -> Result<Planned> {
    let Manifest { local_id, mut body, order, prune, on_immutable, yields, .. } = manifest;
    let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let (api_version, kind, name) = (text("/apiVersion"), text("/kind"), text("/metadata/name"));
    let (Some(api_version), Some(kind), Some(name)) = (api_version, kind, name) else {
        return Err(Error::internal("a manifest without name passed the engine"));
    };
    let namespace = text("/metadata/namespace").filter(|it| !it.is_empty());
    let namespaced = order != Order::ClusterScope;
    let namespace = namespace.or_else(|| namespaced.then(|| target.namespace.to_owned()));
    if let Some(namespace) = &namespace {
        labels::place(&mut body, namespace);
    }
    if let Some(workflow) = target.workflow {
        labels::stamp(&mut body, workflow, node);
    }
    let digest = hex::encode(Sha256::digest(body.to_string()));
    let key = ObjectKey { kind: Kind::parse(&api_version, &kind), namespace, name };
    Ok(Planned {
        node: node.into(),
        local_id,
        key,
        body,
        digest,
        order,
        prune,
        on_immutable,
        yields,
    })
}

/// Two nodes that render the same object.
fn duplicates(objects: &[Planned]) -> Vec<Finding> {
    let mut first: HashMap<(&str, &str, Option<&str>, &str), &Planned> = HashMap::new();
    let mut findings = Vec::new();
    for object in objects {
        let key = &object.key;
        let same = (
            key.kind.group.as_str(),
            key.kind.kind.as_str(),
            key.namespace.as_deref(),
            key.name.as_str(),
        );
        let Some(other) = first.insert(same, object) else { continue };
        findings.push(Finding {
            code: "graph.name.duplicate".into(),
            severity: Severity::Error,
            message: format!(
                "the {} `{}` is made by the node `{}` too",
                key.kind.kind, key.name, other.node
            ),
            node: Some(object.node.clone()),
            at: Some("/name".into()),
            suggestion: Some("give one of the two nodes another name".into()),
            fixes: Vec::new(),
        });
    }
    findings
}

/// One wave for each ordering class that occurs.
fn waves(objects: Vec<Planned>) -> Vec<Vec<Planned>> {
    let mut by_order: BTreeMap<Order, Vec<Planned>> = BTreeMap::new();
    for object in objects {
        by_order.entry(object.order).or_default().push(object);
    }
    by_order.into_values().collect()
}
