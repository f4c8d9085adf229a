//! Workflows: drawings with a name, kept for their owner.

mod record;

use std::sync::Arc;

use serde_json::value::RawValue;

use crate::{
    Error, Result,
    access::Caller,
    drawing::{Drawing, DrawingLimits},
    events::{EventId, Events, Subscription, Topic},
    id::Id,
    runs::{Removal, RunView, Runs, Started, Trigger},
    statuses::Statuses,
    store::{Direction, Documents, Filter, Query, Repository, Stored},
    time::Timestamp,
    versions::{VersionPage, Versions},
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

/// The workflow use-cases.
#[derive(Clone)]
pub struct Workflows {
    stored: Repository<Workflow>,
    versions: Versions,
    statuses: Statuses,
    runs: Runs,
    events: Arc<dyn Events>,
    limits: DrawingLimits,
}

impl Workflows {
    /// Workflows in `store`, run by `runs`.
    pub fn new(
        store: &Arc<dyn Documents>,
        runs: Runs,
        events: Arc<dyn Events>,
        limits: DrawingLimits,
    ) -> Self {
        Self {
            stored: Repository::new(Arc::clone(store)),
            versions: Versions::new(store),
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
        if cluster.is_empty() {
            return Err(Error::invalid("cluster_id", "must name a cluster"));
        }
        let now = Timestamp::now();
        let workflow = Workflow {
            id: Id::new(),
            name: checked_name(name)?,
            description: checked_text("description", description)?,
            cluster_id: cluster,
            status: Status::Draft,
            tags: Vec::new(),
            current_version: 1,
            owner_id: caller.user,
            team_id: String::new(),
            created_at: now,
            updated_at: now,
            deleted_at: None,
            last_run_at: None,
            run_count: 0,
            success_count: 0,
            failure_count: 0,
            drawing: Drawing::empty(),
        };
        Ok(self.stored.insert(workflow).await?.value)
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
    pub async fn update(
        &self,
        caller: &Caller,
        id: Id,
        change: WorkflowChange<'_>,
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
        let before = self.mine(caller, id).await?.value;
        let changed = self
            .change(id, |it| {
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
            drop(self.runs.remove_all(caller, &before));
        }
        self.overlaid(changed).await
    }

    /// Replaces the drawing. Objects of nodes that are gone are removed from
    /// the cluster if the workflow ever ran.
    pub async fn save(
        &self,
        caller: &Caller,
        id: Id,
        nodes: &RawValue,
        edges: &RawValue,
        description: Option<String>,
    ) -> Result<(Workflow, Option<Removal>)> {
        let drawing = Drawing::accept(nodes, edges, self.limits)?;
        let description = description.map(|it| checked_text("description", it)).transpose()?;
        self.mine(caller, id).await?;
        let saved = self
            .change(id, |it| {
                it.drawing = drawing.clone();
                if let Some(description) = &description {
                    it.description.clone_from(description);
                }
                Ok(())
            })
            .await?;
        let removal = (saved.run_count > 0).then(|| self.runs.remove_dropped(&saved));
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
        let workflow = self.mine(caller, id).await?.value;
        self.change(id, |it| {
            it.status = status;
            Ok(())
        })
        .await?;
        let archived = status == Status::Archived;
        Ok(archived.then(|| self.runs.remove_all(caller, &workflow)))
    }

    /// Deletes a workflow with its objects. Its runs and versions are kept.
    pub async fn delete(&self, caller: &Caller, id: Id) -> Result<Removal> {
        let workflow = self.mine(caller, id).await?.value;
        self.change(id, |it| {
            it.deleted_at = Some(Timestamp::now());
            Ok(())
        })
        .await?;
        self.runs.forget_values(id).await?;
        Ok(self.runs.remove_all(caller, &workflow))
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

    /// A page of versions, newest first.
    pub async fn versions(
        &self,
        caller: &Caller,
        id: Id,
        page: u64,
        limit: u32,
    ) -> Result<VersionPage> {
        self.mine(caller, id).await?;
        self.versions.page(id, page, limit).await
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

    async fn overlaid(&self, mut workflow: Workflow) -> Result<Workflow> {
        let overlay = self.statuses.overlay(workflow.id).await?;
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

    /// Changes a workflow that is there, whoever else changes it meanwhile.
    async fn change(
        &self,
        id: Id,
        change: impl Fn(&mut Workflow) -> Result<()> + Send + Sync,
    ) -> Result<Workflow> {
        let changed = self
            .stored
            .update(&id.to_string(), |it| {
                if it.deleted_at.is_some() {
                    return Err(Error::not_found("workflow", id));
                }
                it.updated_at = Timestamp::now();
                change(it)
            })
            .await?;
        changed.map(|it| it.value).ok_or_else(|| Error::not_found("workflow", id))
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
