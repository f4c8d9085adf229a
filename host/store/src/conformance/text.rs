//! Looking into texts, and sums.

use bowsprit_host_core::{
    id::Id,
    store::{
        Collection, Direction, Documents, Field, FieldKind, Filter, Patch, Query, Revision,
        StoreError, Totals,
    },
};
use serde_json::{Value, json};

use super::{clear, fresh, get, insert, parsed};

static PAPERS: Collection = Collection {
    name: "conformance_papers",
    fields: &[
        Field { name: "owner", kind: FieldKind::Id },
        Field { name: "size", kind: FieldKind::Int },
        Field { name: "pages", kind: FieldKind::Int },
        Field { name: "text", kind: FieldKind::Search },
        Field { name: "odd.$text", kind: FieldKind::Search },
    ],
    indexes: &[&["owner", "size", "pages"], &["owner", "text"], &["odd.$text"]],
    unique: &[],
    expiry: None,
};

pub(super) async fn all(store: &dyn Documents) {
    store.prepare(&[&PAPERS]).await.unwrap();
    store.prepare(&[&PAPERS]).await.unwrap();
    finds_texts_literally(store).await;
    finds_what_is_common_and_what_is_rare(store).await;
    follows_every_kind_of_write(store).await;
    refuses_to_look_into_other_fields(store).await;
    adds_up_what_matches(store).await;
}

async fn sizes(store: &dyn Documents, filter: Filter) -> Vec<i64> {
    let query = Query::new(filter.clone(), 100).sorted("size", Direction::Ascending);
    let found = store.find(&PAPERS, &query).await.unwrap();
    assert_eq!(store.count(&PAPERS, &filter).await.unwrap(), found.len() as u64, "{filter:?}");
    found.iter().map(|document| parsed(document)["size"].as_i64().unwrap()).collect()
}

fn contains(text: &str) -> Filter {
    Filter::Contains("text", text.into())
}

async fn finds_texts_literally(store: &dyn Documents) {
    clear(store, &PAPERS).await;
    let texts = [
        json!("needle shop"),
        json!("a.b(c)*[d]^$|\\e?+{1}"),
        json!("größe 🚢 ünï\nsecond line"),
        json!("say \"needles\" -- or 'not' NEAR AND % _ "),
        json!(""),
        Value::Null,
    ];
    for (size, text) in texts.iter().enumerate() {
        insert(store, &PAPERS, &json!({ "size": size, "text": text, "odd.$text": text })).await;
    }
    insert(store, &PAPERS, &json!({ "size": 6 })).await;
    let cases: [(&str, &[i64]); 22] = [
        ("n", &[0, 2, 3]),
        ("ne", &[0, 2, 3]),
        ("needle", &[0, 3]),
        ("needle s", &[0]),
        ("Needle", &[]),
        ("n..dle", &[]),
        ("needle shop and more", &[]),
        (".", &[1]),
        ("a.b", &[1]),
        ("(c)*[", &[1]),
        ("^$|\\e?+{1}", &[1]),
        ("größe", &[2]),
        ("öß", &[2]),
        ("🚢", &[2]),
        ("e 🚢 ü", &[2]),
        ("ï\nsec", &[2]),
        ("\"needles\"", &[3]),
        ("'not' NEAR", &[3]),
        ("% _ ", &[3]),
        ("\0", &[]),
        ("nee\0dle", &[]),
        ("", &[0, 1, 2, 3, 4]),
    ];
    for (text, expected) in cases {
        assert_eq!(sizes(store, contains(text)).await, expected, "{text:?}");
        let odd = Filter::Contains("odd.$text", text.into());
        assert_eq!(sizes(store, odd).await, expected, "{text:?}");
    }
    let both = Filter::And(vec![contains("needle"), Filter::AtLeast("size", 1.into())]);
    assert_eq!(sizes(store, both).await, [3]);
    let either = Filter::Or(vec![contains("größe"), contains("shop")]);
    assert_eq!(sizes(store, either).await, [0, 2]);
}

