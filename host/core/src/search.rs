//! Search: a few of the caller's things whose text contains what was typed.
//!
//! The text is taken literally, whatever its case, from the first letter on.
//! Stores look into a folded copy beside each document; see
//! [`Record::search_text`](crate::store::Record::search_text).

use std::sync::Arc;

use futures::future::join_all;
use serde::{Deserialize, Serialize};

use crate::{
    Error, Result,
    access::Caller,
    clusters::{ClusterRecord, ClusterStatus},
    id::Id,
    palette::Palette,
    store::{
        Collection, Direction, Documents, Filter, Patch, Query, Record, Repository, SEARCH,
        StoreError, folded,
    },
    versions::Version,
    workflows::{Status, Workflow},
};

/// Hits in a group at most (contract R15).
const MOST: usize = 5;
/// Versions looked at for hits whose workflow is still there.
const VERSIONS_READ: u32 = 20;
/// Documents read at once while older ones get their text.
const PAGE: u32 = 200;

/// What was found. No group is ever absent.
#[derive(Debug, Default, Serialize)]
pub struct Found {
    /// Workflows by name and description, last changed first.
    pub workflows: Vec<WorkflowHit>,
    /// Tracked resources. There are none yet.
    pub resources: [(); 0],
    /// Clusters by name and shown name, newest first.
    pub clusters: Vec<ClusterHit>,
    /// Versions by what people wrote on them, newest first.
    pub versions: Vec<VersionHit>,
    /// Plugins by their words and those of the node types they bring, by id.
    pub plugins: Vec<PluginHit>,
}

/// A workflow that was found.
#[derive(Debug, Serialize)]
pub struct WorkflowHit {
    id: Id,
    name: String,
    description: String,
    status: Status,
}

/// A cluster that was found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterHit {
    name: String,
    display_name: String,
    status: ClusterStatus,
}

/// A version that was found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VersionHit {
    workflow_id: Id,
    workflow_name: String,
    version: i64,
    name: Option<String>,
    tag: Option<String>,
    description: String,
}

/// A plugin that was found.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PluginHit {
    pub(crate) id: String,
    pub(crate) version: String,
    /// Titles of its node types.
    pub(crate) node_types: Vec<String>,
}

/// Says that all documents have their text.
#[derive(Serialize, Deserialize)]
struct Complete {}

impl Record for Complete {
    const COLLECTION: &'static Collection = &crate::identity::invites::SETTINGS;

    fn key(&self) -> String {
        "search-complete".into()
    }

    fn restore_key(&mut self, _id: &str) {}
}

/// The search use-case.
#[derive(Clone)]
pub struct Search {
    workflows: Repository<Workflow>,
    versions: Repository<Version>,
    clusters: Repository<ClusterRecord>,
    complete: Repository<Complete>,
    palette: Palette,
}

impl Search {
    /// A search in `store` and among the plugins of `palette`.
    pub fn new(store: &Arc<dyn Documents>, palette: Palette) -> Self {
        Self {
            workflows: Repository::new(Arc::clone(store)),
            versions: Repository::new(Arc::clone(store)),
            clusters: Repository::new(Arc::clone(store)),
            complete: Repository::new(Arc::clone(store)),
            palette,
        }
    }

    /// Finds `text` among the caller's things.
    pub async fn find(&self, caller: &Caller, text: &str) -> Result<Found> {
        let text = folded(text.trim());
        if text.is_empty() {
            return Ok(Found::default());
        }
        let (workflows, clusters, versions) = futures::try_join!(
            self.workflows(caller, &text),
            self.clusters(caller, &text),
            self.versions(caller, &text),
        )?;
        let plugins = self.palette.search(&text, MOST);
        Ok(Found { workflows, resources: [], clusters, versions, plugins })
    }

