//! A store that stops in the middle, as it would look to a process that is
//! killed: what was written stays, nothing is written or read any more.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, AtomicI64, Ordering},
};

use async_trait::async_trait;
use bowsprit_host_core::store::{
    Collection, Document, Documents, Filter, Patch, Query, Revision, StoreError, Totals,
};
use bytes::Bytes;

type Answer<T> = Result<T, StoreError>;

/// The place where a store is cut off. Clones are the same place.
#[derive(Clone, Default)]
pub struct Cut(Arc<State>);

struct State {
    inner: OnceLock<Arc<dyn Documents>>,
    writes_left: AtomicI64,
    dead: AtomicBool,
}

impl Default for State {
    fn default() -> Self {
        Self {
            inner: OnceLock::new(),
            writes_left: AtomicI64::new(i64::MAX),
            dead: AtomicBool::new(false),
        }
    }
}

impl Cut {
    pub(crate) fn around(&self, store: Arc<dyn Documents>) -> Arc<dyn Documents> {
        assert!(self.0.inner.set(store).is_ok(), "a cut is around one store");
        Arc::new(self.clone())
    }

    pub(crate) fn after(&self, writes: i64) {
        self.0.writes_left.store(writes, Ordering::SeqCst);
    }

    /// Cuts it off and closes the store behind it.
    pub(crate) async fn now(&self) {
        self.0.dead.store(true, Ordering::SeqCst);
        if let Some(inner) = self.0.inner.get() {
            inner.close().await;
        }
    }

    fn read(&self) -> Answer<&Arc<dyn Documents>> {
        let alive = !self.0.dead.load(Ordering::SeqCst);
        self.0.inner.get().filter(|_| alive).ok_or_else(|| StoreError::Unavailable("cut".into()))
    }

    fn write(&self) -> Answer<&Arc<dyn Documents>> {
        if self.0.writes_left.fetch_sub(1, Ordering::SeqCst) <= 0 {
            self.0.dead.store(true, Ordering::SeqCst);
        }
        self.read()
    }
}

#[async_trait]
impl Documents for Cut {
    async fn prepare(&self, collections: &[&'static Collection]) -> Answer<()> {
        self.read()?.prepare(collections).await
    }

    async fn get(&self, of: &'static Collection, id: &str) -> Answer<Option<Document>> {
        self.read()?.get(of, id).await
    }

    async fn find(&self, of: &'static Collection, query: &Query) -> Answer<Vec<Document>> {
        self.read()?.find(of, query).await
    }

    async fn count(&self, of: &'static Collection, filter: &Filter) -> Answer<u64> {
        self.read()?.count(of, filter).await
    }

    async fn totals(
        &self,
        of: &'static Collection,
        filter: &Filter,
        fields: &[&'static str],
    ) -> Answer<Totals> {
        self.read()?.totals(of, filter, fields).await
    }

    async fn insert(
        &self,
        of: &'static Collection,
        id: &str,
        body: &str,
        payload: Option<Bytes>,
    ) -> Answer<Revision> {
        self.write()?.insert(of, id, body, payload).await
    }

    async fn replace_if(
        &self,
        of: &'static Collection,
        id: &str,
        seen: Revision,
        body: &str,
        payload: Option<Bytes>,
    ) -> Answer<Revision> {
        self.write()?.replace_if(of, id, seen, body, payload).await
    }

    async fn patch_if(
        &self,
        of: &'static Collection,
        id: &str,
        seen: Option<Revision>,
        when: &Filter,
        patch: &Patch,
    ) -> Answer<Revision> {
        self.write()?.patch_if(of, id, seen, when, patch).await
    }

    async fn remove_if(
        &self,
        of: &'static Collection,
        id: &str,
        seen: Option<Revision>,
    ) -> Answer<bool> {
        self.write()?.remove_if(of, id, seen).await
    }

    async fn remove_all(&self, of: &'static Collection, filter: &Filter) -> Answer<u64> {
        self.write()?.remove_all(of, filter).await
    }

    async fn ping(&self) -> Answer<()> {
        self.read()?.ping().await
    }

    async fn close(&self) {
        if let Some(inner) = self.0.inner.get() {
            inner.close().await;
        }
    }
}
