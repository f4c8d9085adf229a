//! Live statuses: from a real cluster through components to the event stream.

use bowsprit_tests::{Kube, Method, TestHost, unique};
use serde_json::{Value, json};

use crate::{
    health::runs_to_health,
    runs::{node, shop},
};

/// A drawing exactly as the web frontend saved it.
fn sample(text: &str, namespace: &str) -> Value {
    let mut drawing: Value = serde_json::from_str(text).unwrap();
    for node in drawing["nodes"].as_array_mut().unwrap() {
        node["data"]["namespace"] = json!(namespace);
    }
    drawing
}

#[tokio::test]
async fn pods_become_ready_and_the_stream_says_so() {
    let Some(kube) = Kube::connect() else { return };
    let host = TestHost::start().await;
    let user = host.admin().await;
    kube.add_to(&user, "lab").await;
    let namespace = format!("it-{}", unique());
    let id = user.workflow("shop", "lab").await;
    user.save(&id, &shop(&namespace)).await;
    let path = format!("/workflows/{id}/status/stream");
    let mut events = user.events(&path, None).await;
    let first = events.next().await.unwrap();
    assert_eq!((first.name.as_str(), &first.data["name"]), ("metadata", &json!("shop")));
    user.run(&id, &json!({})).await.expect(200);
    let service = events.until_state("node-2", "healthy").await;
    assert_eq!(service.data["type"], "workflow");
    assert_eq!(service.data["stream_key"], format!("workflow:{id}"));
    assert!(service.data["data"]["status"]["clusterIP"].is_string());
    let healthy = events.until_state("node-1", "healthy").await;
    let status = &healthy.data["data"]["status"];
    assert_eq!((&status["replicas"], &status["readyReplicas"]), (&json!(2), &json!(2)), "{status}");
    // The present state is in the snapshot of a fresh connection, and in a read.
    let mut fresh = user.events(&path, None).await;
    let metadata = fresh.next().await.unwrap();
    assert_eq!(metadata.data["nodes"][0]["data"]["_status"]["state"], "healthy");
    let read = user.get(&format!("/workflows/{id}")).await.expect(200);
    assert_eq!(read["nodes"][0]["data"]["_status"]["readyReplicas"], 2);
    // Somebody scales it: the stream follows, and whoever was away catches up.
    let away = healthy.id.unwrap();
    let deployment = format!("/apis/apps/v1/namespaces/{namespace}/deployments/web");
    let scaled = json!({"spec": {"replicas": 3}});
    kube.send(Method::PATCH, &deployment, &scaled).await;
    let fits = |it: &bowsprit_tests::Event| it.data["data"]["status"]["readyReplicas"] == 3;
    events.until("three replicas", fits).await;
    let mut back = user.events(&path, Some(&away)).await;
    let missed = back.until("three replicas, replayed", fits).await;
    assert_eq!(missed.name, "node_update");
    // Somebody deletes it.
    kube.send(Method::DELETE, &deployment, &json!({})).await;
    events
        .until("a state that is not healthy", |it| {
            it.data["data"]["node_id"] == "node-1"
                && it.data["data"]["status"]["state"] != "healthy"
        })
        .await;
    host.finish().await;
}

#[tokio::test]
async fn what_ran_before_a_restart_is_followed_after_it() {
    let Some(kube) = Kube::connect() else { return };
    let mut host = TestHost::start().await;
    let user = host.admin().await;
    kube.add_to(&user, "lab").await;
    let namespace = format!("it-{}", unique());
    let id = user.workflow("shop", "lab").await;
    user.save(&id, &shop(&namespace)).await;
    let path = format!("/workflows/{id}/status/stream");
    let mut events = user.events(&path, None).await;
    user.run(&id, &json!({})).await.expect(200);
    events.until_state("node-1", "healthy").await;
    host.stop().await;
    let farewell = events.until("farewell", |it| it.name == "shutdown").await;
    assert_eq!(farewell.data, json!({}));
    assert!(events.next().await.is_none(), "the stream ends");
    host.start_again().await;
    let user = user.at(&host.origin);
    let mut events = user.events(&path, None).await;
    let metadata = events.next().await.unwrap();
    assert_eq!(metadata.data["nodes"][0]["data"]["_status"]["state"], "healthy");
    let deployment = format!("/apis/apps/v1/namespaces/{namespace}/deployments/web");
    kube.send(Method::PATCH, &deployment, &json!({"spec": {"replicas": 1}})).await;
    events.until("one replica", |it| it.data["data"]["status"]["readyReplicas"] == 1).await;
    host.finish().await;
}

