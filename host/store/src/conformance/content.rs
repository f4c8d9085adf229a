//! Bodies come back equal, whatever is in them.

use bowsprit_host_core::{
    id::Id,
    store::{Documents, Revision},
    time::Timestamp,
};
use bytes::Bytes;
use serde_json::{Value, json};

use super::{THINGS, fresh, get, minute, parsed};

pub(super) async fn all(store: &dyn Documents) {
    for body in [numbers(), nested(), odd_keys(), texts(), converted(), unconverted()] {
        returns_an_equal_body(store, &body).await;
    }
    returns_the_keys_in_order(store).await;
    keeps_four_megabytes_of_body_and_of_payload(store).await;
}

async fn returns_an_equal_body(store: &dyn Documents, body: &Value) {
    let id = fresh();
    store.insert(&THINGS, &id, &body.to_string(), None).await.unwrap();
    let inserted = parsed(&get(store, &THINGS, &id).await);
    // As text, because values take 0.0 for -0.0.
    assert_eq!(inserted.to_string(), body.to_string());

    store.replace_if(&THINGS, &id, Revision(1), &body.to_string(), None).await.unwrap();
    let replaced = parsed(&get(store, &THINGS, &id).await);
    assert_eq!(replaced.to_string(), body.to_string());

    let bytes = Some(Bytes::from_static(b"x"));
    store.replace_if(&THINGS, &id, Revision(2), &body.to_string(), bytes).await.unwrap();
    let replaced = parsed(&get(store, &THINGS, &id).await);
    assert_eq!(replaced.to_string(), body.to_string());
}

fn numbers() -> Value {
    json!({
        "ints": [0, 1, -1, i64::from(i32::MAX) + 1, 9_007_199_254_740_993_i64, i64::MIN, i64::MAX],
        "large": [u64::MAX, i64::MAX as u64 + 1],
        "floats": [0.0, -0.0, 1.0, -1.5, 0.1, 1e300, 5e-324, 123_456_789.125, 1e15, 1e16, 1e17],
        "size": 1,
        "plain": 1.0,
    })
}

fn nested() -> Value {
    let mut deep = json!({ "bottom": [[], {}, [[{}]]] });
    for level in 0..40 {
        deep = if level % 2 == 0 { json!([deep, null]) } else { json!({ "down": deep }) };
    }
    json!({ "deep": deep, "empty": {}, "none": null, "flags": [true, false] })
}

fn odd_keys() -> Value {
    let odd = json!({
        "app.kubernetes.io/name": "x", "$ref": "y", "$": 1, ".": 2, "..": 3, "": 4, "%": 5,
        "%2E": 6, "%252E": 7, "100%": 8, "a$b": 9, "\"": 10, "\\": 11, "nul\u{0}": 12,
        "é": 13, "_id": 14, "revision": 15, "payload": 16, "0": 17, "%ü": 18, "__proto__": 19,
    });
    let mut body = odd.clone();
    body["nested"] = json!([odd.clone(), { "deeper": odd }]);
    body
}

fn texts() -> Value {
    json!({
        "name": "Grüße 你好 🚢 \u{200d} \u{301}",
        "controls": "tab\t line\n return\r quote\" back\\ slash/ bell\u{7} del\u{7f}",
        "nul": "a\u{0}b",
        "edges": ["", " ", "\u{d7ff}", "\u{e000}", "\u{10ffff}", "\u{fffe}"],
        "dollars": "$name",
        "date": "2027-01-15T08:00:00.000Z",
        "hex": "65f000000000000000000001",
    })
}

fn converted() -> Value {
    json!({
        "at": minute(0), "seen": Timestamp::NEVER, "owner": Id::new(),
        "inside": { "at": minute(1), "owner": Id::new() },
    })
}

/// Values that a declared field should not hold still come back.
fn unconverted() -> Value {
    json!({
        "at": null, "seen": "2027-01-15T08:00:00Z", "owner": "65F000000000000000000001",
        "size": "text", "name": 7, "done": 1,
    })
}

async fn returns_the_keys_in_order(store: &dyn Documents) {
    let body = r#"{"z":1,"a":{"y":2,"b":[{"x":3,"c":4}]},"m":5}"#;
    let id = fresh();

    store.insert(&THINGS, &id, body, None).await.unwrap();

    assert_eq!(get(store, &THINGS, &id).await.body, body);
}

async fn keeps_four_megabytes_of_body_and_of_payload(store: &dyn Documents) {
    let id = fresh();
    let text = "0123456789abcdef".repeat(256 * 1024);
    let body = json!({ "name": "large", "text": text });
    let payload: Vec<u8> = (0..4 * 1024 * 1024_u32).map(|n| n.to_le_bytes()[1]).collect();
    let payload = Some(Bytes::from(payload));

    store.insert(&THINGS, &id, &body.to_string(), payload.clone()).await.unwrap();
    let stored = get(store, &THINGS, &id).await;
    assert!(parsed(&stored) == body, "the body differs");
    assert!(stored.payload == payload, "the payload differs");

    store.replace_if(&THINGS, &id, Revision(1), &body.to_string(), None).await.unwrap();
    let stored = get(store, &THINGS, &id).await;
    assert!(parsed(&stored) == body, "the replaced body differs");
    assert!(stored.payload == payload, "the kept payload differs");
}
