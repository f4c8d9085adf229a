//! Any custom kind of a cluster as a node type of one's own.
//!
//! The definition is kept with the user who asked for it, so that drawings can
//! be worked on while the cluster is away; when it answers, its own definition
//! counts.

mod record;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    Error, Result,
    access::Caller,
    catalogues::{Catalogues, Served},
    clusters::Clusters,
    drawing::Drawing,
    id::Id,
    node_types::{CallError, Catalogue, Kind, NodeType, NodeTypes, Package},
    recent::Recent,
    runs::with_definition,
    store::{Direction, Documents, Filter, Query, Repository, StoreError},
    time::Timestamp,
};
pub use record::{CUSTOM_KINDS, CustomKind};

/// How long what a user keeps is believed; longest time until a change on another
/// replica is seen here.
const TRUST: Duration = Duration::from_millis(500);
/// Users whose node types are remembered.
const REMEMBERED: usize = 2_000;
/// Node types read for one user; nobody may keep more.
const READ: u32 = 1_000;
/// Bytes of a definition that is kept. The largest schemas known are a tenth of
/// it.
const DEFINITION_BYTES: usize = 8 << 20;

/// A custom resource of a cluster.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CustomResource {
    /// `<plural>.<group>`.
    name: String,
    group: String,
    kind: String,
    plural: String,
    namespaced: bool,
    /// Preferred ones first.
    versions: Vec<String>,
    /// The plugin that knows the kind, if one does.
    #[serde(skip_serializing_if = "Option::is_none")]
    plugin: Option<String>,
    /// The caller's node type for it, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    node_type: Option<String>,
}

/// A node type that somebody made of a custom resource.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CustomNodeType {
    name: String,
    display_name: String,
    description: String,
    api_version: String,
    kind: String,
    namespaced: bool,
    /// Where the definition was taken from.
    cluster: String,
    updated_at: Timestamp,
}

/// The custom kinds a drawing needs.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    /// Their node types.
    pub types: Vec<NodeType>,
    /// Their definitions by node type: schemas with `x-served`.
    pub definitions: BTreeMap<String, (Kind, Arc<str>)>,
}

/// The use-cases of custom resources.
#[derive(Clone)]
pub struct CustomKinds {
    clusters: Clusters,
    catalogues: Arc<dyn Catalogues>,
    node_types: Arc<dyn NodeTypes>,
    kept: KeptKinds,
    most: u32,
}

/// What people keep.
#[derive(Clone)]
pub struct KeptKinds {
    stored: Repository<CustomKind>,
    recent: Arc<Recent<Id, Arc<Vec<CustomKind>>>>,
}

impl KeptKinds {
    /// What is kept in `store`.
    pub fn new(store: &Arc<dyn Documents>) -> Self {
        let recent = Arc::new(Recent::new(TRUST, REMEMBERED));
        Self { stored: Repository::new(Arc::clone(store)), recent }
    }

    /// The node types a user has made, by name.
    pub(crate) async fn types_of(
        &self,
        user: Id,
        catalogue: &dyn Catalogue,
    ) -> Result<Vec<NodeType>> {
        let found = self.all_of(user).await?;
        let packages = catalogue.packages();
        Ok(found.iter().filter_map(|it| it.node_type(packages)).collect())
    }

    /// All of a user's, by name, without their definitions.
    async fn all_of(&self, user: Id) -> Result<Arc<Vec<CustomKind>>> {
        if let Some(mine) = self.recent.get(&user) {
            return Ok(mine);
        }
        let before = self.recent.before();
        let mine = Query::new(Filter::Eq("user_id", user.into()), READ)
            .sorted("name", Direction::Ascending)
            .bodies_only();
        let found = self.stored.find(&mine).await?.into_iter().map(|it| it.value).collect();
        let found = Arc::new(found);
        self.recent.keep(user, Arc::clone(&found), before);
        Ok(found)
    }

