//! Databases that another program wrote.

use super::*;

#[tokio::test]
async fn it_reads_and_replaces_what_another_program_wrote() {
    let Some((store, _)) = fresh_store().await else { return };
    let id = ObjectId::new();
    let users = store.database.collection::<mongodb::bson::Document>("users");
    let at = DateTime::from_millis(1_700_000_000_000);
    let written = doc! {
        "_id": id, "email": "a@b.c", "created_at": at, "age": 7_i32, "ratio": 0.5,
        "team": ObjectId::from_bytes([1; 12]), "left": { "at": at, "labels": { "a.b": "c" } },
        "seen": ["x", { "by": ObjectId::from_bytes([2; 12]), "at": "1999" }],
    };
    users.insert_one(&written).await.unwrap();
    let email = mongodb::IndexModel::builder()
        .keys(doc! { "email": 1 })
        .options(mongodb::options::IndexOptions::builder().unique(true).build())
        .build();
    users.create_index(email).await.unwrap();
    store.prepare(&[&USERS]).await.unwrap();

    let found = store.get(&USERS, &id.to_hex()).await.unwrap().unwrap();
    let body: Value = serde_json::from_str(&found.body).unwrap();
    let at = Timestamp::from_millis(1_700_000_000_000);
    assert_eq!(
        body,
        json!({
            "email": "a@b.c", "created_at": at, "age": 7, "ratio": 0.5,
            "team": "01".repeat(12), "left": { "at": at, "labels": { "a.b": "c" } },
            "seen": ["x", { "by": "02".repeat(12), "at": "1999" }],
            "$bson": { "team": "id", "left": { "at": "date" }, "seen": { "1": { "by": "id" } } },
        })
    );
    assert_eq!(found.revision, Revision(0));
    let taken = store.insert(&USERS, "other", r#"{"email":"a@b.c"}"#, None).await;
    assert!(matches!(taken, Err(StoreError::Taken("users_email"))), "{taken:?}");
    let replaced = store.replace_if(&USERS, &found.id, found.revision, &found.body, None).await;
    assert_eq!(replaced.unwrap(), Revision(1));
    let late = store.replace_if(&USERS, &found.id, found.revision, &found.body, None).await;
    assert!(matches!(late, Err(StoreError::Stale(Revision(1)))), "{late:?}");
    // What JSON has no word for is what it was.
    let raw = users.find_one(doc! {}).await.unwrap().unwrap();
    for key in ["team", "seen", "created_at"] {
        assert_eq!(raw.get(key), written.get(key), "{key}");
    }
    let left = |raw: &mongodb::bson::Document| raw.get_document("left").unwrap().get("at").cloned();
    assert_eq!(left(&raw), left(&written));
    assert!(!raw.keys().any(|it| it.contains("bson")), "{raw}");
    let other = found.body.replace(&"01".repeat(12), "no id");
    store.replace_if(&USERS, &found.id, Revision(1), &other, Some("x".into())).await.unwrap();
    let raw = users.find_one(doc! {}).await.unwrap().unwrap();
    assert_eq!(raw.get_str("team").unwrap(), "no id");
    assert_eq!(left(&raw), left(&written));
    store.destroy().await.unwrap();
}

#[tokio::test]
async fn a_patch_leaves_alone_what_it_does_not_name() {
    let Some((store, _)) = fresh_store().await else { return };
    let id = ObjectId::new();
    let users = store.database.collection::<mongodb::bson::Document>("users");
    let written =
        doc! { "_id": id, "size": 1_i32, "nodes": [{ "x": 1.5 }], "team": ObjectId::new() };
    users.insert_one(&written).await.unwrap();
    let patch = Patch { increment: vec![("size", 2)], ..Patch::default() };

    let revision =
        store.patch_if(&USERS, &id.to_hex(), Some(Revision(0)), &Filter::All, &patch).await;

    assert_eq!(revision.unwrap(), Revision(1));
    let mut raw = users.find_one(doc! {}).await.unwrap().unwrap();
    assert_eq!(raw.remove("revision"), Some(Bson::Int64(1)));
    assert_eq!(raw.remove("size").and_then(|it| it.as_i64()), Some(3));
    let mut written = written;
    written.remove("size");
    assert_eq!(raw, written);
    store.destroy().await.unwrap();
}

#[tokio::test]
async fn values_that_are_there_twice_are_named_when_they_must_be_unique() {
    let Some((store, _)) = fresh_store().await else { return };
    let users = store.database.collection::<mongodb::bson::Document>("users");
    users.insert_one(doc! { "email": "a@b.c" }).await.unwrap();
    users.insert_one(doc! { "email": "a@b.c" }).await.unwrap();

    let Err(StoreError::Corrupt(told)) = store.prepare(&[&USERS]).await else {
        panic!("they are not unique")
    };

    let told = told.to_string();
    assert!(told.contains("`users`") && told.contains("`email`"), "{told}");
    assert!(!told.contains("a@b.c"), "{told}");
    store.destroy().await.unwrap();
}
