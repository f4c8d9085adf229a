//! Applications to begin with: what is on the shelf, and that each of it runs.

use std::collections::BTreeSet;

use bowsprit_tests::{Kube, Method, TestHost, User, unique};
use serde_json::{Value, json};

use crate::health::{namespace_of_standard, runs_to_health, values};

/// Every starter, and the strictest security standard its pods pass.
const STARTERS: &[(&str, &str)] = &[
    ("cron-pipeline", "restricted"),
    ("microservices", "restricted"),
    // Looks at the machines themselves.
    ("monitoring", "privileged"),
    ("queue-worker", "restricted"),
    ("shop", "restricted"),
    ("static-site", "restricted"),
    ("web-database", "restricted"),
];

/// A workflow of a starter, in a namespace; answers it as it was made.
async fn begin(user: &User, starter: &str, namespace: &str) -> Value {
    let body = json!({"cluster_id": "lab", "namespace": namespace});
    let made = user.post(&format!("/starters/{starter}/workflows"), &body).await.expect(201);
    assert_eq!(made["id"], made["workflow"]["id"]);
    made["workflow"].clone()
}

async fn becomes_healthy(kube: &Kube, user: &User, starter: &str, standard: &str) {
    let namespace = format!("it-{starter}-{}", unique());
    namespace_of_standard(kube, &namespace, standard).await;
    let workflow = begin(user, starter, &namespace).await;
    let id = workflow["id"].as_str().unwrap();
    // As a canvas would: read, saved, published, run.
    let drawing = json!({"nodes": workflow["nodes"], "edges": workflow["edges"]});
    user.save(id, &drawing).await;
    let run = runs_to_health(user, id, &values(&drawing)).await;
    for line in run["logs"].as_array().unwrap().iter().filter_map(Value::as_str) {
        assert!(!line.contains("warning:") && !line.contains("error:"), "{starter}: {line}");
    }
    for node in drawing["nodes"].as_array().unwrap().iter().filter(|it| it["type"] == "hpa") {
        is_fed(kube, &namespace, node["data"]["name"].as_str().unwrap()).await;
    }
    // Volumes are few: whoever comes next may need them.
    let path = format!("/api/v1/namespaces/{namespace}");
    let (status, answer) = kube.send(Method::DELETE, &path, &json!({})).await;
    assert!(status < 300, "{answer}");
}

