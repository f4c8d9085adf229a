//! Plugins as people choose them: who sees what, on both stores.

use std::{fs, path::Path, time::Instant};

use bowsprit_tests::{Kube, Store, TestHost, User, copy_folder, guests_dir, plugins_dir, unique};
use serde_json::{Value, json};

use crate::{
    reload::{has, palette, until_palette},
    templates::{WIDGET, drop_in},
};

/// Puts the test's catalogue into a folder, whole at once.
pub(crate) fn add_almanac(dir: &Path, opt_in: bool) {
    let staged = dir.join(".almanac");
    copy_folder(&guests_dir().join("almanac"), &staged);
    if opt_in {
        let file = staged.join("plugin.toml");
        let text = fs::read_to_string(&file).unwrap();
        fs::write(file, format!("{text}\n[palette]\nopt-in = true\n")).unwrap();
    }
    fs::rename(staged, dir.join("almanac")).unwrap();
}

/// A host with the interpreter of templates, and one template and the test's
/// catalogue in a folder of their own.
async fn host_on(store: Store, more: &[(&str, &str)]) -> Option<(TestHost, tempfile::TempDir)> {
    let dir = tempfile::tempdir().unwrap();
    copy_folder(&plugins_dir().join("resource-template"), &dir.path().join("resource-template"));
    copy_folder(&plugins_dir().join("configmap"), &dir.path().join("configmap"));
    drop_in(dir.path(), "widget", "v1/ConfigMap", WIDGET);
    add_almanac(dir.path(), true);
    let path = dir.path().display().to_string();
    let given = [&[("BOWSPRIT_PLUGINS_DIRS", path.as_str())][..], more].concat();
    Some((TestHost::on_with(store, &given).await?, dir))
}

async fn plugins(user: &User, path: &str) -> Vec<Value> {
    user.get(path).await.expect(200)["plugins"].as_array().unwrap().clone()
}

/// Ids with whether they are the user's, as `id: true`.
async fn listed(user: &User) -> Vec<String> {
    let all = plugins(user, "/plugins").await;
    let row = |it: &Value| format!("{}: {}", it["id"].as_str().unwrap(), it["enabled"]);
    all.iter().map(row).collect()
}

async fn turn(user: &User, plugin: &str, way: &str) {
    let told = user.post(&format!("/plugins/{plugin}/{way}"), &json!({})).await.expect(200);
    assert!(told["message"].as_str().is_some_and(|it| !it.is_empty()));
}

async fn everybody_chooses_for_themselves(store: Store) {
    let Some((host, _dir)) = host_on(store, &[]).await else { return };
    let admin = host.admin().await;
    let user = host.user(&admin, "user@example.com").await;
    // In byte order of titles: `Almanac` before `T`. What says `opt-in` waits to be asked for.
    let fresh = ["almanac: false", "widget: true"];
    assert_eq!(listed(&user).await, fresh);
    assert!(!has(&palette(&user).await, "note") && has(&palette(&user).await, "widget"));
    turn(&user, "almanac", "enable").await;
    turn(&user, "almanac", "enable").await;
    let all = plugins(&user, "/plugins").await;
    assert!(all[0]["enabledAt"].as_str().unwrap().starts_with("20"), "{}", all[0]);
    assert!(all[1].get("enabledAt").is_none(), "nobody enabled it");
    let one = user.get("/plugins/almanac").await.expect(200);
    assert_eq!(one["enabled"], true);
    let kinds = json!(["Note"]);
    assert_eq!(
        (&one["plugin"]["crdKinds"], &one["plugin"]["crdGroup"]),
        (&kinds, &json!("example.dev"))
    );
    assert_eq!(one["plugin"]["nodeTypes"][0]["name"], "note");
    let entries = palette(&user).await;
    let note = entries.iter().find(|it| it["name"] == "note").unwrap();
    assert_eq!((&note["isPlugin"], &note["pluginId"]), (&json!(true), &json!("almanac")));
    for tag in ["plugin", "custom", "almanac"] {
        assert!(note["tags"].as_array().unwrap().contains(&json!(tag)), "{note}");
    }
    assert_eq!(listed(&admin).await, fresh, "for nobody else");
    assert!(!has(&palette(&admin).await, "note"));
    // What is everybody's can be turned off as well.
    turn(&user, "widget", "disable").await;
    assert_eq!(listed(&user).await, ["almanac: true", "widget: false"]);
    assert!(!has(&palette(&user).await, "widget"));
    assert_eq!(plugins(&user, "/plugins/enabled").await.len(), 1);
    turn(&user, "widget", "enable").await;
    turn(&user, "almanac", "disable").await;
    turn(&user, "almanac", "disable").await;
    assert_eq!(listed(&user).await, fresh);
    let categories = user.get("/plugins/categories").await.expect(200);
    assert_eq!(categories, json!({"categories": ["custom", "other"]}));
    host.finish().await;
}

#[tokio::test]
async fn everybody_chooses_for_themselves_embedded() {
    everybody_chooses_for_themselves(Store::Embedded).await;
}

#[tokio::test]
async fn everybody_chooses_for_themselves_mongo() {
    everybody_chooses_for_themselves(Store::Mongo).await;
}

#[tokio::test]
async fn what_is_no_plugin_cannot_be_chosen() {
    let Some((host, _dir)) = host_on(Store::Embedded, &[]).await else { return };
    let user = host.admin().await;
    for id in ["nope", "configmap", "resource-template", "note"] {
        user.get(&format!("/plugins/{id}")).await.expect_problem(404, "not-found");
        for way in ["enable", "disable"] {
            let path = format!("/plugins/{id}/{way}");
            user.post(&path, &json!({})).await.expect_problem(404, "not-found");
        }
    }
    host.finish().await;
}

