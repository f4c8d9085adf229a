//! Repairs, which change the cluster and the drawing, and what is only asked.

use bowsprit_tests::{Kube, Store, TestHost, User};
use serde_json::json;

use super::Row;
use crate::diagnostics::{mistyped, run_pods};
use crate::runs::node;

const NODE: &str = "nodes/node-2";

pub(super) async fn walk(row: &Row, store: Store) -> bool {
    match row.route {
        "POST /v1/api/workflows/{id}/nodes/{nodeId}/fix" => fix(row, store).await,
        "POST /v1/api/import/analyze" => analyze(row, store).await,
        "POST /v1/api/workflows/{id}/validation" => ask(row, store, "validation").await,
        "POST /v1/api/workflows/{id}/nodes/{nodeId}/preview" => {
            ask(row, store, "nodes/n/preview").await;
        }
        "POST /v1/api/workflows/{id}/layout" => ask(row, store, "layout").await,
        "POST /v1/api/workflows/{id}/suggestions/edges" => {
            ask(row, store, "suggestions/edges").await;
        }
        "POST /v1/api/workflows/{id}/suggestions/names" => {
            ask(row, store, "suggestions/names?type=x").await;
        }
        "POST /v1/api/workflows/{id}/export/manifests" => {
            ask(row, store, "export/manifests").await;
        }
        "POST /v1/api/workflows/{id}/export/kustomize" => {
            ask(row, store, "export/kustomize").await;
        }
        "POST /v1/api/workflows/{id}/export/helm" => ask(row, store, "export/helm").await,
        _ => return false,
    }
    true
}

async fn fix(row: &Row, store: Store) {
    let Some(kube) = Kube::connect() else { return };
    let Some(host) = TestHost::mortal(store, &[]).await else { return };
    let prepare = async |_: &TestHost, admin: &User| {
        if admin.get("/clusters/lab").await.status == 404 {
            kube.add_to(admin, "lab").await;
        }
        let (namespace, workflow) = mistyped(admin, "wbe").await;
        run_pods(&kube, &namespace, "web").await;
        let path = format!("/workflows/{workflow}/{NODE}");
        let template = admin.get(&format!("{path}/fix-template/selector-fix")).await.expect(200);
        (workflow, path, template["yaml"].clone())
    };
    let act = async |_: &TestHost,
                     admin: &User,
                     (_, path, yaml): &(String, String, serde_json::Value)| {
        let body = json!({ "fixType": "selector-fix", "yaml": yaml });
        admin.post(&format!("{path}/fix"), &body).await.status.is_success()
    };
    row.walk_on(host, prepare, act, async |_, admin, (workflow, path, _), done| {
        // Whatever became of it, the node can be looked at, and what was
        // answered with success is done.
        let checks = admin.get(&format!("{path}/diagnostics")).await.expect(200)["checks"].clone();
        let selects = !checks[1]["message"].as_str().unwrap().contains("No pod has");
        assert!(selects || !done, "{checks}");
        // The drawing goes first: no next run undoes what was mended.
        let drawn = admin.get(&format!("/workflows/{workflow}")).await.expect(200);
        let drawn = drawn["nodes"][0]["data"]["targetApp"] == "web";
        assert!(drawn || !selects, "mended and not drawn");
    })
    .await;
}

/// What is asked about a drawing writes nothing at all.
async fn ask(row: &Row, store: Store, what: &str) {
    let Some(host) = TestHost::mortal(store, &[]).await else { return };
    let prepare = async |_: &TestHost, admin: &User| admin.workflow("w", "nowhere").await;
    let data = json!({"name": "n", "namespace": "x", "data": {"a": "b"}});
    let body = json!({"nodes": [node("n", "configmap", data)], "edges": []});
    let act = async |_: &TestHost, admin: &User, id: &String| {
        admin.post(&format!("/workflows/{id}/{what}"), &body).await.status.is_success()
    };
    row.walk_on(host, prepare, act, async |_, _, _, done| assert!(done)).await;
}

async fn analyze(row: &Row, store: Store) {
    let Some(host) = TestHost::mortal(store, &[]).await else { return };
    // `KEY=value`
    let body = json!({ "source": "file", "fileName": ".env", "fileContent": "S0VZPXZhbHVl" });
    let act = async |_: &TestHost, admin: &User, (): &()| {
        admin.post("/import/analyze", &body).await.status.is_success()
    };
    row.walk_on(host, async |_, _| (), act, async |_, _, (), done| assert!(done)).await;
}