    async fn workflows(&self, caller: &Caller, text: &str) -> Result<Vec<WorkflowHit>> {
        let mine = Filter::And(vec![
            Filter::Eq("owner_id", caller.user.into()),
            Filter::Absent("deleted_at"),
            Filter::Contains(SEARCH, text.into()),
        ]);
        let query =
            Query::new(mine, MOST as u32).sorted("updated_at", Direction::Descending).bodies_only();
        let hit = |it: Workflow| WorkflowHit {
            id: it.id,
            name: it.name,
            description: it.description,
            status: it.status,
        };
        Ok(self.workflows.find(&query).await?.into_iter().map(|it| hit(it.value)).collect())
    }

    async fn clusters(&self, caller: &Caller, text: &str) -> Result<Vec<ClusterHit>> {
        let mine = Filter::And(vec![
            Filter::Eq("user_id", caller.user.into()),
            Filter::Contains(SEARCH, text.into()),
        ]);
        let query = Query::new(mine, MOST as u32).sorted("created_at", Direction::Descending);
        let hit = |it: ClusterRecord| ClusterHit {
            name: it.name,
            display_name: it.display_name,
            status: it.status,
        };
        Ok(self.clusters.find(&query).await?.into_iter().map(|it| hit(it.value)).collect())
    }

    /// Versions outlive their workflow; only those of one that is there count.
    async fn versions(&self, caller: &Caller, text: &str) -> Result<Vec<VersionHit>> {
        let mine = Filter::And(vec![
            Filter::Eq("created_by", caller.user.into()),
            Filter::Contains(SEARCH, text.into()),
        ]);
        let query = Query::new(mine, VERSIONS_READ)
            .sorted("created_at", Direction::Descending)
            .bodies_only();
        let found = self.versions.find(&query).await?;
        let mut ids: Vec<Id> = found.iter().map(|it| it.workflow_id).collect();
        ids.sort_unstable();
        ids.dedup();
        let keys: Vec<String> = ids.iter().map(Id::to_string).collect();
        let read: Result<Vec<_>, StoreError> =
            join_all(keys.iter().map(|it| self.workflows.get(it))).await.into_iter().collect();
        let there: Vec<Workflow> = read?.into_iter().flatten().map(|it| it.value).collect();
        let hit = |it: Version| {
            let mine = |workflow: &&Workflow| {
                workflow.id == it.workflow_id
                    && workflow.owner_id == caller.user
                    && workflow.deleted_at.is_none()
            };
            let workflow = there.iter().find(mine)?;
            Some(VersionHit {
                workflow_id: it.workflow_id,
                workflow_name: workflow.name.clone(),
                version: it.version,
                name: it.name,
                tag: it.tag,
                description: it.description,
            })
        };
        Ok(found.into_iter().filter_map(|it| hit(it.value)).take(MOST).collect())
    }

    /// Gives documents that another program wrote the text a search looks
    /// into, once in the life of a store.
    pub async fn complete(&self) -> Result<()> {
        if self.complete.get(&Complete {}.key()).await?.is_some() {
            return Ok(());
        }
        complete(&self.workflows).await?;
        complete(&self.versions).await?;
        complete(&self.clusters).await?;
        match self.complete.insert(Complete {}).await {
            Ok(_) | Err(StoreError::Taken(_)) => Ok(()),
            Err(other) => Err(other.into()),
        }
    }
}

/// By patches: other programs' keys stay.
async fn complete<T: Record>(repository: &Repository<T>) -> Result<()> {
    let without = Query::new(Filter::Absent(SEARCH), PAGE).bodies_only();
    loop {
        let found = repository.find(&without).await?;
        for it in &found {
            let mut patch = Patch::default();
            let text = it.value.search_text().unwrap_or_default();
            patch.set.insert(SEARCH.into(), crate::store::searched(&text).into());
            match repository.patch(&it.value.key(), Some(it.revision), &Filter::All, &patch).await {
                // Who was faster wrote the text too.
                Ok(_) | Err(StoreError::Stale(_) | StoreError::Missing) => {}
                Err(other) => return Err(Error::from(other)),
            }
        }
        if found.is_empty() {
            return Ok(());
        }
    }
}
