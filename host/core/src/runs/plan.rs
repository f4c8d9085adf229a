//! From a drawing to the objects it stands for: what every node's component
//! says, checked, stamped and ordered.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use futures::FutureExt as _;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{
    drawn::{provided, type_name},
    graph,
    surroundings::Surroundings,
    vault::Vault,
};
use crate::{
    Error, Result,
    drawing::Drawing,
    id::Id,
    kubernetes::{Cluster, ObjectKey},
    labels,
    node_types::{
        CallError, Catalogue, Context, Finding, Json, Kind, Manifest, Neighbour, Node, OnImmutable,
        Order, Prune, Severity,
    },
    parallel::in_order,
};

/// Component calls under way at once for one request.
const PARALLEL: usize = 4;

/// A node somebody provides, ready for calls about it.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// Its data as `normalize` returned it.
    pub node: Node,
    /// What surrounds it.
    pub context: Context,
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
}

/// What a plan is made for.
pub struct Target<'a> {
    /// The workflow.
    pub workflow: Id,
    /// Namespace for nodes that name none.
    pub namespace: &'a str,
    /// Values the nodes can refer to.
    pub vault: &'a Vault,
    /// Where its objects are to be, if that is known.
    pub cluster: Option<&'a Arc<dyn Cluster>>,
    /// Definitions of custom kinds as far as they are kept, by node type.
    pub definitions: &'a BTreeMap<String, (Kind, Json)>,
}

impl Plan {
    /// Plans a drawing. Findings of severity error are in the answer; calls
    /// that failed for another reason than the drawing are an `Err`.
    pub async fn make(
        drawing: &Drawing,
        catalogue: &Arc<dyn Catalogue>,
        target: &Target<'_>,
    ) -> Result<Self> {
        let parts = drawing.parts()?;
        let mut plan = Self { findings: graph::check(&parts), ..Self::default() };
        let mut surroundings = Surroundings::of(target.cluster, target.definitions);
        plan.prepare(drawing, catalogue, target, &mut surroundings).await?;
        let mut calls = Vec::with_capacity(plan.nodes.len());
        for it in &plan.nodes {
            calls.push(async { catalogue.render(&it.node, &it.context).await }.boxed());
        }
        let rendered = in_order(calls, PARALLEL).await;
        let nodes: Vec<(String, String)> =
            plan.nodes.iter().map(|it| (it.node.id.clone(), it.node.type_name.clone())).collect();
        let mut objects = Vec::new();
        for ((id, type_name), answer) in nodes.into_iter().zip(rendered) {
            match answer {
                Ok(rendered) => {
                    plan.findings.extend(about(&id, rendered.findings));
                    for manifest in rendered.manifests {
                        let object = planned(target, &id, manifest)?;
                        let by = catalogue.find(&type_name).filter(|it| !it.cluster_scoped);
                        let confined = by.map(|it| (object.key.kind.clone(), it.plugin.clone()));
                        plan.confined.extend(confined);
                        objects.push(object);
                    }
                }
                Err(error) => plan.findings.extend(findings_of(&id, error)?),
            }
        }
        plan.findings.extend(surroundings.unserved(&objects, &plan.nodes, catalogue).await?);
        plan.findings.extend(duplicates(&objects));
        plan.waves = waves(objects);
        Ok(plan)
    }

    /// The nodes alone, for observing what was applied before.
    pub async fn prepare_only(
        drawing: &Drawing,
        catalogue: &Arc<dyn Catalogue>,
        target: &Target<'_>,
    ) -> Result<Vec<Prepared>> {
        let mut plan = Self::default();
        let mut surroundings = Surroundings::as_far_as_known(target.cluster, target.definitions);
        plan.prepare(drawing, catalogue, target, &mut surroundings).await?;
        Ok(plan.nodes)
    }

