//! A connection that breaks, a server that is away.

use std::time::{Duration, Instant};

use bowsprit_host_core::store::Query;

use super::*;
use crate::conformance::{Break, Proxy};

/// A store behind a line that can be cut. The guard removes the database.
async fn behind_a_line() -> Option<(MongoStore, Proxy, MongoStore)> {
    let (direct, uri) = fresh_store().await?;
    let (proxy, uri) = Proxy::before(&uri).await;
    let store = MongoStore::connect(&uri).await.unwrap();
    store.prepare(&[&USERS]).await.unwrap();
    Some((store, proxy, direct))
}

async fn size(store: &MongoStore, id: &str) -> i64 {
    let found = store.get(&USERS, id).await.unwrap().unwrap();
    serde_json::from_str::<Value>(&found.body).unwrap()["size"].as_i64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_whose_answer_is_lost_is_told_and_never_done_twice() {
    let Some((store, proxy, direct)) = behind_a_line().await else { return };
    for (n, at) in [Break::BeforeRequest, Break::BeforeAnswer].into_iter().enumerate() {
        let (id, word) = (Id::new().to_string(), format!("marker-{n}"));
        store.insert(&USERS, &id, r#"{"size":0}"#, None).await.unwrap();
        let set = [("mark".to_owned(), json!(word))].into_iter().collect();
        let patch = Patch { set, increment: vec![("size", 1)], ..Patch::default() };
        proxy.break_next(&word, at);

        let outcome = store.patch_if(&USERS, &id, None, &Filter::All, &patch).await;

        let done = size(&direct, &id).await;
        match outcome {
            // Servers with retryable writes can tell a repetition.
            Ok(_) => assert_eq!(done, 1, "{at:?}"),
            Err(StoreError::Unavailable(_)) => {
                assert_eq!(done, i64::from(at == Break::BeforeAnswer), "{at:?}");
                assert_eq!(proxy.requests(), 1, "{at:?}");
            }
            Err(other) => panic!("{at:?}: {other:?}"),
        }
        let body = json!({ "email": format!("inserted-{n}") }).to_string();
        proxy.break_next(&format!("inserted-{n}"), at);
        let outcome = store.insert(&USERS, &Id::new().to_string(), &body, None).await;
        let filter = Filter::Eq("email", format!("inserted-{n}").into());
        let found = direct.count(&USERS, &filter).await.unwrap();
        match outcome {
            Ok(_) => assert_eq!(found, 1, "{at:?}"),
            Err(StoreError::Unavailable(_)) => {
                assert_eq!(found, u64::from(at == Break::BeforeAnswer), "{at:?}");
            }
            Err(other) => panic!("{at:?}: {other:?}"),
        }
    }
    direct.destroy().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_whose_answer_is_lost_is_repeated() {
    let Some((store, proxy, direct)) = behind_a_line().await else { return };
    for (n, at) in [Break::BeforeRequest, Break::BeforeAnswer].into_iter().enumerate() {
        let email = format!("reader-{n}");
        let body = json!({ "email": email }).to_string();
        store.insert(&USERS, &Id::new().to_string(), &body, None).await.unwrap();
        let filter = Filter::Eq("email", email.as_str().into());

        proxy.break_next(&email, at);
        let found = store.find(&USERS, &Query::new(filter.clone(), 5)).await.unwrap();
        assert_eq!((found.len(), proxy.requests()), (1, 2), "{at:?}");

        proxy.break_next(&email, at);
        assert_eq!(store.count(&USERS, &filter).await.unwrap(), 1, "{at:?}");
    }
    direct.destroy().await.unwrap();
}

/// Asks until it works again.
async fn until_back(store: &MongoStore) {
    let begun = Instant::now();
    while store.get(&USERS, "any").await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it does not come back");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_server_is_away_requests_fail_at_once_and_then_work_again() {
    let Some((store, proxy, direct)) = behind_a_line().await else { return };
    let store = Arc::new(store);
    store.insert(&USERS, "any", "{}", None).await.unwrap();
    proxy.cut();

    let begun = Instant::now();
    while !matches!(store.ping().await, Err(StoreError::Unavailable(_))) {}
    assert!(begun.elapsed() < 2 * SELECTION, "{:?}", begun.elapsed());
    let begun = Instant::now();
    let asked = (0..200).map(|_| {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.get(&USERS, "any").await })
    });
    let answers = futures::future::join_all(asked).await;
    assert!(answers.iter().all(|it| matches!(it, Ok(Err(StoreError::Unavailable(_))))));
    // One of them may have been the one that tries again.
    assert!(begun.elapsed() < 2 * SELECTION, "{:?}", begun.elapsed());
    let begun = Instant::now();
    let write = store.insert(&USERS, "away", "{}", None).await;
    assert!(matches!(write, Err(StoreError::Unavailable(_))), "{write:?}");
    assert!(begun.elapsed() < 2 * SELECTION, "{:?}", begun.elapsed());

    proxy.mend();
    until_back(&store).await;
    store.insert(&USERS, "back", "{}", None).await.unwrap();
    assert_eq!(store.count(&USERS, &Filter::All).await.unwrap(), 2);
    direct.destroy().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_only_listens_is_away_as_well() {
    let Some((store, proxy, direct)) = behind_a_line().await else { return };
    proxy.silence();

    let begun = Instant::now();
    let pinged = store.ping().await;
    assert!(matches!(pinged, Err(StoreError::Unavailable(_))), "{pinged:?}");
    assert!(begun.elapsed() < PING_PATIENCE + SELECTION, "{:?}", begun.elapsed());
    let begun = Instant::now();
    let asked = store.get(&USERS, "any").await;
    assert!(matches!(asked, Err(StoreError::Unavailable(_))), "{asked:?}");
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());

    proxy.mend();
    until_back(&store).await;
    direct.destroy().await.unwrap();
}