    /// A write that failed may have happened, too.
    fn changed(&self, user: Id) {
        self.recent.forget(|of, _| *of == user);
    }

    /// Those of the types in a drawing that nobody provides but its owner has
    /// made.
    pub(crate) async fn in_drawing(
        &self,
        owner: Id,
        drawing: &Drawing,
        catalogue: &dyn Catalogue,
    ) -> Result<Kept> {
        let parts = drawing.parts()?;
        let names: BTreeSet<String> = parts.nodes.iter().map(crate::runs::type_name).collect();
        let unknown: Vec<_> = names
            .into_iter()
            .filter(|it| catalogue.find(it).is_none())
            .map(|it| it.as_str().into())
            .collect();
        if unknown.is_empty() {
            return Ok(Kept::default());
        }
        let most = u32::try_from(unknown.len()).unwrap_or(u32::MAX);
        let wanted =
            Filter::And(vec![Filter::Eq("user_id", owner.into()), Filter::In("name", unknown)]);
        let mut kept = Kept::default();
        for it in self.stored.find(&Query::new(wanted, most)).await? {
            if let Some(of) = it.node_type(catalogue.packages()) {
                let definition = (it.kind.clone(), it.definition.as_str().into());
                kept.definitions.insert(of.descriptor.name.clone(), definition);
                kept.types.push(of);
            }
        }
        Ok(kept)
    }
}

impl CustomKinds {
    /// Custom kinds of these clusters; one user can keep `most`.
    pub fn new(
        clusters: Clusters,
        (catalogues, node_types): (Arc<dyn Catalogues>, Arc<dyn NodeTypes>),
        kept: KeptKinds,
        most: u32,
    ) -> Self {
        Self { clusters, catalogues, node_types, kept, most }
    }

    /// The custom resources of one of the caller's clusters, by name.
    pub async fn on(&self, caller: &Caller, cluster: &str) -> Result<Vec<CustomResource>> {
        let record = self.clusters.mine(caller, cluster).await?.value;
        let cluster = self.clusters.connect(&record).await?;
        let kinds = cluster.custom_kinds().await?;
        let mine = self.kept.all_of(caller.user).await?;
        let catalogue = self.catalogues.entries();
        let mut all: BTreeMap<String, CustomResource> = BTreeMap::new();
        for it in kinds.iter() {
            let Kind { group, version, kind } = &it.kind;
            let name = format!("{}.{group}", it.plural);
            let same = |other: &Kind| other.group == *group && other.kind == *kind;
            let known = catalogue.list().iter().find(|it| it.kinds.iter().any(same));
            let own = mine.iter().find(|it| same(&it.kind));
            let resource = all.entry(name.clone()).or_insert_with(|| CustomResource {
                name,
                group: group.clone(),
                kind: kind.clone(),
                plural: it.plural.clone(),
                namespaced: it.namespaced,
                versions: Vec::new(),
                plugin: known.map(|it| it.id.clone()),
                node_type: own.map(|it| it.name.clone()),
            });
            resource.versions.push(version.clone());
        }
        Ok(all.into_values().collect())
    }

    /// The node types the caller has made, by name.
    pub async fn mine(&self, caller: &Caller) -> Result<Vec<CustomNodeType>> {
        let all = self.kept.all_of(caller.user).await?;
        Ok(all.iter().cloned().map(CustomKind::into_view).collect())
    }

