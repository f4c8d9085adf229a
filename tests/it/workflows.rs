//! Drawing: create, list, read, change, save, delete, on both stores.

use bowsprit_host_core::{id::Id, store::Documents as _, versions::VERSIONS, workflows::WORKFLOWS};
use bowsprit_host_store::EmbeddedStore;
use bowsprit_tests::{Kube, Store, TestHost, unique};
use serde_json::{Value, json};

use crate::runs::shop;

/// As the web frontend saves it: with its own keys around and inside.
fn drawing() -> Value {
    json!({
        "nodes": [{
            "id": "node-1", "type": "gizmo", "position": {"x": 570.6762693421852, "y": -0.5},
            "data": {"name": "web", "port": null, "u": "ü<&>", "dotted.key": 1.0, "$dollar": [], "_status": {"state": "healthy"}},
            "width": 280, "selected": true, "positionAbsolute": {"x": 1, "y": 2}, "dragging": false,
        }],
        "edges": [{"source": "node-1", "sourceHandle": "output", "target": "node-9", "targetHandle": null, "id": "reactflow__edge", "animated": true}],
    })
}

async fn the_life_of_a_drawing(store: Store) {
    let Some(host) = TestHost::on(store).await else { return };
    let user = host.admin().await;
    assert_eq!(user.get("/workflows").await.expect(200), json!({"workflows": []}));
    let made = user.post("/workflows", &json!({"name": "shop", "description": "d", "cluster_id": "prod", "status": "published"})).await.expect(201);
    let id = made["id"].as_str().unwrap().to_owned();
    assert_eq!(made["workflow"]["status"], "draft");
    let read = user.get(&format!("/workflows/{id}")).await.expect(200);
    assert_eq!(read["nodes"], json!([]));
    assert_eq!(read["current_version"], 1);
    assert_eq!(read["owner_id"], user.id);
    let saved = user.save(&id, &drawing()).await;
    for workflow in [&saved["workflow"], &user.get(&format!("/workflows/{id}")).await.expect(200)] {
        assert_eq!(workflow["nodes"], drawing()["nodes"]);
        assert_eq!(workflow["edges"], drawing()["edges"]);
    }
    let versions = user.get(&format!("/workflows/{id}/versions")).await.expect(200);
    assert_eq!(versions, json!({"versions": [], "total": 0, "page": 1, "limit": 10}));
    let changed = user
        .put(&format!("/workflows/{id}"), &json!({"name": "renamed", "description": null}))
        .await
        .expect(200);
    assert_eq!((&changed["name"], &changed["description"]), (&json!("renamed"), &json!("d")));
    assert_eq!(changed["nodes"], drawing()["nodes"]);
    let emptied = user
        .put(&format!("/workflows/{id}"), &json!({"description": "", "nodes": []}))
        .await
        .expect(200);
    assert_eq!((&emptied["description"], &emptied["nodes"]), (&json!(""), &json!([])));
    assert_eq!(emptied["edges"], drawing()["edges"]);
    let second = user.workflow("second", "prod").await;
    let list = user.get("/workflows").await.expect(200);
    let names: Vec<_> =
        list["workflows"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert_eq!(names, [second.as_str(), id.as_str()], "last changed first");
    user.delete(&format!("/workflows/{id}")).await.expect(200);
    user.get(&format!("/workflows/{id}")).await.expect_problem(404, "not-found");
    user.delete(&format!("/workflows/{id}")).await.expect(404);
    assert_eq!(user.get("/workflows").await.expect(200)["workflows"].as_array().unwrap().len(), 1);
    host.finish().await;
}

#[tokio::test]
async fn the_life_of_a_drawing_embedded() {
    the_life_of_a_drawing(Store::Embedded).await;
}

#[tokio::test]
async fn the_life_of_a_drawing_mongo() {
    the_life_of_a_drawing(Store::Mongo).await;
}

#[tokio::test]
async fn a_drawing_comes_back_byte_for_byte() {
    let host = TestHost::start().await;
    let user = host.admin().await;
    let id = user.workflow("bytes", "prod").await;
    let nodes = r#"[{"type":"t","id":"n","position":{"y":2e1,"x":-1.50},"data":{"b":1.0,"a":"\u00fc","c":{}} ,"width":280}]"#;
    let edges = r#"[{"id":"e","target":"n","source":"n","z":null}]"#;
    let body = format!(r#"{{"edges":{edges},"nodes":{nodes}}}"#);
    let path = format!("/workflows/{id}/save");
    user.send_raw(bowsprit_tests::Method::POST, &path, Some(body.into_bytes())).await.expect(200);
    let text = user.get(&format!("/workflows/{id}")).await.text;
    assert!(text.contains(&format!(r#""nodes":{nodes},"edges":{edges}"#)), "{text}");
    host.finish().await;
}

#[tokio::test]
async fn names_are_trimmed_when_a_drawing_is_saved() {
    let host = TestHost::start().await;
    let user = host.admin().await;
    let id = user.workflow("trim", "prod").await;
    let node = json!({"id": "n", "type": "deployment", "position": {"x": 0, "y": 0}, "data": {"name": " web ", "namespace": "default ", "image": " nginx ", "other": " x "}});
    let saved = user.save(&id, &json!({"nodes": [node], "edges": []})).await;
    assert_eq!(
        saved["workflow"]["nodes"][0]["data"],
        json!({"name": "web", "namespace": "default", "image": "nginx", "other": " x "})
    );
    host.finish().await;
}

#[tokio::test]
async fn concurrent_saves_leave_one_whole_drawing() {
    let host = TestHost::start().await;
    let user = host.admin().await;
    let id = user.workflow("race", "prod").await;
    let node = |n: usize, of: usize| json!({"id": format!("n{n}"), "type": "t", "position": {"x": 0, "y": 0}, "data": {"writer": of}});
    let bodies: Vec<_> = (0..16)
        .map(|of| json!({"nodes": (0..20).map(|n| node(n, of)).collect::<Vec<_>>(), "edges": []}))
        .collect();
    futures::future::join_all(bodies.iter().map(|it| user.save(&id, it))).await;
    let read = user.get(&format!("/workflows/{id}")).await.expect(200);
    let nodes = read["nodes"].as_array().unwrap();
    assert_eq!(nodes.len(), 20);
    assert!(nodes.iter().all(|it| it["data"]["writer"] == nodes[0]["data"]["writer"]));
    host.finish().await;
}

#[tokio::test]
async fn the_palette_lists_the_built_types() {
    let host = TestHost::start().await;
    let user = host.admin().await;
    let palette = user.get("/templates").await.expect(200);
    let entries = palette["templates"].as_array().unwrap();
    for (name, category, frequency, difficulty, parameters) in [
        ("configmap", "configuration", "high", "easy", 5),
        ("cronjob", "core", "high", "easy", 21),
        ("daemonset", "core", "medium", "medium", 18),
        ("deployment", "core", "very-high", "easy", 15),
        ("hpa", "core", "high", "medium", 11),
        ("ingress", "networking", "high", "medium", 14),
        ("job", "core", "high", "easy", 18),
        ("networkpolicy", "core", "medium", "hard", 7),
        ("persistentvolumeclaim", "storage", "high", "easy", 7),
        ("secret", "configuration", "high", "easy", 6),
        ("service", "core", "high", "easy", 15),
        ("statefulset", "core", "high", "medium", 17),
    ] {
        let entry =
            entries.iter().find(|it| it["name"] == name).unwrap_or_else(|| panic!("{name}"));
        assert_eq!(entry["id"], format!("core/{name}"));
        assert!(entry.get("isPlugin").is_none());
        assert!(entry["displayName"].is_string() && entry["tags"].is_array());
        assert_eq!(entry["category"], category, "{name}");
        let use_of_it = (&entry["usageFrequency"], &entry["difficulty"]);
        assert_eq!(use_of_it, (&json!(frequency), &json!(difficulty)), "{name}");
        let listed = entry["parameters"].as_array().unwrap();
        assert_eq!(listed.len(), parameters, "{name}");
        let parameters = listed;
        assert!(
            parameters.iter().any(|it| it["name"] == "name" && it["required"] == true),
            "{name}"
        );
    }
    host.finish().await;
}

async fn a_clone_is_a_draft_of_its_own(store: Store) {
    let Some(host) = TestHost::on(store).await else { return };
    let admin = host.admin().await;
    let user = host.user(&admin, "user@example.com").await;
    let body = json!({"name": "shop", "description": "d", "cluster_id": "prod"});
    let made = user.post("/workflows", &body).await.expect(201);
    let id = made["id"].as_str().unwrap().to_owned();
    user.save(&id, &drawing()).await;
    let path = format!("/workflows/{id}/clone");
    let cloned = user.post(&path, &json!({"name": "copy"})).await;
    assert!(cloned.headers.contains_key("etag"));
    let cloned = cloned.expect(201);
    let copy =
        user.get(&format!("/workflows/{}", cloned["id"].as_str().unwrap())).await.expect(200);
    assert_eq!(cloned["workflow"], copy);
    assert_eq!((&copy["name"], &copy["description"]), (&json!("copy"), &json!("d (Cloned)")));
    assert_eq!((&copy["status"], &copy["cluster_id"]), (&json!("draft"), &json!("prod")));
    assert_eq!((&copy["current_version"], &copy["run_count"]), (&json!(1), &json!(0)));
    let mut bare = drawing();
    bare["nodes"][0]["data"].as_object_mut().unwrap().remove("_status");
    assert_eq!((&copy["nodes"], &copy["edges"]), (&bare["nodes"], &bare["edges"]));
    let original = user.get(&format!("/workflows/{id}")).await.expect(200);
    assert_eq!((&original["name"], &original["nodes"]), (&json!("shop"), &drawing()["nodes"]));
    for (wrong, field) in [(json!({}), "name"), (json!({"name": " "}), "name"), (json!([]), "body")]
    {
        let problem = user.post(&path, &wrong).await.expect_problem(400, "request.invalid");
        assert!(problem["field"] == field || problem["field"] == "body", "{problem}");
    }
    admin.post(&path, &json!({"name": "x"})).await.expect_problem(404, "not-found");
    user.delete(&format!("/workflows/{id}")).await.expect(200);
    user.post(&path, &json!({"name": "x"})).await.expect_problem(404, "not-found");
    host.finish().await;
}

#[tokio::test]
async fn a_clone_is_a_draft_of_its_own_embedded() {
    a_clone_is_a_draft_of_its_own(Store::Embedded).await;
}

#[tokio::test]
async fn a_clone_is_a_draft_of_its_own_mongo() {
    a_clone_is_a_draft_of_its_own(Store::Mongo).await;
}

#[tokio::test]
async fn a_clone_never_touches_the_originals_objects() {
    let Some(kube) = Kube::connect() else { return };
    let host = TestHost::start().await;
    let user = host.admin().await;
    kube.add_to(&user, "lab").await;
    let namespace = format!("it-{}", unique());
    let id = user.workflow("original", "lab").await;
    user.save(&id, &shop(&namespace)).await;
    user.run(&id, &json!({})).await.expect(200);
    let deployment = format!("/apis/apps/v1/namespaces/{namespace}/deployments/web");
    let service = format!("/api/v1/namespaces/{namespace}/services/web");
    let uids = async || {
        let found = [kube.get(&deployment).await, kube.get(&service).await];
        found.map(|it| it.expect("still there")["metadata"]["uid"].clone())
    };
    let before = uids().await;
    let clone =
        user.post(&format!("/workflows/{id}/clone"), &json!({"name": "copy"})).await.expect(201);
    let copy = clone["id"].as_str().unwrap().to_owned();
    // It has the same names; they belong to the original.
    let ran = user.run(&copy, &json!({})).await;
    assert_ne!(ran.status, 200, "{}", ran.text);
    user.save(&copy, &json!({"nodes": [], "edges": []})).await;
    assert_eq!(uids().await, before, "after a save without the nodes");
    let archived = json!({"status": "archived"});
    user.put(&format!("/workflows/{copy}/status"), &archived).await.expect(200);
    assert_eq!(uids().await, before, "after archiving");
    user.delete(&format!("/workflows/{copy}")).await.expect(200);
    assert_eq!(uids().await, before, "after deleting");
    user.put(&format!("/workflows/{id}/status"), &archived).await.expect(200);
    kube.until_gone(&deployment).await;
    kube.until_gone(&service).await;
    host.finish().await;
}

#[tokio::test]
async fn a_drawing_of_another_program_is_read_and_kept_at_the_first_save() {
    let mut host = TestHost::start().await;
    let user = host.admin().await;
    host.stop().await;
    let store = EmbeddedStore::open(host.data.path().join("data/bowsprit.db")).unwrap();
    store.prepare(&[&WORKFLOWS, &VERSIONS]).await.unwrap();
    let id = Id::new().to_string();
    let at = "2024-01-02T03:04:05.678Z";
    let mut body = json!({
        "name": "older", "description": "", "cluster_id": "prod", "status": "draft", "tags": null,
        "versions": null, "current_version": 2, "owner_id": user.id, "team_id": "",
        "created_at": at, "updated_at": at, "run_count": 0, "success_count": 0, "failure_count": 0,
    });
    body["nodes"] = drawing()["nodes"].clone();
    body["edges"] = Value::Null;
    store.insert(&WORKFLOWS, &id, &body.to_string(), None).await.unwrap();
    let version = json!({
        "workflow_id": id, "version": 2, "nodes": drawing()["nodes"], "edges": drawing()["edges"],
        "description": "", "created_at": at, "created_by": user.id, "is_automatic": false,
    });
    let key = Id::new().to_string();
    store.insert(&VERSIONS, &key, &version.to_string(), None).await.unwrap();
    store.close().await;
    host.start_again().await;
    let user = user.at(&host.origin);
    let read = user.get(&format!("/workflows/{id}")).await.expect(200);
    assert_eq!((&read["nodes"], &read["edges"]), (&drawing()["nodes"], &json!([])));
    assert_eq!((&read["tags"], &read["revision"]), (&json!([]), &json!(0)));
    let version = user.get(&format!("/workflows/{id}/versions/2")).await.expect(200);
    assert_eq!(version["edges"], drawing()["edges"]);
    user.save(&id, &json!({"nodes": [], "edges": []})).await;
    assert_eq!(user.get(&format!("/workflows/{id}")).await.expect(200)["nodes"], json!([]));
    let kept = user.get(&format!("/workflows/{id}/revisions/0")).await.expect(200);
    assert_eq!(kept["nodes"], drawing()["nodes"]);
    host.finish().await;
}