async fn becomes_healthy(drawing: Value) {
    let Some(kube) = Kube::connect() else { return };
    let host = TestHost::start().await;
    let user = host.admin().await;
    kube.add_to(&user, "lab").await;
    let id = user.workflow("sample", "lab").await;
    let saved = user.save(&id, &drawing).await;
    assert_eq!(saved["workflow"]["nodes"], drawing["nodes"]);
    assert_eq!(saved["workflow"]["edges"], drawing["edges"]);
    runs_to_health(&user, &id, &plain_run()).await;
    host.finish().await;
}

/// The body of a run to which nobody gave values, as the frontend sends it.
fn plain_run() -> Value {
    json!({"trigger_data": {"secrets": {}, "envVars": {}}})
}

#[tokio::test]
async fn the_shop_as_the_frontend_saves_it_becomes_healthy() {
    let namespace = format!("it-{}", unique());
    becomes_healthy(sample(include_str!("samples/shop.json"), &namespace)).await;
}

#[tokio::test]
async fn three_compose_services_as_the_frontend_saves_them_become_healthy() {
    let namespace = format!("it-{}", unique());
    becomes_healthy(sample(include_str!("samples/compose.json"), &namespace)).await;
}

#[tokio::test]
async fn what_the_import_dialog_sends_back_becomes_healthy() {
    let namespace = format!("it-{}", unique());
    becomes_healthy(sample(include_str!("samples/imported.json"), &namespace)).await;
}

#[tokio::test]
async fn twelve_unfilled_nodes_are_saved_and_their_run_says_what_is_missing() {
    let Some(kube) = Kube::connect() else { return };
    let host = TestHost::start().await;
    let user = host.admin().await;
    kube.add_to(&user, "lab").await;
    let drawing: Value = serde_json::from_str(include_str!("samples/unfilled.json")).unwrap();
    let id = user.workflow("unfilled", "lab").await;
    user.save(&id, &drawing).await;
    let problem = user.run(&id, &plain_run()).await.expect_problem(422, "workflow.findings");
    let findings = problem["findings"].as_array().unwrap();
    let errors: Vec<_> = findings
        .iter()
        .filter(|it| it["severity"] == "error")
        .map(|it| (it["node"].as_str().unwrap(), it["at"].as_str().unwrap()))
        .collect();
    let expected = [
        ("node-3", "/paths/0/serviceName"),
        ("node-7", "/image"),
        ("node-8", "/image"),
        ("node-9", "/image"),
        ("node-10", "/image"),
        ("node-11", "/scaleTargetName"),
    ];
    assert_eq!(errors, expected, "{problem}");
    host.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_viewers_all_see_the_last_state() {
    const VIEWERS: usize = 1_000;
    let Some(kube) = Kube::connect() else { return };
    let host = TestHost::start().await;
    let user = host.admin().await;
    kube.add_to(&user, "lab").await;
    let namespace = format!("it-{}", unique());
    let id = user.workflow("many", "lab").await;
    let drawing = json!({"nodes": [node("c", "configmap", json!({"name": "c", "namespace": namespace, "data": {"a": "b"}}))], "edges": []});
    user.save(&id, &drawing).await;
    let path = format!("/workflows/{id}/status/stream");
    let opened = (0..VIEWERS).map(|_| user.events(&path, None));
    let streams = futures::future::join_all(opened).await;
    user.run(&id, &json!({})).await.expect(200);
    let seen =
        streams.into_iter().map(|mut it| async move { it.until_state("c", "created").await });
    assert_eq!(futures::future::join_all(seen).await.len(), VIEWERS);
    host.finish().await;
}
