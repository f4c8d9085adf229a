//! Clusters: credentials, names, defaults, and those that do not answer.

use bowsprit_tests::{Kube, Store, TestHost};
use serde_json::{Value, json};

pub(crate) fn dead(name: &str) -> Value {
    json!({
        "name": name, "displayName": "Dead", "description": "nothing there", "server": "https://127.0.0.1:1",
        "authType": "token", "credentials": {"token": "top-secret-token", "namespace": "default"}, "labels": {"env": "test"},
    })
}

async fn a_cluster_that_does_not_answer(store: Store) {
    let Some(host) = TestHost::on(store).await else { return };
    let admin = host.admin().await;
    let user = host.user(&admin, "user@example.com").await;
    assert_eq!(user.get("/clusters").await.expect(200), json!({"clusters": [], "default": ""}));
    user.get("/clusters/default").await.expect_problem(404, "not-found");
    let made = user.post("/clusters", &dead("dead")).await.expect(201);
    let id = made["cluster"]["id"].as_str().unwrap().to_owned();
    assert_eq!(made["cluster"]["labels"], json!({"env": "test"}));
    user.post("/clusters", &dead("dead")).await.expect_problem(409, "cluster.name.taken");
    // Names are unique for an owner; another one may use the same.
    admin.post("/clusters", &dead("dead")).await.expect(201);
    let failed = user
        .post("/clusters/dead/test", &json!({}))
        .await
        .expect_problem(503, "cluster.unreachable");
    assert_eq!((&failed["status"], &failed["cluster"]), (&json!("failed"), &json!("dead")));
    let status = user.get("/clusters/dead/status").await.expect(200);
    assert_eq!((&status["isOnline"], &status["isStale"]), (&json!(false), &json!(false)));
    user.put("/clusters/dead/default", &json!({})).await.expect(200);
    let list = user.get("/clusters").await;
    assert!(!list.text.contains("top-secret-token"));
    let list = list.expect(200);
    assert_eq!((&list["default"], &list["clusters"][0]["default"]), (&json!(id), &json!(true)));
    assert_eq!(user.get("/clusters/default").await.expect(200)["id"], json!(id));
    // A run on it fails with a reason, and archiving says that it did not answer.
    let workflow = user.workflow("w", "dead").await;
    let node = json!({"id": "c", "type": "configmap", "position": {"x": 0, "y": 0}, "data": {"name": "c", "data": {"a": "b"}}});
    user.save(&workflow, &json!({"nodes": [node], "edges": []})).await;
    let problem = user.run(&workflow, &json!({})).await.expect_problem(502, "cluster.unreachable");
    assert!(problem["details"].is_string());
    let archived = user
        .put(&format!("/workflows/{workflow}/status"), &json!({"status": "archived"}))
        .await
        .expect(200);
    assert!(archived["warning"].is_string(), "{archived}");
    assert_eq!(user.get(&format!("/workflows/{workflow}")).await.expect(200)["status"], "archived");
    user.delete("/clusters/dead").await.expect(200);
    user.get("/clusters/dead").await.expect(404);
    assert_eq!(user.get("/clusters").await.expect(200)["clusters"], json!([]));
    host.finish().await;
}

#[tokio::test]
async fn a_cluster_that_does_not_answer_embedded() {
    a_cluster_that_does_not_answer(Store::Embedded).await;
}

#[tokio::test]
async fn a_cluster_that_does_not_answer_mongo() {
    a_cluster_that_does_not_answer(Store::Mongo).await;
}

#[tokio::test]
async fn a_real_cluster_by_kubeconfig() {
    let Some(kube) = Kube::connect() else { return };
    let host = TestHost::start().await;
    let user = host.admin().await;
    let path = std::env::var("BOWSPRIT_TEST_KUBECONFIG").expect("a kubeconfig beside the server");
    let kubeconfig = std::fs::read_to_string(path).unwrap();
    let body = json!({"name": "lab", "server": kube.server, "authType": "kubeconfig", "credentials": {"kubeconfig": kubeconfig}});
    user.post("/clusters", &body).await.expect(201);
    user.post("/clusters/lab/test", &json!({})).await.expect(200);
    let read = user.get("/clusters/lab").await.expect(200);
    assert_eq!((&read["status"], &read["authType"]), (&json!("connected"), &json!("kubeconfig")));
    assert!(read["metadata"]["version"].as_str().unwrap().starts_with('v'), "{read}");
    assert!(read["metadata"]["nodeCount"].as_u64().unwrap() >= 1);
    host.finish().await;
}

#[tokio::test]
async fn an_unverified_certificate_is_refused_unless_the_record_says_so() {
    let Some(kube) = Kube::connect() else { return };
    let host = TestHost::start().await;
    let user = host.admin().await;
    let body = |name: &str, insecure: bool| json!({"name": name, "server": kube.server, "authType": "token", "credentials": {"token": kube.token, "insecure": insecure}});
    user.post("/clusters", &body("strict", false)).await.expect(201);
    let problem = user
        .post("/clusters/strict/test", &json!({}))
        .await
        .expect_problem(503, "cluster.certificate");
    assert!(!problem.to_string().contains(&kube.token));
    user.post("/clusters", &body("lax", true)).await.expect(201);
    user.post("/clusters/lax/test", &json!({})).await.expect(200);
    host.finish().await;
}

#[tokio::test]
async fn wrong_credentials_name_the_field_and_nothing_is_stored() {
    let host = TestHost::start().await;
    let user = host.admin().await;
    for (kind, credentials, field) in [
        ("kubeconfig", json!({"kubeconfig": "hello"}), "credentials.kubeconfig"),
        ("kubeconfig", json!({"kubeconfig": "a: ["}), "credentials.kubeconfig"),
        ("kubeconfig", json!({}), "credentials.kubeconfig"),
        ("token", json!({}), "credentials.token"),
        ("certificate", json!({"clientCertData": "x"}), "credentials.clientCertData"),
        ("token", json!({"token": "t", "caData": "%%%"}), "credentials.caData"),
        ("magic", json!({}), "authType"),
    ] {
        let body = json!({"name": "c", "server": "https://127.0.0.1:1", "authType": kind, "credentials": credentials});
        let problem = user.post("/clusters", &body).await.expect_problem(400, "request.invalid");
        assert_eq!(problem["field"], field, "{problem}");
    }
    let exec = "apiVersion: v1\nkind: Config\ncurrent-context: a\ncontexts: [{name: a, context: {cluster: a, user: a}}]\nclusters: [{name: a, cluster: {server: 'https://127.0.0.1:1'}}]\nusers: [{name: a, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: /bin/true}}}]\n";
    let body = json!({"name": "c", "server": "https://127.0.0.1:1", "authType": "kubeconfig", "credentials": {"kubeconfig": exec}});
    let problem = user.post("/clusters", &body).await.expect_problem(400, "request.invalid");
    assert!(problem["error"].as_str().unwrap().contains("exec"), "{problem}");
    assert_eq!(user.get("/clusters").await.expect(200)["clusters"], json!([]));
    host.finish().await;
}
