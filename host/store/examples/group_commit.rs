//! Prints what the embedded store does on this machine, beside what SQLite
//! itself does with the same documents; figures mean something in the release
//! profile only.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use bowsprit_host_core::store::{Collection, Documents, Field, FieldKind, Revision, StoreError};
use bowsprit_host_store::EmbeddedStore;
use rusqlite::{Connection, TransactionBehavior, params};

/// Documents, and bytes of one.
const DOCUMENTS: usize = 2_000;
const BYTES: usize = 2_048;
const SPAN: Duration = Duration::from_secs(4);

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

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let place = tempfile::tempdir()?;
    let path = place.path().join("store.db");
    let store = Arc::new(EmbeddedStore::open(&path)?);
    store.prepare(&[&THINGS]).await?;
    let adding = (0..DOCUMENTS).map(|n| store_one(&store, n));
    futures::future::try_join_all(adding).await?;
    let mut group = 0.0;
    for tasks in [1, 16, 64] {
        group = rate(writes(&store, tasks).await?);
        println!("store, {tasks} writers: {group:.0} durable writes/s");
    }
    for tasks in [1, 64] {
        println!("store, {tasks} readers: {:.0} point reads/s", rate(reads(&store, tasks).await?));
    }
    store.close().await;
    let mut bare = 0.0;
    for batch in [1, 16, 64] {
        bare = rate(bare_loop(&path, batch)?);
        println!("bare loop, {batch} a transaction: {bare:.0} durable writes/s");
    }
    println!("64 writers reach {:.0} % of the bare loop of 64", group / bare * 100.0);
    Ok(())
}

fn id(n: usize) -> String {
    format!("{n:024x}")
}

fn body(n: usize, at: i64) -> String {
    let filling = "x".repeat(BYTES - 80);
    format!(
        r#"{{"owner":"owner {}","at":{at},"state":"s{}","filling":"{filling}"}}"#,
        n % 50,
        at % 4
    )
}

async fn store_one(store: &EmbeddedStore, n: usize) -> Result<Revision, StoreError> {
    store.insert(&THINGS, &id(n), &body(n, 0), None).await
}

fn rate(count: usize) -> f64 {
    count as f64 / SPAN.as_secs_f64()
}

/// Compare-and-set by `tasks` tasks, each on documents of its own.
async fn writes(store: &Arc<EmbeddedStore>, tasks: usize) -> Outcome<usize> {
    let end = Instant::now() + SPAN;
    let all = (0..tasks).map(|task| {
        let store = Arc::clone(store);
        tokio::spawn(async move {
            let mut count = 0;
            let mut known = Vec::new();
            for n in (task..DOCUMENTS).step_by(tasks) {
                let stored = store.get(&THINGS, &id(n)).await?.ok_or(StoreError::Missing)?;
                known.push((n, stored.revision));
            }
            while Instant::now() < end {
                for (n, seen) in &mut known {
                    *seen =
                        store.replace_if(&THINGS, &id(*n), *seen, &body(*n, seen.0), None).await?;
                    count += 1;
                    if Instant::now() > end {
                        break;
                    }
                }
            }
            Ok::<usize, StoreError>(count)
        })
    });
    let mut count = 0;
    for task in futures::future::join_all(all).await {
        count += task??;
    }
    Ok(count)
}

async fn reads(store: &Arc<EmbeddedStore>, tasks: usize) -> Outcome<usize> {
    let end = Instant::now() + SPAN;
    let all = (0..tasks).map(|task| {
        let store = Arc::clone(store);
        tokio::spawn(async move {
            let mut count = 0;
            while Instant::now() < end {
                for step in 0..64 {
                    let n = (task * 31 + count + step * 7) % DOCUMENTS;
                    store.get(&THINGS, &id(n)).await?.ok_or(StoreError::Missing)?;
                }
                count += 64;
                tokio::task::yield_now().await;
            }
            Ok::<usize, StoreError>(count)
        })
    });
    let mut count = 0;
    for task in futures::future::join_all(all).await {
        count += task??;
    }
    Ok(count)
}

/// The same table, indexes, documents and statement, `batch` writes a
/// transaction, by nobody but SQLite.
fn bare_loop(path: &Path, batch: usize) -> Outcome<usize> {
    let mut file = Connection::open(path)?;
    file.pragma_update(None, "synchronous", "full")?;
    let mut known = Vec::new();
    for n in 0..DOCUMENTS {
        let read = "SELECT rev FROM things WHERE id = ?";
        known.push(file.query_row(read, [id(n)], |row| row.get::<_, i64>(0))?);
    }
    let end = Instant::now() + SPAN;
    let (mut count, mut at) = (0, 0);
    while Instant::now() < end {
        let transaction = file.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for _ in 0..batch {
            let Some(seen) = known.get_mut(at) else { break };
            let write = "UPDATE things SET rev = rev + 1, body = ? WHERE id = ? AND rev = ?";
            let mut write = transaction.prepare_cached(write)?;
            count += write.execute(params![body(at, *seen), id(at), *seen])?;
            *seen += 1;
            at = (at + 1) % DOCUMENTS;
        }
        transaction.commit()?;
    }
    Ok(count)
}