async fn finds_what_is_common_and_what_is_rare(store: &dyn Documents) {
    clear(store, &PAPERS).await;
    let (one, other) = (Id::new(), Id::new());
    for size in 0..1_200_i64 {
        let owner = if size % 400 == 7 { one } else { other };
        let text = format!("common text {size}{}", if size == 407 { " rare" } else { "" });
        insert(store, &PAPERS, &json!({ "size": size, "owner": owner, "text": text })).await;
    }
    let of = |owner: Id, text: &str| {
        Filter::And(vec![Filter::Eq("owner", owner.into()), contains(text)])
    };
    assert_eq!(sizes(store, of(one, "common text")).await, [7, 407, 807]);
    assert_eq!(sizes(store, of(one, "rare")).await, [407]);
    assert_eq!(sizes(store, of(other, "rare")).await, [0_i64; 0]);
    assert_eq!(sizes(store, of(one, "text 80")).await, [807]);
    let page = Query::new(of(other, "common"), 2).sorted("size", Direction::Descending);
    let found = store.find(&PAPERS, &page).await.unwrap();
    let found: Vec<i64> = found.iter().map(|it| parsed(it)["size"].as_i64().unwrap()).collect();
    assert_eq!(found, [1_199, 1_198]);
}

async fn follows_every_kind_of_write(store: &dyn Documents) {
    clear(store, &PAPERS).await;
    let id = insert(store, &PAPERS, &json!({ "size": 1, "text": "first text" })).await;
    let is = async |text: &str, found: bool| {
        assert_eq!(sizes(store, contains(text)).await.len(), usize::from(found), "{text}");
    };
    is("first", true).await;
    let body = json!({ "size": 1, "text": "second text" }).to_string();
    store.replace_if(&PAPERS, &id, Revision(1), &body, None).await.unwrap();
    is("first", false).await;
    is("second", true).await;
    let mut patch = Patch::default();
    patch.set.insert("text".into(), "third text".into());
    store.patch_if(&PAPERS, &id, None, &Filter::All, &patch).await.unwrap();
    is("second", false).await;
    is("third", true).await;
    let size = Patch { increment: vec![("size", 1)], ..Patch::default() };
    store.patch_if(&PAPERS, &id, None, &contains("third"), &size).await.unwrap();
    let stale = store.patch_if(&PAPERS, &id, None, &contains("second"), &size).await;
    assert!(matches!(stale, Err(StoreError::Stale(Revision(4)))), "{stale:?}");
    let stored = get(store, &PAPERS, &id).await;
    assert_eq!(parsed(&stored), json!({ "size": 2, "text": "third text" }), "nothing shows");
    let unset = Patch { unset: vec!["text"], ..Patch::default() };
    store.patch_if(&PAPERS, &id, None, &Filter::All, &unset).await.unwrap();
    is("third", false).await;
    store.patch_if(&PAPERS, &id, None, &Filter::All, &patch).await.unwrap();
    is("third", true).await;
    assert_eq!(store.remove_all(&PAPERS, &contains("third")).await.unwrap(), 1);
    is("third", false).await;
    let again = fresh();
    store.insert(&PAPERS, &again, r#"{"size":3,"text":"third time"}"#, None).await.unwrap();
    is("third", true).await;
    store.remove_if(&PAPERS, &again, None).await.unwrap();
    is("third", false).await;
}

async fn refuses_to_look_into_other_fields(store: &dyn Documents) {
    for field in ["size", "other"] {
        let filter = Filter::Contains(field, "x".into());
        let found = store.find(&PAPERS, &Query::new(filter.clone(), 1)).await;
        assert!(matches!(found, Err(StoreError::Corrupt(_))), "{field}: {found:?}");
    }
    let compared = store.count(&PAPERS, &Filter::Eq("text", "x".into())).await;
    assert!(matches!(compared, Err(StoreError::Corrupt(_))), "{compared:?}");
}

async fn adds_up_what_matches(store: &dyn Documents) {
    clear(store, &PAPERS).await;
    let owner = Id::new();
    for (size, pages) in [(1, json!(10)), (2, Value::Null), (-5, json!(-1)), (8, json!(1i64 << 40))]
    {
        insert(store, &PAPERS, &json!({ "owner": owner, "size": size, "pages": pages })).await;
    }
    insert(store, &PAPERS, &json!({ "owner": Id::new(), "size": 1_000 })).await;
    let mine = Filter::Eq("owner", owner.into());
    let all = store.totals(&PAPERS, &mine, &["pages", "size"]).await.unwrap();
    assert_eq!(all, Totals { count: 4, sums: vec![(1 << 40) + 9, 6] });
    let none = Filter::And(vec![mine.clone(), Filter::AtLeast("size", 9.into())]);
    let none = store.totals(&PAPERS, &none, &["size"]).await.unwrap();
    assert_eq!(none, Totals { count: 0, sums: vec![0] });
    assert_eq!(store.totals(&PAPERS, &mine, &[]).await.unwrap().count, 4);
    let wrong = store.totals(&PAPERS, &mine, &["text"]).await;
    assert!(matches!(wrong, Err(StoreError::Corrupt(_))), "{wrong:?}");
}