/// Waits until an autoscaler knows how loaded its pods are.
async fn is_fed(kube: &Kube, namespace: &str, name: &str) {
    let api = format!("/apis/autoscaling/v2/namespaces/{namespace}");
    let path = format!("{api}/horizontalpodautoscalers/{name}");
    kube.until(&path, |it| {
        let status = it.as_ref().map(|it| it["status"].clone()).unwrap_or_default();
        let conditions = status["conditions"].as_array().cloned().unwrap_or_default();
        let active = |it: &Value| it["type"] == "ScalingActive" && it["status"] == "True";
        conditions.iter().any(active) && status["currentMetrics"].is_array()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_starter_runs_until_all_its_nodes_are_healthy() {
    let Some(kube) = Kube::connect() else { return };
    let host = TestHost::start().await;
    let user = host.admin().await;
    kube.add_to(&user, "lab").await;
    let all = STARTERS.iter().map(|(name, standard)| becomes_healthy(&kube, &user, name, standard));
    futures::future::join_all(all).await;
    host.finish().await;
}

#[tokio::test]
async fn the_shelf_holds_every_starter_of_the_templates() {
    let host = TestHost::start().await;
    let user = host.admin().await;
    let listed = user.get("/starters").await.expect(200);
    let listed = listed["starters"].as_array().unwrap();
    let names: Vec<_> = listed.iter().map(|it| it["name"].as_str().unwrap()).collect();
    let tested: Vec<_> = STARTERS.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, tested, "by name, and each is run by a test");
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../templates/workflows");
    let folders: BTreeSet<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|it| it.unwrap())
        .filter(|it| it.path().is_dir())
        .map(|it| it.file_name().into_string().unwrap())
        .collect();
    assert!(folders.iter().eq(tested.iter().copied()), "{folders:?}");
    for it in listed {
        assert!(it["description"].as_str().unwrap().len() > 40, "{it}");
        assert!(!it["nodeTypes"].as_array().unwrap().is_empty(), "{it}");
    }
    // Together they show every core type.
    let types = listed.iter().flat_map(|it| it["nodeTypes"].as_array().unwrap());
    assert_eq!(types.map(|it| it.as_str().unwrap()).collect::<BTreeSet<_>>().len(), 12);
    host.finish().await;
}

#[tokio::test]
async fn a_workflow_of_a_starter_is_a_draft_of_ones_own() {
    let host = TestHost::start().await;
    let user = host.admin().await;
    let path = "/starters/shop/workflows";
    let made = user.post(path, &json!({"cluster_id": "lab"})).await.expect(201);
    let workflow = &made["workflow"];
    assert_eq!(
        (&workflow["name"], &workflow["status"], &workflow["cluster_id"]),
        (&json!("shop"), &json!("draft"), &json!("lab"))
    );
    let text = include_str!("../../templates/workflows/shop/workflow.json");
    let file: Value = serde_json::from_str(text).unwrap();
    assert_eq!((&workflow["nodes"], &workflow["edges"]), (&file["nodes"], &file["edges"]));
    let wish = json!({
        "cluster_id": "lab", "name": "mine", "description": "of my own", "namespace": "else",
    });
    let workflow = user.post(path, &wish).await.expect(201)["workflow"].clone();
    assert_eq!(
        (&workflow["name"], &workflow["description"]),
        (&json!("mine"), &json!("of my own"))
    );
    for node in workflow["nodes"].as_array().unwrap() {
        assert_eq!(node["data"]["namespace"], "else");
    }
    let read = user.get(&format!("/workflows/{}", workflow["id"].as_str().unwrap())).await;
    assert_eq!(read.expect(200)["nodes"], workflow["nodes"]);
    // What it cannot be.
    let nowhere = json!({"cluster_id": ""});
    user.post(path, &nowhere).await.expect_problem(400, "request.invalid");
    for namespace in ["", "Not A Name", "-x"] {
        let body = json!({"cluster_id": "lab", "namespace": namespace});
        let problem = user.post(path, &body).await.expect_problem(400, "request.invalid");
        assert_eq!(problem["field"], "namespace");
    }
    let body = json!({"cluster_id": "lab"});
    user.post("/starters/gizmo/workflows", &body).await.expect_problem(404, "not-found");
    host.finish().await;
}

#[tokio::test]
async fn an_operators_folder_adds_starters_and_replaces_built_in_ones() {
    let dir = tempfile::tempdir().unwrap();
    let put = |folder: &str, text: &str| {
        let folder = dir.path().join(folder);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("workflow.json"), text).unwrap();
    };
    put("one", r#"{"name":"ours","description":"Ours.","nodes":[],"edges":[]}"#);
    put("two", r#"{"name":"shop","description":"Another shop.","nodes":[],"edges":[]}"#);
    std::fs::create_dir(dir.path().join("not-a-starter")).unwrap();
    let path = dir.path().display().to_string();
    let host = TestHost::with(&[("BOWSPRIT_STARTERS_DIR", &path)]).await;
    let user = host.admin().await;
    let listed = user.get("/starters").await.expect(200);
    let listed = listed["starters"].as_array().unwrap();
    assert_eq!(listed.len(), STARTERS.len() + 1);
    let described = |name: &str| {
        listed.iter().find(|it| it["name"] == name).map(|it| it["description"].clone()).unwrap()
    };
    assert_eq!(described("ours"), "Ours.");
    assert_eq!(described("shop"), "Another shop.");
    host.finish().await;
}
