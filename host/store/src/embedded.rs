//! Documents in one SQLite file.
//!
//! A table per collection: id, revision, body as JSON text, payload as bytes,
//! and a generated column for every declared field, which the indexes use. The
//! file is in write-ahead mode: readers and the single writer do not wait for
//! each other. A write is answered once it is on the disk (`synchronous=FULL`).
//!
//! Not in here: replication, and any use of the file by two hosts at once: a
//! lock file names the process that has it.

mod faults;
mod integrity;
mod lock;
mod open;
mod readers;
mod schema;
mod sql;
#[cfg(test)]
mod tests;
mod text;
mod version;
mod writer;

use std::{
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, Sender},
    },
    thread::JoinHandle,
    time::Duration,
};

use async_trait::async_trait;
use bowsprit_host_core::store::{
    Collection, Document, Documents, Filter, Patch, Query, Revision, StoreError, Totals,
};
use bytes::Bytes;
use rusqlite::{Connection, Row, params_from_iter};
use tokio::sync::oneshot;

use crate::{checks, transfer::Transfer};
use faults::Outage;
use open::private;
pub use open::{OpenError, examine, snapshot};
use readers::{Fault, Reader, Readers};
use sql::Statement;
use writer::{Change, Message, Write, Writer};

/// Pages up to this long are first tried on the calling thread.
const BRIEF_PAGE: u32 = 50;
/// How long a statement waits for a lock held by another opener of the file.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);
/// Prepared statements kept per connection.
const STATEMENTS: usize = 256;

