//! Uniqueness, and what a changed declaration does to it.

use bowsprit_host_core::{
    id::Id,
    store::{Documents, Filter, Patch, Revision, StoreError},
};
use serde_json::{Value, json};

use super::{ACCOUNTS, CHANGED_BEFORE, CHANGED_LATER, clear, fresh, insert, minute};

pub(super) async fn all(store: &dyn Documents) {
    names_the_constraint_that_was_violated(store).await;
    does_not_constrain_documents_without_the_value(store).await;
    holds_for_replacing_and_patching(store).await;
    frees_the_value_of_a_removed_document(store).await;
    follows_a_changed_declaration(store).await;
}

async fn taken(store: &dyn Documents, body: &Value) -> &'static str {
    match store.insert(&ACCOUNTS, &fresh(), &body.to_string(), None).await {
        Err(StoreError::Taken(name)) => name,
        other => panic!("{body} should be taken: {other:?}"),
    }
}

async fn names_the_constraint_that_was_violated(store: &dyn Documents) {
    clear(store, &ACCOUNTS).await;
    let owner = Id::new();
    let bodies = [
        (json!({ "email": "a@b.c" }), "conformance_email"),
        (json!({ "email": "" }), "conformance_email"),
        (json!({ "provider": "p", "subject": i64::MIN }), "conformance_subject"),
        (json!({ "owner": owner, "since": minute(0) }), "conformance_owner"),
        (json!({ "only": true }), "conformance_only"),
        (json!({ "only": false }), "conformance_only"),
    ];
    for (body, constraint) in bodies {
        insert(store, &ACCOUNTS, &body).await;
        assert_eq!(taken(store, &body).await, constraint);
    }
    insert(store, &ACCOUNTS, &json!({ "email": "A@b.c" })).await;
    insert(store, &ACCOUNTS, &json!({ "provider": "p", "subject": 2 })).await;
    insert(store, &ACCOUNTS, &json!({ "owner": owner, "since": minute(1) })).await;
}

async fn does_not_constrain_documents_without_the_value(store: &dyn Documents) {
    clear(store, &ACCOUNTS).await;
    let bodies = [
        json!({}),
        json!({ "email": null }),
        json!({ "provider": "p" }),
        json!({ "provider": "p", "subject": null }),
        json!({ "provider": null, "subject": 1 }),
        json!({ "subject": 1 }),
        json!({ "owner": Id::new(), "since": null }),
    ];
    for body in bodies.iter().chain(&bodies) {
        insert(store, &ACCOUNTS, body).await;
    }
}

async fn holds_for_replacing_and_patching(store: &dyn Documents) {
    clear(store, &ACCOUNTS).await;
    insert(store, &ACCOUNTS, &json!({ "email": "a" })).await;
    let id = insert(store, &ACCOUNTS, &json!({ "email": "b" })).await;
    let body = json!({ "email": "a" }).to_string();

    let replaced = store.replace_if(&ACCOUNTS, &id, Revision(1), &body, None).await;
    assert!(matches!(replaced, Err(StoreError::Taken("conformance_email"))), "{replaced:?}");
    let bytes = Some(bytes::Bytes::from_static(b"x"));
    let replaced = store.replace_if(&ACCOUNTS, &id, Revision(1), &body, bytes).await;
    assert!(matches!(replaced, Err(StoreError::Taken("conformance_email"))), "{replaced:?}");
    let set = [("email".to_owned(), json!("a"))].into_iter().collect();
    let patch = Patch { set, ..Patch::default() };
    for seen in [None, Some(Revision(1))] {
        let patched = store.patch_if(&ACCOUNTS, &id, seen, &Filter::All, &patch).await;
        assert!(matches!(patched, Err(StoreError::Taken("conformance_email"))), "{patched:?}");
    }

    // Keeping one's own value is no conflict, and nothing above was written.
    let body = json!({ "email": "b", "more": 1 }).to_string();
    let kept = store.replace_if(&ACCOUNTS, &id, Revision(1), &body, None).await;
    assert_eq!(kept.unwrap(), Revision(2));
}

async fn frees_the_value_of_a_removed_document(store: &dyn Documents) {
    clear(store, &ACCOUNTS).await;
    let id = insert(store, &ACCOUNTS, &json!({ "email": "a" })).await;
    assert!(store.remove_if(&ACCOUNTS, &id, None).await.unwrap());

    insert(store, &ACCOUNTS, &json!({ "email": "a" })).await;
}

async fn follows_a_changed_declaration(store: &dyn Documents) {
    store.prepare(&[&CHANGED_BEFORE]).await.unwrap();
    insert(store, &CHANGED_BEFORE, &json!({ "first": "a", "second": "x" })).await;

    store.prepare(&[&CHANGED_LATER]).await.unwrap();
    store.prepare(&[&CHANGED_LATER]).await.unwrap();

    insert(store, &CHANGED_LATER, &json!({ "first": "a", "second": "y" })).await;
    let body = json!({ "first": "b", "second": "x" }).to_string();
    let taken = store.insert(&CHANGED_LATER, &fresh(), &body, None).await;
    assert!(matches!(taken, Err(StoreError::Taken("conformance_one"))), "{taken:?}");
    let old = Filter::Eq("second", "x".into());
    assert_eq!(store.count(&CHANGED_LATER, &old).await.unwrap(), 1);
}
