//! What plugins are told of the cluster, and what it has to serve.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Instant,
};

use serde::Deserialize;
use serde_json::{json, value::RawValue};

use super::plan::{Planned, Prepared};
use crate::{
    Error, Result, catalogues,
    kubernetes::Cluster,
    node_types::{Catalogue, Finding, Json, Kind, NodeType, Severity},
};

/// What the nodes of one type are told.
#[derive(Clone, Default)]
pub(super) struct Around {
    /// What a context says of the cluster.
    pub(super) cluster: Option<Json>,
    /// Definitions of what they may render, each a schema with `x-served`.
    pub(super) schemas: Vec<(Kind, Arc<str>)>,
    /// The printer columns of those kinds, each a JSON list.
    pub(super) columns: Arc<[(Kind, Json)]>,
}

/// A cluster as the nodes of one drawing see it. Each type asks once.
pub(super) struct Surroundings<'a> {
    cluster: Option<&'a Arc<dyn Cluster>>,
    /// What was not served before may be now: a definition is applied, and the
    /// drawing run.
    since: Instant,
    /// Whether a cluster that does not answer is none.
    lenient: bool,
    /// That it did not answer.
    away: Option<Finding>,
    /// What is kept of definitions, for when the cluster does not tell.
    kept: &'a BTreeMap<String, (Kind, Arc<str>)>,
    known: BTreeMap<String, Around>,
}

impl<'a> Surroundings<'a> {
    /// The cluster has to answer if a node wants to know something of it.
    pub(super) fn of(
        cluster: Option<&'a Arc<dyn Cluster>>,
        kept: &'a BTreeMap<String, (Kind, Arc<str>)>,
    ) -> Self {
        let (since, known) = (Instant::now(), BTreeMap::new());
        Self { cluster, since, lenient: false, away: None, kept, known }
    }

    /// A cluster that does not answer is unknown to the nodes, and asked
    /// nothing more.
    pub(super) fn as_far_as_known(
        cluster: Option<&'a Arc<dyn Cluster>>,
        kept: &'a BTreeMap<String, (Kind, Arc<str>)>,
    ) -> Self {
        Self { lenient: true, ..Self::of(cluster, kept) }
    }

    /// That the cluster did not answer, if that may be.
    pub(super) fn away(self) -> Option<Finding> {
        self.away
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
            Some(cluster) => ask(cluster, &of.descriptor.produces, self.since).await,
            None => Ok(Around::default()),
        };
        let mut around = self.forgiven(asked)?.unwrap_or_default();
        if let Some((kind, text)) = self.kept.get(name).filter(|_| around.schemas.is_empty()) {
            around.columns = columns(text).map(|it| (kind.clone(), it)).into_iter().collect();
            around.schemas.push((kind.clone(), Arc::clone(text)));
        }
        self.known.insert(name.clone(), around.clone());
        Ok(around)
    }

    /// Findings about objects of plugins whose kinds the cluster does not serve.
    pub(super) async fn unserved(
        &mut self,
        objects: &[Planned],
        nodes: &[Prepared],
        catalogue: &Arc<dyn Catalogue>,
    ) -> Result<Vec<Finding>> {
        let types: BTreeMap<&str, &NodeType> = nodes
            .iter()
            .filter_map(|it| Some((it.node.id.as_str(), catalogue.find(&it.node.type_name)?)))
            .collect();
        let mut seen = BTreeSet::new();
        let made: Vec<(&str, &Kind, &NodeType)> = objects
            .iter()
            .filter_map(|it| {
                let node = it.node.as_str();
                Some((node, &it.key.kind, types.get(node).copied().filter(|it| !it.native)?))
            })
            .filter(|(node, kind, _)| seen.insert((*node, *kind)))
            .collect();
        let missing = self.missing(made.iter().map(|(_, kind, _)| *kind).collect()).await?;
        let findings = made.into_iter().filter(|(_, kind, _)| missing.contains(kind));
        Ok(findings.map(|(node, kind, of)| unserved(node, kind, of, &**catalogue)).collect())
    }

    /// Which of these kinds the cluster does not serve, as far as it answers.
    async fn missing<'k>(&mut self, kinds: BTreeSet<&'k Kind>) -> Result<BTreeSet<&'k Kind>> {
        let mut missing = BTreeSet::new();
        for kind in kinds {
            let Some(cluster) = self.cluster else { break };
            let served = cluster.served_since(kind, self.since).await;
            if let Some(None) = self.forgiven(served)? {
                missing.insert(kind);
            }
        }
        Ok(missing)
    }

    /// An answer of the cluster; none if it gave none and need not.
    fn forgiven<T>(&mut self, answer: Result<T>) -> Result<Option<T>> {
        match answer {
            Err(error @ Error::Cluster { .. }) if self.lenient => {
                self.cluster = None;
                self.away = Some(unanswered(&error));
                Ok(None)
            }
            other => other.map(Some),
        }
    }
}

async fn ask(cluster: &Arc<dyn Cluster>, produces: &[Kind], since: Instant) -> Result<Around> {
    let mut served = Vec::new();
    let (mut schemas, mut columns) = (Vec::new(), Vec::new());
    let readable = produces.iter().any(is_custom) && may_read_definitions(cluster).await?;
    for kind in produces {
        if cluster.served_since(kind, since).await?.is_none() {
            continue;
        }
        served.push(format!("{}/{}", kind.api_version(), kind.kind));
        if !readable || !is_custom(kind) {
            continue;
        }
        if let Some(found) = cluster.definition(kind).await? {
            schemas.extend(with_definition(&found).map(|it| (kind.clone(), it.into())));
            columns.push((kind.clone(), found.columns));
        }
    }
    let cluster = Some(json!({ "served": served }).to_string());
    Ok(Around { cluster, schemas, columns: columns.into() })
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
/// none if the cluster publishes no schema. Put in front of the text, because
/// schemas are large and this one is as the cluster checked it.
pub(crate) fn with_definition(it: &catalogues::Served) -> Option<Json> {
    let inner = it.schema.as_ref()?.trim().strip_prefix('{')?.trim_start();
    let columns: Option<&RawValue> = serde_json::from_str(&it.columns).ok();
    let columns = columns.map_or("[]", RawValue::get);
    let (plural, namespaced) = (json!(it.plural), it.namespaced);
    let comma = if inner.starts_with('}') { "" } else { "," };
    let more = format!(r#"{{"plural":{plural},"namespaced":{namespaced},"columns":{columns}}}"#);
    Some(format!(r#"{{"x-served":{more}{comma}{inner}"#))
}

/// The printer columns in what [`with_definition`] made.
fn columns(definition: &str) -> Option<Json> {
    #[derive(Deserialize)]
    struct Written<'a> {
        #[serde(borrow, rename = "x-served")]
        more: More<'a>,
    }
    #[derive(Deserialize)]
    struct More<'a> {
        #[serde(borrow)]
        columns: &'a RawValue,
    }
    let written: Written<'_> = serde_json::from_str(definition).ok()?;
    Some(written.more.columns.get().to_owned())
}

/// That a cluster did not answer who would have liked to know.
pub(crate) fn unanswered(error: &Error) -> Finding {
    Finding {
        code: error.code().into(),
        severity: Severity::Warning,
        message: format!("what the cluster says to this is not known: {error}"),
        node: None,
        at: None,
        suggestion: Some("ask again when the cluster answers".into()),
        fixes: Vec::new(),
    }
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

#[cfg(test)]
mod tests;