/// A store in a file. Dropping it loses nothing that was acknowledged.
pub struct EmbeddedStore {
    readers: Arc<Readers>,
    writes: Sender<Message>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl EmbeddedStore {
    /// Opens the file at `path`, or creates it for its owner only. The folder
    /// must exist. Takes a moment to look for damage.
    ///
    /// # Errors
    ///
    /// See [`OpenError`]: another process has it, a newer build wrote it, it is
    /// damaged, or something else than a store.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let (connection, lock) = open::open(path)?;
        let (writes, queue) = mpsc::channel();
        let writer = Writer::new(connection, queue, lock);
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || writer.run())
            .map_err(|source| OpenError::Io { path: path.to_owned(), source })?;
        Ok(Self {
            readers: Arc::new(Readers::new(path.to_owned())),
            writes,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Queues `change` and waits for its commit.
    ///
    /// The queue needs no limit: a caller has one write in it at a time.
    async fn write(&self, change: Change) -> Result<i64, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.writes.send(Message::Write(Write { change, reply })).map_err(|_| Outage::Closed)?;
        answer.await.map_err(|_| Outage::Closed)?
    }

    async fn write_one(
        &self,
        of: &'static Collection,
        id: &str,
        statement: Statement,
    ) -> Result<Revision, StoreError> {
        self.write(Change::One { of, id: id.to_owned(), statement }).await.map(Revision)
    }
}

#[async_trait]
impl Documents for EmbeddedStore {
    async fn prepare(&self, collections: &[&'static Collection]) -> Result<(), StoreError> {
        self.write(Change::Prepare(collections.to_vec())).await.map(drop)
    }

    async fn get(&self, of: &'static Collection, id: &str) -> Result<Option<Document>, StoreError> {
        self.readers.here(|reader| {
            let mut statement = reader.connection.prepare_cached(&sql::get(of))?;
            let mut rows = statement.query([id])?;
            Ok(rows.next()?.map(document).transpose()?)
        })
    }

    async fn find(
        &self,
        of: &'static Collection,
        query: &Query,
    ) -> Result<Vec<Document>, StoreError> {
        let statement = sql::find(of, query)?;
        let brief = query.limit <= BRIEF_PAGE;
        self.readers.search(brief, move |reader| page(reader, &statement)).await
    }

    async fn count(&self, of: &'static Collection, filter: &Filter) -> Result<u64, StoreError> {
        let statement = sql::count(of, filter)?;
        let counted = self.readers.search(true, move |reader| {
            let mut ready = reader.connection.prepare_cached(&statement.text)?;
            Ok(ready.query_row(params_from_iter(&statement.values), |row| row.get::<_, i64>(0))?)
        });
        counted.await.map(i64::unsigned_abs)
    }

    async fn totals(
        &self,
        of: &'static Collection,
        filter: &Filter,
        fields: &[&'static str],
    ) -> Result<Totals, StoreError> {
        let statement = sql::totals(of, filter, fields)?;
        let fields = fields.len();
        let total = move |reader: &Reader| {
            let mut ready = reader.connection.prepare_cached(&statement.text)?;
            Ok(ready.query_row(params_from_iter(&statement.values), |row| {
                let sums = (1..=fields).map(|at| row.get(at)).collect::<Result<_, _>>()?;
                Ok(Totals { count: row.get::<_, i64>(0)?.unsigned_abs(), sums })
            })?)
        };
        self.readers.search(true, total).await
    }

    async fn insert(
        &self,
        of: &'static Collection,
        id: &str,
        body: &str,
        payload: Option<Bytes>,
    ) -> Result<Revision, StoreError> {
        checks::content(of, body, payload.as_deref())?;
        self.write_one(of, id, sql::insert(of, id, body, payload)).await
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
        self.write_one(of, id, sql::replace(of, id, seen, body, payload)).await
    }

    async fn patch_if(
        &self,
        of: &'static Collection,
        id: &str,
        seen: Option<Revision>,
        when: &Filter,
        patch: &Patch,
    ) -> Result<Revision, StoreError> {
        self.write_one(of, id, sql::patch(of, id, seen, when, patch)?).await
    }

    async fn remove_if(
        &self,
        of: &'static Collection,
        id: &str,
        seen: Option<Revision>,
    ) -> Result<bool, StoreError> {
        match self.write_one(of, id, sql::remove(of, id, seen)).await {
            Ok(_) => Ok(true),
            Err(StoreError::Missing) => Ok(false),
            Err(other) => Err(other),
        }
    }

    async fn remove_all(
        &self,
        of: &'static Collection,
        filter: &Filter,
    ) -> Result<u64, StoreError> {
        let statement = sql::remove_all(of, filter)?;
        self.write(Change::Many { of, statement }).await.map(i64::unsigned_abs)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.readers.here(|reader| {
            // Reads the file's header: the schema's version is in it.
            Ok(reader.connection.pragma_query_value(None, "schema_version", |_| Ok(()))?)
        })
    }

    async fn close(&self) {
        self.readers.close();
        let (done, finished) = oneshot::channel();
        if self.writes.send(Message::Close(done)).is_ok() {
            // An error means that another caller's close came first.
            let _ = finished.await;
        }
        self.join();
    }
}

#[async_trait]
impl Transfer for EmbeddedStore {
    async fn scan(
        &self,
        of: &'static Collection,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Document>, StoreError> {
        let statement = sql::scan(of, after, limit);
        self.readers.search(false, move |reader| page(reader, &statement)).await
    }

    async fn put(
        &self,
        of: &'static Collection,
        documents: Vec<Document>,
    ) -> Result<(), StoreError> {
        // Queued together, they are committed together.
        let writes = documents.into_iter().map(|document| {
            let id = document.id.clone();
            self.write(Change::One { of, id, statement: sql::put(of, document) })
        });
        futures::future::try_join_all(writes).await.map(drop)
    }
}

impl EmbeddedStore {
    /// Waits for the writing thread, which has been told to end.
    fn join(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that writes the store ended in a panic");
        }
    }
}

impl Drop for EmbeddedStore {
    /// Waits for writes under way: afterwards the file can be opened again.
    fn drop(&mut self) {
        self.readers.close();
        let (done, _) = oneshot::channel();
        // An error means that the thread has ended already.
        let _ = self.writes.send(Message::Close(done));
        self.join();
    }
}

/// A connection with what readers and the writer have in common.
fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(LOCK_PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

fn page(reader: &Reader, statement: &Statement) -> Result<Vec<Document>, Fault> {
    let mut ready = reader.connection.prepare_cached(&statement.text)?;
    let mut rows = ready.query(params_from_iter(&statement.values))?;
    let mut documents = Vec::new();
    while let Some(row) = rows.next()? {
        documents.push(document(row)?);
        reader.go_on()?;
    }
    Ok(documents)
}

/// A row of id, revision, body and payload.
fn document(row: &Row<'_>) -> rusqlite::Result<Document> {
    Ok(Document {
        id: row.get(0)?,
        revision: Revision(row.get(1)?),
        body: row.get(2)?,
        payload: row.get::<_, Option<Vec<u8>>>(3)?.map(Bytes::from),
    })
}
