//! Documents on a server that speaks MongoDB's wire protocol.
//!
//! The id is `_id`, the revision `revision`, the payload `payload`; every key
//! of the body is a field beside them. Concurrency control is a filter on the
//! revision, uniqueness a partial unique index, expiry a TTL index.
//!
//! Reads are repeated once by the driver; writes only where the server can
//! tell a repetition (retryable writes of a replica set). While the server is
//! away requests fail at once; they work again within a second of its return.

mod body;
mod breaker;
mod faults;
mod indexes;
mod keys;
mod query;
#[cfg(test)]
mod tests;
mod text;
mod types;
mod writes;

use std::{
    future::IntoFuture,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::Duration,
};

use async_trait::async_trait;
use bowsprit_host_core::store::{
    Collection, Document, Documents, Filter, Patch, Query, Revision, StoreError, Totals,
};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use mongodb::{
    Client, Database,
    action::Find,
    bson::{self, doc, raw::RawDocumentBuf},
    options::ClientOptions,
};

use crate::{checks, transfer::Transfer};
use breaker::Breaker;
use faults::Outage;

/// The database if the connection string names none.
const DATABASE: &str = "bowsprit";
/// How long to look for a server, unless the connection string says otherwise.
const SELECTION: Duration = Duration::from_secs(3);
/// How long one operation may take; the driver itself would wait for ever.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long a mere sign of life may take.
const PING_PATIENCE: Duration = Duration::from_secs(5);
/// How long building indexes or removing many documents may take.
const LONG_PATIENCE: Duration = Duration::from_secs(600);
/// Collections whose indexes are created at the same time.
const PREPARING: usize = 4;

/// Documents of a copy that are written at the same time.
const WRITING: usize = 16;

/// A store on a server.
pub struct MongoStore {
    database: Database,
    breaker: Breaker,
    closed: AtomicBool,
}

impl MongoStore {
    /// Connects to the server of a `mongodb://` or `mongodb+srv://` string and
    /// waits for its first answer. The string's path names the database.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`]; its source never holds the string.
    pub async fn connect(uri: &str) -> Result<Self, StoreError> {
        let mut options = ClientOptions::parse(uri).await.map_err(|_| Outage::ConnectionString)?;
        options.app_name.get_or_insert_with(|| "bowsprit".to_owned());
        options.server_selection_timeout.get_or_insert(SELECTION);
        let name = options.default_database.clone().unwrap_or_else(|| DATABASE.to_owned());
        let client = Client::with_options(options).map_err(faults::plain)?;
        let store = Self {
            database: client.database(&name),
            breaker: Breaker::default(),
            closed: AtomicBool::new(false),
        };
        // One that is just being started gets a second chance.
        if store.ping().await.is_err() {
            store.ping().await?;
        }
        Ok(store)
    }

    /// Removes the database with everything in it. For tests.
    #[cfg(any(test, feature = "conformance"))]
    pub async fn destroy(&self) -> Result<(), StoreError> {
        self.database.drop().await.map_err(faults::plain)
    }

    fn collection(&self, of: &Collection) -> mongodb::Collection<RawDocumentBuf> {
        self.database.collection(of.name)
    }

    /// Waits for one operation on `of`.
    async fn answer<T>(
        &self,
        of: &'static Collection,
        operation: impl IntoFuture<Output = mongodb::error::Result<T>>,
    ) -> Result<T, StoreError> {
        let answer = self.within(PATIENCE, operation).await?;
        answer.map_err(|error| faults::of_collection(of, error))
    }

    async fn within<T>(
        &self,
        patience: Duration,
        operation: impl IntoFuture<Output = mongodb::error::Result<T>>,
    ) -> Result<mongodb::error::Result<T>, StoreError> {
        if !self.closed.load(Relaxed) && !self.breaker.allows() {
            return Err(Outage::Unreachable.into());
        }
        let answer = self.bounded(patience, operation).await?;
        match &answer {
            Err(error) if faults::is_unreachable(error) => self.note_away(),
            Err(error) if faults::is_broken_line(error) => {}
            _ => self.note_there(),
        }
        Ok(answer)
    }