    /// Makes a custom resource (`<plural>.<group>`) a node type of the caller's,
    /// in its preferred version; one that is there is made anew.
    ///
    /// # Errors
    ///
    /// What the cluster answers; `custom-resource.undescribed` if no plugin makes
    /// a form of it; `plugin.name.taken` if there is a node type of that name.
    pub async fn offer(
        &self,
        caller: &Caller,
        cluster: &str,
        resource: &str,
    ) -> Result<CustomNodeType> {
        let record = self.clusters.mine(caller, cluster).await?.value;
        let served = self.definition(&record, resource).await?;
        let definition = with_definition(&served);
        let definition = definition.ok_or_else(|| undescribed("it has no schema"))?;
        if definition.len() > DEFINITION_BYTES {
            let limit = format!("{} MiB", DEFINITION_BYTES >> 20);
            return Err(Error::TooLarge { what: "the definition", limit });
        }
        let catalogue = self.node_types.catalogue();
        let describing = catalogue.packages().iter().find(|it: &&Package| it.describes_served);
        let plugin = describing.ok_or_else(|| undescribed("no plugin of this host can do that"))?;
        let described = self.catalogues.entries().describe_served(&plugin.id, &served).await;
        let descriptor = described.map_err(refused)?;
        if catalogue.find(&descriptor.name).is_some() {
            let message = format!("another plugin has the node type `{}`", descriptor.name);
            return Err(Error::Conflict { code: "plugin.name.taken", message });
        }
        let now = Timestamp::now();
        let made = CustomKind {
            id: Id::new(),
            user_id: caller.user,
            name: descriptor.name.clone(),
            plugin: plugin.id.clone(),
            cluster: record.name,
            kind: served.kind,
            plural: served.plural,
            namespaced: served.namespaced,
            descriptor,
            created_at: now,
            updated_at: now,
            definition,
        };
        let kept = self.keep(made).await;
        self.kept.changed(caller.user);
        kept
    }

    /// Takes a node type of the caller's away. Nodes of it stay in drawings and
    /// are skipped by runs.
    pub async fn withdraw(&self, caller: &Caller, name: &str) -> Result<()> {
        let stored = &self.kept.stored;
        let missing = || Error::not_found("node type of your own", name);
        let found = stored.find_one(named(caller.user, name)).await?.ok_or_else(missing)?;
        let removed = stored.remove(&found.id.to_string()).await;
        self.kept.changed(caller.user);
        if removed? { Ok(()) } else { Err(missing()) }
    }

    async fn definition(
        &self,
        record: &crate::clusters::ClusterRecord,
        resource: &str,
    ) -> Result<Served> {
        let missing = || Error::not_found("custom resource", resource);
        let cluster = self.clusters.connect(record).await?;
        cluster.definition_named(resource).await?.ok_or_else(missing)
    }

    async fn keep(&self, made: CustomKind) -> Result<CustomNodeType> {
        let stored = &self.kept.stored;
        loop {
            if let Some(found) = stored.find_one(named(made.user_id, &made.name)).await? {
                let anew = |it: &mut CustomKind| {
                    let (id, created_at) = (it.id, it.created_at);
                    *it = CustomKind { id, created_at, ..made.clone() };
                    Ok::<_, Error>(())
                };
                if let Some(kept) = stored.update(&found.id.to_string(), anew).await? {
                    return Ok(kept.value.into_view());
                }
                continue;
            }
            let mine = Filter::Eq("user_id", made.user_id.into());
            if stored.count(&mine).await? >= u64::from(self.most) {
                let limit = self.most.to_string();
                return Err(Error::TooLarge { what: "the number of your own node types", limit });
            }
            match stored.insert(made.clone()).await {
                Err(StoreError::Taken(_)) => {}
                other => return Ok(other?.value.into_view()),
            }
        }
    }
}

fn named(user: Id, name: &str) -> Filter {
    Filter::And(vec![Filter::Eq("user_id", user.into()), Filter::Eq("name", name.into())])
}

fn undescribed(why: &str) -> Error {
    let message = format!("no form can be made of the custom resource: {why}");
    Error::Refused { code: "custom-resource.undescribed", message }
}

fn refused(error: CallError) -> Error {
    match error {
        CallError::InvalidInput(findings) => Error::Findings(findings),
        CallError::Failed(error) => error,
        other => undescribed(&other.to_string()),
    }
}
