//! Runs against a real API server, with real components.

use bowsprit_tests::{Kube, Method, Store, TestHost, User, unique};
use serde_json::{Value, json};

pub(crate) fn node(id: &str, kind: &str, data: Value) -> Value {
    json!({"id": id, "type": kind, "position": {"x": 0, "y": 0}, "data": data})
}

pub(crate) fn edge(source: &str, target: &str) -> Value {
    json!({"id": format!("{source}-{target}"), "source": source, "target": target})
}

/// A Deployment behind a Service, as the canvas draws them.
pub(crate) fn shop(namespace: &str) -> Value {
    json!({
        "nodes": [
            node("node-1", "deployment", json!({"name": "web", "namespace": namespace, "image": "nginx:1.27", "replicas": 2, "port": 80, "templateId": "core/deployment"})),
            node("node-2", "service", json!({"name": "web", "namespace": namespace, "serviceType": "ClusterIP", "port": 80, "templateId": "core/service"})),
        ],
        "edges": [edge("node-2", "node-1")],
    })
}

fn config_maps(namespace: &str, count: usize) -> Value {
    let nodes: Vec<_> = (0..count)
        .map(|n| node(&format!("cm{n}"), "configmap", json!({"name": format!("cm-{n}"), "namespace": namespace, "data": {"n": n.to_string()}})))
        .collect();
    json!({"nodes": nodes, "edges": []})
}

pub(crate) async fn ready() -> Option<(Kube, TestHost, User, String)> {
    let kube = Kube::connect()?;
    let host = TestHost::start().await;
    let user = host.admin().await;
    kube.add_to(&user, "lab").await;
    Some((kube, host, user, format!("it-{}", unique())))
}

