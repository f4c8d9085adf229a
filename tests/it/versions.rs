//! Versions and revisions: what is kept of a drawing, on both stores.

use std::sync::Arc;

use bowsprit_host_core::{
    id::Id,
    revisions::{REVISIONS, Retention, Revisions},
    store::{Documents, Filter},
};
use bowsprit_host_store::EmbeddedStore;
use bowsprit_tests::{Method, Store, TestHost, User};
use futures::future::join_all;
use serde_json::{Value, json};

fn node(id: &str, data: Value) -> Value {
    json!({"id": id, "type": "gizmo", "position": {"x": 10, "y": 20.5}, "data": data})
}

fn drawn(replicas: usize) -> Value {
    json!({"nodes": [node("n1", json!({"name": "web", "replicas": replicas}))], "edges": []})
}

async fn the_life_of_versions(store: Store) {
    let Some(host) = TestHost::on(store).await else { return };
    let user = host.admin().await;
    let id = user.workflow("shop", "nowhere").await;
    let path = format!("/workflows/{id}/versions");
    user.save(&id, &drawn(2)).await;
    let label = json!({"name": "first", "tag": "v1", "description": "one"});
    let made = user.post(&path, &label).await.expect(201)["version"].clone();
    assert_eq!((&made["version"], &made["is_automatic"]), (&json!(2), &json!(false)));
    assert_eq!(
        (&made["name"], &made["tag"], &made["description"]),
        (&json!("first"), &json!("v1"), &json!("one"))
    );
    assert_eq!((&made["nodes"], &made["created_by"]), (&drawn(2)["nodes"], &json!(user.id)));
    assert_eq!(user.get(&format!("/workflows/{id}")).await.expect(200)["current_version"], 2);
    user.save(&id, &drawn(5)).await;
    let second = user.post(&path, &json!({})).await.expect(201);
    assert!(second["version"].get("name").is_none(), "{second}");
    let read = user.get(&format!("{path}/2")).await.expect(200);
    assert_eq!(read, made);

    let renamed = user.put(&format!("{path}/2"), &json!({"name": "uno", "tag": ""})).await;
    let renamed = renamed.expect(200)["version"].clone();
    assert_eq!((&renamed["name"], renamed.get("tag")), (&json!("uno"), None));
    assert_eq!((&renamed["description"], &renamed["nodes"]), (&json!("one"), &made["nodes"]));
    let same = user.put(&format!("{path}/2"), &json!({})).await.expect(200);
    assert_eq!(same["version"], renamed);

    let restored = user.post(&format!("{path}/2/restore"), &json!({})).await.expect(200);
    assert_eq!(
        (&restored["version"]["version"], &restored["version"]["restored_from"]),
        (&json!(4), &json!(2))
    );
    let workflow = user.get(&format!("/workflows/{id}")).await.expect(200);
    assert_eq!(restored["workflow"], workflow);
    assert_eq!((&workflow["current_version"], &workflow["nodes"]), (&json!(4), &drawn(2)["nodes"]));
    let list = user.get(&format!("{path}?page=1&limit=2")).await.expect(200);
    let numbers: Vec<_> =
        list["versions"].as_array().unwrap().iter().map(|it| &it["version"]).collect();
    assert_eq!((numbers, &list["total"]), (vec![&json!(4), &json!(3)], &json!(3)));

    for (wrong, status) in [("x", 400), ("2.5", 400), ("1", 404), ("77", 404)] {
        user.get(&format!("{path}/{wrong}")).await.expect(status);
        user.put(&format!("{path}/{wrong}"), &json!({"name": "x"})).await.expect(status);
        user.post(&format!("{path}/{wrong}/restore"), &json!({})).await.expect(status);
        user.get(&format!("{path}/compare?v1=2&v2={wrong}")).await.expect(status);
    }
    user.get(&format!("{path}/compare?v1=2")).await.expect_problem(400, "request.invalid");
    let long = json!({"name": "x".repeat(10_001)});
    user.post(&path, &long).await.expect_problem(400, "request.invalid");
    host.finish().await;
}

#[tokio::test]
async fn the_life_of_versions_embedded() {
    the_life_of_versions(Store::Embedded).await;
}

#[tokio::test]
async fn the_life_of_versions_mongo() {
    the_life_of_versions(Store::Mongo).await;
}

