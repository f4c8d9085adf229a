//! What only the embedded store promises.

mod crash;
mod faults;
mod opening;

use std::{path::Path, sync::Arc};

use bowsprit_host_core::{
    store::{Collection, Documents, Expiry, Field, FieldKind, Filter, Query, Revision},
    time::Timestamp,
};
use serde_json::json;

use super::EmbeddedStore;
use crate::conformance;

static NOTES: Collection = Collection {
    name: "notes",
    fields: &[
        Field { name: "text", kind: FieldKind::Text },
        Field { name: "at", kind: FieldKind::Time },
        Field { name: "read", kind: FieldKind::Bool },
    ],
    indexes: &[&["text"]],
    unique: &[],
    expiry: Some(Expiry { field: "at", after_seconds: 60, only_if: Some("read") }),
};

async fn open(path: &Path) -> EmbeddedStore {
    let store = EmbeddedStore::open(path).unwrap();
    store.prepare(&[&NOTES]).await.unwrap();
    store
}

#[tokio::test(flavor = "multi_thread")]
async fn it_conforms() {
    let folder = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(folder.path().join("store.db")).unwrap();
    conformance::documents(Arc::new(store)).await;
}

#[tokio::test]
async fn it_conforms_on_one_thread() {
    let folder = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(folder.path().join("store.db")).unwrap();
    conformance::documents(Arc::new(store)).await;
}

#[tokio::test]
async fn a_copy_holds_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let from = EmbeddedStore::open(folder.path().join("from.db")).unwrap();
    let to = EmbeddedStore::open(folder.path().join("to.db")).unwrap();
    conformance::copies(&from, &to).await;
}

#[tokio::test]
async fn data_is_there_after_close_and_reopen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path).await;
    store.insert(&NOTES, "one", r#"{"text":"x"}"#, None).await.unwrap();
    store.close().await;
    assert!(!path.with_extension("db-wal").exists(), "close leaves one file");

    let store = open(&path).await;

    assert_eq!(store.get(&NOTES, "one").await.unwrap().unwrap().revision, Revision(1));
    store.close().await;
}

#[tokio::test]
async fn acknowledged_writes_survive_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path).await;
    for n in 0..100 {
        store.insert(&NOTES, &n.to_string(), r#"{"text":"x"}"#, None).await.unwrap();
    }
    // What a crash at this moment would leave behind.
    let left = folder.path().join("left.db");
    std::fs::copy(&path, &left).unwrap();
    std::fs::copy(path.with_extension("db-wal"), left.with_extension("db-wal")).unwrap();

    let survivor = open(&left).await;

    assert_eq!(survivor.count(&NOTES, &Filter::All).await.unwrap(), 100);
    drop(store);
    let dropped = open(&path).await;
    assert_eq!(dropped.count(&NOTES, &Filter::All).await.unwrap(), 100);
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await;
    store.insert(&NOTES, "one", "{}", None).await.unwrap();

    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.path());
    }
}

#[tokio::test]
async fn expired_documents_are_swept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path).await;
    let old = Timestamp::from_millis(Timestamp::now().as_millis() - 61_000);
    let bodies = [
        ("old", json!({ "at": old, "read": true })),
        ("old and unread", json!({ "at": old, "read": false })),
        ("new", json!({ "at": Timestamp::now(), "read": true })),
        ("without", json!({ "read": true })),
    ];
    for (id, body) in bodies {
        store.insert(&NOTES, id, &body.to_string(), None).await.unwrap();
    }
    store.close().await;

    let store = open(&path).await;
    // The sweep follows the preparation, and this write follows the sweep.
    store.insert(&NOTES, "later", "{}", None).await.unwrap();

    let left = store.find(&NOTES, &Query::new(Filter::All, 10)).await.unwrap();
    let ids: Vec<_> = left.iter().map(|document| document.id.as_str()).collect();
    assert_eq!(ids, ["later", "new", "old and unread", "without"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_write_does_not_fail_its_neighbours() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(open(&folder.path().join("store.db")).await);
    let tasks = (0..300).map(|n| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            // Every third repeats an id, every third is not JSON.
            let id = if n % 3 == 1 { "same".to_owned() } else { n.to_string() };
            let body = if n % 3 == 2 { "{" } else { "{}" };
            store.insert(&NOTES, &id, body, None).await
        })
    });
    let outcomes = futures::future::join_all(tasks).await;

    let written = outcomes.iter().filter(|one| matches!(one, Ok(Ok(_)))).count();
    assert_eq!(written, 101);
    assert_eq!(store.count(&NOTES, &Filter::All).await.unwrap(), 101);
}

#[tokio::test]
async fn a_search_that_takes_long_still_has_its_answer() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await;
    let body = json!({ "filling": "x".repeat(20_000) }).to_string();
    for n in 0..200 {
        store.insert(&NOTES, &n.to_string(), &body, None).await.unwrap();
    }

    let heavy = store.find(&NOTES, &Query::new(Filter::All, 50)).await.unwrap();
    let absent = Filter::And(vec![Filter::Absent("at"), Filter::Absent("read")]);
    let counted = store.count(&NOTES, &absent).await.unwrap();

    assert_eq!((heavy.len(), counted), (50, 200));
}