    /// Normalises all nodes and shows them to each other.
    async fn prepare(
        &mut self,
        drawing: &Drawing,
        catalogue: &Arc<dyn Catalogue>,
        target: &Target<'_>,
        surroundings: &mut Surroundings<'_>,
    ) -> Result<()> {
        let parts = drawing.parts()?;
        let mut known = Vec::new();
        for node in &parts.nodes {
            match provided(catalogue, node) {
                Ok(node) => known.push(node),
                Err(type_name) => self.skipped.push((node.id.to_string(), type_name)),
            }
        }
        let calls = known.into_iter().map(|node| see(catalogue, node).boxed()).collect();
        let seen: Vec<Seen> = in_order(calls, PARALLEL).await.into_iter().collect::<Result<_>>()?;
        let views: HashMap<&str, &str> =
            seen.iter().map(|it| (it.node.id.as_str(), it.view.as_str())).collect();
        let types: HashMap<&str, String> =
            parts.nodes.iter().map(|it| (it.id.as_ref(), type_name(it))).collect();
        let names: Vec<String> = seen.iter().filter_map(|it| name_in(&it.view)).collect();
        let links = graph::links(&parts);
        for it in &seen {
            let neighbours = links.get(it.node.id.as_str()).into_iter().flatten();
            let neighbours = neighbours
                .map(|link| {
                    let (own_handle, other_handle) = link.handles();
                    Neighbour {
                        edge: link.edge.id.to_string(),
                        direction: link.direction,
                        own_handle,
                        other_handle,
                        id: link.other.to_owned(),
                        type_name: types.get(link.other).cloned().unwrap_or_default(),
                        view: views.get(link.other).copied().unwrap_or("{}").to_owned(),
                    }
                })
                .collect();
            let (cluster, schemas) = match catalogue.find(&it.node.type_name) {
                Some(found) => surroundings.around(found).await?,
                None => Default::default(),
            };
            let context = Context {
                namespace: target.namespace.to_owned(),
                cluster,
                schemas,
                neighbours,
                names: names.clone(),
                environment_keys: target.vault.names(&it.node.id, "env"),
                secret_keys: target.vault.names(&it.node.id, "secret"),
                identity_labels: labels::identity(target.workflow, &it.node.id),
                ..Context::default()
            };
            self.nodes.push(Prepared { node: it.node.clone(), context });
        }
        self.findings.extend(seen.into_iter().flat_map(|it| it.findings));
        Ok(())
    }

    /// Whether anything keeps it from being run.
    pub fn is_blocked(&self) -> bool {
        self.findings.iter().any(|it| it.severity >= Severity::Error)
    }
}

struct Seen {
    node: Node,
    view: String,
    findings: Vec<Finding>,
}

async fn see(catalogue: &Arc<dyn Catalogue>, node: Node) -> Result<Seen> {
    let mut seen = Seen { node, view: "{}".into(), findings: Vec::new() };
    match catalogue.normalize(&seen.node).await {
        Ok((data, findings)) => {
            seen.node.data = data;
            seen.findings.extend(about(&seen.node.id, findings));
        }
        Err(error) => {
            seen.findings = findings_of(&seen.node.id, error)?;
            return Ok(seen);
        }
    }
    match catalogue.public_view(&seen.node).await {
        Ok(view) => seen.view = view,
        Err(error) => seen.findings.extend(findings_of(&seen.node.id, error)?),
    }
    Ok(seen)
}

fn name_in(view: &str) -> Option<String> {
    let view: Value = serde_json::from_str(view).ok()?;
    view.get("name")?.as_str().map(str::to_owned)
}

/// Findings with the node filled in.
fn about(node: &str, findings: Vec<Finding>) -> impl Iterator<Item = Finding> {
    findings.into_iter().map(|it| Finding { node: it.node.or_else(|| Some(node.to_owned())), ..it })
}

/// What the user can mend becomes findings; anything else stops the plan.
fn findings_of(node: &str, error: CallError) -> Result<Vec<Finding>> {
    match error {
        CallError::InvalidInput(findings) => Ok(about(node, findings).collect()),
        CallError::Unsupported(message) => Ok(vec![Finding {
            code: "node.unsupported".into(),
            severity: Severity::Error,
            message,
            node: Some(node.into()),
            at: None,
            suggestion: None,
            fixes: Vec::new(),
        }]),
        CallError::UnknownType(name) => Err(Error::not_found("node type", name)),
        CallError::Failed(mut error) => {
            if let Error::Plugin { node: about, .. } = &mut error {
                *about = Some(node.to_owned());
            }
            Err(error)
        }
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
    labels::stamp(&mut body, target.workflow, node, namespace.as_deref());
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
