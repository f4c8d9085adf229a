//! Workflows: drawings with a name, kept for their owner.

mod clone;
mod history;
mod record;

use std::sync::Arc;

use serde_json::{Map, Value, value::RawValue};

use crate::{
    Error, Result,
    access::Caller,
    drawing::{Drawing, DrawingLimits},
    events::{EventId, Events, Subscription, Topic},
    id::Id,
    revisions::Revisions,
    runs::{Removal, RunView, Runs, Started, Trigger},
    statuses::Statuses,
    store::{Direction, Documents, Filter, Query, Repository, StoreError, Stored},
    time::Timestamp,
    versions::Versions,
};
pub use record::{Status, WORKFLOWS, Workflow};

/// Workflows a list shows at most.
const MOST: u32 = 10_000;
/// Bytes of a name or a description.
const TEXT_LIMIT: usize = 10_000;

/// A change of some fields; `None` leaves a field as it is.
#[derive(Default)]
pub struct WorkflowChange<'a> {
    /// New name.
    pub name: Option<String>,
    /// New description.
    pub description: Option<String>,
    /// New status.
    pub status: Option<Status>,
    /// New nodes.
    pub nodes: Option<&'a RawValue>,
    /// New edges.
    pub edges: Option<&'a RawValue>,
}

/// The revision a caller started from, if it minds that others changed the
/// workflow meanwhile.
pub type Seen = Option<i64>;

/// The workflow use-cases.
#[derive(Clone)]
pub struct Workflows {
    stored: Repository<Workflow>,
    versions: Versions,
    revisions: Revisions,
    statuses: Statuses,
    runs: Runs,
    events: Arc<dyn Events>,
    limits: DrawingLimits,
}

impl Workflows {
    /// Workflows in `store` with their history, run by `runs`.
    pub fn new(
        store: &Arc<dyn Documents>,
        versions: Versions,
        revisions: Revisions,
        runs: Runs,
        events: Arc<dyn Events>,
        limits: DrawingLimits,
    ) -> Self {
        Self {
            stored: Repository::new(Arc::clone(store)),
            versions,
            revisions,
            statuses: Statuses::new(store),
            runs,
            events,
            limits,
        }
    }

    /// Makes an empty draft. Whether the cluster exists is looked at when it
    /// is run.
    pub async fn create(
        &self,
        caller: &Caller,
        name: String,
        description: String,
        cluster: String,
    ) -> Result<Workflow> {
        self.create_drawn(caller, (name, description), cluster, Drawing::empty()).await
    }

    /// Makes a draft that shows `drawing`.
    pub(crate) async fn create_drawn(
        &self,
        caller: &Caller,
        (name, description): (String, String),
        cluster: String,
        drawing: Drawing,
    ) -> Result<Workflow> {
        if cluster.is_empty() {
            return Err(Error::invalid("cluster_id", "must name a cluster"));
        }
        let name = checked_name(name)?;
        let description = checked_text("description", description)?;
        let draft = Workflow::draft(caller.user, name, description, cluster);
        Ok(self.stored.insert(Workflow { drawing, ..draft }).await?.value)
    }

    /// The caller's workflows, last changed first.
    pub async fn list(&self, caller: &Caller) -> Result<Vec<Workflow>> {
        let mine = Filter::And(vec![
            Filter::Eq("owner_id", caller.user.into()),
            Filter::Absent("deleted_at"),
        ]);
        let query = Query::new(mine, MOST).sorted("updated_at", Direction::Descending);
        Ok(self.stored.find(&query).await?.into_iter().map(|it| it.value).collect())
    }

    /// A workflow with what is known of its nodes laid over the drawing.
    pub async fn get(&self, caller: &Caller, id: Id) -> Result<Workflow> {
        let workflow = self.mine(caller, id).await?.value;
        self.overlaid(workflow).await
    }

