//! The one thread that writes.
//!
//! It takes whatever is queued, up to a limit, into one transaction and
//! answers after the commit: a durable commit costs a disk flush, which
//! everybody in the batch shares. It does not linger for more to come; while
//! one batch is flushed the next one gathers by itself.

use std::{
    sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError},
    time::{Duration, Instant},
};

use bowsprit_host_core::{
    store::{Collection, Expiry, Revision, StoreError},
    time::Timestamp,
};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params_from_iter};
use tokio::sync::oneshot;

use super::{
    faults,
    lock::Lock,
    schema,
    sql::{self, Bound, Statement},
};

/// Writes per transaction at most.
const BATCH: usize = 256;
/// Time between two looks for expired documents.
const SWEEP_EVERY: Duration = Duration::from_secs(30);
/// Documents removed by one statement of a sweep.
const SWEEP_STEP: usize = 1000;

/// Something to do, and whom to tell: a revision, or how many were removed.
pub(super) struct Write {
    pub(super) change: Change,
    pub(super) reply: oneshot::Sender<Result<i64, StoreError>>,
}

/// Something to do.
pub(super) enum Change {
    /// Make the file fit the declarations.
    Prepare(Vec<&'static Collection>),
    /// Write one document; the statement returns its revision. If it hits
    /// none, the document is missing or stale.
    One { of: &'static Collection, id: String, statement: Statement },
    /// Remove what matches; answers how many.
    Many { of: &'static Collection, statement: Statement },
}

/// What reaches the thread.
pub(super) enum Message {
    Write(Write),
    /// Finish, close the file, then say so.
    Close(oneshot::Sender<()>),
    /// Let a test change the connection, for faults that cannot be had otherwise.
    #[cfg(test)]
    Tamper(Box<dyn FnOnce(&Connection) + Send>),
}

/// The thread's state.
pub(super) struct Writer {
    connection: Connection,
    queue: Receiver<Message>,
    expiring: Vec<&'static Collection>,
    next_sweep: Instant,
    /// Let go of after the connection, which stands above it.
    lock: Lock,
}

impl Writer {
    /// Writes through `connection` what arrives in `queue`, as long as it holds
    /// `lock`.
    pub(super) fn new(connection: Connection, queue: Receiver<Message>, lock: Lock) -> Self {
        let next_sweep = Instant::now() + SWEEP_EVERY;
        Self { connection, queue, expiring: Vec::new(), next_sweep, lock }
    }

    /// Works until told to close, or until nobody is left to tell it.
    pub(super) fn run(mut self) {
        loop {
            let patience = self.next_sweep.saturating_duration_since(Instant::now());
            let closing = match self.queue.recv_timeout(patience) {
                Ok(Message::Write(first)) => self.batch(first),
                Ok(Message::Close(done)) => Some(done),
                #[cfg(test)]
                Ok(Message::Tamper(change)) => {
                    change(&self.connection);
                    None
                }
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            if let Some(done) = closing {
                return self.close(done);
            }
            if Instant::now() >= self.next_sweep {
                self.sweep();
            }
        }
    }

    fn close(self, done: oneshot::Sender<()>) {
        let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
        if let Err(error) = self.connection.query_row(checkpoint, [], |_| Ok(())) {
            tracing::warn!(%error, "the last checkpoint failed; the next open repeats it");
        }
        let Self { connection, lock, .. } = self;
        drop(connection);
        drop(lock);
        // Nobody waits any more if `close` was cancelled.
        let _ = done.send(());
    }

    /// Commits `first` and what is queued behind it. Answers a request to
    /// close that came in between.
    fn batch(&mut self, first: Write) -> Option<oneshot::Sender<()>> {
        let mut writes = vec![first];
        let mut closing = None;
        while writes.len() < BATCH && closing.is_none() {
            match self.queue.try_recv() {
                Ok(Message::Write(write)) => writes.push(write),
                Ok(Message::Close(done)) => closing = Some(done),
                #[cfg(test)]
                Ok(Message::Tamper(change)) => change(&self.connection),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
            }
        }
        let (changes, replies): (Vec<_>, Vec<_>) =
            writes.into_iter().map(|write| (write.change, write.reply)).unzip();
        let outcomes = self.commit(&changes);
        for (reply, outcome) in replies.into_iter().zip(outcomes) {
            // Nobody waits any more if the caller was cancelled.
            let _ = reply.send(outcome);
        }
        self.note_expiring(&changes);
        closing
    }

    fn commit(&mut self, changes: &[Change]) -> Vec<Result<i64, StoreError>> {
        match apply_all(&mut self.connection, changes) {
            Ok(outcomes) => outcomes,
            // What is left of the disk may do for some of them. None was
            // written, so that each can be tried alone.
            Err(StoreError::Unwritable(..)) if changes.len() > 1 => {
                changes.chunks(1).flat_map(|one| self.commit(one)).collect()
            }
            Err(error) => {
                let failed = |_: &Change| Err(faults::of_batch(&error));
                changes.iter().map(failed).collect()
            }
        }
    }

    fn note_expiring(&mut self, changes: &[Change]) {
        for change in changes {
            let Change::Prepare(collections) = change else { continue };
            for of in collections.iter().filter(|of| of.expiry.is_some()) {
                if self.expiring.iter().all(|known| known.name != of.name) {
                    self.expiring.push(of);
                }
            }
            // What expired while nobody was running need not wait.
            self.next_sweep = Instant::now();
        }
    }

    fn sweep(&mut self) {
        self.next_sweep = Instant::now() + SWEEP_EVERY;
        for of in &self.expiring {
            let Some(expiry) = &of.expiry else { continue };
            // In steps, so that a large harvest does not hold the other
            // writers up; what is left over comes in the next round.
            match expire(&self.connection, of, expiry) {
                Ok(removed) if removed == SWEEP_STEP => self.next_sweep = Instant::now(),
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, collection = of.name, "expired documents stay for now");
                }
            }
        }
    }
}

/// Applies `changes` in one transaction. One that is refused does not stop the
/// others; an error of the transaction itself undoes all.
fn apply_all(
    connection: &mut Connection,
    changes: &[Change],
) -> Result<Vec<Result<i64, StoreError>>, StoreError> {
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(faults::plain)?;
    let mut outcomes = Vec::with_capacity(changes.len());
    for change in changes {
        let outcome = apply(&transaction, change);
        // A full disk, for one, makes SQLite roll everything back by itself.
        // Going on would commit each later write alone and lose the earlier.
        if transaction.is_autocommit() {
            outcome?;
            return Err(faults::Outage::RolledBack.into());
        }
        outcomes.push(outcome);
    }
    transaction.commit().map_err(faults::plain)?;
    Ok(outcomes)
}

fn apply(connection: &Connection, change: &Change) -> Result<i64, StoreError> {
    match change {
        Change::Prepare(collections) => {
            schema::prepare(connection, collections).map(|()| 0).map_err(faults::plain)
        }
        Change::One { of, id, statement } => match returned(connection, statement) {
            Ok(Some(revision)) => Ok(revision),
            Ok(None) => Err(unmatched(connection, of, id)),
            Err(error) => Err(faults::of_collection(of, error)),
        },
        Change::Many { of, statement } => connection
            .prepare_cached(&statement.text)
            .and_then(|mut ready| ready.execute(params_from_iter(&statement.values)))
            .map(|count| i64::try_from(count).unwrap_or(i64::MAX))
            .map_err(|error| faults::of_collection(of, error)),
    }
}

fn returned(connection: &Connection, statement: &Statement) -> rusqlite::Result<Option<i64>> {
    let mut ready = connection.prepare_cached(&statement.text)?;
    ready.query_row(params_from_iter(&statement.values), |row| row.get(0)).optional()
}

/// Why a statement that names a document hit none.
fn unmatched(connection: &Connection, of: &Collection, id: &str) -> StoreError {
    let read = connection
        .prepare_cached(&sql::revision(of))
        .and_then(|mut ready| ready.query_row([id], |row| row.get(0)).optional());
    match read {
        Ok(Some(revision)) => StoreError::Stale(Revision(revision)),
        Ok(None) => StoreError::Missing,
        Err(error) => faults::plain(error),
    }
}

fn expire(connection: &Connection, of: &Collection, expiry: &Expiry) -> rusqlite::Result<usize> {
    let flagged =
        expiry.only_if.map_or_else(String::new, |flag| format!(" AND {} = 1", sql::column(flag)));
    let table = sql::quoted(of.name);
    let text = format!(
        "DELETE FROM {table} WHERE id IN
         (SELECT id FROM {table} WHERE {} < ?{flagged} LIMIT {SWEEP_STEP})",
        sql::column(expiry.field)
    );
    let before = Timestamp::now() - Duration::from_secs(expiry.after_seconds);
    connection.prepare_cached(&text)?.execute([Bound::Text(before.to_string())])
}
