//! The cache and its states; following is tested against a real cluster.

use std::collections::BTreeMap;

use super::*;

fn object(name: &str, uid: &str) -> Observed {
    Observed {
        namespace: Some("n".into()),
        name: name.into(),
        uid: uid.into(),
        owners: Vec::new(),
        labels: BTreeMap::new(),
        json: "{}".into(),
    }
}

#[tokio::test]
async fn tells_listeners_of_changes_after_it_made_them() {
    let cache = Cache::new();
    let mut changes = cache.changes.subscribe();

    cache.put(object("a", "1"));
    assert!(matches!(changes.try_recv(), Ok(Change::Object(it)) if it.uid == "1"));
    assert_eq!(cache.read().all().len(), 1);

    cache.remove(object("a", "1"));
    assert!(matches!(changes.try_recv(), Ok(Change::Object(it)) if it.name == "a"));
    assert!(cache.read().all().is_empty());
}

#[tokio::test]
async fn says_that_all_is_new_after_a_list() {
    let cache = Cache::new();
    cache.put(object("old", "1"));
    let mut changes = cache.changes.subscribe();

    cache.replace(Index::default());

    assert!(matches!(changes.try_recv(), Ok(Change::Relisted)));
    assert_eq!(*cache.state.borrow(), InformerState::Live);
    assert!(cache.read().all().is_empty());
}

#[tokio::test]
async fn stays_closed_once_closed() {
    let cache = Cache::new();
    cache.close();
    cache.replace(Index::default());
    assert!(matches!(*cache.state.borrow(), InformerState::Unavailable(_)));
}

#[tokio::test]
async fn lets_a_slow_listener_know_that_it_missed_something() {
    let cache = Cache::new();
    let mut changes = cache.changes.subscribe();
    for n in 0..=CHANGES {
        cache.put(object("a", &n.to_string()));
    }
    assert!(matches!(changes.try_recv(), Err(broadcast::error::TryRecvError::Lagged(_))));
}