    /// Changes some fields.
    ///
    /// # Errors
    ///
    /// [`Error::Changed`] if the workflow is not at `seen` any more.
    pub async fn update(
        &self,
        caller: &Caller,
        id: Id,
        change: WorkflowChange<'_>,
        seen: Seen,
    ) -> Result<Workflow> {
        let WorkflowChange { name, description, status, nodes, edges } = change;
        let nothing = name.is_none() && description.is_none() && status.is_none();
        if nothing && nodes.is_none() && edges.is_none() {
            return Err(Error::invalid(
                "body",
                "must have one of `name`, `description`, `status`, `nodes`, `edges`",
            ));
        }
        let name = name.map(checked_name).transpose()?;
        let description = description.map(|it| checked_text("description", it)).transpose()?;
        let drawn = nodes.is_some() || edges.is_some();
        let changed = self
            .change(caller, id, seen, |it| {
                if drawn {
                    it.drawing = it.drawing.with_replaced(nodes, edges, self.limits)?;
                }
                if let Some(name) = &name {
                    it.name.clone_from(name);
                }
                if let Some(description) = &description {
                    it.description.clone_from(description);
                }
                it.status = status.unwrap_or(it.status);
                Ok(())
            })
            .await?;
        if status == Some(Status::Archived) {
            drop(self.runs.remove_all(caller, &changed));
        }
        self.overlaid(changed).await
    }

    /// Replaces the drawing. Objects of nodes that are gone are removed from
    /// the cluster if the workflow ever ran.
    ///
    /// # Errors
    ///
    /// [`Error::Changed`] if the workflow is not at `seen` any more.
    pub async fn save(
        &self,
        caller: &Caller,
        id: Id,
        drawn: (&RawValue, &RawValue),
        description: Option<String>,
        seen: Seen,
    ) -> Result<(Workflow, Option<Removal>)> {
        let (nodes, edges) = drawn;
        let drawing = Drawing::accept(nodes, edges, self.limits)?;
        let description = description.map(|it| checked_text("description", it)).transpose()?;
        let saved = self
            .change(caller, id, seen, |it| {
                it.drawing = drawing.clone();
                if let Some(description) = &description {
                    it.description.clone_from(description);
                }
                Ok(())
            })
            .await?;
        let removal = (saved.run_count > 0).then(|| self.runs.remove_dropped(id));
        Ok((self.overlaid(saved).await?, removal))
    }

    /// Sets the status. Archiving removes the workflow's objects; it is
    /// archived whatever comes of that.
    pub async fn set_status(
        &self,
        caller: &Caller,
        id: Id,
        status: Status,
    ) -> Result<Option<Removal>> {
        let changed = self
            .change(caller, id, None, |it| {
                it.status = status;
                Ok(())
            })
            .await?;
        let archived = status == Status::Archived;
        Ok(archived.then(|| self.runs.remove_all(caller, &changed)))
    }

    /// Deletes a workflow with its objects. Its runs and versions are kept.
    pub async fn delete(&self, caller: &Caller, id: Id) -> Result<Removal> {
        let deleted = self
            .change(caller, id, None, |it| {
                it.deleted_at = Some(Timestamp::now());
                Ok(())
            })
            .await?;
        self.runs.forget_values(id).await?;
        Ok(self.runs.remove_all(caller, &deleted))
    }

    /// Starts a run.
    pub async fn run(&self, caller: &Caller, id: Id, trigger: Trigger) -> Result<Started> {
        let workflow = self.mine(caller, id).await?.value;
        self.runs.start(caller, workflow, trigger).await
    }

    /// The newest runs.
    pub async fn runs(&self, caller: &Caller, id: Id, limit: u32) -> Result<Vec<RunView>> {
        self.mine(caller, id).await?;
        self.runs.list(id, limit).await
    }

