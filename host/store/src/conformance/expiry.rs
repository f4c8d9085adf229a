//! Documents whose time is over really go.

use std::time::{Duration, Instant};

use bowsprit_host_core::{
    store::{Collection, Documents, Expiry, Field, FieldKind},
    time::Timestamp,
};
use serde_json::json;

/// Servers look for them once a minute.
const PATIENCE: Duration = Duration::from_secs(150);

static FADING: Collection = Collection {
    name: "conformance_fading",
    fields: &[
        Field { name: "at", kind: FieldKind::Time },
        Field { name: "done", kind: FieldKind::Bool },
    ],
    indexes: &[],
    unique: &[],
    expiry: Some(Expiry { field: "at", after_seconds: 60, only_if: Some("done") }),
};

/// Adds documents whose time is over, and others that look like them.
pub(super) async fn begin(store: &dyn Documents) {
    store.prepare(&[&FADING]).await.expect("prepared");
    let now = Timestamp::now();
    let old = now - Duration::from_secs(61);
    let bodies = [
        ("old", json!({ "at": old, "done": true })),
        ("old and open", json!({ "at": old, "done": false })),
        ("old and unmarked", json!({ "at": old })),
        ("young", json!({ "at": now + Duration::from_secs(600), "done": true })),
        ("timeless", json!({ "done": true })),
    ];
    for (id, body) in bodies {
        store.insert(&FADING, id, &body.to_string(), None).await.expect("inserted");
    }
}

/// Waits until they are gone.
pub(super) async fn end(store: &dyn Documents) {
    let begun = Instant::now();
    // An embedded store looks at once after it was prepared.
    store.prepare(&[&FADING]).await.expect("prepared");
    while store.get(&FADING, "old").await.expect("read").is_some() {
        assert!(begun.elapsed() < PATIENCE, "it is still there");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    for id in ["old and open", "old and unmarked", "young", "timeless"] {
        assert!(store.get(&FADING, id).await.expect("read").is_some(), "{id}");
    }
}
