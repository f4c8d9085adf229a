//! Versions: numbered snapshots of a drawing.
//!
//! Made by a run, so that what ran can be looked up, by hand, and by restoring
//! an earlier one; never by a save. The first has number 2: number 1 is the
//! empty drawing a workflow starts with.

mod record;

use std::{
    hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher},
    sync::Arc,
};

use tokio::sync::{Mutex, MutexGuard};

use crate::{
    Error, Result,
    drawing::Drawing,
    id::Id,
    store::{Direction, Documents, Filter, Patch, Query, Repository, StoreError, Stored},
    time::Timestamp,
    workflows::Workflow,
};
pub use record::{VERSIONS, Version};

/// One page of versions.
#[derive(Debug)]
pub struct VersionPage {
    /// Newest first.
    pub versions: Vec<Version>,
    /// How many there are.
    pub total: u64,
}

/// What people write on a version; `None` leaves a text as it is.
#[derive(Debug, Default)]
pub struct Label {
    /// A name; empty takes it away.
    pub name: Option<String>,
    /// A tag; empty takes it away.
    pub tag: Option<String>,
    /// What it is about.
    pub description: Option<String>,
}

/// Why a version is made.
pub(crate) enum Occasion {
    /// A run of the workflow's drawing begins.
    Run(Id),
    /// Somebody asked for one of the workflow's drawing.
    Hand(Label),
    /// Somebody restores this number, with this drawing.
    Restore(i64, Drawing),
}

/// Versions that are made at the same time by one host, at most. More than a
/// host has to do at once, so that two workflows seldom wait for each other.
const TURNS: usize = 64;

/// Makes and lists versions. Who may do so is the workflow's to say.
#[derive(Clone)]
pub struct Versions {
    stored: Repository<Version>,
    workflows: Repository<Workflow>,
    turns: Arc<[Mutex<()>]>,
    keep: u32,
}

impl Versions {
    /// Versions in `store`. Of those that runs made and nobody named, the
    /// newest `keep` of each workflow stay; 0 keeps all.
    pub fn new(store: &Arc<dyn Documents>, keep: u32) -> Self {
        Self {
            stored: Repository::new(Arc::clone(store)),
            workflows: Repository::new(Arc::clone(store)),
            turns: (0..TURNS).map(|_| Mutex::default()).collect(),
            keep,
        }
    }

    /// A page of `workflow`'s versions, newest first; `page` counts from 1.
    pub async fn page(&self, workflow: Id, page: u64, limit: u32) -> Result<VersionPage> {
        let mine = Filter::Eq("workflow_id", workflow.into());
        let query = Query::new(mine.clone(), limit)
            .sorted("version", Direction::Descending)
            .skipping((page - 1).saturating_mul(u64::from(limit)));
        let versions = self.stored.find(&query).await?.into_iter().map(|it| it.value).collect();
        Ok(VersionPage { versions, total: self.stored.count(&mine).await? })
    }

    /// One version of `workflow`.
    pub async fn get(&self, workflow: Id, number: i64) -> Result<Version> {
        Ok(self.stored(workflow, number).await?.value)
    }

    /// Writes on a version.
    pub async fn label(&self, workflow: Id, number: i64, label: &Label) -> Result<Version> {
        let id = self.stored(workflow, number).await?.id.to_string();
        let write = |it: &mut Version| {
            label.write(it);
            Ok::<_, Error>(())
        };
        let written = self.stored.update(&id, write).await?;
        written.map(|it| it.value).ok_or_else(|| Error::not_found("version", number))
    }

    /// Snapshots `workflow` for a run that starts.
    pub async fn snapshot_for_run(&self, workflow: &Workflow, by: Id, run: Id) -> Result<i64> {
        let made = self.add(workflow, by, Occasion::Run(run)).await?.version;
        if let Err(error) = self.prune(workflow.id).await {
            tracing::warn!(workflow = %workflow.id, %error, "old versions stay for now");
        }
        Ok(made)
    }

    /// Makes the next version of `workflow`. Whoever takes a number first has
    /// it; the other takes the next one. Those of this host do so in turn: each
    /// race for a number takes FerretDB's PostgreSQL a second to notice
    /// (`deadlock_timeout`).
    pub(crate) async fn add(
        &self,
        workflow: &Workflow,
        by: Id,
        occasion: Occasion,
    ) -> Result<Version> {
        let mut version = occasion.version(workflow, by);
        let _turn = self.turn(workflow.id).await;
        loop {
            match self.stored.insert(version.clone()).await {
                Err(StoreError::Taken("version_number")) => {
                    version.version = self.newest(workflow.id).await? + 1;
                }
                Err(other) => return Err(other.into()),
                Ok(_) => break,
            }
        }
        self.settle(&mut version).await?;
        Ok(version)
    }

