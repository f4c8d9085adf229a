//! A disk that is full or read-only: reads go on, writes say why, and both
//! are well again once the disk is.

use std::sync::Arc;

use bowsprit_host_core::{Error, store::StoreError};
use rusqlite::Connection;
use serde_json::json;

use super::{super::*, NOTES, open};

/// Changes the writer's connection. SQLite's own limit on the number of pages
/// and its own read-only mode end in the same errors as the disk's.
async fn tamper(store: &EmbeddedStore, change: impl FnOnce(&Connection) + Send + 'static) {
    assert!(store.writes.send(Message::Tamper(Box::new(change))).is_ok());
}

/// Leaves room for so many more pages.
async fn leave(store: &EmbeddedStore, pages: i64) {
    tamper(store, move |file| {
        let used: i64 = file.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
        let set = format!("PRAGMA max_page_count = {}", used + pages);
        file.query_row(&set, [], |_| Ok(())).unwrap();
    })
    .await;
}

fn large() -> String {
    json!({ "text": "x".repeat(100_000) }).to_string()
}

#[tokio::test]
async fn a_full_disk_is_told_and_reads_go_on_until_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await;
    store.insert(&NOTES, "before", r#"{"text":"x"}"#, None).await.unwrap();
    leave(&store, 2).await;

    let refused = store.insert(&NOTES, "large", &large(), None).await.unwrap_err();

    assert!(matches!(refused, StoreError::Unwritable(..)), "{refused:?}");
    let told = Error::from(refused);
    assert_eq!(told.to_string(), "space on the store's disk is unavailable");
    assert_eq!(told.code(), "dependency.unavailable");
    assert!(store.get(&NOTES, "before").await.unwrap().is_some());
    assert!(store.get(&NOTES, "large").await.unwrap().is_none());
    store.ping().await.unwrap();
    store.insert(&NOTES, "small", "{}", None).await.expect("what fits is written");
    leave(&store, 1_000).await;
    store.insert(&NOTES, "large", &large(), None).await.expect("there is room again");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_does_not_fail_its_neighbours() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(open(&folder.path().join("store.db")).await);
    for n in 0..60 {
        store.insert(&NOTES, &format!("small {n}"), "{}", None).await.unwrap();
    }
    leave(&store, 3).await;
    let tasks = (0..120).map(|n| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            if n % 2 == 0 {
                let id = format!("small {}", n / 2);
                return store.replace_if(&NOTES, &id, Revision(1), r#"{"n":1}"#, None).await;
            }
            store.insert(&NOTES, &format!("large {n}"), &large(), None).await
        })
    });

    for (n, outcome) in futures::future::join_all(tasks).await.into_iter().enumerate() {
        match outcome.unwrap() {
            Ok(_) => assert_eq!(n % 2, 0, "{n}"),
            Err(StoreError::Unwritable(..)) => assert_eq!(n % 2, 1, "{n}"),
            Err(other) => panic!("{n}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_read_only_file_is_told_and_reads_go_on_until_it_is_writable() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await;
    store.insert(&NOTES, "before", "{}", None).await.unwrap();
    tamper(&store, |file| file.pragma_update(None, "query_only", true).unwrap()).await;

    let refused = store.insert(&NOTES, "after", "{}", None).await.unwrap_err();

    let told = Error::from(refused).to_string();
    assert_eq!(told, "write access to the store's file is unavailable");
    assert_eq!(store.count(&NOTES, &Filter::All).await.unwrap(), 1);
    tamper(&store, |file| file.pragma_update(None, "query_only", false).unwrap()).await;
    store.insert(&NOTES, "after", "{}", None).await.unwrap();
}
