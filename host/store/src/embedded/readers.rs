//! Connections for reading, and the choice of the thread that reads.
//!
//! A warm point read takes a few microseconds, a thread change ten times that,
//! so short reads happen on the calling thread. Whether a search is short is
//! not guessed but tried: it gets a moment, and starts anew on a blocking
//! thread once that is over.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use bowsprit_host_core::store::StoreError;
use rusqlite::{Connection, ErrorCode};
use tokio::sync::Semaphore;

use super::faults::{self, Outage};

/// Steps of SQLite's machine between two looks at the clock: a dozen rows of a
/// scan. Steps themselves measure nothing, parsing a body is one.
const STEPS_PER_LOOK: i32 = 100;
/// What a search may take from the calling thread.
const MOMENT: Duration = Duration::from_micros(200);
/// Searches at the same time on blocking threads; each keeps a connection.
const SEARCHES: usize = 8;

/// Why a read has no answer.
pub(super) enum Fault {
    /// It takes longer than the calling thread should be held.
    OutOfTime,
    /// SQLite failed.
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::OperationInterrupted) => Self::OutOfTime,
            _ => Self::Sqlite(error),
        }
    }
}

/// When the current read has to end, if ever.
#[derive(Clone, Default)]
struct Deadline(Arc<Mutex<Option<Instant>>>);

impl Deadline {
    fn set(&self, end: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = end;
    }

    fn is_over(&self) -> bool {
        let end = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        end.is_some_and(|end| Instant::now() > end)
    }
}

/// A connection whose statements end at a deadline.
pub(super) struct Reader {
    pub(super) connection: Connection,
    deadline: Deadline,
}

impl Reader {
    /// Fails if the time is over. SQLite asks by itself as it steps, but not
    /// while rows are copied out.
    pub(super) fn go_on(&self) -> Result<(), Fault> {
        if self.deadline.is_over() { Err(Fault::OutOfTime) } else { Ok(()) }
    }
}

/// The connections of one store.
pub(super) struct Readers {
    path: PathBuf,
    /// Those not in use; `None` once closed.
    idle: Mutex<Option<Vec<Reader>>>,
    searches: Semaphore,
}

impl Readers {
    /// Reads the file at `path`, which need not exist before the first read.
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, idle: Mutex::new(Some(Vec::new())), searches: Semaphore::new(SEARCHES) }
    }

    /// Reads on this thread, however long it takes.
    pub(super) fn here<T>(
        &self,
        work: impl FnOnce(&Reader) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        match self.run(None, work)? {
            Some(answer) => Ok(answer),
            None => Err(Outage::Closed.into()),
        }
    }

    /// Reads on this thread if `brief` and it takes but a moment, else on
    /// a blocking thread.
    pub(super) async fn search<T: Send + 'static>(
        self: &Arc<Self>,
        brief: bool,
        work: impl Fn(&Reader) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        if brief && let Some(answer) = self.run(Some(MOMENT), &work)? {
            return Ok(answer);
        }
        let _turn = self.searches.acquire().await.map_err(|_| Outage::Closed)?;
        let readers = Arc::clone(self);
        tokio::task::spawn_blocking(move || readers.here(work)).await.map_err(|_| Outage::Thread)?
    }

    /// Drops the connections; those in use follow when they are given back.
    pub(super) fn close(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.searches.close();
    }

    /// `None` if the time ran out.
    fn run<T>(
        &self,
        within: Option<Duration>,
        work: impl FnOnce(&Reader) -> Result<T, Fault>,
    ) -> Result<Option<T>, StoreError> {
        let reader = self.take()?;
        reader.deadline.set(within.map(|within| Instant::now() + within));
        let outcome = work(&reader);
        self.give_back(reader);
        match outcome {
            Ok(answer) => Ok(Some(answer)),
            Err(Fault::OutOfTime) => Ok(None),
            Err(Fault::Sqlite(error)) => Err(faults::plain(error)),
        }
    }

    fn take(&self) -> Result<Reader, StoreError> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let reader = idle.as_mut().ok_or(Outage::Closed)?.pop();
        drop(idle);
        match reader {
            Some(reader) => Ok(reader),
            None => self.open().map_err(faults::plain),
        }
    }

    fn give_back(&self, reader: Reader) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(idle) = idle.as_mut() {
            idle.push(reader);
        }
    }

    fn open(&self) -> rusqlite::Result<Reader> {
        let mut connection = super::connect(&self.path)?;
        connection.pragma_update(None, "query_only", true)?;
        let deadline = Deadline::default();
        let watched = deadline.clone();
        connection.progress_handler(STEPS_PER_LOOK, Some(move || watched.is_over()))?;
        Ok(Reader { connection, deadline })
    }
}