    async fn turn(&self, workflow: Id) -> Option<MutexGuard<'_, ()>> {
        let hash = BuildHasherDefault::<DefaultHasher>::new().hash_one(workflow);
        let turn = self.turns.get(usize::try_from(hash % TURNS as u64).unwrap_or_default())?;
        Some(turn.lock().await)
    }

    /// Gives a workflow the number of its new version.
    pub(crate) async fn number(&self, workflow: Id, number: i64) -> Result<()> {
        let mut patch = Patch::default();
        patch.set.insert("current_version".into(), number.into());
        // A version made meanwhile has a higher number, which then stays.
        let older = Filter::Less("current_version", number.into());
        match self.workflows.patch(&workflow.to_string(), None, &older, &patch).await {
            Ok(_) | Err(StoreError::Stale(_) | StoreError::Missing) => Ok(()),
            Err(other) => Err(other.into()),
        }
    }

    async fn settle(&self, version: &mut Version) -> Result<()> {
        self.number(version.workflow_id, version.version).await?;
        if std::mem::take(&mut version.unsettled) {
            let patch = Patch { unset: vec!["unsettled"], ..Patch::default() };
            self.stored.patch(&version.id.to_string(), None, &Filter::All, &patch).await?;
        }
        Ok(())
    }

    /// Settles what hosts that died left unsettled.
    pub async fn settle_all(&self) -> Result<()> {
        let unsettled = Filter::Eq("unsettled", true.into());
        for mut version in self.stored.find(&Query::new(unsettled, 1_000).bodies_only()).await? {
            self.settle(&mut version.value).await?;
        }
        Ok(())
    }

    /// Records how the run of a version went.
    pub async fn record_run(&self, workflow: Id, number: i64, status: &str) -> Result<()> {
        if let Some(version) = self.stored.find_one(this(workflow, number)).await? {
            let mut patch = Patch::default();
            patch.set.insert("run_status".into(), status.into());
            self.stored.patch(&version.id.to_string(), None, &Filter::All, &patch).await?;
        }
        Ok(())
    }

    /// Versions whose run is said to go on: the workflow, the number, the run.
    pub async fn running(&self) -> Result<Vec<(Id, i64, Id)>> {
        let running = Filter::Eq("run_status", "running".into());
        let found = self.stored.find(&Query::new(running, 1_000).bodies_only()).await?;
        let of = |it: &Version| Some((it.workflow_id, it.version, it.run_id?));
        Ok(found.iter().filter_map(|it| of(&it.value)).collect())
    }

    async fn stored(&self, workflow: Id, number: i64) -> Result<Stored<Version>> {
        let found = self.stored.find_one(this(workflow, number)).await?;
        found.ok_or_else(|| Error::not_found("version", number))
    }

    async fn newest(&self, workflow: Id) -> Result<i64> {
        let query = Query::new(Filter::Eq("workflow_id", workflow.into()), 1)
            .sorted("version", Direction::Descending)
            .bodies_only();
        Ok(self.stored.find(&query).await?.first().map_or(1, |it| it.version))
    }

    /// Removes what is over the number of versions to keep.
    async fn prune(&self, workflow: Id) -> Result<()> {
        if self.keep == 0 {
            return Ok(());
        }
        let mut unnamed = vec![
            Filter::Eq("workflow_id", workflow.into()),
            Filter::Eq("is_automatic", true.into()),
            Filter::Absent("name"),
            Filter::Absent("tag"),
        ];
        let query = Query::new(Filter::And(unnamed.clone()), 1)
            .sorted("version", Direction::Descending)
            .skipping(self.keep.into())
            .bodies_only();
        if let Some(first) = self.stored.find(&query).await?.first() {
            unnamed.push(Filter::Less("version", (first.version + 1).into()));
            self.stored.remove_all(&Filter::And(unnamed)).await?;
        }
        Ok(())
    }
}

impl Label {
    fn write(&self, version: &mut Version) {
        let some = |it: &String| Some(it.clone()).filter(|it| !it.is_empty());
        if let Some(name) = &self.name {
            version.name = some(name);
        }
        if let Some(tag) = &self.tag {
            version.tag = some(tag);
        }
        if let Some(description) = &self.description {
            version.description.clone_from(description);
        }
    }
}

impl Occasion {
    fn version(self, workflow: &Workflow, by: Id) -> Version {
        let now = Timestamp::now();
        let mut version = Version {
            id: Id::new(),
            workflow_id: workflow.id,
            version: workflow.current_version + 1,
            name: None,
            tag: None,
            description: String::new(),
            created_at: now,
            created_by: by,
            restored_from: None,
            is_automatic: false,
            run_id: None,
            run_status: None,
            // The version of a run that died is found by its status.
            unsettled: !matches!(self, Self::Run(_)),
            drawing: workflow.drawing.clone(),
        };
        match self {
            Self::Run(run) => {
                version.description = format!("run on {now}");
                version.is_automatic = true;
                version.run_id = Some(run);
                version.run_status = Some("running".into());
            }
            Self::Hand(label) => label.write(&mut version),
            Self::Restore(number, drawing) => {
                version.description = format!("version {number} restored");
                version.restored_from = Some(number);
                version.drawing = drawing;
            }
        }
        version
    }
}

fn this(workflow: Id, number: i64) -> Filter {
    Filter::And(vec![
        Filter::Eq("workflow_id", workflow.into()),
        Filter::Eq("version", number.into()),
    ])
}