#[tokio::test]
async fn a_comparison_names_nodes_edges_and_fields() {
    let host = TestHost::start().await;
    let user = host.admin().await;
    let id = user.workflow("shop", "nowhere").await;
    let path = format!("/workflows/{id}/versions");
    let edge = |id: &str, from: &str, to: &str| json!({"id": id, "source": from, "target": to});
    let first = json!({
        "nodes": [node("a", json!({"n": 1})), node("b", json!({"replicas": 2})), node("gone", json!({}))],
        "edges": [edge("e1", "a", "b"), edge("e2", "a", "gone")],
    });
    user.save(&id, &first).await;
    user.post(&path, &json!({})).await.expect(201);
    let second = json!({
        "nodes": [
            node("a", json!({"n": 1, "_status": {"state": "healthy"}})),
            node("b", json!({"replicas": 9})),
            node("new", json!({"x": 1})),
        ],
        "edges": [edge("e1", "new", "b"), edge("e3", "new", "b")],
    });
    user.save(&id, &second).await;
    user.post(&path, &json!({})).await.expect(201);
    let compared = user.get(&format!("{path}/compare?v1=2&v2=3")).await.expect(200);
    assert_eq!(
        compared,
        json!({
            "from_version": 2,
            "to_version": 3,
            "added_nodes": [{"node_id": "new", "type": "gizmo", "new_data": {"x": 1}}],
            "removed_nodes": [{"node_id": "gone", "type": "gizmo", "old_data": {}}],
            "modified_nodes": [{
                "node_id": "b", "type": "gizmo",
                "old_data": {"replicas": 2}, "new_data": {"replicas": 9},
                "changes": [{"field": "/data/replicas", "old": 2, "new": 9}],
            }],
            "added_edges": [{"edge_id": "e3", "source": "new", "target": "b"}],
            "removed_edges": [{"edge_id": "e2", "source": "a", "target": "gone"}],
            "modified_edges": [{
                "edge_id": "e1", "source": "new", "target": "b",
                "changes": [{"field": "/source", "old": "a", "new": "new"}],
            }],
        })
    );
    let same = user.get(&format!("{path}/compare?v1=2&v2=2")).await.expect(200);
    for list in ["added_nodes", "removed_nodes", "modified_nodes", "added_edges", "removed_edges"] {
        assert_eq!(same[list], json!([]), "{list}");
    }
    host.finish().await;
}

async fn versions_made_at_once_have_different_numbers(store: Store) {
    let Some(host) = TestHost::on(store).await else { return };
    let user = host.admin().await;
    let id = user.workflow("race", "nowhere").await;
    let path = format!("/workflows/{id}/versions");
    user.post(&path, &json!({})).await.expect(201);
    let restore = format!("{path}/2/restore");
    let empty = json!({});
    let made = join_all((0..16).map(|n| {
        let path = if n % 4 == 0 { &restore } else { &path };
        user.post(path, &empty)
    }))
    .await;
    let mut numbers: Vec<i64> = made
        .into_iter()
        .map(|it| {
            assert!(it.status.is_success(), "{}", it.text);
            it.body["version"]["version"].as_i64().unwrap()
        })
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (3..19).collect::<Vec<_>>());
    let read = user.get(&format!("/workflows/{id}")).await.expect(200);
    assert_eq!(read["current_version"], 18);
    host.finish().await;
}

#[tokio::test]
async fn versions_made_at_once_have_different_numbers_embedded() {
    versions_made_at_once_have_different_numbers(Store::Embedded).await;
}

#[tokio::test]
async fn versions_made_at_once_have_different_numbers_mongo() {
    versions_made_at_once_have_different_numbers(Store::Mongo).await;
}