#[tokio::test]
async fn an_operator_can_have_all_plugins_asked_for() {
    let given = [("BOWSPRIT_PLUGINS_OFFERED", "on-request")];
    let Some((host, _dir)) = host_on(Store::Embedded, &given).await else { return };
    let user = host.admin().await;
    assert_eq!(listed(&user).await, ["almanac: false", "widget: false"]);
    let entries = palette(&user).await;
    assert!(entries.iter().all(|it| it.get("isPlugin").is_none()) && has(&entries, "configmap"));
    turn(&user, "widget", "enable").await;
    assert!(has(&palette(&user).await, "widget"));
    host.finish().await;
}

#[tokio::test]
async fn a_dropped_in_plugin_is_offered_and_a_removed_one_is_not() {
    let Some((host, dir)) = host_on(Store::Embedded, &[]).await else { return };
    let user = host.admin().await;
    turn(&user, "almanac", "enable").await;
    fs::remove_dir_all(dir.path().join("almanac")).unwrap();
    until_palette(&user, "palette without note", |it| !has(it, "note")).await;
    assert_eq!(listed(&user).await, ["widget: true"]);
    user.get("/plugins/almanac").await.expect_problem(404, "not-found");
    let dropped = Instant::now();
    add_almanac(dir.path(), false);
    until_palette(&user, "note", |it| has(it, "note")).await;
    let took = dropped.elapsed();
    assert!(took.as_secs() < 10, "{took:?}");
    eprintln!("a dropped-in plugin was in the palette after {} ms", took.as_millis());
    host.finish().await;
}

#[tokio::test]
async fn plugins_are_found_by_their_words_and_kinds() {
    let Some((host, _dir)) = host_on(Store::Embedded, &[]).await else { return };
    let user = host.admin().await;
    for (text, ids) in [
        ("ALMAN", vec!["almanac"]),
        ("note", vec!["almanac"]),
        ("turning", vec!["widget"]),
        ("configm", vec!["configmap"]),
    ] {
        let found = user.get(&format!("/search?q={text}")).await.expect(200);
        let found = found["plugins"].as_array().unwrap();
        let found: Vec<_> = found.iter().map(|it| it["id"].as_str().unwrap()).collect();
        assert_eq!(found, ids, "{text}");
    }
    host.finish().await;
}

/// A node as the canvas makes one of a plugin's palette entry.
pub(crate) fn plugin_node(id: &str, plugin: &str, template: &str, data: Value) -> Value {
    let mut all = json!({"pluginId": plugin, "templateId": template});
    all.as_object_mut().unwrap().extend(data.as_object().unwrap().clone());
    json!({"id": id, "type": "plugin", "position": {"x": 0, "y": 0}, "data": all})
}

#[tokio::test]
async fn plugin_nodes_run_whoever_has_enabled_them() {
    let Some(kube) = Kube::connect() else { return };
    let Some((host, _dir)) = host_on(Store::Embedded, &[]).await else { return };
    let user = host.admin().await;
    kube.add_to(&user, "lab").await;
    turn(&user, "widget", "disable").await;
    let namespace = format!("it-{}", unique());
    let data =
        |name: &str, speed: Value| json!({"name": name, "namespace": namespace, "speed": speed});
    let nodes = [
        // An untouched number field arrives as text.
        plugin_node("a", "widget", "widget", data("a", json!("7"))),
        plugin_node("b", "widget", "core/widget", data("b", json!(8))),
        plugin_node("c", "", "widget", data("c", json!(9))),
        plugin_node("x", "gadget", "widget", data("x", json!(1))),
    ];
    let id = user.workflow("plugins", "lab").await;
    user.save(&id, &json!({"nodes": nodes, "edges": []})).await;
    let run = user.run(&id, &json!({})).await.expect(200);
    assert_eq!(run["status"], "completed", "{run}");
    for (name, speed) in [("a", "7"), ("b", "8"), ("c", "9")] {
        let path = format!("/api/v1/namespaces/{namespace}/configmaps/{name}");
        assert_eq!(kube.get(&path).await.unwrap()["data"], json!({"speed": speed}), "{name}");
    }
    assert!(run["logs"].to_string().contains("nobody provides `gadget/widget`"), "{run}");
    let read = user.get(&format!("/workflows/{id}")).await.expect(200);
    assert_eq!(read["nodes"][0]["data"]["speed"], "7", "the drawing stays as it was saved");
    host.finish().await;
}

#[tokio::test]
async fn a_new_user_has_the_catalogue_to_choose_from_and_nothing_chosen() {
    let host = TestHost::start().await;
    let user = host.admin().await;
    let all = plugins(&user, "/plugins").await;
    assert_eq!(all.len(), 57);
    assert!(all.iter().all(|it| it["enabled"] == false && it["id"] == it["name"]));
    let titles: Vec<&str> = all.iter().map(|it| it["displayName"].as_str().unwrap()).collect();
    assert!(titles.is_sorted(), "{titles:?}");
    let types = all.iter().flat_map(|it| it["nodeTypes"].as_array().unwrap());
    let types: Vec<&Value> = types.collect();
    assert_eq!(types.len(), 73);
    assert!(types.iter().all(|it| it["fields"][0]["id"] == "name"), "every object has a name");
    assert!(palette(&user).await.iter().all(|it| it.get("isPlugin").is_none()));
    let categories = user.get("/plugins/categories").await.expect(200);
    assert_eq!(categories["categories"].as_array().map(Vec::len), Some(13));
    // `argocd` comes before `resource-catalogue`, which it uses.
    let told = user.get("/admin/plugins/activations?plugin=argocd").await.expect(200);
    assert!(told.to_string().contains("activated"), "{told}");
    assert!(!told.to_string().contains("refused"), "{told}");
    host.finish().await;
}
