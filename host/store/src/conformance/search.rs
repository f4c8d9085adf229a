//! Filters, order and pages.

use bowsprit_host_core::{
    id::Id,
    store::{Direction, Documents, Filter, Patch, Query, Scalar, StoreError},
};
use serde_json::{Value, json};

use super::{THINGS, clear, fresh, insert, minute, parsed};

pub(super) async fn all(store: &dyn Documents) {
    matches_by_every_kind_of_value(store).await;
    matches_by_id(store).await;
    matches_absent_and_null_alike(store).await;
    combines_filters(store).await;
    asks_for_keys_with_odd_names(store).await;
    refuses_fields_that_are_not_declared(store).await;
    orders_every_kind_and_absent_first(store).await;
    orders_by_id_without_a_sort_key(store).await;
    pages_through_ties_without_gap_or_repetition(store).await;
    orders_by_several_keys(store).await;
    removes_all_that_match(store).await;
}

/// The `size`s of what matches, least first.
async fn sizes(store: &dyn Documents, filter: Filter) -> Vec<i64> {
    let query = Query::new(filter.clone(), 100).sorted("size", Direction::Ascending);
    let found = store.find(&THINGS, &query).await.unwrap();
    assert_eq!(store.count(&THINGS, &filter).await.unwrap(), found.len() as u64);
    found.iter().map(|document| parsed(document)["size"].as_i64().unwrap()).collect()
}

