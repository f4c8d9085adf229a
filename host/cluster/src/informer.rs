//! One kind's objects in one scope, kept up to date by a task.

mod index;

use std::{
    pin::pin,
    sync::{
        Arc, PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use bowsprit_host_core::{
    error::Error,
    kubernetes::{Change, Informer, InformerState, Observed},
};
use futures::StreamExt;
use kube::{
    Api, ResourceExt,
    api::TypeMeta,
    core::{ApiResource, DynamicObject},
    runtime::watcher::{self, DefaultBackoff, Event},
};
use tokio::{
    sync::{broadcast, watch},
    task::AbortHandle,
    time::sleep,
};

use crate::{clients::Lane, errors};
use index::Index;

/// Changes kept for receivers that are behind; a slower one looks at everything
/// again.
const CHANGES: usize = 1024;

/// What an informer follows.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Scope {
    /// `None`: all namespaces, or a kind without.
    pub(crate) namespace: Option<String>,
    /// A label selector; empty for everything.
    pub(crate) selector: String,
}

/// A cache that a task of its own keeps up to date; the task ends with it.
pub(crate) struct KubeInformer {
    cache: Arc<Cache>,
    task: AbortHandle,
}

impl KubeInformer {
    /// Starts following `resource` in `scope` over `lane`.
    pub(crate) fn start(
        lane: Lane,
        resource: ApiResource,
        scope: &Scope,
        server: Arc<str>,
    ) -> Arc<Self> {
        let cache = Arc::new(Cache::new());
        let follower = Follower {
            api: match &scope.namespace {
                Some(it) => Api::namespaced_with(lane.client.clone(), it, &resource),
                None => Api::all_with(lane.client.clone(), &resource),
            },
            config: watcher::Config::default().labels(&scope.selector),
            types: TypeMeta { api_version: resource.api_version, kind: resource.kind },
            cache: cache.clone(),
            server,
            _lane: lane,
        };
        let task = tokio::spawn(follower.run()).abort_handle();
        Arc::new(Self { cache, task })
    }

    /// Stops following. Those who still hold the informer learn that it is
    /// unavailable.
    pub(crate) fn close(&self) {
        self.task.abort();
        self.cache.close();
    }
}

impl Drop for KubeInformer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[async_trait]
impl Informer for KubeInformer {
    async fn ready(&self) -> InformerState {
        let mut state = self.cache.state.subscribe();
        match state.wait_for(|it| *it != InformerState::Starting).await {
            Ok(state) => state.clone(),
            // The sender lives as long as the cache, which we hold.
            Err(_) => self.state(),
        }
    }

    fn state(&self) -> InformerState {
        self.cache.state.borrow().clone()
    }

    fn objects(&self) -> Vec<Arc<Observed>> {
        self.cache.read().all()
    }

    fn get(&self, namespace: Option<&str>, name: &str) -> Option<Arc<Observed>> {
        self.cache.read().get(namespace, name)
    }

    fn with_label(&self, key: &str, value: &str) -> Vec<Arc<Observed>> {
        self.cache.read().with_label(key, value)
    }

    fn changes(&self) -> broadcast::Receiver<Change> {
        self.cache.changes.subscribe()
    }
}

struct Cache {
    objects: RwLock<Index>,
    state: watch::Sender<InformerState>,
    changes: broadcast::Sender<Change>,
    closed: AtomicBool,
}

impl Cache {
    fn new() -> Self {
        Self {
            objects: RwLock::default(),
            state: watch::Sender::new(InformerState::Starting),
            changes: broadcast::Sender::new(CHANGES),
            closed: AtomicBool::new(false),
        }
    }

    fn put(&self, object: Observed) {
        let object = Arc::new(object);
        self.write(|objects| objects.insert(object.clone()));
        self.publish(Change::Object(object));
    }

    fn remove(&self, object: Observed) {
        let name = (object.namespace.clone(), object.name.clone());
        self.write(|objects| objects.remove(&name));
        self.publish(Change::Object(Arc::new(object)));
    }

    fn replace(&self, all: Index) {
        self.write(|objects| *objects = all);
        self.enter(InformerState::Live);
        self.publish(Change::Relisted);
    }

    /// Changes the state; true if it was another one. Once closed, it stays.
    fn enter(&self, state: InformerState) -> bool {
        self.state.send_if_modified(|now| {
            if self.closed.load(Ordering::SeqCst) || *now == state {
                return false;
            }
            *now = state;
            true
        })
    }

    fn close(&self) {
        self.enter(InformerState::Unavailable("the connection to the cluster was closed".into()));
        self.closed.store(true, Ordering::SeqCst);
        self.publish(Change::Relisted);
    }

    fn read(&self) -> RwLockReadGuard<'_, Index> {
        self.objects.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, change: impl FnOnce(&mut Index)) {
        change(&mut self.objects.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Nobody listening is not an error.
    fn publish(&self, change: Change) {
        self.changes.send(change).ok();
    }
}

struct Follower {
    api: Api<DynamicObject>,
    config: watcher::Config,
    types: TypeMeta,
    cache: Arc<Cache>,
    server: Arc<str>,
    _lane: Lane,
}

/// How an attempt to follow ended.
struct Ended {
    /// Whether its list had come in.
    listed: bool,
    why: watcher::Error,
}

impl Follower {
    /// Lists and watches for ever. After a failure it lists anew: kube's
    /// watcher could resume the watch, but would not say that it did, and a
    /// state that may be wrong is worse than a list.
    async fn run(self) {
        let mut pauses = DefaultBackoff::default();
        let mut forgiven = false;
        loop {
            let ended = self.follow().await;
            // One cut connection is an API server restarting or a proxy's time
            // limit: worth saying only if the next attempt fails too.
            if ended.listed {
                pauses = DefaultBackoff::default();
            }
            forgiven = ended.listed || (!forgiven && errors::is_cut(&ended.why));
            self.report(&ended.why, forgiven);
            let Some(pause) = pauses.next() else { return };
            sleep(pause).await;
        }
    }

    /// Follows until something fails.
    async fn follow(&self) -> Ended {
        let mut events = pin!(watcher::watcher(self.api.clone(), self.config.clone()));
        let mut all = Index::default();
        let mut listed = false;
        loop {
            match events.next().await {
                Some(Ok(Event::Init)) => all = Index::default(),
                Some(Ok(Event::InitApply(object))) => {
                    self.observed(object).into_iter().for_each(|it| all.insert(Arc::new(it)));
                }
                Some(Ok(Event::InitDone)) => {
                    listed = true;
                    self.cache.replace(std::mem::take(&mut all));
                }
                Some(Ok(Event::Apply(object))) => {
                    self.observed(object).into_iter().for_each(|it| self.cache.put(it));
                }
                Some(Ok(Event::Delete(object))) => {
                    self.observed(object).into_iter().for_each(|it| self.cache.remove(it));
                }
                Some(Err(why)) => return Ended { listed, why },
                None => return Ended { listed, why: watcher::Error::NoResourceVersion },
            }
        }
    }

    /// Tells the state an error leads to; only missing rights cannot be
    /// `forgiven`.
    fn report(&self, why: &watcher::Error, forgiven: bool) {
        let error = match why {
            watcher::Error::InitialListFailed(error)
            | watcher::Error::WatchStartFailed(error)
            | watcher::Error::WatchFailed(error) => errors::transport_error(error, &self.server),
            watcher::Error::WatchError(status) => errors::status_error(status),
            watcher::Error::NoResourceVersion => errors::not_kubernetes(&self.server),
        };
        tracing::debug!(%error, kind = %self.types.kind, forgiven, "informer interrupted");
        let state = match error {
            Error::Cluster { code: "cluster.forbidden" | "cluster.unauthorized", message } => {
                InformerState::Forbidden(message)
            }
            _ if forgiven => return,
            error => InformerState::Unavailable(error.to_string()),
        };
        if self.cache.enter(state) {
            self.cache.publish(Change::Relisted);
        }
    }

    /// Without a name or uid it is no object of a cluster's.
    fn observed(&self, mut object: DynamicObject) -> Option<Observed> {
        object.metadata.managed_fields = None;
        object.types.get_or_insert_with(|| self.types.clone());
        let json = serde_json::to_string(&object).ok()?.into();
        let owners = object.owner_references().iter().map(|it| it.uid.clone()).collect();
        let metadata = object.metadata;
        Some(Observed {
            namespace: metadata.namespace,
            name: metadata.name?,
            uid: metadata.uid?,
            owners,
            labels: metadata.labels.unwrap_or_default(),
            json,
        })
    }
}

#[cfg(test)]
mod tests;
