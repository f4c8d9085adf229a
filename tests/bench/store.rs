//! What the embedded store does with documents of 2 KB, in process, beside
//! what SQLite itself does with the same table, documents and statements.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use bowsprit_host_core::store::{Collection, Documents as _, Field, FieldKind, Revision};
use bowsprit_host_store::EmbeddedStore;
use bowsprit_tests::Sample;
use rusqlite::{Connection, TransactionBehavior, params};

use crate::report::{Figure, Measured, Report, Target};

const GROUP: &str = "store";
const WRITES_1: &str = "durable writes of 2 KB, 1 writer";
const WRITES_64: &str = "durable writes of 2 KB, 64 writers";
const READS_1: &str = "point reads of 2 KB, 1 reader";
const READS_64: &str = "point reads of 2 KB, 64 readers";
/// Documents, and bytes of one.
const DOCUMENTS: usize = 2_000;
const BYTES: usize = 2_048;
/// How long each side is measured.
const LASTING: Duration = Duration::from_secs(2);
/// Reads of one task before others get a turn, as requests would.
const TURN: usize = 64;

static THINGS: Collection = Collection {
    name: "things",
    fields: &[
        Field { name: "owner", kind: FieldKind::Text },
        Field { name: "at", kind: FieldKind::Int },
        Field { name: "state", kind: FieldKind::Text },
    ],
    indexes: &[&["owner", "at"], &["state"], &["at"]],
    unique: &[],
    expiry: None,
};

/// Measures writes in groups and reads of single documents.
pub(crate) async fn measure(report: &mut Report) {
    let rows = [WRITES_1, WRITES_64, READS_1, READS_64];
    let prepare = async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let store = Arc::new(EmbeddedStore::open(&path).unwrap());
        store.prepare(&[&THINGS]).await.unwrap();
        let adding = (0..DOCUMENTS).map(|n| {
            let store = Arc::clone(&store);
            async move { store.insert(&THINGS, &id(n), &body(n, 0), None).await }
        });
        futures::future::try_join_all(adding).await.unwrap();
        (folder, store)
    };
    let Some((folder, store)) = report.prepare(GROUP, &rows, prepare).await else { return };
    let path = folder.path().join("store.db");
    // At least half of what SQLite reaches with as many writes a transaction.
    for (name, tasks, share) in [(WRITES_1, 1, None), (WRITES_64, 64, Some(0.5))] {
        report.row(GROUP, name, written(&store, &path, tasks, share)).await;
    }
    for (name, tasks) in [(READS_1, 1), (READS_64, 64)] {
        report.row(GROUP, name, read(&store, &path, tasks)).await;
    }
    report.clean(async { store.close().await }).await;
}

async fn written(
    store: &Arc<EmbeddedStore>,
    path: &Path,
    tasks: usize,
    share: Option<f64>,
) -> Measured {
    let ours = Sample::new(writes(store, tasks).await);
    let bare = path.to_owned();
    let theirs = tokio::task::spawn_blocking(move || bare_writes(&bare, tasks)).await.unwrap();
    let mut rate = Figure::new("rate", per_second(ours.count()), "/s").beside(per_second(theirs));
    if let Some(share) = share {
        rate = rate.aims(Target::AtLeast(per_second(theirs) * share));
    }
    let figures =
        vec![rate, Figure::new("p50", ours.p50(), "ms"), Figure::new("p99", ours.p99(), "ms")];
    let note = "each compares and sets a revision".to_owned();
    Measured { limit: "SQLite alone, as many writes a transaction", note, figures }
}

async fn read(store: &Arc<EmbeddedStore>, path: &Path, tasks: usize) -> Measured {
    let ours = reads(store, tasks).await;
    let bare = path.to_owned();
    let theirs = tokio::task::spawn_blocking(move || bare_reads(&bare)).await.unwrap();
    let rate = Figure::new("rate", per_second(ours), "/s").beside(per_second(theirs));
    let note = "warm".to_owned();
    Measured { limit: "SQLite alone, on one thread", note, figures: vec![rate] }
}

fn per_second(count: usize) -> f64 {
    count as f64 / LASTING.as_secs_f64()
}

