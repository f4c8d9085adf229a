//! What plugins are told of the cluster, and what it has to serve.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::{Map, Value, json};

use super::plan::{Planned, Prepared};
use crate::{
    Error, Result, catalogues,
    kubernetes::Cluster,
    node_types::{Catalogue, Finding, Json, Kind, NodeType, Severity},
};

/// What a context says of the cluster, and the schemas in it.
type Around = (Option<Json>, Vec<(Kind, Json)>);

/// A cluster as the nodes of one drawing see it. Each type asks once.
pub(super) struct Surroundings<'a> {
    cluster: Option<&'a Arc<dyn Cluster>>,
    /// Whether a cluster that does not answer is none.
    lenient: bool,
    /// What is kept of definitions, for when the cluster does not tell.
    kept: &'a BTreeMap<String, (Kind, Json)>,
    known: BTreeMap<String, Around>,
}

impl<'a> Surroundings<'a> {
    /// The cluster has to answer if a node wants to know something of it.
    pub(super) fn of(
        cluster: Option<&'a Arc<dyn Cluster>>,
        kept: &'a BTreeMap<String, (Kind, Json)>,
    ) -> Self {
        Self { cluster, lenient: false, kept, known: BTreeMap::new() }
    }

    /// A cluster that does not answer is unknown to the nodes.
    pub(super) fn as_far_as_known(
        cluster: Option<&'a Arc<dyn Cluster>>,
        kept: &'a BTreeMap<String, (Kind, Json)>,
    ) -> Self {
        Self { lenient: true, ..Self::of(cluster, kept) }
    }

    /// What a node of this type is told. Types the frontend draws itself make
    /// what every cluster serves, and are told nothing.
    pub(super) async fn around(&mut self, of: &NodeType) -> Result<Around> {
        let name = &of.descriptor.name;
        if of.native {
            return Ok(Around::default());
        }
        if let Some(known) = self.known.get(name) {
            return Ok(known.clone());
        }
        let asked = match self.cluster {
            Some(cluster) => ask(cluster, &of.descriptor.produces).await,
            None => Ok(Around::default()),
        };
        let mut around = match asked {
            Err(Error::Cluster { .. }) if self.lenient => {
                self.cluster = None;
                Around::default()
            }
            other => other?,
        };
        if let Some(kept) = self.kept.get(name).filter(|_| around.1.is_empty()) {
            around.1.push(kept.clone());
        }
        self.known.insert(name.clone(), around.clone());
        Ok(around)
    }

    /// Findings about objects of plugins whose kinds the cluster does not serve.
    pub(super) async fn unserved(
        &self,
        objects: &[Planned],
        nodes: &[Prepared],
        catalogue: &Arc<dyn Catalogue>,
    ) -> Result<Vec<Finding>> {
        let Some(cluster) = self.cluster else { return Ok(Vec::new()) };
        let types: BTreeMap<&str, &NodeType> = nodes
            .iter()
            .filter_map(|it| Some((it.node.id.as_str(), catalogue.find(&it.node.type_name)?)))
            .collect();
        let mut told = BTreeSet::new();
        let mut findings = Vec::new();
        for object in objects {
            let kind = &object.key.kind;
            let Some(of) = types.get(object.node.as_str()).filter(|it| !it.native) else {
                continue;
            };
            if cluster.served(kind).await?.is_none() && told.insert((&object.node, kind)) {
                findings.push(unserved(&object.node, kind, of, &**catalogue));
            }
        }
        Ok(findings)
    }
}

async fn ask(cluster: &Arc<dyn Cluster>, produces: &[Kind]) -> Result<Around> {
    let mut served = Vec::new();
    let mut schemas = Vec::new();
    let readable = produces.iter().any(is_custom) && may_read_definitions(cluster).await?;
    for kind in produces {
        if cluster.served(kind).await?.is_none() {
            continue;
        }
        served.push(format!("{}/{}", kind.api_version(), kind.kind));
        if readable && is_custom(kind) {
            let found = cluster.definition(kind).await?;
            schemas.extend(found.and_then(|it| with_definition(&it)));
        }
    }
    Ok((Some(json!({ "served": served }).to_string()), schemas))
}

/// Groups of Kubernetes itself either have no dot or no definition.
fn is_custom(kind: &Kind) -> bool {
    kind.group.contains('.')
}

/// Asked before whether kinds are served, because what has changed of definitions
/// is noticed here. Who may not read them still learns what is served.
async fn may_read_definitions(cluster: &Arc<dyn Cluster>) -> Result<bool> {
    match cluster.custom_kinds().await {
        Ok(_) => Ok(true),
        Err(Error::Cluster { code: "cluster.forbidden", .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The schema of a kind, with what else its definition says under `x-served`;
/// none if the cluster publishes no schema.
pub(crate) fn with_definition(it: &catalogues::Served) -> Option<(Kind, Json)> {
    let mut schema: Map<String, Value> = serde_json::from_str(it.schema.as_ref()?).ok()?;
    let columns: Value = serde_json::from_str(&it.columns).unwrap_or_else(|_| json!([]));
    let more = json!({ "plural": it.plural, "namespaced": it.namespaced, "columns": columns });
    schema.insert("x-served".into(), more);
    Some((it.kind.clone(), Value::Object(schema).to_string()))
}

fn unserved(node: &str, kind: &Kind, of: &NodeType, catalogue: &dyn Catalogue) -> Finding {
    let entry = catalogue.entries().iter().find(|it| it.id == of.offered_as);
    let suggestion = match entry {
        Some(it) => format!("install {} in the cluster. {}", it.title, it.install),
        None => format!("install what defines `{}` in the cluster", kind.kind),
    };
    Finding {
        code: "node.kind.not-served".into(),
        severity: Severity::Error,
        message: format!("the cluster does not serve `{}` of `{}`", kind.kind, kind.api_version()),
        node: Some(node.into()),
        at: None,
        suggestion: Some(suggestion),
        fixes: Vec::new(),
    }
}
