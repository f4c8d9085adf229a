//! What a document store promises, as code that every adapter's tests call.
//!
//! Plain async functions over the port, each one a sentence; they panic where
//! the store breaks it. Other packages get them by the feature `conformance`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a broken promise ends the test that asked for it"
)]

mod content;
mod copies;
mod crowd;
mod expiry;
mod paging;
mod proxy;
mod reference;
mod search;
mod single;
mod text;
mod unique;

use std::sync::Arc;

pub use copies::copies;
pub use proxy::{Break, Proxy};
pub use reference::{ENCRYPTION_KEY, Reference};

use bowsprit_host_core::{
    id::Id,
    store::{
        Collection, Document, Documents, Expiry, Field, FieldKind, Filter, StoreError, Unique,
    },
    time::Timestamp,
};
use serde_json::{Value, json};

/// Things of every kind. Nothing in it expires while a test runs.
static THINGS: Collection = Collection {
    name: "conformance_things",
    fields: &[
        Field { name: "name", kind: FieldKind::Text },
        Field { name: "size", kind: FieldKind::Int },
        Field { name: "done", kind: FieldKind::Bool },
        Field { name: "at", kind: FieldKind::Time },
        Field { name: "owner", kind: FieldKind::Id },
        Field { name: "seen", kind: FieldKind::Time },
        // Names that an adapter uses itself.
        Field { name: "revision", kind: FieldKind::Int },
        Field { name: "odd\"'$ key.", kind: FieldKind::Text },
    ],
    indexes: &[&["owner", "at"], &["name"], &["revision"], &["odd\"'$ key."]],
    unique: &[],
    expiry: Some(Expiry { field: "at", after_seconds: 2_000_000_000, only_if: Some("done") }),
};

/// Things that must not share values.
static ACCOUNTS: Collection = Collection {
    name: "conformance_accounts",
    fields: &[
        Field { name: "email", kind: FieldKind::Text },
        Field { name: "provider", kind: FieldKind::Text },
        Field { name: "subject", kind: FieldKind::Int },
        Field { name: "owner", kind: FieldKind::Id },
        Field { name: "since", kind: FieldKind::Time },
        Field { name: "only", kind: FieldKind::Bool },
        Field { name: "size", kind: FieldKind::Int },
    ],
    indexes: &[],
    unique: &[
        Unique { name: "conformance_email", fields: &["email"] },
        Unique { name: "conformance_subject", fields: &["provider", "subject"] },
        Unique { name: "conformance_owner", fields: &["owner", "since"] },
        Unique { name: "conformance_only", fields: &["only"] },
    ],
    expiry: None,
};

/// An older idea of the collection that `CHANGED_LATER` declares.
static CHANGED_BEFORE: Collection = Collection {
    name: "conformance_changed",
    fields: &[
        Field { name: "first", kind: FieldKind::Text },
        Field { name: "at", kind: FieldKind::Time },
    ],
    indexes: &[&["first"]],
    unique: &[Unique { name: "conformance_one", fields: &["first"] }],
    expiry: Some(Expiry { field: "at", after_seconds: 2_000_000_000, only_if: None }),
};

static CHANGED_LATER: Collection = Collection {
    name: "conformance_changed",
    fields: &[
        Field { name: "first", kind: FieldKind::Text },
        Field { name: "second", kind: FieldKind::Text },
        Field { name: "at", kind: FieldKind::Time },
    ],
    indexes: &[&["first", "second"]],
    unique: &[Unique { name: "conformance_one", fields: &["second"] }],
    expiry: Some(Expiry { field: "at", after_seconds: 1_900_000_000, only_if: None }),
};

/// Everything [`Documents`] promises. Give it a store of its own: it fills it,
/// and closes it at the end.
pub async fn documents(store: Arc<dyn Documents>) {
    store.prepare(&[&THINGS, &ACCOUNTS]).await.expect("prepared");
    store.prepare(&[&THINGS, &ACCOUNTS]).await.expect("prepared twice");
    store.ping().await.expect("it answers");
    expiry::begin(&*store).await;
    single::all(&*store).await;
    content::all(&*store).await;
    search::all(&*store).await;
    unique::all(&*store).await;
    text::all(&*store).await;
    paging::all(&store).await;
    crowd::all(&store).await;
    expiry::end(&*store).await;
    refuses_everything_once_closed(&*store).await;
}

/// The connection string `uri` with `database` in the place of its path, for
/// tests that share a server.
#[must_use]
pub fn with_database(uri: &str, database: &str) -> String {
    let (scheme, rest) = uri.split_once("://").unwrap_or(("mongodb", uri));
    let (rest, options) = rest.split_once('?').unwrap_or((rest, ""));
    let hosts = rest.split_once('/').map_or(rest, |(hosts, _)| hosts);
    let query = if options.is_empty() { String::new() } else { format!("?{options}") };
    format!("{scheme}://{hosts}/{database}{query}")
}

async fn refuses_everything_once_closed(store: &dyn Documents) {
    let id = insert(store, &THINGS, &json!({})).await;
    store.close().await;
    store.close().await;

    let got = store.get(&THINGS, &id).await;
    assert!(matches!(got, Err(StoreError::Unavailable(_))), "{got:?}");
    let counted = store.count(&THINGS, &Filter::All).await;
    assert!(matches!(counted, Err(StoreError::Unavailable(_))), "{counted:?}");
    let inserted = store.insert(&THINGS, &fresh(), "{}", None).await;
    assert!(matches!(inserted, Err(StoreError::Unavailable(_))), "{inserted:?}");
    let pinged = store.ping().await;
    assert!(matches!(pinged, Err(StoreError::Unavailable(_))), "{pinged:?}");
    let prepared = store.prepare(&[&THINGS]).await;
    assert!(matches!(prepared, Err(StoreError::Unavailable(_))), "{prepared:?}");
}

fn fresh() -> String {
    Id::new().to_string()
}

/// A point in time that no test reaches: minutes after 15 January 2027.
fn minute(minutes: i64) -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000 + minutes * 60_000)
}

async fn insert(store: &dyn Documents, of: &'static Collection, body: &Value) -> String {
    let id = fresh();
    store.insert(of, &id, &body.to_string(), None).await.expect("inserted");
    id
}

async fn get(store: &dyn Documents, of: &'static Collection, id: &str) -> Document {
    store.get(of, id).await.expect("read").expect("found")
}

async fn clear(store: &dyn Documents, of: &'static Collection) {
    store.remove_all(of, &Filter::All).await.expect("removed");
}

/// The body as a value. Two are equal only if their numbers are of one kind:
/// 1 is not 1.0.
fn parsed(document: &Document) -> Value {
    serde_json::from_str(&document.body).expect("a body is JSON")
}
