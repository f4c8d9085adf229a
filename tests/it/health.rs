//! When a node counts as healthy, and waiting for all of a drawing.

use std::collections::BTreeMap;

use bowsprit_tests::{Event, Kube, Method, User};
use serde_json::{Value, json};

/// What the card of a node of this type says when all is well.
fn word(type_name: &str) -> &'static str {
    match type_name {
        "configmap" | "secret" => "created",
        "persistentvolumeclaim" => "Bound",
        "cronjob" | "networkpolicy" => "active",
        "hpa" => "stable",
        _ => "healthy",
    }
}

/// A value for every key of every Secret of a drawing, as a run takes them.
pub(crate) fn values(drawing: &Value) -> Value {
    let mut secrets = json!({});
    for node in drawing["nodes"].as_array().unwrap().iter().filter(|it| it["type"] == "secret") {
        for key in node["data"]["keys"].as_array().unwrap() {
            let name = key["name"].as_str().unwrap();
            secrets[node["id"].as_str().unwrap()][name] = json!(format!("a value of {name}"));
        }
    }
    json!({"trigger_data": {"secrets": secrets, "envVars": {}}})
}

/// Runs a saved workflow and waits until every node is as it should be;
/// answers the run.
pub(crate) async fn runs_to_health(user: &User, id: &str, trigger: &Value) -> Value {
    let mut events = user.events(&format!("/workflows/{id}/status/stream"), None).await;
    let run = user.run(id, trigger).await.expect(200);
    assert_eq!(run["status"], "completed", "{run}");
    let read = user.get(&format!("/workflows/{id}")).await.expect(200);
    let mut waiting: BTreeMap<String, &'static str> = BTreeMap::new();
    for node in read["nodes"].as_array().unwrap() {
        let wanted = word(node["type"].as_str().unwrap());
        if node["data"]["_status"]["state"] != wanted {
            waiting.insert(node["id"].as_str().unwrap().to_owned(), wanted);
        }
    }
    let node_of = |it: &Event| it.data["data"]["node_id"].as_str().map(str::to_owned);
    while !waiting.is_empty() {
        let comes = |it: &Event| {
            let wanted = node_of(it).and_then(|node| waiting.get(&node).copied());
            wanted.is_some_and(|word| it.data["data"]["status"]["state"] == word)
        };
        let event = events.until(&format!("{waiting:?} of {}", read["name"]), comes).await;
        waiting.remove(&node_of(&event).unwrap());
    }
    run
}

/// Makes a namespace that holds pods to a security standard.
pub(crate) async fn namespace_of_standard(kube: &Kube, name: &str, standard: &str) {
    let labels = json!({"pod-security.kubernetes.io/enforce": standard});
    let object = json!({
        "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels},
    });
    let (status, answer) = kube.send(Method::POST, "/api/v1/namespaces", &object).await;
    assert_eq!(status, 201, "{answer}");
}