async fn a_drawing_becomes_objects(store: Store) {
    let Some(kube) = Kube::connect() else { return };
    let Some(host) = TestHost::on(store).await else { return };
    let user = host.admin().await;
    kube.add_to(&user, "lab").await;
    let namespace = format!("it-{}", unique());
    let id = user.workflow("shop", "lab").await;
    user.save(&id, &shop(&namespace)).await;
    let trigger = json!({"trigger_data": {"envVars": {"node-1": {"MODE": "prod"}}, "secrets": {}}});
    let run = user.run(&id, &trigger).await.expect(200);
    assert_eq!(run["status"], "completed", "{run}");
    let logs = run["logs"].as_array().unwrap();
    assert!(logs.iter().all(|it| it.as_str().unwrap().starts_with('[')), "{logs:?}");
    let path = format!("/apis/apps/v1/namespaces/{namespace}/deployments/web");
    let deployment = kube.get(&path).await.expect("the deployment");
    let container = &deployment["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["image"], "nginx:1.27");
    assert_eq!(container["env"], json!([{"name": "MODE", "value": "prod"}]));
    let managers: Vec<_> = deployment["metadata"]["managedFields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["manager"].as_str().unwrap(), it["operation"].as_str().unwrap()))
        .collect();
    assert!(managers.contains(&("bowsprit", "Apply")), "{managers:?}");
    let service = kube.get(&format!("/api/v1/namespaces/{namespace}/services/web")).await.unwrap();
    assert_eq!(service["spec"]["selector"], json!({"app": "web"}), "from the edge alone");
    let runs = user.get(&format!("/workflows/{id}/runs")).await.expect(200);
    let recorded = &runs["runs"][0];
    assert_eq!(
        (&recorded["id"], &recorded["version"], &recorded["status"]),
        (&run["run_id"], &json!(2), &json!("completed"))
    );
    assert_eq!(recorded["node_states"]["node-1"]["status"], "completed");
    assert_eq!(recorded["trigger_data"], json!({"user_id": user.id}));
    let workflow = user.get(&format!("/workflows/{id}")).await.expect(200);
    assert_eq!(
        (&workflow["run_count"], &workflow["success_count"], &workflow["current_version"]),
        (&json!(1), &json!(1), &json!(2))
    );
    assert!(workflow["nodes"][0]["data"]["_status"]["state"].is_string());
    let versions = user.get(&format!("/workflows/{id}/versions")).await.expect(200);
    assert_eq!(versions["total"], 1);
    let version = &versions["versions"][0];
    assert_eq!(
        (&version["version"], &version["is_automatic"], &version["run_status"], &version["run_id"]),
        (&json!(2), &json!(true), &json!("completed"), &run["run_id"])
    );
    host.finish().await;
}

#[tokio::test]
async fn a_drawing_becomes_objects_embedded() {
    a_drawing_becomes_objects(Store::Embedded).await;
}

#[tokio::test]
async fn a_drawing_becomes_objects_mongo() {
    a_drawing_becomes_objects(Store::Mongo).await;
}

#[tokio::test]
async fn a_second_run_of_an_unchanged_drawing_writes_nothing() {
    let Some((kube, host, user, namespace)) = ready().await else { return };
    let id = user.workflow("same", "lab").await;
    let mut drawing = shop(&namespace);
    let more = config_maps(&namespace, 5);
    drawing["nodes"].as_array_mut().unwrap().extend(more["nodes"].as_array().unwrap().clone());
    user.save(&id, &drawing).await;
    user.run(&id, &json!({"trigger_data": {"envVars": {"node-1": {"MODE": "prod"}}}}))
        .await
        .expect(200);
    let version_of =
        async |path: &str| kube.get(path).await.unwrap()["metadata"]["resourceVersion"].clone();
    let paths = [
        format!("/api/v1/namespaces/{namespace}/services/web"),
        format!("/api/v1/namespaces/{namespace}/configmaps/cm-0"),
        format!("/api/v1/namespaces/{namespace}/configmaps/cm-4"),
    ];
    let mut before = Vec::new();
    for path in &paths {
        before.push(version_of(path).await);
    }
    let deployment = format!("/apis/apps/v1/namespaces/{namespace}/deployments/web");
    let generation = kube.get(&deployment).await.unwrap()["metadata"]["generation"].clone();
    let writes = writes_by_us(&namespace);
    let run = user.post(&format!("/workflows/{id}/run"), &json!({})).await.expect(200);
    let applied = run["logs"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it.as_str().unwrap().ends_with("unchanged"));
    assert_eq!(applied.count(), 7, "{run}");
    for (path, before) in paths.iter().zip(before) {
        assert_eq!(version_of(path).await, before, "{path}");
    }
    assert_eq!(kube.get(&deployment).await.unwrap()["metadata"]["generation"], generation);
    assert_eq!(writes_by_us(&namespace), writes, "writes in the audit log");
    host.finish().await;
}

/// Writes the API server's audit log has of our applies in a namespace.
fn writes_by_us(namespace: &str) -> Option<usize> {
    let log = std::env::var("BOWSPRIT_TEST_KUBE_AUDIT_LOG").ok()?;
    let text = std::fs::read_to_string(log).ok()?;
    let needle = format!("/namespaces/{namespace}/");
    Some(
        text.lines()
            .filter(|it| it.contains(&needle) && it.contains("fieldManager=bowsprit"))
            .count(),
    )
}

#[tokio::test]
async fn a_removed_field_and_a_drifted_one_are_put_right() {
    let Some((kube, host, user, namespace)) = ready().await else { return };
    let id = user.workflow("drift", "lab").await;
    let drawing = |data: Value| json!({"nodes": [node("c", "configmap", json!({"name": "c", "namespace": namespace, "data": data}))], "edges": []});
    let path = format!("/api/v1/namespaces/{namespace}/configmaps/c");
    user.save(&id, &drawing(json!({"a": "1", "b": "2"}))).await;
    user.run(&id, &json!({})).await.expect(200);
    user.save(&id, &drawing(json!({"a": "1"}))).await;
    user.run(&id, &json!({})).await.expect(200);
    assert_eq!(kube.get(&path).await.unwrap()["data"], json!({"a": "1"}));
    // Someone deletes it: the next run makes it anew.
    kube.send(Method::DELETE, &path, &json!({})).await;
    kube.until_gone(&path).await;
    user.run(&id, &json!({})).await.expect(200);
    assert_eq!(kube.get(&path).await.unwrap()["data"], json!({"a": "1"}));
    // Someone else takes a field over: told, not overwritten.
    let patch = json!({"data": {"a": "theirs"}});
    kube.send(Method::PATCH, &format!("{path}?fieldManager=someone"), &patch).await;
    let answer = user.run(&id, &json!({})).await;
    let problem = answer.expect_problem(502, "run.apply-failed");
    assert!(problem["details"].as_str().unwrap().contains("someone"), "{problem}");
    assert_eq!(kube.get(&path).await.unwrap()["data"], json!({"a": "theirs"}));
    host.finish().await;
}

#[tokio::test]
async fn objects_of_others_are_neither_overwritten_nor_removed() {
    let Some((kube, host, user, namespace)) = ready().await else { return };
    let made = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
    kube.send(Method::POST, "/api/v1/namespaces", &made).await;
    let theirs = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cm-0"}, "data": {"x": "theirs"}});
    let maps = format!("/api/v1/namespaces/{namespace}/configmaps");
    kube.send(Method::POST, &maps, &theirs).await;
    let id = user.workflow("guest", "lab").await;
    user.save(&id, &config_maps(&namespace, 2)).await;
    let problem = user.run(&id, &json!({})).await.expect_problem(502, "run.apply-failed");
    assert!(problem["details"].as_str().unwrap().contains("does not belong"), "{problem}");
    user.put(&format!("/workflows/{id}/status"), &json!({"status": "archived"})).await.expect(200);
    kube.until_gone(&format!("{maps}/cm-1")).await;
    assert_eq!(kube.get(&format!("{maps}/cm-0")).await.unwrap()["data"], json!({"x": "theirs"}));
    host.finish().await;
}

#[tokio::test]
async fn archive_delete_and_save_clean_up_by_inventory() {
    let Some((kube, host, user, namespace)) = ready().await else { return };
    let maps = format!("/api/v1/namespaces/{namespace}/configmaps");
    let id = user.workflow("tidy", "lab").await;
    user.save(&id, &config_maps(&namespace, 3)).await;
    user.run(&id, &json!({})).await.expect(200);
    // A node is taken out of the drawing.
    user.save(&id, &config_maps(&namespace, 2)).await;
    kube.until_gone(&format!("{maps}/cm-2")).await;
    assert!(kube.get(&format!("{maps}/cm-1")).await.is_some());
    // A second workflow with other names is not touched by archiving the first.
    let other = user.workflow("other", "lab").await;
    let keep = json!({"nodes": [node("k", "configmap", json!({"name": "keep", "namespace": namespace, "data": {"a": "b"}}))], "edges": []});
    user.save(&other, &keep).await;
    user.run(&other, &json!({})).await.expect(200);
    let archived = user
        .put(&format!("/workflows/{id}/status"), &json!({"status": "archived"}))
        .await
        .expect(200);
    assert!(archived.get("warning").is_none(), "{archived}");
    kube.until_gone(&format!("{maps}/cm-0")).await;
    assert!(kube.get(&format!("{maps}/keep")).await.is_some());
    user.delete(&format!("/workflows/{other}")).await.expect(200);
    kube.until_gone(&format!("{maps}/keep")).await;
    host.finish().await;
}

#[tokio::test]
async fn values_given_for_a_run_are_kept_and_shown_to_nobody() {
    const CANARY: &str = "canary-hunter-2";
    let Some((kube, host, user, namespace)) = ready().await else { return };
    let id = user.workflow("sealed", "lab").await;
    user.save(&id, &shop(&namespace)).await;
    let trigger = json!({"trigger_data": {"envVars": {"node-1": {"TOKEN": CANARY}}, "secrets": {"node-2": {"PASSWORD": CANARY}}}});
    let mut seen = user.run(&id, &trigger).await.text;
    // A later run that gives nothing keeps the value.
    seen += &user.post(&format!("/workflows/{id}/run"), &json!({})).await.text;
    let path = format!("/apis/apps/v1/namespaces/{namespace}/deployments/web");
    let env =
        kube.get(&path).await.unwrap()["spec"]["template"]["spec"]["containers"][0]["env"].clone();
    assert_eq!(env, json!([{"name": "TOKEN", "value": CANARY}]));
    for path in ["", "/runs", "/versions"] {
        seen += &user.get(&format!("/workflows/{id}{path}")).await.text;
    }
    for path in ["/workflows", "/clusters", "/clusters/lab", "/user-notifications"] {
        seen += &user.get(path).await.text;
    }
    assert!(!seen.contains(CANARY), "a value in an answer");
    assert!(!seen.contains(&kube.token), "a credential in an answer");
    // Nor does it lie in the store in clear.
    for file in std::fs::read_dir(host.data.path().join("data")).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            for secret in [CANARY, &kube.token] {
                let found = bytes.windows(secret.len()).any(|it| it == secret.as_bytes());
                assert!(!found, "a secret in {}", path.display());
            }
        }
    }
    host.finish().await;
}