    async fn bounded<T>(
        &self,
        patience: Duration,
        operation: impl IntoFuture<Output = T>,
    ) -> Result<T, StoreError> {
        if self.closed.load(Relaxed) {
            return Err(Outage::Closed.into());
        }
        Ok(tokio::time::timeout(patience, operation.into_future())
            .await
            .map_err(|_| Outage::Slow)?)
    }

    fn note_away(&self) {
        if self.breaker.is_away() {
            tracing::warn!("MongoDB is away");
        }
    }

    fn note_there(&self) {
        if self.breaker.is_there() {
            tracing::info!("MongoDB is back");
        }
    }

    async fn page(
        &self,
        of: &'static Collection,
        find: Find<'_, RawDocumentBuf>,
    ) -> Result<Vec<Document>, StoreError> {
        self.answer(of, async move {
            let mut cursor = find.await?;
            let mut documents = Vec::new();
            while cursor.advance().await? {
                documents.push(body::decode(of, cursor.current()));
            }
            Ok(documents)
        })
        .await?
        .into_iter()
        .collect()
    }

    /// The revision of a document, or `None` if it does not exist.
    async fn revision(
        &self,
        of: &'static Collection,
        id: &str,
    ) -> Result<Option<Revision>, StoreError> {
        let collection = self.collection(of);
        let find =
            collection.find_one(query::identity(id, None)).projection(doc! { keys::REVISION: 1 });
        let found = self.answer(of, find).await?;
        Ok(found.map(|found| body::decode(of, &found)).transpose()?.map(|found| found.revision))
    }

    /// Why a write that names a document hit none.
    async fn unmatched(&self, of: &'static Collection, id: &str) -> StoreError {
        match self.revision(of, id).await {
            Ok(Some(revision)) => StoreError::Stale(revision),
            Ok(None) => StoreError::Missing,
            Err(error) => error,
        }
    }
}

