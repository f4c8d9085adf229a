//! Drawing: create, list, read, change, save, delete, on both stores.

use bowsprit_tests::{Store, TestHost};
use serde_json::{Value, json};

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
    for name in ["configmap", "deployment", "service", "statefulset"] {
        let entry =
            entries.iter().find(|it| it["name"] == name).unwrap_or_else(|| panic!("{name}"));
        assert_eq!(entry["id"], format!("core/{name}"));
        assert!(entry.get("isPlugin").is_none());
        assert!(entry["displayName"].is_string() && entry["category"].is_string());
        assert!(entry["tags"].is_array() && entry["parameters"].is_array());
        let parameters = entry["parameters"].as_array().unwrap();
        assert!(
            parameters.iter().any(|it| it["name"] == "name" && it["required"] == true),
            "{name}"
        );
    }
    host.finish().await;
}
