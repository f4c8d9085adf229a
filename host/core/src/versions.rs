//! Versions: numbered snapshots of a drawing.
//!
//! A run makes one, so that what ran can be looked up. The first has number 2:
//! number 1 is the empty drawing a workflow starts with.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    Error, Result,
    drawing::Drawing,
    id::Id,
    store::{
        Collection, Direction, Documents, Field, FieldKind, Filter, Patch, Query, Record,
        Repository, StoreError, Unique,
    },
    time::Timestamp,
    workflows::Workflow,
};

/// A snapshot of a drawing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Version {
    /// Its id.
    #[serde(skip)]
    pub id: Id,
    /// Whose drawing it is.
    pub workflow_id: Id,
    /// Counts up within the workflow.
    pub version: i64,
    /// Name given by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Tag given by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// What it is about.
    pub description: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it.
    pub created_by: Id,
    /// The version it restores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored_from: Option<i64>,
    /// Made by a run.
    pub is_automatic: bool,
    /// The run it was made for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<Id>,
    /// How that run went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_status: Option<String>,
    /// What was drawn.
    #[serde(skip, default = "Drawing::empty")]
    pub drawing: Drawing,
}

/// Where versions are kept.
pub static VERSIONS: Collection = Collection {
    name: "workflow_versions",
    fields: &[
        Field { name: "workflow_id", kind: FieldKind::Id },
        Field { name: "version", kind: FieldKind::Int },
        Field { name: "created_at", kind: FieldKind::Time },
        Field { name: "created_by", kind: FieldKind::Id },
        Field { name: "run_id", kind: FieldKind::Id },
    ],
    indexes: &[&["workflow_id", "version"]],
    unique: &[Unique { name: "version_number", fields: &["workflow_id", "version"] }],
    expiry: None,
};

impl Record for Version {
    const COLLECTION: &'static Collection = &VERSIONS;
    const MOVED: &'static [&'static str] = &["nodes", "edges"];

    fn key(&self) -> String {
        self.id.to_string()
    }

    fn restore_key(&mut self, id: &str) {
        self.id = id.parse().unwrap_or_default();
    }

    fn payload(&self) -> Option<Bytes> {
        Some(self.drawing.bytes())
    }

    fn restore_payload(&mut self, payload: Option<Bytes>) {
        if let Some(bytes) = payload {
            self.drawing = Drawing::from_bytes(bytes);
        }
    }

    fn complete(body: &mut Map<String, Value>) {
        body.entry("description").or_insert("".into());
        body.entry("is_automatic").or_insert(false.into());
    }

    fn payload_of(body: &str) -> Option<Bytes> {
        Drawing::bytes_in(body)
    }
}

impl Version {
    /// The JSON the API shows.
    pub fn to_json(&self) -> Result<String> {
        let fields = serde_json::to_string(self).map_err(Error::internal)?;
        let rest = fields.strip_prefix('{').unwrap_or_default();
        let drawing = self.drawing.fields();
        Ok(format!(r#"{{"id":"{}",{drawing},{rest}"#, self.id))
    }
}

/// One page of versions.
#[derive(Debug)]
pub struct VersionPage {
    /// Newest first.
    pub versions: Vec<Version>,
    /// How many there are.
    pub total: u64,
}

/// Makes and lists versions. Who may do so is the workflow's to say.
#[derive(Clone)]
pub struct Versions {
    stored: Repository<Version>,
    workflows: Repository<Workflow>,
}

impl Versions {
    /// Versions in `store`.
    pub fn new(store: &Arc<dyn Documents>) -> Self {
        Self {
            stored: Repository::new(Arc::clone(store)),
            workflows: Repository::new(Arc::clone(store)),
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

    /// Snapshots `workflow` for a run that starts.
    pub async fn snapshot_for_run(&self, workflow: &Workflow, by: Id, run: Id) -> Result<i64> {
        let now = Timestamp::now();
        let mut number = workflow.current_version + 1;
        loop {
            let version = Version {
                id: Id::new(),
                workflow_id: workflow.id,
                version: number,
                name: None,
                tag: None,
                description: format!("run on {now}"),
                created_at: now,
                created_by: by,
                restored_from: None,
                is_automatic: true,
                run_id: Some(run),
                run_status: Some("running".into()),
                drawing: workflow.drawing.clone(),
            };
            match self.stored.insert(version).await {
                Err(StoreError::Taken("version_number")) => {
                    number = self.newest(workflow.id).await? + 1
                }
                Err(other) => return Err(other.into()),
                Ok(_) => break,
            }
        }
        let mut patch = Patch::default();
        patch.set.insert("current_version".into(), number.into());
        // A version made meanwhile has a higher number, which then stays.
        let older = Filter::Less("current_version", number.into());
        match self.workflows.patch(&workflow.id.to_string(), None, &older, &patch).await {
            Ok(_) | Err(StoreError::Stale(_)) => Ok(number),
            Err(other) => Err(other.into()),
        }
    }

    /// Records how the run of a version went.
    pub async fn record_run(&self, workflow: Id, number: i64, status: &str) -> Result<()> {
        let this = Filter::And(vec![
            Filter::Eq("workflow_id", workflow.into()),
            Filter::Eq("version", number.into()),
        ]);
        if let Some(version) = self.stored.find_one(this).await? {
            let mut patch = Patch::default();
            patch.set.insert("run_status".into(), status.into());
            self.stored.patch(&version.id.to_string(), None, &Filter::All, &patch).await?;
        }
        Ok(())
    }

    async fn newest(&self, workflow: Id) -> Result<i64> {
        let query = Query::new(Filter::Eq("workflow_id", workflow.into()), 1)
            .sorted("version", Direction::Descending)
            .bodies_only();
        Ok(self.stored.find(&query).await?.first().map_or(1, |it| it.version))
    }
}