async fn matches_by_every_kind_of_value(store: &dyn Documents) {
    clear(store, &THINGS).await;
    let mut owners: Vec<Id> = (0..4).map(|_| Id::new()).collect();
    owners.sort();
    for n in 0..4_i64 {
        let owner = owners[n as usize];
        let name = ["A", "a", "b", "ä"][n as usize];
        let body = json!({
            "size": n, "name": name, "done": n >= 2, "at": minute(n), "owner": owner,
        });
        insert(store, &THINGS, &body).await;
    }
    let values: [(&'static str, Scalar, Scalar); 4] = [
        ("size", 1.into(), 2.into()),
        ("name", "a".into(), "b".into()),
        ("at", minute(1).into(), minute(2).into()),
        ("owner", owners[1].into(), owners[2].into()),
    ];
    for (field, one, two) in values {
        assert_eq!(sizes(store, Filter::Eq(field, one.clone())).await, [1], "{field}");
        assert_eq!(sizes(store, Filter::Less(field, one.clone())).await, [0], "{field}");
        assert_eq!(sizes(store, Filter::AtLeast(field, one.clone())).await, [1, 2, 3], "{field}");
        let both = vec![two, one.clone(), one];
        assert_eq!(sizes(store, Filter::In(field, both)).await, [1, 2], "{field}");
        assert_eq!(sizes(store, Filter::In(field, vec![])).await, [0_i64; 0], "{field}");
    }
    assert_eq!(sizes(store, Filter::Eq("done", true.into())).await, [2, 3]);
    assert_eq!(sizes(store, Filter::Less("done", true.into())).await, [0, 1]);
    assert_eq!(sizes(store, Filter::AtLeast("done", true.into())).await, [2, 3]);
    assert_eq!(sizes(store, Filter::In("done", vec![false.into()])).await, [0, 1]);
}

async fn matches_by_id(store: &dyn Documents) {
    clear(store, &THINGS).await;
    let mut ids = Vec::new();
    for n in 0..3 {
        ids.push(insert(store, &THINGS, &json!({ "size": n })).await);
    }
    store.insert(&THINGS, "a word", r#"{"size":3}"#, None).await.unwrap();
    let some = vec![ids[2].clone(), "a word".into(), fresh(), ids[0].clone(), ids[0].clone()];
    assert_eq!(sizes(store, Filter::Ids(some.clone())).await, [0, 2, 3]);
    assert_eq!(sizes(store, Filter::Ids(vec![])).await, [0_i64; 0]);
    let both = vec![Filter::Ids(some), Filter::Less("size", 3.into())];
    assert_eq!(sizes(store, Filter::And(both)).await, [0, 2]);
}

async fn matches_absent_and_null_alike(store: &dyn Documents) {
    clear(store, &THINGS).await;
    insert(store, &THINGS, &json!({ "size": 0 })).await;
    let nothing = json!({ "size": 1, "name": null, "at": null, "owner": null, "done": null });
    insert(store, &THINGS, &nothing).await;
    let full = json!({ "size": 2, "name": "", "at": minute(0), "owner": Id::new(), "done": false });
    insert(store, &THINGS, &full).await;

    for field in ["name", "at", "owner", "done"] {
        assert_eq!(sizes(store, Filter::Absent(field)).await, [0, 1], "{field}");
    }
    assert_eq!(sizes(store, Filter::Less("name", "z".into())).await, [2]);
    assert_eq!(sizes(store, Filter::Less("at", minute(1).into())).await, [2]);
    assert_eq!(sizes(store, Filter::Less("done", true.into())).await, [2]);
    assert_eq!(sizes(store, Filter::AtLeast("name", "".into())).await, [2]);
}

async fn combines_filters(store: &dyn Documents) {
    clear(store, &THINGS).await;
    for n in 0..6 {
        insert(store, &THINGS, &json!({ "size": n, "done": n % 2 == 0, "name": "n" })).await;
    }
    let even = || Filter::Eq("done", true.into());
    let low = || Filter::Less("size", 2.into());
    let high = || Filter::AtLeast("size", 4.into());

    assert_eq!(sizes(store, Filter::And(vec![even(), high()])).await, [4]);
    assert_eq!(sizes(store, Filter::Or(vec![low(), high()])).await, [0, 1, 4, 5]);
    let nested = Filter::And(vec![Filter::Or(vec![low(), high()]), even()]);
    assert_eq!(sizes(store, nested).await, [0, 4]);
    let range = vec![Filter::AtLeast("size", 2.into()), Filter::Less("size", 4.into())];
    assert_eq!(sizes(store, Filter::And(range)).await, [2, 3]);
    assert_eq!(sizes(store, Filter::And(vec![Filter::All, even()])).await, [0, 2, 4]);
    assert_eq!(sizes(store, Filter::And(vec![])).await.len(), 6);
    assert_eq!(sizes(store, Filter::Or(vec![])).await.len(), 0);
    let any = Filter::Or(vec![Filter::Or(vec![]), low()]);
    assert_eq!(sizes(store, any).await, [0, 1]);
    let text = Filter::Eq("name", "n' OR 1=1 --".into());
    assert_eq!(sizes(store, text).await.len(), 0);
}

async fn asks_for_keys_with_odd_names(store: &dyn Documents) {
    clear(store, &THINGS).await;
    insert(store, &THINGS, &json!({ "size": 1, "odd\"'$ key.": "x", "revision": 5 })).await;
    insert(store, &THINGS, &json!({ "size": 2, "odd\"'$ key.": "y", "revision": 6 })).await;

    assert_eq!(sizes(store, Filter::Eq("odd\"'$ key.", "y".into())).await, [2]);
    assert_eq!(sizes(store, Filter::Eq("revision", 5.into())).await, [1]);
    let query = Query::new(Filter::All, 1).sorted("odd\"'$ key.", Direction::Descending);
    assert_eq!(parsed(&store.find(&THINGS, &query).await.unwrap()[0])["size"], json!(2));
}

async fn refuses_fields_that_are_not_declared(store: &dyn Documents) {
    let filters = [
        Filter::Eq("other", "x".into()),
        Filter::Absent("other"),
        Filter::In("other", vec![]),
        Filter::Or(vec![Filter::All, Filter::Less("other", "x".into())]),
        Filter::Eq("size", "not an integer".into()),
    ];
    for filter in filters {
        let found = store.find(&THINGS, &Query::new(filter.clone(), 1)).await;
        assert!(matches!(found, Err(StoreError::Corrupt(_))), "{filter:?}: {found:?}");
        let counted = store.count(&THINGS, &filter).await;
        assert!(matches!(counted, Err(StoreError::Corrupt(_))), "{filter:?}: {counted:?}");
        let removed = store.remove_all(&THINGS, &filter).await;
        assert!(matches!(removed, Err(StoreError::Corrupt(_))), "{filter:?}: {removed:?}");
    }
    let sorted = Query::new(Filter::All, 1).sorted("other", Direction::Ascending);
    let found = store.find(&THINGS, &sorted).await;
    assert!(matches!(found, Err(StoreError::Corrupt(_))), "{found:?}");
    let patch = Patch { increment: vec![("other", 1)], ..Patch::default() };
    let patched = store.patch_if(&THINGS, &fresh(), None, &Filter::All, &patch).await;
    assert!(matches!(patched, Err(StoreError::Corrupt(_))), "{patched:?}");
}

async fn orders_every_kind_and_absent_first(store: &dyn Documents) {
    let columns: [(&'static str, [Value; 4]); 5] = [
        ("name", [json!("Z"), json!("a"), json!("é"), json!("🚢")]),
        ("size", [json!(i64::MIN), json!(-1), json!(9), json!(10)]),
        ("at", [json!(minute(-9)), json!(minute(0)), json!(minute(1)), json!(minute(90_000_000))]),
        ("owner", [1, 2, 3, 4].map(|n| json!(format!("{n}5f000000000000000000001")))),
        ("done", [json!(false), json!(false), json!(true), json!(true)]),
    ];
    for (field, values) in columns {
        clear(store, &THINGS).await;
        for value in values.iter().rev().chain([&Value::Null]) {
            insert(store, &THINGS, &json!({ field: value })).await;
        }
        let mut expected = vec![Value::Null];
        expected.extend(values);
        for direction in [Direction::Ascending, Direction::Descending] {
            let query = Query::new(Filter::All, 10).sorted(field, direction);
            let found = store.find(&THINGS, &query).await.unwrap();
            let found: Vec<Value> = found.iter().map(|one| parsed(one)[field].clone()).collect();
            assert_eq!(found, expected, "{field}");
            expected.reverse();
        }
    }
}

async fn orders_by_id_without_a_sort_key(store: &dyn Documents) {
    clear(store, &THINGS).await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(insert(store, &THINGS, &json!({})).await);
    }
    ids.sort();

    assert_eq!(ids_of(store, &Query::new(Filter::All, 10)).await, ids);
    assert_eq!(ids_of(store, &Query::new(Filter::All, 2).skipping(3)).await, ids[3..]);
    assert_eq!(ids_of(store, &Query::new(Filter::All, 0)).await.len(), 0);
    assert_eq!(ids_of(store, &Query::new(Filter::All, 9).skipping(99)).await.len(), 0);
}

async fn pages_through_ties_without_gap_or_repetition(store: &dyn Documents) {
    clear(store, &THINGS).await;
    let mut expected = Vec::new();
    for n in 0..25 {
        expected.push((n % 3, insert(store, &THINGS, &json!({ "size": n % 3 })).await));
    }
    expected.sort();
    for direction in [Direction::Ascending, Direction::Descending] {
        let mut paged = Vec::new();
        for page in 0..5 {
            let query = Query::new(Filter::All, 6).sorted("size", direction).skipping(page * 6);
            paged.extend(ids_of(store, &query).await);
        }
        let ids: Vec<_> = expected.iter().map(|(_, id)| id.clone()).collect();
        assert_eq!(paged, ids, "{direction:?}");
        expected.reverse();
    }
}

async fn orders_by_several_keys(store: &dyn Documents) {
    clear(store, &THINGS).await;
    let mut expected = Vec::new();
    for n in 0..12_i64 {
        let (size, name) = (n % 2, ["x", "y", "z"][(n % 3) as usize]);
        let id = insert(store, &THINGS, &json!({ "size": size, "name": name })).await;
        expected.push((-size, name, id));
    }
    expected.sort();
    let query = Query::new(Filter::All, 50)
        .sorted("size", Direction::Descending)
        .sorted("name", Direction::Ascending);

    let ids: Vec<_> = expected.into_iter().map(|(_, _, id)| id).collect();
    assert_eq!(ids_of(store, &query).await, ids);
}

async fn removes_all_that_match(store: &dyn Documents) {
    clear(store, &THINGS).await;
    for n in 0..10 {
        insert(store, &THINGS, &json!({ "size": n })).await;
    }

    let few = Filter::Less("size", 4.into());
    assert_eq!(store.remove_all(&THINGS, &few).await.unwrap(), 4);
    assert_eq!(store.remove_all(&THINGS, &few).await.unwrap(), 0);
    assert_eq!(store.count(&THINGS, &Filter::All).await.unwrap(), 6);
    assert_eq!(store.remove_all(&THINGS, &Filter::All).await.unwrap(), 6);
}

async fn ids_of(store: &dyn Documents, query: &Query) -> Vec<String> {
    let found = store.find(&THINGS, query).await.unwrap();
    found.into_iter().map(|document| document.id).collect()
}
