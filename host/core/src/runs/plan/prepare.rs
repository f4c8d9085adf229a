//! Nodes ready for calls about them: in their current shape, each with what
//! surrounds it.

use std::{collections::HashMap, sync::Arc};

use futures::FutureExt as _;
use serde_json::Value;

use super::{OnFault, PARALLEL, Plan, Prepared, Target};
use crate::{
    Error, Result,
    drawing::Drawing,
    labels,
    node_types::{CallError, Catalogue, Context, Finding, Neighbour, Node, Severity, UsedNames},
    parallel::in_order,
    runs::{
        drawn::{provided, type_name},
        graph::{self, Link},
        surroundings::{Around, Surroundings},
    },
};

impl Plan {
    /// The nodes alone, for observing what was applied before. A cluster that
    /// does not answer is unknown to them.
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

    /// All nodes normalised and shown to each other; nothing is rendered.
    pub(crate) async fn prepared(
        drawing: &Drawing,
        catalogue: &Arc<dyn Catalogue>,
        target: &Target<'_>,
    ) -> Result<Self> {
        let mut plan = Self::default();
        plan.prepare(drawing, catalogue, target, &mut target.surroundings()).await?;
        Ok(plan)
    }

    pub(super) async fn prepare(
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
        let calls =
            known.into_iter().map(|node| see(catalogue, node, target.on_fault).boxed()).collect();
        let seen: Vec<Seen> = in_order(calls, PARALLEL).await.into_iter().collect::<Result<_>>()?;
        let views: HashMap<&str, &str> =
            seen.iter().map(|it| (it.node.id.as_str(), it.view.as_str())).collect();
        let types: HashMap<&str, String> =
            parts.nodes.iter().map(|it| (it.id.as_ref(), type_name(it))).collect();
        let names: UsedNames = seen.iter().filter_map(|it| name_in(&it.view)).collect();
        let links = graph::links(&parts);
        for it in &seen {
            let linked = links.get(it.node.id.as_str()).into_iter().flatten();
            let neighbour = |link| neighbour(link, &types, &views);
            let id = &it.node.id;
            let Around { cluster, schemas, columns } = match catalogue.find(&it.node.type_name) {
                Some(found) => surroundings.around(found).await?,
                None => Around::default(),
            };
            let identity = |workflow| labels::identity(workflow, id);
            let context = Context {
                namespace: target.namespace.to_owned(),
                cluster,
                schemas,
                neighbours: linked.map(neighbour).collect(),
                names: names.clone(),
                environment_keys: target.given.under(id, "env"),
                secret_keys: target.given.under(id, "secret"),
                identity_labels: target.workflow.map(identity).unwrap_or_default(),
                ..Context::default()
            };
            self.nodes.push(Prepared { node: it.node.clone(), context, columns });
        }
        for it in seen {
            self.findings.extend(it.findings);
            self.views.insert(it.node.id, it.view);
        }
        Ok(())
    }
}

/// Another node as the one at this end of a link sees it.
fn neighbour(
    link: &Link<'_>,
    types: &HashMap<&str, String>,
    views: &HashMap<&str, &str>,
) -> Neighbour {
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
}

struct Seen {
    node: Node,
    view: String,
    findings: Vec<Finding>,
}

async fn see(catalogue: &Arc<dyn Catalogue>, node: Node, on_fault: OnFault) -> Result<Seen> {
    let mut seen = Seen { node, view: "{}".into(), findings: Vec::new() };
    match catalogue.normalize(&seen.node).await {
        Ok((data, findings)) => {
            seen.node.data = data;
            seen.findings.extend(about(&seen.node.id, findings));
        }
        Err(error) => {
            seen.findings = findings_of(&seen.node.id, error, on_fault)?;
            return Ok(seen);
        }
    }
    match catalogue.public_view(&seen.node).await {
        Ok(view) => seen.view = view,
        Err(error) => seen.findings.extend(findings_of(&seen.node.id, error, on_fault)?),
    }
    Ok(seen)
}

fn name_in(view: &str) -> Option<String> {
    let view: Value = serde_json::from_str(view).ok()?;
    view.get("name")?.as_str().map(str::to_owned)
}

/// Findings with the node filled in.
pub(crate) fn about(node: &str, findings: Vec<Finding>) -> impl Iterator<Item = Finding> {
    findings.into_iter().map(|it| Finding { node: it.node.or_else(|| Some(node.to_owned())), ..it })
}

/// What the user can mend becomes findings; anything else is as the target has
/// it.
pub(crate) fn findings_of(node: &str, error: CallError, on_fault: OnFault) -> Result<Vec<Finding>> {
    let finding = |code: &str, message: String| Finding {
        code: code.into(),
        severity: Severity::Error,
        message,
        node: Some(node.into()),
        at: None,
        suggestion: None,
        fixes: Vec::new(),
    };
    match error {
        CallError::InvalidInput(findings) => Ok(about(node, findings).collect()),
        CallError::Unsupported(message) => Ok(vec![finding("node.unsupported", message)]),
        CallError::UnknownType(name) => Err(Error::not_found("node type", name)),
        CallError::Failed(error @ Error::Plugin { .. }) if on_fault == OnFault::Tell => {
            Ok(vec![finding(error.code(), error.to_string())])
        }
        CallError::Failed(mut error) => {
            if let Error::Plugin { node: about, .. } = &mut error {
                *about = Some(node.into());
            }
            Err(error)
        }
    }
}