    /// Events of a workflow, with the workflow as it is now. Subscribed before
    /// it is read, so that nothing falls between the two.
    pub async fn subscribe(
        &self,
        caller: &Caller,
        id: Id,
        after: Option<EventId>,
    ) -> Result<(Workflow, Subscription)> {
        let subscription = self.events.subscribe(&Topic::Workflow(id), after);
        Ok((self.get(caller, id).await?, subscription))
    }

    /// A workflow as it is drawn, without statuses, for other use-cases.
    pub(crate) async fn drawn(&self, caller: &Caller, id: Id) -> Result<Workflow> {
        Ok(self.mine(caller, id).await?.value)
    }

    /// How large drawings may be.
    pub(crate) fn limits(&self) -> DrawingLimits {
        self.limits
    }

    /// A workflow as somebody would save it: with other nodes or edges, where
    /// they are given. Nothing is stored.
    pub(crate) async fn drafted(
        &self,
        caller: &Caller,
        id: Id,
        (nodes, edges): (Option<&RawValue>, Option<&RawValue>),
    ) -> Result<Workflow> {
        let mut workflow = self.mine(caller, id).await?.value;
        if nodes.is_some() || edges.is_some() {
            workflow.drawing = workflow.drawing.with_replaced(nodes, edges, self.limits)?;
        }
        Ok(workflow)
    }

    /// Lays a merge patch (RFC 7386) over the data of one node.
    ///
    /// # Errors
    ///
    /// [`Error::Changed`] if the workflow is not at `seen` any more.
    pub(crate) async fn patch_node(
        &self,
        caller: &Caller,
        id: Id,
        (node, patch): (&str, &Map<String, Value>),
        seen: Seen,
    ) -> Result<Workflow> {
        self.change(caller, id, seen, |it| {
            it.drawing = it.drawing.with_patched(node, patch, self.limits)?;
            Ok(())
        })
        .await
    }

    async fn overlaid(&self, mut workflow: Workflow) -> Result<Workflow> {
        let overlay = self.statuses.overlay_of(&workflow).await?;
        workflow.drawing = workflow.drawing.overlaid(&overlay)?;
        Ok(workflow)
    }

    async fn mine(&self, caller: &Caller, id: Id) -> Result<Stored<Workflow>> {
        let stored = self.stored.get(&id.to_string()).await?;
        let stored = stored.filter(|it| it.deleted_at.is_none());
        let stored = stored.ok_or_else(|| Error::not_found("workflow", id))?;
        caller.require_owner(stored.owner_id, "workflow", id)?;
        Ok(stored)
    }

    /// Changes one of the caller's workflows, whoever else writes to it
    /// meanwhile. What that overwrites is kept first: a crash in between
    /// leaves one revision too many, never one too few.
    async fn change(
        &self,
        caller: &Caller,
        id: Id,
        seen: Seen,
        change: impl Fn(&mut Workflow) -> Result<()> + Send + Sync,
    ) -> Result<Workflow> {
        loop {
            let mut stored = self.mine(caller, id).await?;
            let before = stored.value.clone();
            before.require(seen)?;
            change(&mut stored.value)?;
            stored.value.revision += 1;
            stored.value.updated_at = Timestamp::now();
            if before.reads_otherwise(&stored.value) {
                self.revisions.keep(&before, caller.user).await?;
            }
            match self.stored.replace(stored).await {
                Ok(stored) => return Ok(stored.value),
                Err(StoreError::Stale(_)) => {}
                Err(StoreError::Missing) => return Err(Error::not_found("workflow", id)),
                Err(other) => return Err(other.into()),
            }
        }
    }
}

fn checked_name(name: String) -> Result<String> {
    let name = checked_text("name", name)?;
    if name.trim().is_empty() { Err(Error::invalid("name", "must not be empty")) } else { Ok(name) }
}

fn checked_text(field: &str, text: String) -> Result<String> {
    if text.len() > TEXT_LIMIT {
        return Err(Error::invalid(field, format!("must have at most {TEXT_LIMIT} bytes")));
    }
    Ok(text)
}