fn id(n: usize) -> String {
    format!("{n:024x}")
}

fn body(n: usize, at: i64) -> String {
    let filling = "x".repeat(BYTES - 80);
    let (owner, state) = (n % 50, at % 4);
    format!(r#"{{"owner":"owner {owner}","at":{at},"state":"s{state}","filling":"{filling}"}}"#)
}

/// Milliseconds of each write by `tasks` tasks on documents of their own.
async fn writes(store: &Arc<EmbeddedStore>, tasks: usize) -> Vec<f64> {
    let end = Instant::now() + LASTING;
    let all = (0..tasks).map(|task| {
        let store = Arc::clone(store);
        tokio::spawn(async move {
            let mut known = Vec::new();
            for n in (task..DOCUMENTS).step_by(tasks) {
                known.push((n, stored(&store, n).await));
            }
            let mut took = Vec::new();
            for at in (0..known.len()).cycle() {
                let (n, seen) = &mut known[at];
                let begun = Instant::now();
                let body = body(*n, seen.0);
                *seen = store.replace_if(&THINGS, &id(*n), *seen, &body, None).await.unwrap();
                if Instant::now() > end {
                    break;
                }
                took.push(begun.elapsed().as_secs_f64() * 1e3);
            }
            took
        })
    });
    let all = futures::future::join_all(all).await;
    all.into_iter().flat_map(|it| it.unwrap()).collect()
}

async fn stored(store: &EmbeddedStore, n: usize) -> Revision {
    store.get(&THINGS, &id(n)).await.unwrap().expect("it was added").revision
}

async fn reads(store: &Arc<EmbeddedStore>, tasks: usize) -> usize {
    let end = Instant::now() + LASTING;
    let all = (0..tasks).map(|task| {
        let store = Arc::clone(store);
        tokio::spawn(async move {
            let mut count = 0;
            while Instant::now() < end {
                for step in 0..TURN {
                    stored(&store, place(task + count, step)).await;
                }
                count += TURN;
                tokio::task::yield_now().await;
            }
            count
        })
    });
    futures::future::join_all(all).await.into_iter().map(|it| it.unwrap()).sum()
}

/// Some document, seldom the one read before.
fn place(start: usize, step: usize) -> usize {
    (start * 31 + step * 7) % DOCUMENTS
}

/// The same table, indexes, documents and statement, `batch` writes a
/// transaction, by nobody but SQLite.
fn bare_writes(path: &Path, batch: usize) -> usize {
    let mut file = Connection::open(path).unwrap();
    file.pragma_update(None, "synchronous", "full").unwrap();
    let mut known: Vec<i64> = (0..DOCUMENTS)
        .map(|n| {
            let read = "SELECT rev FROM things WHERE id = ?";
            file.query_row(read, [id(n)], |row| row.get(0)).unwrap()
        })
        .collect();
    let end = Instant::now() + LASTING;
    let (mut count, mut at) = (0, 0);
    while Instant::now() < end {
        let transaction = file.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
        for _ in 0..batch {
            let write = "UPDATE things SET rev = rev + 1, body = ? WHERE id = ? AND rev = ?";
            let mut write = transaction.prepare_cached(write).unwrap();
            let seen = &mut known[at];
            let hit = write.execute(params![body(at, *seen), id(at), *seen]).unwrap();
            assert_eq!(hit, 1, "nobody else writes");
            *seen += 1;
            count += hit;
            at = (at + 1) % DOCUMENTS;
        }
        transaction.commit().unwrap();
    }
    count
}

fn bare_reads(path: &Path) -> usize {
    let file = Connection::open(path).unwrap();
    let end = Instant::now() + LASTING;
    let mut count = 0;
    while Instant::now() < end {
        for step in 0..TURN {
            let read = "SELECT id, rev, body, payload FROM things WHERE id = ?";
            let mut read = file.prepare_cached(read).unwrap();
            let body: String = read.query_row([id(place(count, step))], |row| row.get(2)).unwrap();
            assert!(body.len() > BYTES / 2);
        }
        count += TURN;
    }
    count
}
