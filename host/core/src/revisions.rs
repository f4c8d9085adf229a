//! Revisions: what a change of a workflow overwrote.
//!
//! Nobody asks for them; they are there when somebody saved over somebody
//! else's work, and go away by number and age. What people keep on purpose is
//! a version.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{
    Error, Result,
    drawing::Drawing,
    id::Id,
    store::{
        Collection, Direction, Documents, Field, FieldKind, Filter, Query, Record, Repository,
        StoreError, Unique,
    },
    time::Timestamp,
    workflows::Workflow,
};

/// Changes of a workflow between two looks for revisions to remove.
const PRUNE_EVERY: i64 = 8;

/// A state of a workflow that is no more.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Revision {
    /// Its id.
    #[serde(skip)]
    pub id: Id,
    /// Of which workflow.
    pub workflow_id: Id,
    /// The workflow's revision while it was like this.
    pub revision: i64,
    /// The name it had.
    pub name: String,
    /// The description it had.
    pub description: String,
    /// Bytes of the drawing it had.
    pub bytes: usize,
    /// When it was overwritten.
    pub replaced_at: Timestamp,
    /// Who did that.
    pub replaced_by: Id,
    /// What was drawn.
    #[serde(skip, default = "Drawing::empty")]
    pub drawing: Drawing,
}

/// Where revisions are kept.
pub static REVISIONS: Collection = Collection {
    name: "workflow_revisions",
    fields: &[
        Field { name: "workflow_id", kind: FieldKind::Id },
        Field { name: "revision", kind: FieldKind::Int },
        Field { name: "replaced_at", kind: FieldKind::Time },
    ],
    indexes: &[&["replaced_at"]],
    unique: &[Unique { name: "workflow_revision", fields: &["workflow_id", "revision"] }],
    expiry: None,
};

impl Record for Revision {
    const COLLECTION: &'static Collection = &REVISIONS;

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
        self.drawing.restore(payload);
    }
}

/// A revision without its drawing, as a list shows it.
#[derive(Debug, Serialize)]
pub struct RevisionView {
    id: Id,
    #[serde(flatten)]
    revision: Revision,
}

/// One page of revisions.
#[derive(Debug)]
pub struct RevisionPage {
    /// Newest first.
    pub revisions: Vec<RevisionView>,
    /// How many there are.
    pub total: u64,
}

/// How many revisions of a workflow are kept, and how long.
#[derive(Debug, Clone, Copy)]
pub struct Retention {
    /// The newest so many; a few more may be there until the next look.
    pub keep: u32,
    /// Not longer than this.
    pub max_age: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self { keep: 50, max_age: Duration::from_secs(30 * 86_400) }
    }
}

/// Keeps and shows revisions. Who may see them is the workflow's to say.
#[derive(Clone)]
pub struct Revisions {
    stored: Repository<Revision>,
    retention: Retention,
}

impl Revisions {
    /// Revisions in `store`.
    pub fn new(store: &Arc<dyn Documents>, retention: Retention) -> Self {
        Self { stored: Repository::new(Arc::clone(store)), retention }
    }

    /// Keeps `workflow` as it is now. Called before it is overwritten: if that
    /// then does not happen, the revision equals the workflow, which harms
    /// nobody, and whoever overwrites it later finds it kept.
    pub(crate) async fn keep(&self, workflow: &Workflow, by: Id) -> Result<()> {
        let revision = Revision {
            id: Id::new(),
            workflow_id: workflow.id,
            revision: workflow.revision,
            name: workflow.name.clone(),
            description: workflow.description.clone(),
            bytes: workflow.drawing.bytes().len(),
            replaced_at: Timestamp::now(),
            replaced_by: by,
            drawing: workflow.drawing.clone(),
        };
        match self.stored.insert(revision).await {
            Ok(_) | Err(StoreError::Taken("workflow_revision")) => {}
            Err(other) => return Err(other.into()),
        }
        if workflow.revision % PRUNE_EVERY == 0
            && let Err(error) = self.prune(workflow.id).await
        {
            tracing::warn!(workflow = %workflow.id, %error, "old revisions stay for now");
        }
        Ok(())
    }

    /// A page of `workflow`'s revisions, newest first; `page` counts from 1.
    pub async fn page(&self, workflow: Id, page: u64, limit: u32) -> Result<RevisionPage> {
        let mine = Filter::Eq("workflow_id", workflow.into());
        let query = Query::new(mine.clone(), limit)
            .sorted("revision", Direction::Descending)
            .skipping((page - 1).saturating_mul(u64::from(limit)))
            .bodies_only();
        let found = self.stored.find(&query).await?.into_iter().map(|it| it.value);
        let revisions = found.map(|it| RevisionView { id: it.id, revision: it }).collect();
        Ok(RevisionPage { revisions, total: self.stored.count(&mine).await? })
    }

    /// One revision of `workflow`.
    pub async fn get(&self, workflow: Id, number: i64) -> Result<Revision> {
        let this = Filter::And(vec![
            Filter::Eq("workflow_id", workflow.into()),
            Filter::Eq("revision", number.into()),
        ]);
        let found = self.stored.find_one(this).await?;
        found.map(|it| it.value).ok_or_else(|| Error::not_found("revision", number))
    }

    /// Removes what is too old, of all workflows; answers how many.
    pub async fn forget_old(&self) -> Result<u64> {
        let end = Timestamp::now() - self.retention.max_age;
        Ok(self.stored.remove_all(&Filter::Less("replaced_at", end.into())).await?)
    }

    /// Removes what is over the number to keep.
    async fn prune(&self, workflow: Id) -> Result<()> {
        let mine = Filter::Eq("workflow_id", workflow.into());
        let query = Query::new(mine.clone(), 1)
            .sorted("revision", Direction::Descending)
            .skipping(self.retention.keep.into())
            .bodies_only();
        if let Some(first) = self.stored.find(&query).await?.first() {
            let surplus = Filter::Less("revision", (first.value.revision + 1).into());
            self.stored.remove_all(&Filter::And(vec![mine, surplus])).await?;
        }
        Ok(())
    }
}

impl Revision {
    /// The JSON the API shows, with the drawing.
    pub fn to_json(&self) -> Result<String> {
        let fields = serde_json::to_string(self).map_err(Error::internal)?;
        let rest = fields.strip_prefix('{').unwrap_or_default();
        Ok(format!(r#"{{"id":"{}",{},{rest}"#, self.id, self.drawing.fields()))
    }
}
