//! Pages stay in order while others add documents.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
};

use bowsprit_host_core::store::{Direction, Documents, Filter, Query};
use serde_json::json;
use tokio::task::JoinHandle;

use super::{THINGS, clear, insert, minute, parsed};

const OLD: i64 = 120;
const PAGE: u32 = 7;

pub(super) async fn all(store: &Arc<dyn Documents>) {
    pages_by_number_while_others_add_behind(store).await;
    pages_by_key_while_others_add_in_front(store).await;
}

/// Adds younger things than the old ones until told to stop.
struct Adding {
    stop: Arc<AtomicBool>,
    added: Arc<AtomicU32>,
    task: JoinHandle<()>,
}

impl Adding {
    fn begin(store: &Arc<dyn Documents>) -> Self {
        let (stop, added) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        let (store, told, count) = (Arc::clone(store), Arc::clone(&stop), Arc::clone(&added));
        let task = tokio::spawn(async move {
            while !told.load(Relaxed) {
                let n = i64::from(count.fetch_add(1, Relaxed));
                insert(&*store, &THINGS, &json!({ "size": OLD + n, "at": minute(OLD + n) })).await;
            }
        });
        Self { stop, added, task }
    }

    async fn end(self) {
        self.stop.store(true, Relaxed);
        self.task.await.unwrap();
        assert!(self.added.load(Relaxed) > 0, "nothing was added meanwhile");
    }
}

async fn fill(store: &dyn Documents) {
    clear(store, &THINGS).await;
    for n in 0..OLD {
        // Three of each time, so that ties have to be broken.
        insert(store, &THINGS, &json!({ "size": n, "at": minute(n / 3) })).await;
    }
}

async fn page(store: &dyn Documents, query: Query) -> Vec<i64> {
    // On one thread the others get their turn here.
    tokio::task::yield_now().await;
    let found = store.find(&THINGS, &query).await.unwrap();
    found.iter().map(|one| parsed(one)["size"].as_i64().unwrap()).collect()
}

async fn pages_by_number_while_others_add_behind(store: &Arc<dyn Documents>) {
    fill(&**store).await;
    let adding = Adding::begin(store);

    let mut seen = Vec::new();
    while !seen.iter().any(|size| *size >= OLD) {
        let query = Query::new(Filter::All, PAGE).sorted("at", Direction::Ascending);
        let found = page(&**store, query.skipping(seen.len() as u64)).await;
        seen.extend(found);
        tokio::task::yield_now().await;
    }

    adding.end().await;
    seen.truncate(OLD as usize);
    let times: Vec<_> = seen.iter().map(|size| size / 3).collect();
    assert!(times.is_sorted(), "{seen:?}");
    seen.sort_unstable();
    assert!(seen.into_iter().eq(0..OLD), "each of the old ones once");
}

async fn pages_by_key_while_others_add_in_front(store: &Arc<dyn Documents>) {
    fill(&**store).await;
    let adding = Adding::begin(store);

    let (mut seen, mut below) = (Vec::new(), OLD);
    loop {
        let older = Query::new(Filter::Less("size", below.into()), PAGE);
        let found = page(&**store, older.sorted("size", Direction::Descending)).await;
        let Some(last) = found.last() else { break };
        below = *last;
        seen.extend(found);
    }

    adding.end().await;
    assert!(seen.into_iter().eq((0..OLD).rev()), "each of the old ones once, newest first");
}
