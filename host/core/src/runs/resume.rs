//! What a start does about work that an earlier one left unfinished.
//!
//! A run ends as failed and says what it may have applied. Objects of a
//! workflow that is gone, and of nodes that are no longer drawn, are removed:
//! whoever archived, deleted or saved it was told that they would be. What
//! remains is followed again.

use std::collections::HashSet;

use super::{
    Abandoned, Runs,
    comparison::described,
    inventory::{Entry, Inventory},
    meter::Ending,
    plan::{OnFault, Plan, Target},
    record::{Run, RunStatus},
    vault::ValueNames,
};
use crate::{
    Result,
    id::Id,
    observer::{Seed, Subject},
    store::{Filter, Query, Stored},
    workflows::{Status, Workflow},
};

impl Runs {
    /// Ends runs nobody works on any more as failed: their host died. What
    /// they had applied is in their log and in the inventory. With
    /// [`Abandoned::All`] that is every run, as at the start of a host that has
    /// its store to itself.
    pub async fn end_abandoned(&self, which: Abandoned) -> Result<()> {
        let running = Filter::Eq("status", RunStatus::Running.as_str().into());
        for Stored { value: run, .. } in self.runs.find(&Query::new(running, 1_000)).await? {
            let own = self.is_own(run.id);
            let abandoned = match which {
                Abandoned::All => true,
                Abandoned::Own => own,
                Abandoned::Expired => {
                    // A run that has just begun may not be in the store's
                    // order yet: its lock is taken first, so it is held.
                    !own && !self.locks.is_held(run.workflow_id, run.id).await?
                }
            };
            if abandoned {
                self.end_one(run).await?;
            }
        }
        match which {
            Abandoned::Own => Ok(()),
            Abandoned::Expired => self.end_versions(which).await,
            Abandoned::All => {
                self.end_versions(which).await?;
                self.locks.revoke_all().await
            }
        }
    }

    /// Versions of runs that died before they were recorded, or were recorded
    /// as ended by a host that died then.
    async fn end_versions(&self, which: Abandoned) -> Result<()> {
        for (workflow, number, run) in self.versions.running().await? {
            let goes_on = self.is_own(run)
                || which == Abandoned::Expired && self.locks.is_held(workflow, run).await?;
            if !goes_on {
                self.end_version(workflow, number, run).await?;
            }
        }
        self.versions.settle_all().await
    }

    async fn end_version(&self, workflow: Id, number: i64, run: Id) -> Result<()> {
        self.versions.number(workflow, number).await?;
        let run = self.runs.get(&run.to_string()).await?.map(|it| it.value);
        let drawn = self.workflows.get(&workflow.to_string()).await?;
        match run.filter(|it| it.status != RunStatus::Running).zip(drawn) {
            Some((run, workflow)) => self.follow_up(&workflow, &run).await,
            None => self.versions.record_run(workflow, number, RunStatus::Failed.as_str()).await,
        }
    }

    async fn end_one(&self, mut run: Run) -> Result<()> {
        let Some(workflow) = self.workflows.get(&run.workflow_id.to_string()).await? else {
            return Ok(());
        };
        let id = run.id;
        for entry in self.inventory_of(workflow.id).await?.iter().filter(|it| it.run == id) {
            let state = if entry.uid.is_empty() { "may be applied" } else { "applied" };
            run.log(format!("{}: {} {state}", entry.node, described(&entry.key())));
        }
        run.end(Some("the host stopped while this was being run; run it again".into()));
        self.meter.ended(Ending::Interrupted, run.took());
        self.record(&workflow, &run).await?;
        self.locks.revoke(run.workflow_id, run.id).await
    }

    /// Goes on where earlier starts of the host left off, workflow by
    /// workflow; one that cannot be resumed does not keep back the others.
    pub async fn resume(&self) -> Result<()> {
        self.empty_vaults().await?;
        let mut skip = 0;
        loop {
            let page = self.inventories.find(&Query::new(Filter::All, 200).skipping(skip)).await?;
            if page.is_empty() {
                return Ok(());
            }
            skip += page.len() as u64;
            for inventory in page {
                let workflow = inventory.workflow;
                if let Err(error) = self.resume_one(inventory.value).await {
                    tracing::info!(%workflow, %error, "workflow is not resumed");
                }
            }
        }
    }

    async fn resume_one(&self, inventory: Inventory) -> Result<()> {
        if inventory.entries.is_empty() {
            return Ok(());
        }
        let id = inventory.workflow;
        let live = self.live(id).await?.filter(|it| it.status != Status::Archived);
        let Some(workflow) = live else {
            self.observer.unfollow(id).await?;
            return self.cleanup.remove(id, inventory.entries).await.map(drop);
        };
        self.remove_undrawn(id, inventory.entries.clone()).await?;
        self.follow_again(&inventory, &workflow).await
    }

    /// Removes those objects of `known` whose nodes are not drawn. The drawing
    /// is read after `known` was: a node that is drawn and run in between has
    /// no objects among them.
    pub(super) async fn remove_undrawn(
        &self,
        workflow: Id,
        mut known: Vec<Entry>,
    ) -> Result<Vec<String>> {
        // A workflow that is gone is whoever's who deleted it.
        let Some(stored) = self.live(workflow).await? else { return Ok(Vec::new()) };
        let parts = stored.drawing.parts()?;
        let drawn: HashSet<&str> = parts.nodes.iter().map(|it| it.id.as_ref()).collect();
        known.retain(|it| !drawn.contains(it.node.as_str()));
        self.cleanup.remove(workflow, known).await
    }

    async fn live(&self, workflow: Id) -> Result<Option<Workflow>> {
        let stored = self.workflows.get(&workflow.to_string()).await?;
        Ok(stored.map(|it| it.value).filter(|it| it.deleted_at.is_none()))
    }

    /// Empties the vaults of workflows that are gone.
    async fn empty_vaults(&self) -> Result<()> {
        let mut after = 0;
        loop {
            let page = self.vaults.page(after).await?;
            if page.is_empty() {
                return Ok(());
            }
            for workflow in page {
                if self.live(workflow).await?.is_some() {
                    after += 1;
                } else {
                    self.vaults.empty(workflow).await?;
                }
            }
        }
    }

    async fn follow_again(&self, inventory: &Inventory, workflow: &Workflow) -> Result<()> {
        let Some(entry) = inventory.entries.last() else { return Ok(()) };
        let Some(record) = self.clusters.by_id(entry.cluster).await? else { return Ok(()) };
        let given = ValueNames::default();
        let (catalogue, kept) = self.catalogue_of(workflow).await?;
        let cluster = self.clusters.connect(&record).await?;
        let target = Target {
            workflow: Some(workflow.id),
            namespace: record.namespace(),
            given: &given,
            cluster: Some(&cluster),
            definitions: &kept.definitions,
            on_fault: OnFault::Stop,
        };
        let nodes = Plan::prepare_only(&workflow.drawing, &catalogue, &target).await?;
        let applied: HashSet<&str> = inventory.entries.iter().map(|it| it.node.as_str()).collect();
        let nodes = nodes.into_iter().filter(|it| applied.contains(it.node.id.as_str()));
        let subject = Subject {
            workflow: workflow.id,
            owner: workflow.owner_id,
            custom: kept.types,
            cluster_id: record.id,
            cluster,
            nodes: nodes.collect(),
            seed: Seed::new(),
        };
        self.observer.follow(subject).await;
        Ok(())
    }
}
