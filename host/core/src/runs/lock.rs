//! One run at a time for a workflow: a document with an expiry.

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use super::Runs;
use crate::{
    Error, Result,
    id::Id,
    store::{Collection, Documents, Filter, Record, Repository, StoreError},
    time::Timestamp,
};

/// A lock nobody renews for this long belongs to a host that died, unless the
/// host is told otherwise.
pub const LOCK_LIFE: Duration = Duration::from_secs(120);

/// The right to run a workflow.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunLock {
    #[serde(skip)]
    key: String,
    /// Who holds it.
    run: Id,
    expires_at: Timestamp,
}

/// Where locks are kept; a document's id is the workflow's.
pub static RUN_LOCKS: Collection =
    Collection { name: "run_locks", fields: &[], indexes: &[], unique: &[], expiry: None };

impl Record for RunLock {
    const COLLECTION: &'static Collection = &RUN_LOCKS;

    fn key(&self) -> String {
        self.key.clone()
    }

    fn restore_key(&mut self, id: &str) {
        id.clone_into(&mut self.key);
    }
}

/// Gives out locks.
#[derive(Clone)]
pub(super) struct Locks {
    stored: Repository<RunLock>,
    life: Duration,
}

impl Locks {
    /// Locks in `store`. One that is not renewed for `life` is for others to
    /// take.
    pub(super) fn new(store: &Arc<dyn Documents>, life: Duration) -> Self {
        Self { stored: Repository::new(Arc::clone(store)), life }
    }

    /// Takes the lock of `workflow`, or says that a run is under way.
    pub(super) async fn take(&self, workflow: Id, run: Id) -> Result<RunLock> {
        let key = workflow.to_string();
        let expires_at = Timestamp::now() + self.life;
        let lock = RunLock { key: key.clone(), run, expires_at };
        loop {
            match self.stored.insert(lock.clone()).await {
                Ok(_) => return Ok(lock),
                Err(StoreError::Taken(_)) => {}
                Err(other) => return Err(other.into()),
            }
            let Some(held) = self.stored.get(&key).await? else { continue };
            if held.expires_at > Timestamp::now() {
                return Err(Error::Conflict {
                    code: "workflow.run.active",
                    message: "this workflow is being run; wait until that run is over".into(),
                });
            }
            match self.stored.replace(held.with(lock.clone())).await {
                Ok(_) => return Ok(lock),
                Err(StoreError::Stale(_) | StoreError::Missing) => {}
                Err(other) => return Err(other.into()),
            }
        }
    }

    /// Keeps a lock for longer.
    pub(super) async fn renew(&self, lock: &RunLock) -> Result<()> {
        self.stored
            .update(&lock.key, |it| {
                if it.run == lock.run {
                    it.expires_at = Timestamp::now() + self.life;
                }
                Ok::<_, Error>(())
            })
            .await?;
        Ok(())
    }

    /// Gives a lock back. If that fails it expires by itself.
    pub(super) async fn release(&self, lock: RunLock) {
        if let Err(error) = self.give_back(&lock.key, lock.run).await {
            tracing::warn!(lock = lock.key, %error, "run lock was not given back");
        }
    }

    /// Whether somebody still works on `run`.
    pub(super) async fn is_held(&self, workflow: Id, run: Id) -> Result<bool> {
        let held = self.stored.get(&workflow.to_string()).await?;
        Ok(held.is_some_and(|it| it.run == run && it.expires_at > Timestamp::now()))
    }

    /// Takes the lock from a run that is over.
    pub(super) async fn revoke(&self, workflow: Id, run: Id) -> Result<()> {
        self.give_back(&workflow.to_string(), run).await
    }

    /// Takes all locks, also those whose run died before it was recorded: for
    /// a host that has its store to itself and runs nothing yet.
    pub(super) async fn revoke_all(&self) -> Result<()> {
        self.stored.remove_all(&Filter::All).await?;
        Ok(())
    }

    /// Removes the lock, unless another run holds it by now.
    async fn give_back(&self, key: &str, run: Id) -> Result<()> {
        if let Some(held) = self.stored.get(key).await?
            && held.run == run
        {
            self.stored.remove_at(key, held.revision).await?;
        }
        Ok(())
    }
}

/// A workflow that no run touches as long as this is held.
pub(crate) struct Held {
    locks: Locks,
    lock: RunLock,
}

impl Held {
    /// Holds it for as long again.
    pub(crate) async fn renew(&self) -> Result<()> {
        self.locks.renew(&self.lock).await
    }
}

impl Runs {
    /// Has `work` done while no run of the workflow is under way, and none
    /// begins. It goes on if whoever asked goes away, so that it is not left
    /// half done.
    ///
    /// # Errors
    ///
    /// `workflow.run.active` if a run is under way, else what `work` fails
    /// with.
    pub(crate) async fn exclusively<T, F>(
        &self,
        workflow: Id,
        what: &'static str,
        work: impl FnOnce(Held) -> F,
    ) -> Result<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let locks = self.locks.clone();
        let lock = locks.take(workflow, Id::new()).await?;
        let work = work(Held { locks: locks.clone(), lock: lock.clone() });
        let (tell, told) = oneshot::channel();
        self.tasks.start(what, async move {
            let done = work.await;
            locks.release(lock).await;
            drop(tell.send(done));
        });
        told.await.map_err(|_| Error::internal(format!("{what}: ended before its time")))?
    }
}
