//! Runs: a drawing becomes objects in a cluster.
//!
//! A run is a piece of background work: whoever asked for it may go away. It
//! versions the drawing, plans it, applies the plan, and leaves a record, an
//! inventory and a notification.

mod apply;
mod cleanup;
pub(crate) mod comparison;
mod diff;
mod drawn;
mod execute;
mod fields;
pub(crate) mod graph;
pub mod inventory;
mod lock;
pub mod meter;
pub mod plan;
mod record;
mod resume;
mod scope;
mod surroundings;
pub(crate) mod trial;
pub mod vault;

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::oneshot;

use crate::{
    Error, Result,
    access::Caller,
    audit::{Action, Audit, Object},
    clusters::Clusters,
    custom_kinds::{Kept, KeptKinds},
    id::Id,
    node_types::{Catalogue, Finding, NodeTypes},
    notifications::Notifications,
    observer::Observer,
    secrets::KeyRing,
    store::{Direction, Documents, Filter, Query, Repository},
    tasks::Tasks,
    versions::Versions,
    workflows::{Status, Workflow},
};
pub(crate) use apply::refusal;
use cleanup::Cleanup;
pub(crate) use comparison::{described, uid};
pub(crate) use drawn::type_name;
use inventory::Inventory;
pub(crate) use lock::Held;
use lock::Locks;
pub use lock::{LOCK_LIFE, RUN_LOCKS, RunLock};
use meter::Meter;
pub use record::{AppliedObject, NodeOutput, RUNS, Run, RunStatus, RunView};
pub(crate) use surroundings::{unanswered, with_definition};
use vault::{Given, Vaults};

/// Values for one run.
#[derive(Default)]
pub struct Trigger {
    /// Secret values by node and key.
    pub secrets: Given,
    /// Environment values by node and name.
    pub environment: Given,
}

/// A run that has begun.
pub struct Started {
    /// Its id.
    pub id: Id,
    /// Tells its end.
    pub finished: oneshot::Receiver<Finished>,
}

/// Tells what could not be removed when the removal is over, in sentences.
pub type Removal = oneshot::Receiver<Vec<String>>;

/// How a run ended.
#[derive(Debug)]
pub struct Finished {
    /// The record.
    pub run: Run,
    /// What made it fail, with its findings.
    pub failure: Option<Error>,
    /// Everything to know about the drawing.
    pub findings: Vec<Finding>,
}

/// Which unfinished runs are to be ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Abandoned {
    /// All there are.
    All,
    /// Those this host works on.
    Own,
    /// Those of other hosts whose lock has expired.
    Expired,
}

/// The run use-cases.
#[derive(Clone)]
pub struct Runs {
    workflows: Repository<Workflow>,
    runs: Repository<Run>,
    inventories: Repository<Inventory>,
    versions: Versions,
    vaults: Vaults,
    locks: Locks,
    clusters: Clusters,
    node_types: Arc<dyn NodeTypes>,
    custom: KeptKinds,
    notifications: Notifications,
    observer: Observer,
    tasks: Arc<dyn Tasks>,
    cleanup: Cleanup,
    audit: Audit,
    meter: Arc<dyn Meter>,
    /// Runs this host works on.
    own: Arc<Mutex<HashSet<Id>>>,
}

/// What [`Runs`] works with.
pub struct RunParts {
    /// Where things are kept.
    pub store: Arc<dyn Documents>,
    /// Makes a version of what is run.
    pub versions: Versions,
    /// Where runs go.
    pub clusters: Clusters,
    /// What nodes mean.
    pub node_types: Arc<dyn NodeTypes>,
    /// What people made node types of.
    pub custom: KeptKinds,
    /// Who is told.
    pub notifications: Notifications,
    /// Who looks on.
    pub observer: Observer,
    /// What seals given values.
    pub keys: Arc<KeyRing>,
    /// What runs in the background.
    pub tasks: Arc<dyn Tasks>,
    /// What remembers who did it.
    pub audit: Audit,
    /// What counts runs.
    pub meter: Arc<dyn Meter>,
    /// How long a run is left to a host that says nothing of it.
    pub lock_life: Duration,
}

impl Runs {
    /// Runs over these parts.
    pub fn new(parts: RunParts) -> Self {
        let store = &parts.store;
        let inventories = Repository::new(Arc::clone(store));
        Self {
            workflows: Repository::new(Arc::clone(store)),
            runs: Repository::new(Arc::clone(store)),
            versions: parts.versions,
            vaults: Vaults::new(store, parts.keys),
            locks: Locks::new(store, parts.lock_life),
            cleanup: Cleanup { clusters: parts.clusters.clone(), inventories: inventories.clone() },
            inventories,
            clusters: parts.clusters,
            node_types: parts.node_types,
            custom: parts.custom,
            notifications: parts.notifications,
            observer: parts.observer,
            tasks: parts.tasks,
            audit: parts.audit,
            meter: parts.meter,
            own: Arc::default(),
        }
    }

