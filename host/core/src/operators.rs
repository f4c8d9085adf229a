//! Which operators' custom resources a cluster has.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use futures::FutureExt as _;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    Error, Result,
    access::Caller,
    catalogues::{Catalogues, Entry, EntryCatalogue, Presence, Served, Standing},
    clusters::Clusters,
    id::Id,
    kubernetes::Cluster,
    node_types::{Finding, Kind},
    parallel::in_order,
};

/// Plugins asked at once.
const PARALLEL: usize = 4;
/// Kinds a cluster is asked for at once.
const KINDS_PARALLEL: usize = 8;
/// Clusters whose answers are kept.
const KEPT: usize = 256;

/// How a plugin stands on a cluster.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterPlugin {
    id: String,
    display_name: String,
    presence: PresenceWord,
    /// The version to use of each kind that is served.
    versions: Vec<KindView>,
    /// What is missing.
    findings: Vec<Finding>,
    /// How to get it.
    install: String,
}

/// [`Presence`], or that the plugin could not say.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum PresenceWord {
    Installed,
    Partly,
    Missing,
    Unknown,
}

/// A kind as objects name it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct KindView {
    api_version: String,
    kind: String,
}

/// What was found the last time.
struct Known {
    kinds: Arc<Vec<Served>>,
    edition: u64,
    plugins: Vec<ClusterPlugin>,
}

/// Looks for operators.
#[derive(Clone)]
pub struct Operators {
    clusters: Clusters,
    catalogues: Arc<dyn Catalogues>,
    known: Arc<Mutex<HashMap<Id, Known>>>,
}

impl Operators {
    /// Looks in these clusters for what these catalogues know.
    pub fn new(clusters: Clusters, catalogues: Arc<dyn Catalogues>) -> Self {
        Self { clusters, catalogues, known: Arc::default() }
    }

    /// How every plugin with custom resources stands on one of the caller's
    /// clusters, in byte order of their titles. From memory until the cluster's
    /// definitions or the plugins change.
    ///
    /// # Errors
    ///
    /// What the cluster answers, unless that is that definitions are not to be
    /// read: then it is asked for every kind.
    pub async fn on(&self, caller: &Caller, cluster: &str) -> Result<Vec<ClusterPlugin>> {
        let record = self.clusters.mine(caller, cluster).await?.value;
        let cluster = self.clusters.connect(&record).await?;
        let catalogue = self.catalogues.entries();
        let kinds = match cluster.custom_kinds().await {
            Ok(kinds) => kinds,
            Err(Error::Cluster { code: "cluster.forbidden", .. }) => {
                let asked = served_of(&cluster, catalogue.list()).await?;
                return Ok(standings(&*catalogue, &asked).await);
            }
            Err(error) => return Err(error),
        };
        let edition = catalogue.edition();
        if let Some(known) = self.lock().get(&record.id)
            && known.edition == edition
            && Arc::ptr_eq(&known.kinds, &kinds)
        {
            return Ok(known.plugins.clone());
        }
        let plugins = standings(&*catalogue, &kinds).await;
        let mut all = self.lock();
        if all.len() >= KEPT && !all.contains_key(&record.id) {
            all.clear();
        }
        all.insert(record.id, Known { kinds, edition, plugins: plugins.clone() });
        Ok(plugins)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Id, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Those kinds of the entries that a cluster serves, asked one by one.
async fn served_of(cluster: &Arc<dyn Cluster>, entries: &[Entry]) -> Result<Vec<Served>> {
    let kinds: BTreeSet<&Kind> = entries.iter().flat_map(|it| &it.kinds).collect();
    let mut calls = Vec::with_capacity(kinds.len());
    for kind in kinds {
        calls.push(async move { (kind, cluster.served(kind).await) }.boxed());
    }
    let mut found = Vec::new();
    for (kind, answer) in in_order(calls, KINDS_PARALLEL).await {
        found.extend(answer?.map(|it| Served {
            kind: kind.clone(),
            plural: it.plural,
            namespaced: it.namespaced,
            schema: None,
            columns: "[]".into(),
        }));
    }
    Ok(found)
}

async fn standings(catalogue: &dyn EntryCatalogue, kinds: &[Served]) -> Vec<ClusterPlugin> {
    let entries = catalogue.list();
    let plugins: BTreeSet<&str> = entries.iter().map(|it| it.plugin.as_str()).collect();
    let mut calls = Vec::with_capacity(plugins.len());
    for plugin in plugins {
        calls.push(standings_of(catalogue, plugin, kinds).boxed());
    }
    let found: Vec<Standing> = in_order(calls, PARALLEL).await.into_iter().flatten().collect();
    let mut all: Vec<_> = entries
        .iter()
        .map(|entry| ClusterPlugin::of(entry, found.iter().find(|it| it.entry == entry.id)))
        .collect();
    all.sort_by(|a, b| (&a.display_name, &a.id).cmp(&(&b.display_name, &b.id)));
    all
}

/// What one plugin says, who is shown only kinds of its groups.
async fn standings_of(
    catalogue: &dyn EntryCatalogue,
    plugin: &str,
    kinds: &[Served],
) -> Vec<Standing> {
    let own = catalogue.list().iter().filter(|it| it.plugin == plugin);
    let groups: BTreeSet<&str> =
        own.flat_map(|it| it.kinds.iter().map(|it| it.group.as_str())).collect();
    let shown: Vec<Served> =
        kinds.iter().filter(|it| groups.contains(it.kind.group.as_str())).cloned().collect();
    catalogue.match_cluster(plugin, &shown).await.unwrap_or_else(|error| {
        tracing::warn!(plugin, %error, "a plugin could not say whether it is installed");
        Vec::new()
    })
}

impl ClusterPlugin {
    fn of(entry: &Entry, standing: Option<&Standing>) -> Self {
        let view = |it: &Kind| KindView { api_version: it.api_version(), kind: it.kind.clone() };
        Self {
            id: entry.id.clone(),
            display_name: entry.title.clone(),
            presence: match standing.map(|it| it.presence) {
                Some(Presence::Installed) => PresenceWord::Installed,
                Some(Presence::Partly) => PresenceWord::Partly,
                Some(Presence::Missing) => PresenceWord::Missing,
                None => PresenceWord::Unknown,
            },
            versions: standing.iter().flat_map(|it| it.versions.iter().map(view)).collect(),
            findings: standing.map(|it| it.findings.clone()).unwrap_or_default(),
            install: entry.install.clone(),
        }
    }
}
