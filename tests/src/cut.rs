//! A store that stops in the middle, as it would look to a process that is
//! killed: what was written stays, nothing is written or read any more. It
//! also notes what is written, and holds back a read when asked to.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
};

use async_trait::async_trait;
use bowsprit_host_core::store::{
    Collection, Document, Documents, Filter, Patch, Query, Revision, StoreError, Totals,
};
use bytes::Bytes;
use tokio::sync::oneshot;

type Answer<T> = Result<T, StoreError>;

/// The place where a store is cut off. Clones are the same place.
#[derive(Clone, Default)]
pub struct Cut(Arc<State>);

struct State {
    inner: OnceLock<Arc<dyn Documents>>,
    writes_left: AtomicI64,
    dead: AtomicBool,
    written: Mutex<BTreeSet<Written>>,
    hold: Mutex<Option<Hold>>,
}

/// A document that was written: its collection and its id, `*` for many.
pub type Written = (&'static str, String);

/// A read that waits.
struct Hold {
    of: &'static str,
    reached: oneshot::Sender<()>,
    go_on: oneshot::Receiver<()>,
}

/// The other end of a read that waits. It goes on when this is dropped.
pub struct Held {
    reached: oneshot::Receiver<()>,
    _go_on: oneshot::Sender<()>,
}

impl Held {
    /// Waits until the read has come.
    pub async fn reached(&mut self) {
        (&mut self.reached).await.unwrap();
    }
}

impl Default for State {
    fn default() -> Self {
        Self {
            inner: OnceLock::new(),
            writes_left: AtomicI64::new(i64::MAX),
            dead: AtomicBool::new(false),
            written: Mutex::default(),
            hold: Mutex::default(),
        }
    }
}

impl Cut {
    /// A store with this place in it.
    ///
    /// # Panics
    ///
    /// If there is one around it already.
    pub fn around(&self, store: Arc<dyn Documents>) -> Arc<dyn Documents> {
        assert!(self.0.inner.set(store).is_ok(), "a cut is around one store");
        Arc::new(self.clone())
    }

    /// The store behind it.
    pub(crate) fn inner(&self) -> Arc<dyn Documents> {
        Arc::clone(self.0.inner.get().unwrap())
    }

    /// Holds back the next read of one document of a collection.
    pub fn hold(&self, of: &'static Collection) -> Held {
        let ((reached, is_reached), (let_go, go_on)) = (oneshot::channel(), oneshot::channel());
        *self.0.hold.lock().unwrap() = Some(Hold { of: of.name, reached, go_on });
        Held { reached: is_reached, _go_on: let_go }
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.0.dead.load(Ordering::SeqCst)
    }

    /// What was written since the place was set.
    pub(crate) fn written(&self) -> BTreeSet<Written> {
        self.0.written.lock().unwrap().clone()
    }

    pub(crate) fn after(&self, writes: i64) {
        self.0.written.lock().unwrap().clear();
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
        self.0
            .inner
            .get()
            .filter(|_| !self.is_dead())
            .ok_or_else(|| StoreError::Unavailable("cut".into()))
    }

    fn write(&self, of: &'static Collection, id: &str) -> Answer<&Arc<dyn Documents>> {
        if self.0.writes_left.fetch_sub(1, Ordering::SeqCst) <= 0 {
            self.0.dead.store(true, Ordering::SeqCst);
        }
        let inner = self.read()?;
        self.0.written.lock().unwrap().insert((of.name, id.to_owned()));
        Ok(inner)
    }
}

#[async_trait]
impl Documents for Cut {
    async fn prepare(&self, collections: &[&'static Collection]) -> Answer<()> {
        self.read()?.prepare(collections).await
    }

    async fn get(&self, of: &'static Collection, id: &str) -> Answer<Option<Document>> {
        let hold = self.0.hold.lock().unwrap().take_if(|it| it.of == of.name);
        if let Some(hold) = hold {
            // Whoever holds it may not wait for this.
            let _ = hold.reached.send(());
            // Ends with an error when the other end is dropped.
            let _ = hold.go_on.await;
        }
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
        self.write(of, id)?.insert(of, id, body, payload).await
    }

    async fn replace_if(
        &self,
        of: &'static Collection,
        id: &str,
        seen: Revision,
        body: &str,
        payload: Option<Bytes>,
    ) -> Answer<Revision> {
        self.write(of, id)?.replace_if(of, id, seen, body, payload).await
    }

    async fn patch_if(
        &self,
        of: &'static Collection,
        id: &str,
        seen: Option<Revision>,
        when: &Filter,
        patch: &Patch,
    ) -> Answer<Revision> {
        self.write(of, id)?.patch_if(of, id, seen, when, patch).await
    }

    async fn remove_if(
        &self,
        of: &'static Collection,
        id: &str,
        seen: Option<Revision>,
    ) -> Answer<bool> {
        self.write(of, id)?.remove_if(of, id, seen).await
    }

    async fn remove_all(&self, of: &'static Collection, filter: &Filter) -> Answer<u64> {
        self.write(of, "*")?.remove_all(of, filter).await
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