#[tokio::test]
async fn versions_of_runs_go_by_number_unless_somebody_named_them() {
    let host = TestHost::with(&[("BOWSPRIT_VERSIONS_KEEP", "2")]).await;
    let user = host.admin().await;
    let id = user.workflow("often", "nowhere").await;
    let path = format!("/workflows/{id}/versions");
    for n in 2..8 {
        // There is no such cluster; the version is made all the same.
        user.run(&id, &json!({})).await;
        if n == 3 {
            user.put(&format!("{path}/3"), &json!({"tag": "good"})).await.expect(200);
        }
    }
    let list = user.get(&path).await.expect(200);
    let numbers: Vec<_> = list["versions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["version"].as_i64().unwrap())
        .collect();
    assert_eq!(numbers, [7, 6, 3]);
    host.finish().await;
}

/// The `replicas` of the one node of a drawing.
fn replicas(drawing: &Value) -> i64 {
    drawing["nodes"][0]["data"]["replicas"].as_i64().unwrap()
}

async fn what_a_save_overwrites_is_kept(store: Store) {
    let Some(host) = TestHost::on(store).await else { return };
    let user = host.admin().await;
    let id = user.workflow("kept", "nowhere").await;
    let path = format!("/workflows/{id}/revisions");
    let none = user.get(&path).await.expect(200);
    assert_eq!(none, json!({"revisions": [], "total": 0, "page": 1, "limit": 10}));
    user.save(&id, &drawn(1)).await;
    user.save(&id, &drawn(2)).await;
    user.put(&format!("/workflows/{id}"), &json!({"name": "other"})).await.expect(200);
    user.put(&format!("/workflows/{id}"), &drawn(3)).await.expect(200);
    user.put(&format!("/workflows/{id}/status"), &json!({"status": "published"})).await.expect(200);
    user.save(&id, &drawn(3)).await;
    let list = user.get(&path).await.expect(200);
    let numbers: Vec<_> = list["revisions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["revision"].as_i64().unwrap())
        .collect();
    assert_eq!(numbers, [4, 3, 2, 1], "a status or the same drawing overwrites nothing");
    assert_eq!(list["revisions"][0]["name"], "other");
    assert_eq!(list["revisions"][1]["name"], "kept");
    assert_eq!(list["revisions"][0]["replaced_by"], user.id);
    assert!(list["revisions"][0].get("nodes").is_none());
    let old = user.get(&format!("{path}/2")).await.expect(200);
    assert_eq!((replicas(&old), &old["edges"]), (1, &json!([])));
    let restored = user.post(&format!("{path}/2/restore"), &json!({})).await.expect(200);
    assert_eq!(
        (replicas(&restored["workflow"]), &restored["workflow"]["name"]),
        (1, &json!("other"))
    );
    assert_eq!(replicas(&user.get(&format!("/workflows/{id}")).await.expect(200)), 1);
    let newest = user.get(&format!("{path}?limit=1")).await.expect(200);
    let newest = newest["revisions"][0]["revision"].as_i64().unwrap();
    assert_eq!(replicas(&user.get(&format!("{path}/{newest}")).await.expect(200)), 3);
    assert_eq!(user.get(&format!("/workflows/{id}/versions")).await.expect(200)["total"], 0);
    user.get(&format!("{path}/99")).await.expect_problem(404, "not-found");
    user.get(&format!("{path}/x")).await.expect_problem(400, "request.invalid");
    host.finish().await;
}

#[tokio::test]
async fn what_a_save_overwrites_is_kept_embedded() {
    what_a_save_overwrites_is_kept(Store::Embedded).await;
}

#[tokio::test]
async fn what_a_save_overwrites_is_kept_mongo() {
    what_a_save_overwrites_is_kept(Store::Mongo).await;
}

fn tag(answer: &bowsprit_tests::Answer) -> String {
    answer.headers["etag"].to_str().unwrap().to_owned()
}

async fn of_two_saves_that_started_together_one_is_told(store: Store) {
    let Some(host) = TestHost::on(store).await else { return };
    let user = host.admin().await;
    let id = user.workflow("race", "nowhere").await;
    let path = format!("/workflows/{id}/save");
    let read = user.get(&format!("/workflows/{id}")).await;
    let (seen, revision) = (tag(&read), read.body["revision"].as_i64().unwrap());
    let (one, two) = (drawn(1), drawn(2));
    let answers =
        join_all([&one, &two].map(|it| user.send_if_match(Method::POST, &path, &seen, it))).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|it| it.status == 200);
    assert_eq!((won.len(), lost.len()), (1, 1));
    let now = tag(&won[0]);
    for lost in lost {
        let problem = lost.expect_problem(409, "workflow.changed");
        assert_eq!(problem["revisions"], json!({"yours": revision, "current": revision + 1}));
    }
    // Runs and versions are no changes of the drawing.
    user.run(&id, &json!({})).await;
    let read = user.get(&format!("/workflows/{id}")).await;
    let published = tag(&read);
    assert_ne!(published, now, "publishing is a change");
    user.post(&format!("/workflows/{id}/run"), &json!({})).await;
    user.post(&format!("/workflows/{id}/versions"), &json!({})).await.expect(201);
    let rename = json!({"name": "x"});
    let update = format!("/workflows/{id}");
    let renamed = user.send_if_match(Method::PUT, &update, &published, &rename).await;
    let weak = format!("W/{}", tag(&renamed));
    renamed.expect(200);
    let restore = format!("{update}/versions/2/restore");
    user.send_if_match(Method::POST, &restore, &published, &json!({}))
        .await
        .expect_problem(409, "workflow.changed");
    user.send_if_match(Method::PUT, &update, &published, &rename)
        .await
        .expect_problem(409, "workflow.changed");
    user.send_if_match(Method::PUT, &update, &weak, &rename).await.expect(200);
    user.send_if_match(Method::PUT, &update, "*", &rename).await.expect(200);
    let wrong = user.send_if_match(Method::PUT, &update, "five", &rename).await;
    assert_eq!(wrong.expect_problem(400, "request.invalid")["field"], "If-Match");
    host.finish().await;
}

#[tokio::test]
async fn of_two_saves_that_started_together_one_is_told_embedded() {
    of_two_saves_that_started_together_one_is_told(Store::Embedded).await;
}

#[tokio::test]
async fn of_two_saves_that_started_together_one_is_told_mongo() {
    of_two_saves_that_started_together_one_is_told(Store::Mongo).await;
}

/// Every drawing there ever was: the current one and the overwritten ones.
async fn history(user: &User, id: &str) -> Vec<i64> {
    let list = user.get(&format!("/workflows/{id}/revisions?limit=50")).await.expect(200);
    let mut found = vec![replicas(&user.get(&format!("/workflows/{id}")).await.expect(200))];
    for revision in list["revisions"].as_array().unwrap() {
        let path = format!("/workflows/{id}/revisions/{}", revision["revision"]);
        let old = user.get(&path).await.expect(200);
        found.extend(old["nodes"][0]["data"]["replicas"].as_i64());
    }
    found.sort_unstable();
    found
}

async fn saves_that_do_not_look_lose_nothing(store: Store) {
    let Some(host) = TestHost::on(store).await else { return };
    let user = host.admin().await;
    let id = user.workflow("race", "nowhere").await;
    let drawings: Vec<Value> = (0..12).map(drawn).collect();
    join_all(drawings.iter().map(|it| user.save(&id, it))).await;
    assert_eq!(history(&user, &id).await, (0..12).collect::<Vec<_>>());
    host.finish().await;
}

#[tokio::test]
async fn saves_that_do_not_look_lose_nothing_embedded() {
    saves_that_do_not_look_lose_nothing(Store::Embedded).await;
}

#[tokio::test]
async fn saves_that_do_not_look_lose_nothing_mongo() {
    saves_that_do_not_look_lose_nothing(Store::Mongo).await;
}

/// The embedded store of a host that is stopped.
async fn opened(host: &TestHost) -> Arc<dyn Documents> {
    let store = EmbeddedStore::open(host.data.path().join("data/bowsprit.db")).unwrap();
    store.prepare(&[&REVISIONS]).await.unwrap();
    Arc::new(store)
}

#[tokio::test]
async fn revisions_go_by_number_and_age() {
    let mut host = TestHost::with(&[("BOWSPRIT_REVISIONS_KEEP", "3")]).await;
    let user = host.admin().await;
    let id = user.workflow("often", "nowhere").await;
    for n in 0..32 {
        user.save(&id, &drawn(n)).await;
    }
    let list = user.get(&format!("/workflows/{id}/revisions")).await.expect(200);
    let total = list["total"].as_u64().unwrap();
    assert!((3..=11).contains(&total), "{total}");
    assert_eq!(list["revisions"][0]["revision"], 32);
    host.stop().await;
    let store = opened(&host).await;
    let young = Retention { max_age: std::time::Duration::from_secs(3600), ..Retention::default() };
    assert_eq!(Revisions::new(&store, young).forget_old().await.unwrap(), 0);
    let old = Retention { max_age: std::time::Duration::ZERO, ..Retention::default() };
    assert_eq!(Revisions::new(&store, old).forget_old().await.unwrap(), total);
    store.close().await;
    host.finish().await;
}

#[tokio::test]
async fn a_crash_between_keeping_and_saving_harms_nothing() {
    let mut host = TestHost::start().await;
    let user = host.admin().await;
    let id = user.workflow("crash", "nowhere").await;
    let saved = user.save(&id, &drawn(1)).await;
    let revision = saved["workflow"]["revision"].as_i64().unwrap();
    host.stop().await;
    // What such a crash leaves: the drawing as it is, kept already.
    let store = opened(&host).await;
    let body = json!({
        "workflow_id": id, "revision": revision, "name": "crash", "description": "", "bytes": 1,
        "replaced_at": "2026-01-01T00:00:00.000Z", "replaced_by": user.id,
    });
    let payload = drawn(1).to_string().into_bytes();
    let key = Id::new().to_string();
    store.insert(&REVISIONS, &key, &body.to_string(), Some(payload.into())).await.unwrap();
    store.close().await;
    host.start_again().await;
    let user = user.at(&host.origin);
    assert_eq!(replicas(&user.get(&format!("/workflows/{id}")).await.expect(200)), 1);
    user.save(&id, &drawn(2)).await;
    assert_eq!(history(&user, &id).await, [1, 2]);
    host.stop().await;
    let store = opened(&host).await;
    assert_eq!(store.count(&REVISIONS, &Filter::All).await.unwrap(), 2);
    store.close().await;
    host.finish().await;
}