#[async_trait]
impl Documents for MongoStore {
    async fn prepare(&self, collections: &[&'static Collection]) -> Result<(), StoreError> {
        let each: Vec<_> =
            collections.iter().map(|of| indexes::prepare(self.collection(of), of)).collect();
        let all = stream::iter(each).buffer_unordered(PREPARING).try_collect();
        self.bounded(LONG_PATIENCE, all).await?
    }

    async fn get(&self, of: &'static Collection, id: &str) -> Result<Option<Document>, StoreError> {
        let collection = self.collection(of);
        let found = self.answer(of, collection.find_one(query::identity(id, None))).await?;
        found.map(|found| body::decode(of, &found)).transpose()
    }

    async fn find(
        &self,
        of: &'static Collection,
        query: &Query,
    ) -> Result<Vec<Document>, StoreError> {
        let filter = query::filter(of, &query.filter)?;
        let sort = query::sort(of, query)?;
        if query.limit == 0 {
            // The server takes 0 for no limit.
            return Ok(Vec::new());
        }
        let collection = self.collection(of);
        let mut find =
            collection.find(filter).sort(sort).limit(query.limit.into()).skip(query.skip);
        if query.without_payload {
            find = find.projection(doc! { keys::PAYLOAD: 0 });
        }
        self.page(of, find).await
    }

    async fn count(&self, of: &'static Collection, filter: &Filter) -> Result<u64, StoreError> {
        let filter = query::filter(of, filter)?;
        self.answer(of, self.collection(of).count_documents(filter)).await
    }

    async fn totals(
        &self,
        of: &'static Collection,
        filter: &Filter,
        fields: &[&'static str],
    ) -> Result<Totals, StoreError> {
        let stages = query::totals(of, filter, fields)?;
        let collection = self.collection(of);
        let group = self
            .answer(of, async move { collection.aggregate(stages).await?.try_next().await })
            .await?
            .unwrap_or_default();
        let number = |name: &str| match group.get(name) {
            Some(bson::Bson::Int32(value)) => i64::from(*value),
            Some(bson::Bson::Int64(value)) => *value,
            Some(bson::Bson::Double(value)) => *value as i64,
            _ => 0,
        };
        let sums = (0..fields.len()).map(|at| number(&format!("sum{at}"))).collect();
        Ok(Totals { count: number("count").unsigned_abs(), sums })
    }

    async fn insert(
        &self,
        of: &'static Collection,
        id: &str,
        body: &str,
        payload: Option<Bytes>,
    ) -> Result<Revision, StoreError> {
        checks::content(of, body, payload.as_deref())?;
        let revision = Revision(1);
        let document = body::encode(of, id, revision, body, payload)?;
        let collection = self.collection(of);
        self.write(of, || collection.insert_one(&document)).await?;
        Ok(revision)
    }

    async fn replace_if(
        &self,
        of: &'static Collection,
        id: &str,
        seen: Revision,
        body: &str,
        payload: Option<Bytes>,
    ) -> Result<Revision, StoreError> {
        checks::content(of, body, payload.as_deref())?;
        let revision = Revision(seen.0 + 1);
        let keeps_payload = payload.is_none();
        let document = body::encode(of, id, revision, body, payload)?;
        if keeps_payload {
            let document = bson::Document::try_from(document)
                .map_err(|error| StoreError::Corrupt(error.into()))?;
            let stages = query::replace_body(document);
            return self.update_seen(of, id, seen, &bson::Document::new(), &stages).await;
        }
        let collection = self.collection(of);
        let replace = || collection.replace_one(query::identity(id, Some(seen)), &document);
        if self.write(of, replace).await?.matched_count == 0 {
            return Err(self.unmatched(of, id).await);
        }
        Ok(revision)
    }

    async fn patch_if(
        &self,
        of: &'static Collection,
        id: &str,
        seen: Option<Revision>,
        when: &Filter,
        patch: &Patch,
    ) -> Result<Revision, StoreError> {
        let when = query::filter(of, when)?;
        let stages = query::patch(of, patch)?;
        match seen {
            Some(seen) => self.update_seen(of, id, seen, &when, &stages).await,
            None => self.update(of, id, &when, &stages).await,
        }
    }

    async fn remove_if(
        &self,
        of: &'static Collection,
        id: &str,
        seen: Option<Revision>,
    ) -> Result<bool, StoreError> {
        let collection = self.collection(of);
        let remove = || collection.delete_one(query::identity(id, seen));
        if self.write(of, remove).await?.deleted_count > 0 {
            return Ok(true);
        }
        match seen {
            None => Ok(false),
            Some(_) => match self.unmatched(of, id).await {
                StoreError::Missing => Ok(false),
                other => Err(other),
            },
        }
    }

    async fn remove_all(
        &self,
        of: &'static Collection,
        filter: &Filter,
    ) -> Result<u64, StoreError> {
        let collection = self.collection(of);
        let remove = collection.delete_many(query::filter(of, filter)?);
        let removed = self.within(LONG_PATIENCE, remove).await?;
        removed
            .map(|removed| removed.deleted_count)
            .map_err(|error| faults::of_collection(of, error))
    }

    async fn ping(&self) -> Result<(), StoreError> {
        let ping = self.database.run_command(doc! { "ping": 1 });
        let answer = self.bounded(PING_PATIENCE, ping).await;
        let answer = answer.and_then(|answer| answer.map(drop).map_err(faults::plain));
        match &answer {
            Ok(()) => self.note_there(),
            Err(_) if self.closed.load(Relaxed) => {}
            Err(_) => self.note_away(),
        }
        answer
    }

    async fn close(&self) {
        if !self.closed.swap(true, Relaxed) {
            self.database.client().clone().shutdown().await;
        }
    }
}

#[async_trait]
impl Transfer for MongoStore {
    async fn scan(
        &self,
        of: &'static Collection,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Document>, StoreError> {
        let collection = self.collection(of);
        let find = collection.find(query::after(after)).sort(doc! { keys::ID: 1 });
        self.page(of, find.limit(limit.into())).await
    }

    async fn put(
        &self,
        of: &'static Collection,
        documents: Vec<Document>,
    ) -> Result<(), StoreError> {
        let collection = &self.collection(of);
        let writes = documents.into_iter().map(|document| async move {
            let Document { id, revision, body, payload } = document;
            let document = body::encode(of, &id, revision, &body, payload)?;
            let replace = || collection.replace_one(query::identity(&id, None), &document);
            self.write(of, || replace().upsert(true)).await.map(drop)
        });
        stream::iter(writes.collect::<Vec<_>>()).buffer_unordered(WRITING).try_collect().await
    }
}