#[tokio::test]
async fn a_node_type_nobody_provides_is_saved_and_skipped() {
    let Some((kube, host, user, namespace)) = ready().await else { return };
    let id = user.workflow("gizmo", "lab").await;
    let mut drawing = config_maps(&namespace, 1);
    drawing["nodes"].as_array_mut().unwrap().push(node("g", "gizmo", json!({"a": 1})));
    user.save(&id, &drawing).await;
    let run = user.run(&id, &json!({})).await.expect(200);
    assert!(run["logs"].to_string().contains("gizmo"), "{run}");
    assert!(kube.get(&format!("/api/v1/namespaces/{namespace}/configmaps/cm-0")).await.is_some());
    let read = user.get(&format!("/workflows/{id}")).await.expect(200);
    assert!(read["nodes"][1]["data"].get("_status").is_none());
    let runs = user.get(&format!("/workflows/{id}/runs")).await.expect(200);
    assert_eq!(runs["runs"][0]["node_states"]["g"]["status"], "warning");
    host.finish().await;
}

#[tokio::test]
async fn two_runs_at_once_are_one_run_and_one_refusal() {
    let Some((_kube, host, user, namespace)) = ready().await else { return };
    let id = user.workflow("twice", "lab").await;
    user.save(&id, &config_maps(&namespace, 40)).await;
    user.put(&format!("/workflows/{id}/status"), &json!({"status": "published"})).await.expect(200);
    let (path, body) = (format!("/workflows/{id}/run"), json!({}));
    let (a, b) = tokio::join!(user.post(&path, &body), user.post(&path, &body));
    let mut statuses = [a.status.as_u16(), b.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    host.finish().await;
}

#[tokio::test]
async fn findings_name_node_and_field_and_nothing_is_applied() {
    let Some((kube, host, user, namespace)) = ready().await else { return };
    let id = user.workflow("unfilled", "lab").await;
    let mut drawing = config_maps(&namespace, 1);
    drawing["nodes"].as_array_mut().unwrap().push(node(
        "d",
        "deployment",
        json!({"name": "Not A Name", "namespace": namespace, "image": "", "replicas": 1}),
    ));
    user.save(&id, &drawing).await;
    let problem = user.run(&id, &json!({})).await.expect_problem(422, "workflow.findings");
    assert!(problem["details"].is_string());
    let pointers: Vec<_> = problem["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["node"] == "d")
        .map(|it| it["at"].as_str().unwrap_or_default())
        .collect();
    assert!(pointers.contains(&"/image") && pointers.contains(&"/name"), "{problem}");
    assert!(kube.get(&format!("/api/v1/namespaces/{namespace}/configmaps/cm-0")).await.is_none());
    let workflow = user.get(&format!("/workflows/{id}")).await.expect(200);
    assert_eq!((&workflow["failure_count"], &workflow["run_count"]), (&json!(1), &json!(1)));
    host.finish().await;
}

#[tokio::test]
async fn edges_that_lead_nowhere_and_shared_names_are_told_apart() {
    let Some((_kube, host, user, namespace)) = ready().await else { return };
    let id = user.workflow("graph", "lab").await;
    let mut drawing = config_maps(&namespace, 2);
    drawing["edges"] = json!([edge("cm0", "cm1"), edge("cm0", "gone")]);
    drawing["nodes"][1]["data"]["name"] = json!("cm-0");
    user.save(&id, &drawing).await;
    let problem = user.run(&id, &json!({})).await.expect_problem(422, "workflow.findings");
    let codes: Vec<_> = problem["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["code"].as_str().unwrap(), it["node"].as_str().unwrap_or_default()))
        .collect();
    for expected in [("graph.edge.dangling", "cm0"), ("graph.name.duplicate", "cm1")] {
        assert!(codes.contains(&expected), "{codes:?}");
    }
    host.finish().await;
}

#[tokio::test]
async fn edges_in_a_circle_keep_nothing_from_being_run() {
    let Some((kube, host, user, namespace)) = ready().await else { return };
    let id = user.workflow("circle", "lab").await;
    // One connection, drawn both ways.
    let mut drawing = shop(&namespace);
    drawing["edges"] = json!([edge("node-2", "node-1"), edge("node-1", "node-2")]);
    user.save(&id, &drawing).await;
    let validation = user.get(&format!("/workflows/{id}/validation")).await.expect(200);
    assert_eq!(validation["valid"], true, "{validation}");
    assert!(!validation.to_string().contains("graph.cycle"), "{validation}");
    user.run(&id, &json!({})).await.expect(200);
    let service = format!("/api/v1/namespaces/{namespace}/services/web");
    let selector = &kube.get(&service).await.unwrap()["spec"]["selector"];
    assert_eq!(*selector, json!({"app": "web"}), "the edges mean what one of them means");

    // A real one is told, and no more.
    let maps = config_maps(&namespace, 1)["nodes"][0].clone();
    drawing["nodes"].as_array_mut().unwrap().push(maps);
    drawing["edges"] =
        json!([edge("node-2", "node-1"), edge("node-1", "cm0"), edge("cm0", "node-2")]);
    user.save(&id, &drawing).await;
    let validation = user.get(&format!("/workflows/{id}/validation")).await.expect(200);
    let told = validation["findings"].as_array().unwrap().iter();
    let told: Vec<_> = told.filter(|it| it["code"] == "graph.cycle").collect();
    assert_eq!((told.len(), &validation["valid"]), (3, &json!(true)), "{validation}");
    assert_eq!(told[0]["severity"], "warning");
    let again = format!("/workflows/{id}/run");
    assert_eq!(user.post(&again, &json!({})).await.expect(200)["status"], "completed");
    host.finish().await;
}

#[tokio::test]
async fn preconditions_of_a_run_are_checked() {
    let host = TestHost::start().await;
    let user = host.admin().await;
    let id = user.workflow("draft", "nowhere").await;
    user.post(&format!("/workflows/{id}/run"), &json!({}))
        .await
        .expect_problem(400, "workflow.not-published");
    let problem = user.run(&id, &json!({})).await.expect_problem(404, "not-found");
    assert!(problem["details"].as_str().unwrap().contains("nowhere"));
    let workflow = user.get(&format!("/workflows/{id}")).await.expect(200);
    assert_eq!((&workflow["run_count"], &workflow["failure_count"]), (&json!(1), &json!(1)));
    host.finish().await;
}
