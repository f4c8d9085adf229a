//! What only the MongoDB store promises. Needs a server: its connection string
//! is in `BOWSPRIT_TEST_MONGODB_URI`.

mod away;
mod foreign;

use std::sync::Arc;

use bowsprit_host_core::{
    id::Id,
    store::{Collection, Documents, Field, FieldKind, Filter, Patch, Revision, StoreError, Unique},
    time::Timestamp,
};
use mongodb::bson::{Bson, DateTime, doc, oid::ObjectId};
use serde_json::{Value, json};

use super::{MongoStore, PING_PATIENCE, SELECTION, body, faults, keys};
use crate::conformance::{self, with_database};

static USERS: Collection = Collection {
    name: "users",
    fields: &[
        Field { name: "email", kind: FieldKind::Text },
        Field { name: "created_at", kind: FieldKind::Time },
        Field { name: "size", kind: FieldKind::Int },
    ],
    indexes: &[&["created_at"]],
    unique: &[Unique { name: "users_email", fields: &["email"] }],
    expiry: None,
};

/// A store in a database of its own, or `None` where no server is offered.
async fn fresh_store() -> Option<(MongoStore, String)> {
    let Ok(uri) = std::env::var("BOWSPRIT_TEST_MONGODB_URI") else {
        assert_ne!(
            std::env::var("CI").as_deref(),
            Ok("true"),
            "`BOWSPRIT_TEST_MONGODB_URI` must be set in CI"
        );
        eprintln!("skipped: `BOWSPRIT_TEST_MONGODB_URI` is not set");
        return None;
    };
    let uri = with_database(&uri, &format!("bowsprit_test_{}", Id::new()));
    Some((MongoStore::connect(&uri).await.unwrap(), uri))
}

#[tokio::test(flavor = "multi_thread")]
async fn it_conforms() {
    let Some((store, uri)) = fresh_store().await else { return };
    let suite = tokio::spawn(async move { conformance::documents(Arc::new(store)).await });
    let outcome = suite.await;
    // The suite closed its store, or left it open when it failed.
    MongoStore::connect(&uri).await.unwrap().destroy().await.unwrap();
    outcome.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_holds_the_same_in_either_direction() {
    let Some((store, _)) = fresh_store().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = |name| crate::EmbeddedStore::open(folder.path().join(name)).unwrap();
    conformance::copies(&store, &file("to.db")).await;
    store.destroy().await.unwrap();
    conformance::copies(&file("from.db"), &store).await;
    store.destroy().await.unwrap();
}

#[tokio::test]
async fn declared_times_and_ids_are_stored_as_the_servers_own_types() {
    let Some((store, _)) = fresh_store().await else { return };
    let id = Id::new().to_string();
    let body = r#"{"created_at":"2027-01-15T08:00:00.000Z","email":"x"}"#;
    store.insert(&USERS, &id, body, None).await.unwrap();

    let users = store.database.collection::<mongodb::bson::Document>("users");
    let raw = users.find_one(doc! {}).await.unwrap().unwrap();

    assert_eq!(raw.get("_id"), Some(&Bson::ObjectId(id.parse().unwrap())));
    assert_eq!(
        raw.get("created_at"),
        Some(&Bson::DateTime(DateTime::from_millis(1_800_000_000_000)))
    );
    assert_eq!(raw.get("revision"), Some(&Bson::Int64(1)));
    store.destroy().await.unwrap();
}

#[tokio::test]
async fn look_ups_by_a_unique_field_use_its_index() {
    let Some((store, _)) = fresh_store().await else { return };
    store.prepare(&[&USERS]).await.unwrap();
    for n in 0..500 {
        let body = json!({ "email": format!("{n}@b.c") }).to_string();
        store.insert(&USERS, &Id::new().to_string(), &body, None).await.unwrap();
    }
    let filter = super::query::filter(&USERS, &Filter::Eq("email", "7@b.c".into())).unwrap();
    let explain = doc! { "explain": { "find": "users", "filter": filter } };

    let plan = store.database.run_command(explain).await.unwrap().to_string();

    assert!(plan.contains("users_email"), "{plan}");
    store.destroy().await.unwrap();
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_unavailable_and_no_password_is_told() {
    let uri = "mongodb://user:hush@127.0.0.1:1/?serverSelectionTimeoutMS=100";
    let Err(error) = MongoStore::connect(uri).await else { panic!("nobody listens there") };
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert!(!format!("{error:?}").contains("hush"), "{error:?}");

    let Err(error) = MongoStore::connect("mongodb://user:hush@[::1/?x=y").await else {
        panic!("the string is not valid")
    };
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert!(!format!("{error:?}").contains("hush"), "{error:?}");
}

#[test]
fn the_violated_index_is_found_in_the_words_of_both_servers() {
    let mongodb = r#"E11000 duplicate key error collection: a.users index: users_email dup key: { email: " index: x " }"#;
    let ferretdb = "Duplicate key violation on the requested collection: Index 'users_email'";
    for message in [mongodb, ferretdb] {
        assert_eq!(faults::index_name(message), Some("users_email"));
    }
}

#[test]
fn keys_survive_their_way_into_field_names_and_back() {
    for key in [
        "plain",
        "",
        "%",
        "%%",
        "%2E",
        "%252E",
        "%.",
        "%2.",
        "a.b.",
        "$",
        "$a",
        "a$",
        "..",
        "\0",
        "100%",
        "%zz",
        "é%é",
        "_id",
        "revision",
        "payload",
        "%5Fid",
        "%72evision",
        "%C3",
    ] {
        for name in [keys::top(key), keys::nested(key)] {
            assert_eq!(keys::key(&name), key, "by way of {name}");
            assert!(!name.contains(['.', '\0']) && !name.starts_with('$'), "{name}");
            assert!(!name.is_empty());
        }
        assert!(!["_id", "revision", "payload"].contains(&&*keys::top(key)));
    }
    assert_eq!(keys::key("50%"), "50%");
    assert_eq!(keys::key("%e9"), "%e9");
}

#[test]
fn bodies_survive_their_way_into_bson_and_back() {
    let text = r#"{"created_at":"2027-01-15T08:00:00.000Z","n":[1,1.0,18446744073709551615,-0.0],"a.b":{"$":null}}"#;
    let stored = body::encode(&USERS, "x", Revision(3), text, Some("p".into())).unwrap();
    let document = body::decode(&USERS, &stored).unwrap();

    assert_eq!(document.body, text);
    assert_eq!((document.id.as_str(), document.revision), ("x", Revision(3)));
    assert_eq!(document.payload.as_deref(), Some(b"p".as_slice()));
}
