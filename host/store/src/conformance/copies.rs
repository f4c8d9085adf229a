//! A copy in another store, of whatever kind, holds the same.

use bowsprit_host_core::store::{Document, Revision};
use bytes::Bytes;
use serde_json::json;

use super::{THINGS, fresh, get, insert, minute};
use crate::transfer::{Transfer, copy, tally};

/// More than a copy reads at a time.
const MANY: usize = 150;

/// Fills `from` and copies it to `to`; both are stores of their own.
pub async fn copies(from: &dyn Transfer, to: &dyn Transfer) {
    for store in [from, to] {
        store.prepare(&[&THINGS]).await.expect("prepared");
    }
    for n in 0..MANY {
        let body = json!({ "size": n, "at": minute(n as i64), "deep": { "n": n, "f": 1.0 } });
        let payload = (n % 2 == 0).then(|| Bytes::from(n.to_string()));
        // Ids of both forms; listing them must leave none out.
        let id = if n % 3 == 0 { format!("word {n}") } else { fresh() };
        from.insert(&THINGS, &id, &body.to_string(), payload).await.unwrap();
    }
    from.replace_if(&THINGS, "word 3", Revision(1), r#"{"odd\"'$ key.":"x"}"#, None).await.unwrap();
    // What another program wrote has no revision.
    let foreign = Document {
        id: fresh(),
        revision: Revision(0),
        body: r#"{"name":"foreign"}"#.into(),
        payload: None,
    };
    from.put(&THINGS, vec![foreign.clone()]).await.unwrap();

    let read = copy(from, to, &THINGS).await.unwrap();
    assert_eq!(read.documents, MANY as u64 + 1);
    assert_eq!(tally(from, &THINGS).await.unwrap(), read);
    assert_eq!(tally(to, &THINGS).await.unwrap(), read);
    assert_eq!(get(to, &THINGS, "word 3").await.revision, Revision(2));
    // It can be repeated, and what was written over counts again.
    assert_eq!(copy(from, to, &THINGS).await.unwrap(), read);
    assert_eq!(tally(to, &THINGS).await.unwrap(), read);

    let written = to.replace_if(&THINGS, &foreign.id, Revision(0), r#"{"name":"x"}"#, None).await;
    assert_eq!(written.unwrap(), Revision(1));
    assert_ne!(tally(to, &THINGS).await.unwrap(), read, "another body");
    to.put(&THINGS, vec![foreign]).await.unwrap();
    assert_eq!(tally(to, &THINGS).await.unwrap(), read);
    let mut other = get(to, &THINGS, "word 6").await;
    other.payload = Some(Bytes::from_static(b"7"));
    to.put(&THINGS, vec![other]).await.unwrap();
    assert_ne!(tally(to, &THINGS).await.unwrap(), read, "another payload");
    insert(to, &THINGS, &json!({})).await;
    assert_eq!(tally(to, &THINGS).await.unwrap().documents, read.documents + 1);
}
