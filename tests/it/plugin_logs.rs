//! What plugins write and how their calls break, as administrators see it.

use serde_json::{Value, json};

use crate::containment::Scene;

/// A guest that writes 5,000 lines breaks off after a hundred of them.
const FEW_CALLS: [(&str, &str); 1] = [("BOWSPRIT_PLUGINS_LIMITS_HOST_CALLS", "100")];

/// The path below `/v1/api`.
fn below(link: &Value) -> String {
    link.as_str().unwrap().strip_prefix("/v1/api").unwrap().to_owned()
}

#[tokio::test]
async fn a_failed_node_leads_to_generation_input_and_log_lines() {
    let Some(scene) = Scene::with(&FEW_CALLS).await else { return };
    let Scene { host, admin, .. } = &scene;
    let data = json!({ "name": "x", "password": "hunter2" });
    let id = scene.workflow(admin, "flood-log", data).await;
    let mut events = admin.events(&format!("/workflows/{id}/status/stream"), None).await;

    let problem = admin.run(&id, &json!({})).await.expect_problem(502, "plugin.host-calls");

    events.until_state("m", "error").await;
    let link = problem["failedCall"].clone();
    let call = &admin.get(&below(&link)).await.expect(200)["failedCall"];
    assert_eq!(call["id"], link.as_str().unwrap().rsplit('/').next().unwrap());
    let plugin = &admin.get("/admin/plugins/misbehave").await.expect(200)["plugin"];
    assert_eq!(call["generation"], plugin["generation"]);
    assert_eq!(call["version"], plugin["version"]);
    assert_eq!(
        (&call["plugin"], &call["function"], &call["code"]),
        (&json!("misbehave"), &json!("render"), &json!("plugin.host-calls"))
    );
    assert_eq!(call["trace"], problem["requestId"], "the request of the run");
    let input = &call["input"];
    assert_eq!(input["node"]["id"], "m");
    let data = json!({ "name": "x", "password": "***", "do": "flood-log" });
    assert_eq!(input["node"]["data"], data, "what looks secret is masked");
    let lines = call["lines"].as_array().unwrap();
    assert_eq!(lines.len(), 64, "as many as a call may write");
    assert_eq!((&lines[0]["message"], &lines[0]["level"]), (&json!("line 0"), &json!("info")));
    assert!(lines.iter().all(|it| it["trace"] == call["trace"]), "{lines:?}");

    // The run says the same.
    let runs = admin.get(&format!("/workflows/{id}/runs")).await.expect(200);
    let run = &runs["runs"][0];
    assert!(run["logs"].to_string().contains(link.as_str().unwrap()), "{run}");
    assert_eq!(run["node_states"]["m"]["failed_call"], link, "{run}");
    assert_eq!(run["node_states"]["m"]["status"], "failed");

    let list = admin.get("/admin/plugins/failed-calls?plugin=misbehave").await.expect(200);
    assert_eq!(list["failedCalls"][0]["id"], call["id"]);
    assert!(list["failedCalls"][0].get("input").is_none());
    let none = admin.get("/admin/plugins/failed-calls?plugin=configmap").await.expect(200);
    assert_eq!(none["failedCalls"], json!([]));
    let unknown = "/admin/plugins/failed-calls/64b000000000000000000009";
    admin.get(unknown).await.expect_problem(404, "not-found");
    let other = host.user(admin, "other@example.com").await;
    other.get(&below(&link)).await.expect_problem(403, "auth.admin-only");
    scene.finish().await;
}

#[tokio::test]
async fn the_log_of_a_plugin_is_read_by_level_and_followed() {
    let Some(scene) = Scene::with(&FEW_CALLS).await else { return };
    let Scene { host, admin, .. } = &scene;
    let id = scene.workflow(admin, "flood-log", json!({ "name": "x" })).await;
    let logs = "/admin/plugins/misbehave/logs";
    let lines = async |query: &str| {
        admin.get(&format!("{logs}{query}")).await.expect(200)["lines"].as_array().unwrap().clone()
    };
    assert!(lines("").await.is_empty());
    let mut followed = admin.events(&format!("{logs}/stream"), None).await;
    assert_eq!(followed.next().await.unwrap().name, "connected");

    admin.run(&id, &json!({})).await.expect_problem(502, "plugin.host-calls");

    let first = followed.until("a line", |it| it.name == "plugin.log").await;
    assert_eq!((&first.data["message"], &first.data["number"]), (&json!("line 0"), &json!(1)));
    followed.until("the last line", |it| it.data["message"] == "line 63").await;
    let last = lines("?limit=2&level=info").await;
    let messages: Vec<_> = last.iter().map(|it| it["message"].as_str().unwrap()).collect();
    assert_eq!(messages, ["line 62", "line 63"], "oldest first");
    assert!(lines("?level=warn").await.is_empty());
    admin.get(&format!("{logs}?level=loud")).await.expect_problem(400, "request.invalid");
    admin.get("/admin/plugins/nobody/logs").await.expect_problem(404, "not-found");
    // Who was away catches up.
    let id = first.id.unwrap();
    let mut again = admin.events(&format!("{logs}/stream"), Some(&id)).await;
    again.until("the next line", |it| it.data["message"] == "line 1").await;
    let other = host.user(admin, "other@example.com").await;
    other.get(logs).await.expect_problem(403, "auth.admin-only");
    assert_eq!(other.try_stream(&format!("{logs}/stream")).await, 403);
    scene.finish().await;
}