    /// What the nodes of a workflow are asked of, and the custom kinds among
    /// them.
    async fn catalogue_of(&self, workflow: &Workflow) -> Result<(Arc<dyn Catalogue>, Kept)> {
        let catalogue = self.node_types.catalogue_for(workflow.owner_id);
        let kept =
            self.custom.in_drawing(workflow.owner_id, &workflow.drawing, &*catalogue).await?;
        let none = kept.types.is_empty();
        Ok((if none { catalogue } else { catalogue.with(kept.types.clone()) }, kept))
    }

    fn is_own(&self, run: Id) -> bool {
        self.own.lock().unwrap_or_else(PoisonError::into_inner).contains(&run)
    }

    fn set_own(&self, run: Id, own: bool) {
        let mut runs = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        if own {
            runs.insert(run)
        } else {
            runs.remove(&run)
        };
    }

    /// Starts a run of a published workflow. One at a time.
    pub async fn start(
        &self,
        caller: &Caller,
        workflow: Workflow,
        trigger: Trigger,
    ) -> Result<Started> {
        if workflow.status != Status::Published {
            return Err(Error::Refused {
                code: "workflow.not-published",
                message: "only a published workflow can be run; publish it first".into(),
            });
        }
        let id = Id::new();
        let lock = self.locks.take(workflow.id, id).await?;
        self.set_own(id, true);
        let begun = self.begin(caller, &workflow, id, trigger).await;
        let (run, vault) = match begun {
            Ok(begun) => begun,
            Err(error) => {
                self.set_own(id, false);
                self.locks.release(lock).await;
                return Err(error);
            }
        };
        self.meter.started();
        let (tell, finished) = oneshot::channel();
        let (this, caller) = (self.clone(), caller.clone());
        self.tasks.start("run a workflow", async move {
            let finished = this.execute(&caller, workflow, run, &vault, &lock).await;
            this.set_own(id, false);
            this.locks.release(lock).await;
            drop(tell.send(finished));
        });
        Ok(Started { id, finished })
    }

    async fn begin(
        &self,
        caller: &Caller,
        workflow: &Workflow,
        id: Id,
        trigger: Trigger,
    ) -> Result<(Run, vault::Vault)> {
        let vault = self.vaults.fill(workflow.id, trigger.secrets, trigger.environment).await?;
        let version = self.versions.snapshot_for_run(workflow, caller.user, id).await?;
        let run = Run::begin(id, workflow.id, version, caller.user);
        Ok((self.runs.insert(run).await?.value, vault))
    }

    /// The newest runs of a workflow.
    pub async fn list(&self, workflow: Id, limit: u32) -> Result<Vec<RunView>> {
        let query = Query::new(Filter::Eq("workflow_id", workflow.into()), limit)
            .sorted("started_at", Direction::Descending);
        Ok(self.runs.find(&query).await?.into_iter().map(|it| it.value.into()).collect())
    }

    /// Removes the objects of nodes that are not in the drawing any more, in
    /// the background.
    pub fn remove_dropped(&self, workflow: Id) -> Removal {
        let this = self.clone();
        self.removal(async move {
            let known = this.inventory_of(workflow).await?;
            this.remove_undrawn(workflow, known).await
        })
    }

    /// Removes all objects of a workflow and stops following it, in the
    /// background. A workflow that ran but left nothing is reported too if its
    /// cluster does not answer: nobody can tell what is there.
    pub fn remove_all(&self, caller: &Caller, workflow: &Workflow) -> Removal {
        let (this, caller, workflow) = (self.clone(), caller.clone(), workflow.clone());
        self.removal(async move {
            this.observer.unfollow(workflow.id).await?;
            let known = this.inventory_of(workflow.id).await?;
            if !known.is_empty() || workflow.run_count == 0 {
                let object = Object::new("workflow", workflow.id)
                    .detail(format!("{} objects that runs applied", known.len()));
                this.audit.record(&caller, Action::ObjectsRemoved, object).await;
                return this.cleanup.remove(workflow.id, known).await;
            }
            let Ok(record) = this.clusters.mine(&caller, &workflow.cluster_id).await else {
                return Ok(Vec::new());
            };
            let answer = async { this.clusters.connect(&record).await?.probe().await };
            Ok(answer.await.err().map(|error| error.to_string()).into_iter().collect())
        })
    }

    fn removal(&self, work: impl Future<Output = Result<Vec<String>>> + Send + 'static) -> Removal {
        let (tell, removal) = oneshot::channel();
        self.tasks.start("remove objects", async move {
            let warnings = work.await.unwrap_or_else(|error| vec![error.to_string()]);
            drop(tell.send(warnings));
        });
        removal
    }

    /// Forgets what was given for runs of a workflow.
    pub async fn forget_values(&self, workflow: Id) -> Result<()> {
        self.vaults.empty(workflow).await
    }
}
