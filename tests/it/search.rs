//! Search: own things only, literally, whatever the case, on both stores.

use std::sync::Arc;

use bowsprit_host_core::{
    identity::invites::SETTINGS,
    store::{Documents, Filter, Patch, SEARCH},
    workflows::WORKFLOWS,
};
use bowsprit_host_store::EmbeddedStore;
use bowsprit_tests::{Store, TestHost, User};
use serde_json::{Value, json};

async fn found(user: &User, text: &str) -> Value {
    let mut url = reqwest::Url::parse("http://x/search").unwrap();
    url.query_pairs_mut().append_pair("q", text);
    user.get(&format!("/search?{}", url.query().unwrap())).await.expect(200)
}

/// The names of the workflows that are found.
async fn names(user: &User, text: &str) -> Vec<String> {
    let found = found(user, text).await;
    let hits = found["workflows"].as_array().unwrap();
    hits.iter().map(|it| it["name"].as_str().unwrap().to_owned()).collect()
}

async fn described(user: &User, name: &str, description: &str) -> String {
    let body = json!({"name": name, "description": description, "cluster_id": "nowhere"});
    let made = user.post("/workflows", &body).await.expect(201);
    made["id"].as_str().unwrap().to_owned()
}

async fn finds_own_workflows_by_any_part_of_their_text(store: Store) {
    let Some(host) = TestHost::on(store).await else { return };
    let admin = host.admin().await;
    let user = host.user(&admin, "user@example.com").await;
    let id = described(&user, "Needle shop", "has a Haystack").await;
    described(&user, "ÄRGER (10%)", "n..dle [x]*").await;
    described(&admin, "needle of someone else", "haystack").await;
    let hit = found(&user, "NEEDLE").await;
    let expected = json!([{"id": id, "name": "Needle shop", "description": "has a Haystack", "status": "draft"}]);
    assert_eq!(hit["workflows"], expected);
    for text in ["n", "ne", "needle", "dle sh", "HAYSTACK", "haystack", " needle "] {
        assert!(names(&user, text).await.contains(&"Needle shop".to_owned()), "{text}");
    }
    for text in ["är", "ärger", "(10%", "N..DLE", "[x]*", "Ärger (10%)"] {
        assert_eq!(names(&user, text).await, ["ÄRGER (10%)"], "{text}");
    }
    for text in ["", " ", "n.*dle", "((((", "needlework", "zzzzzz", "\0", "shop haystack", "\"'%_"]
    {
        let nothing = found(&user, text).await;
        for group in ["workflows", "resources", "clusters", "versions", "plugins"] {
            assert_eq!(nothing[group], json!([]), "{text:?} in {group}");
        }
    }
    user.get("/search").await.expect(200);
    user.put(&format!("/workflows/{id}"), &json!({"name": "Pin shop"})).await.expect(200);
    assert!(names(&user, "needle").await.is_empty());
    assert_eq!(names(&user, "pin s").await, ["Pin shop"]);
    user.delete(&format!("/workflows/{id}")).await.expect(200);
    assert!(names(&user, "pin").await.is_empty());
    host.finish().await;
}

#[tokio::test]
async fn finds_own_workflows_by_any_part_of_their_text_embedded() {
    finds_own_workflows_by_any_part_of_their_text(Store::Embedded).await;
}

#[tokio::test]
async fn finds_own_workflows_by_any_part_of_their_text_mongo() {
    finds_own_workflows_by_any_part_of_their_text(Store::Mongo).await;
}

async fn shows_the_last_changed_five_of_each_kind(store: Store) {
    let Some(host) = TestHost::on(store).await else { return };
    let user = host.admin().await;
    let mut ids = Vec::new();
    for n in 0..7 {
        ids.push(described(&user, &format!("service {n}"), "").await);
    }
    user.put(&format!("/workflows/{}", ids[1]), &json!({"description": "x"})).await.expect(200);
    let expected = ["service 1", "service 6", "service 5", "service 4", "service 3"];
    assert_eq!(names(&user, "SERVICE").await, expected);
    for n in 0..6 {
        let body = json!({
            "name": format!("cluster-{n}"), "displayName": format!("Service cluster {n}"),
            "server": "https://127.0.0.1:1", "authType": "token", "credentials": {"token": "t"},
        });
        user.post("/clusters", &body).await.expect(201);
    }
    let hit = found(&user, "service").await;
    let clusters = hit["clusters"].as_array().unwrap();
    assert_eq!(clusters.len(), 5);
    assert_eq!(
        (&clusters[0]["name"], &clusters[0]["displayName"]),
        (&json!("cluster-5"), &json!("Service cluster 5"))
    );
    assert!(clusters[0]["status"].is_string());
    assert_eq!(found(&user, "cluster-0").await["clusters"].as_array().unwrap().len(), 1);

    let versions = format!("/workflows/{}/versions", ids[0]);
    for n in 0..6 {
        let label = json!({"tag": format!("Release {n}"), "description": "service"});
        user.post(&versions, &label).await.expect(201);
    }
    let hit = found(&user, "release").await;
    let hits = hit["versions"].as_array().unwrap();
    assert_eq!(hits.len(), 5);
    assert_eq!(
        hits[0],
        json!({"workflowId": ids[0], "workflowName": "service 0", "version": 7, "name": null, "tag": "Release 5", "description": "service"})
    );
    user.delete(&format!("/workflows/{}", ids[0])).await.expect(200);
    assert_eq!(found(&user, "release").await["versions"], json!([]));

    let plugins = found(&user, "statefulset").await["plugins"].clone();
    assert!(
        plugins
            .as_array()
            .unwrap()
            .iter()
            .any(|it| it["id"].as_str().unwrap().contains("statefulset")),
        "{plugins}"
    );
    host.finish().await;
}

#[tokio::test]
async fn shows_the_last_changed_five_of_each_kind_embedded() {
    shows_the_last_changed_five_of_each_kind(Store::Embedded).await;
}

#[tokio::test]
async fn shows_the_last_changed_five_of_each_kind_mongo() {
    shows_the_last_changed_five_of_each_kind(Store::Mongo).await;
}

#[tokio::test]
async fn finds_what_another_program_wrote() {
    let mut host = TestHost::start().await;
    let user = host.admin().await;
    let id = described(&user, "Older", "from before").await;
    host.stop().await;
    let store = EmbeddedStore::open(host.data.path().join("data/bowsprit.db")).unwrap();
    store.prepare(&[&WORKFLOWS, &SETTINGS]).await.unwrap();
    let store: Arc<dyn Documents> = Arc::new(store);
    let unset = Patch { unset: vec![SEARCH], ..Patch::default() };
    store.patch_if(&WORKFLOWS, &id, None, &Filter::All, &unset).await.unwrap();
    assert!(store.remove_if(&SETTINGS, "search-complete", None).await.unwrap());
    store.close().await;
    host.start_again().await;
    let user = user.at(&host.origin);
    let in_time = tokio::time::timeout(std::time::Duration::from_secs(30), async {
        while names(&user, "older").await != ["Older"] {
            tokio::task::yield_now().await;
        }
    });
    in_time.await.expect("found in time");
    host.finish().await;
}
