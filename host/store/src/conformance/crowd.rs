//! Many at once, and many documents.

use std::sync::Arc;

use bowsprit_host_core::store::{
    Collection, Direction, Documents, Filter, Patch, Query, Revision, StoreError,
};
use futures::future::join_all;
use serde_json::json;

use super::{ACCOUNTS, THINGS, clear, fresh, get, insert, parsed};

const TASKS: i64 = 16;
const ROUNDS: i64 = 25;
const TRIES: i64 = 10_000;

pub(super) async fn all(store: &Arc<dyn Documents>) {
    loses_no_compare_and_set(store).await;
    loses_no_patch(store, &THINGS).await;
    // An index to check gives writers more to block each other with.
    loses_no_patch(store, &ACCOUNTS).await;
    lets_one_of_many_take_a_value(store).await;
    lets_one_of_many_take_an_id(store).await;
    finds_its_way_in_ten_thousand_documents(store).await;
}

/// Adds one by reading and replacing, 10,000 times on a few documents,
/// whatever comes of it: as many as succeed are there at the end.
async fn loses_no_compare_and_set(store: &Arc<dyn Documents>) {
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(insert(&**store, &THINGS, &json!({ "size": 0 })).await);
    }
    let tasks = (0..TASKS).map(|task| {
        let (store, ids) = (Arc::clone(store), ids.clone());
        tokio::spawn(async move {
            let mut added = vec![0; ids.len()];
            for n in 0..TRIES / TASKS {
                let at = (task + n) as usize % ids.len();
                added[at] += i64::from(add_one_by_replacing(&*store, &ids[at]).await);
            }
            added
        })
    });
    let added: Vec<_> = join_all(tasks).await.into_iter().map(|task| task.unwrap()).collect();

    for (at, id) in ids.iter().enumerate() {
        let total: i64 = added.iter().map(|added| added[at]).sum();
        let stored = get(&**store, &THINGS, id).await;
        assert_eq!(parsed(&stored), json!({ "size": total }));
        assert_eq!(stored.revision, Revision(total + 1));
        assert!(total >= TRIES / 4 / TASKS, "somebody always gets through: {total}");
    }
}

/// Whether the document was still what it was when it was read.
async fn add_one_by_replacing(store: &dyn Documents, id: &str) -> bool {
    let stored = get(store, &THINGS, id).await;
    let size = parsed(&stored)["size"].as_i64().unwrap() + 1;
    let body = json!({ "size": size }).to_string();
    match store.replace_if(&THINGS, id, stored.revision, &body, None).await {
        Ok(revision) => {
            assert_eq!(revision.0, stored.revision.0 + 1);
            true
        }
        Err(StoreError::Stale(current)) => {
            assert!(current > stored.revision);
            false
        }
        Err(other) => panic!("{other:?}"),
    }
}

async fn loses_no_patch(store: &Arc<dyn Documents>, of: &'static Collection) {
    let id = insert(&**store, of, &json!({ "email": "crowded" })).await;
    let tasks = (0..TASKS).map(|task| {
        let (store, id) = (Arc::clone(store), id.clone());
        tokio::spawn(async move {
            let set = [(format!("task.{task}"), json!(task))].into_iter().collect();
            let patch = Patch { set, increment: vec![("size", 2)], ..Patch::default() };
            for _ in 0..ROUNDS {
                store.patch_if(of, &id, None, &Filter::All, &patch).await.unwrap();
            }
        })
    });
    join_all(tasks).await.into_iter().for_each(|task| task.unwrap());

    let stored = get(&**store, of, &id).await;
    let body = parsed(&stored);
    assert_eq!(body["size"], json!(2 * TASKS * ROUNDS));
    assert!((0..TASKS).all(|task| body[format!("task.{task}")] == json!(task)), "{body}");
    assert_eq!(stored.revision, Revision(TASKS * ROUNDS + 1));
}

async fn lets_one_of_many_take_a_value(store: &Arc<dyn Documents>) {
    clear(&**store, &ACCOUNTS).await;
    let body = json!({ "email": "wanted" }).to_string();
    let attempts = (0..100).map(|_| {
        let (store, body) = (Arc::clone(store), body.clone());
        tokio::spawn(async move { store.insert(&ACCOUNTS, &fresh(), &body, None).await })
    });

    assert_eq!(winners(join_all(attempts).await, "conformance_email"), 1);
    assert_eq!(store.count(&ACCOUNTS, &Filter::All).await.unwrap(), 1);
}

async fn lets_one_of_many_take_an_id(store: &Arc<dyn Documents>) {
    clear(&**store, &ACCOUNTS).await;
    let attempts = (0..100).map(|_| {
        let store = Arc::clone(store);
        tokio::spawn(async move { store.insert(&ACCOUNTS, "first-admin", "{}", None).await })
    });

    assert_eq!(winners(join_all(attempts).await, "id"), 1);
}

type Attempt = Result<Result<Revision, StoreError>, tokio::task::JoinError>;

fn winners(attempts: Vec<Attempt>, constraint: &str) -> usize {
    let mut winners = 0;
    for attempt in attempts {
        match attempt.unwrap() {
            Ok(_) => winners += 1,
            Err(StoreError::Taken(name)) => assert_eq!(name, constraint),
            Err(other) => panic!("{other:?}"),
        }
    }
    winners
}

async fn finds_its_way_in_ten_thousand_documents(store: &Arc<dyn Documents>) {
    clear(&**store, &THINGS).await;
    let tasks = (0..TASKS).map(|task| {
        let store = Arc::clone(store);
        tokio::spawn(async move {
            for n in (task..10_000).step_by(TASKS as usize) {
                let body = json!({ "size": n, "name": format!("name {}", n % 100) });
                insert(&*store, &THINGS, &body).await;
            }
        })
    });
    join_all(tasks).await.into_iter().for_each(|task| task.unwrap());

    assert_eq!(store.count(&THINGS, &Filter::All).await.unwrap(), 10_000);
    let name = Filter::Eq("name", "name 42".into());
    assert_eq!(store.count(&THINGS, &name).await.unwrap(), 100);
    let page = Query::new(name, 3).sorted("size", Direction::Descending).skipping(10);
    let page = store.find(&THINGS, &page).await.unwrap();
    let sizes: Vec<_> = page.iter().map(|one| parsed(one)["size"].clone()).collect();
    assert_eq!(sizes, [json!(8942), json!(8842), json!(8742)]);

    let all = Query::new(Filter::All, 20_000).sorted("size", Direction::Ascending);
    let all = store.find(&THINGS, &all).await.unwrap();
    assert!(all.iter().map(|one| parsed(one)["size"].as_i64().unwrap()).eq(0..10_000));
    let last = Query::new(Filter::All, 5).sorted("size", Direction::Ascending).skipping(9_998);
    assert_eq!(store.find(&THINGS, &last).await.unwrap().len(), 2);
    assert_eq!(store.remove_all(&THINGS, &Filter::All).await.unwrap(), 10_000);
}
