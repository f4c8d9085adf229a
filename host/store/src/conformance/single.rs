//! One document: insert, read, replace, patch, remove.

use bowsprit_host_core::store::{
    Document, Documents, Filter, Patch, Query, Revision, Scalar, StoreError,
};
use bytes::Bytes;
use serde_json::{Value, json};

use super::{THINGS, fresh, get, insert, parsed};

pub(super) async fn all(store: &dyn Documents) {
    reads_back_what_was_inserted(store).await;
    inserts_an_id_only_once(store).await;
    takes_ids_that_are_words(store).await;
    replaces_only_the_revision_that_was_seen(store).await;
    keeps_the_payload_unless_given_another(store).await;
    leaves_payloads_out_when_asked(store).await;
    patches_single_keys(store).await;
    patches_only_what_was_seen_and_fits(store).await;
    adds_to_absent_and_null_as_to_zero(store).await;
    refuses_a_patch_that_names_a_key_twice(store).await;
    removes_only_the_revision_that_was_seen(store).await;
    refuses_bodies_that_are_not_objects(store).await;
    refuses_documents_over_the_limit(store).await;
}

async fn reads_back_what_was_inserted(store: &dyn Documents) {
    let id = fresh();
    assert_eq!(store.get(&THINGS, &id).await.unwrap(), None);

    let revision = store.insert(&THINGS, &id, r#"{"name":"a"}"#, None).await.unwrap();

    assert_eq!(revision, Revision(1));
    let body = r#"{"name":"a"}"#.to_owned();
    assert_eq!(get(store, &THINGS, &id).await, Document { id, revision, body, payload: None });
}

async fn inserts_an_id_only_once(store: &dyn Documents) {
    let id = insert(store, &THINGS, &json!({ "name": "first" })).await;

    let again = store.insert(&THINGS, &id, "{}", None).await;

    assert!(matches!(again, Err(StoreError::Taken("id"))), "{again:?}");
    assert_eq!(parsed(&get(store, &THINGS, &id).await), json!({ "name": "first" }));
}

async fn takes_ids_that_are_words(store: &dyn Documents) {
    // The last two differ from an `Id` only by their case and length.
    for id in ["first-admin", "a.b/c $d", "ünï", "65F000000000000000000001", "65f00000"] {
        store.insert(&THINGS, id, r#"{"size":1}"#, None).await.unwrap();

        assert_eq!(get(store, &THINGS, id).await.id, id);
        let body = r#"{"size":2}"#;
        let replaced = store.replace_if(&THINGS, id, Revision(1), body, None).await.unwrap();
        assert_eq!(replaced, Revision(2));
        assert!(store.remove_if(&THINGS, id, None).await.unwrap());
    }
}

async fn replaces_only_the_revision_that_was_seen(store: &dyn Documents) {
    let id = insert(store, &THINGS, &json!({ "name": "a", "size": 1 })).await;

    let second = store.replace_if(&THINGS, &id, Revision(1), r#"{"name":"b"}"#, None).await;
    assert_eq!(second.unwrap(), Revision(2));
    let late = store.replace_if(&THINGS, &id, Revision(1), r#"{"name":"c"}"#, None).await;
    assert!(matches!(late, Err(StoreError::Stale(Revision(2)))), "{late:?}");
    let late = store
        .replace_if(&THINGS, &id, Revision(1), r#"{"name":"c"}"#, Some(Bytes::from_static(b"c")))
        .await;
    assert!(matches!(late, Err(StoreError::Stale(Revision(2)))), "{late:?}");
    let early = store.replace_if(&THINGS, &id, Revision(3), r#"{"name":"c"}"#, None).await;
    assert!(matches!(early, Err(StoreError::Stale(Revision(2)))), "{early:?}");

    assert_eq!(parsed(&get(store, &THINGS, &id).await), json!({ "name": "b" }));
    let none = store.replace_if(&THINGS, &fresh(), Revision(1), "{}", None).await;
    assert!(matches!(none, Err(StoreError::Missing)), "{none:?}");
}

async fn keeps_the_payload_unless_given_another(store: &dyn Documents) {
    let id = fresh();
    let first = Some(Bytes::from_static(b"\x00first\xff"));
    store.insert(&THINGS, &id, r#"{"name":"a"}"#, first.clone()).await.unwrap();
    assert_eq!(get(store, &THINGS, &id).await.payload, first);

    store.replace_if(&THINGS, &id, Revision(1), r#"{"name":"b"}"#, None).await.unwrap();
    assert_eq!(get(store, &THINGS, &id).await.payload, first);

    let patch = set("name", json!("c"));
    store.patch_if(&THINGS, &id, None, &Filter::All, &patch).await.unwrap();
    assert_eq!(get(store, &THINGS, &id).await.payload, first);

    let empty = Some(Bytes::new());
    store.replace_if(&THINGS, &id, Revision(3), r#"{"name":"d"}"#, empty.clone()).await.unwrap();
    let last = get(store, &THINGS, &id).await;
    assert_eq!((last.payload.clone(), parsed(&last)), (empty, json!({ "name": "d" })));
}

async fn leaves_payloads_out_when_asked(store: &dyn Documents) {
    let id = fresh();
    let payload = Some(Bytes::from_static(b"bytes"));
    store.insert(&THINGS, &id, r#"{"name":"payload"}"#, payload.clone()).await.unwrap();
    let filter = Filter::Eq("name", "payload".into());

    let with = store.find(&THINGS, &Query::new(filter.clone(), 5)).await.unwrap();
    let without = store.find(&THINGS, &Query::new(filter, 5).bodies_only()).await.unwrap();

    assert_eq!(with.len(), 1);
    assert_eq!(with[0].payload, payload);
    assert_eq!(without, [Document { payload: None, ..with[0].clone() }]);
}

async fn patches_single_keys(store: &dyn Documents) {
    let before = json!({ "name": "a", "size": 1, "kept": { "deep": [1, 2.0] }, "gone": true });
    let id = insert(store, &THINGS, &before).await;
    let patch = Patch {
        set: [
            ("name".to_owned(), json!("b")),
            ("a.b".to_owned(), json!({ "$c": "$name", "d.e": null, "": 1 })),
            ("$lead".to_owned(), json!([1.0, "x"])),
            ("quo\"te\\".to_owned(), Value::Null),
            ("_id".to_owned(), json!("not the id")),
        ]
        .into_iter()
        .collect(),
        unset: vec!["gone", "never.there"],
        increment: vec![("size", 41)],
    };

    let revision = store.patch_if(&THINGS, &id, None, &Filter::All, &patch).await.unwrap();

    assert_eq!(revision, Revision(2));
    let after = json!({
        "name": "b", "size": 42, "kept": { "deep": [1, 2.0] },
        "a.b": { "$c": "$name", "d.e": null, "": 1 }, "$lead": [1.0, "x"],
        "quo\"te\\": null, "_id": "not the id",
    });
    let stored = get(store, &THINGS, &id).await;
    assert_eq!((parsed(&stored), stored.id), (after, id));
}

async fn patches_only_what_was_seen_and_fits(store: &dyn Documents) {
    let id = insert(store, &THINGS, &json!({ "name": "open", "size": 1 })).await;
    let patch = set("name", json!("closed"));
    let open = Filter::Eq("name", "open".into());

    let stale = store.patch_if(&THINGS, &id, Some(Revision(7)), &Filter::All, &patch).await;
    assert!(matches!(stale, Err(StoreError::Stale(Revision(1)))), "{stale:?}");
    let large = Filter::AtLeast("size", Scalar::Int(2));
    let unfit = store.patch_if(&THINGS, &id, Some(Revision(1)), &large, &patch).await;
    assert!(matches!(unfit, Err(StoreError::Stale(Revision(1)))), "{unfit:?}");
    let first = store.patch_if(&THINGS, &id, Some(Revision(1)), &open, &patch).await;
    assert_eq!(first.unwrap(), Revision(2));
    let second = store.patch_if(&THINGS, &id, None, &open, &patch).await;
    assert!(matches!(second, Err(StoreError::Stale(Revision(2)))), "{second:?}");
    let none = store.patch_if(&THINGS, &fresh(), None, &Filter::All, &patch).await;
    assert!(matches!(none, Err(StoreError::Missing)), "{none:?}");
}

async fn adds_to_absent_and_null_as_to_zero(store: &dyn Documents) {
    for before in [json!({}), json!({ "size": null }), json!({ "size": 0 })] {
        let id = insert(store, &THINGS, &before).await;
        let patch = Patch { increment: vec![("size", -3), ("revision", 2)], ..Patch::default() };

        store.patch_if(&THINGS, &id, None, &Filter::All, &patch).await.unwrap();

        let after = get(store, &THINGS, &id).await;
        assert_eq!(parsed(&after), json!({ "size": -3, "revision": 2 }));
        assert_eq!(after.revision, Revision(2));
    }
}

async fn refuses_a_patch_that_names_a_key_twice(store: &dyn Documents) {
    let id = insert(store, &THINGS, &json!({ "size": 1 })).await;
    let patch = Patch { increment: vec![("size", 1)], ..set("size", json!(5)) };

    let outcome = store.patch_if(&THINGS, &id, None, &Filter::All, &patch).await;

    assert!(matches!(outcome, Err(StoreError::Corrupt(_))), "{outcome:?}");
}

async fn removes_only_the_revision_that_was_seen(store: &dyn Documents) {
    let id = insert(store, &THINGS, &json!({})).await;

    let stale = store.remove_if(&THINGS, &id, Some(Revision(2))).await;
    assert!(matches!(stale, Err(StoreError::Stale(Revision(1)))), "{stale:?}");
    assert!(store.remove_if(&THINGS, &id, Some(Revision(1))).await.unwrap());
    assert!(!store.remove_if(&THINGS, &id, Some(Revision(1))).await.unwrap());
    assert!(!store.remove_if(&THINGS, &id, None).await.unwrap());
    assert_eq!(store.get(&THINGS, &id).await.unwrap(), None);
}

async fn refuses_bodies_that_are_not_objects(store: &dyn Documents) {
    for body in ["", "[]", "7", r#"{"a":}"#, r#"{"a":1} {"b":2}"#, "{'a':1}"] {
        let outcome = store.insert(&THINGS, &fresh(), body, None).await;
        assert!(matches!(outcome, Err(StoreError::Corrupt(_))), "{body}: {outcome:?}");
    }
}

async fn refuses_documents_over_the_limit(store: &dyn Documents) {
    let id = insert(store, &THINGS, &json!({})).await;
    let bytes = Some(Bytes::from(vec![7; 16 * 1024 * 1024]));

    let inserted = store.insert(&THINGS, &fresh(), "{}", bytes.clone()).await;
    assert!(matches!(inserted, Err(StoreError::TooLarge)), "{inserted:?}");
    let replaced = store.replace_if(&THINGS, &id, Revision(1), "{}", bytes).await;
    assert!(matches!(replaced, Err(StoreError::TooLarge)), "{replaced:?}");
}

fn set(key: &str, value: Value) -> Patch {
    Patch { set: [(key.to_owned(), value)].into_iter().collect(), ..Patch::default() }
}
