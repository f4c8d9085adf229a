//! The life of plugins' generations, as far as everybody's routes show it.

use std::path::{Path, PathBuf};

use bowsprit_tests::{Kube, TestHost, User, copy_folder, guests_dir, plugins_dir, unique};
use serde_json::{Value, json};

use crate::runs::node;

/// Longest a test waits for anything.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

fn folder_with_configmap() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let plugin = dir.path().join("configmap");
    copy_folder(&plugins_dir().join("configmap"), &plugin);
    (dir, plugin)
}

async fn told(admin: &User, action: &str) -> Vec<Value> {
    let page = admin.get(&format!("/admin/audit?action={action}&object=configmap")).await;
    let entries = page.expect(200)["entries"].as_array().unwrap().clone();
    entries.iter().map(|it| serde_json::from_str(it["detail"].as_str().unwrap()).unwrap()).collect()
}

async fn until_told(admin: &User, action: &str, count: usize) -> Vec<Value> {
    let search = async {
        loop {
            let told = told(admin, action).await;
            if told.len() == count {
                return told;
            }
            tokio::task::yield_now().await;
        }
    };
    let found = tokio::time::timeout(PATIENCE, search).await;
    found.unwrap_or_else(|_| panic!("never {count} times `{action}`"))
}

#[tokio::test]
async fn what_was_previewed_is_what_an_upgrade_is_compared_by() {
    let dir = tempfile::tempdir().unwrap();
    let plugin = dir.path().join("echo");
    copy_folder(&guests_dir().join("echo"), &plugin);
    let path = dir.path().display().to_string();
    let host = TestHost::with(&[("BOWSPRIT_PLUGINS_DIRS", &path)]).await;
    let admin = host.admin().await;
    let policy = json!({ "policy": "hold-if-different" });
    admin.put("/admin/plugins/echo/policy", &policy).await.expect(200);
    let id = admin.workflow("echoes", "nowhere").await;
    let nodes = [node("a", "echo", json!({ "a": 1 })), node("b", "echo", json!({ "b": 1 }))];
    admin.save(&id, &json!({ "nodes": nodes, "edges": [] })).await;
    for node in ["a", "b", "a"] {
        admin.get(&format!("/workflows/{id}/nodes/{node}/preview")).await.expect(200);
    }

    std::fs::create_dir_all(plugin.join("assets")).unwrap();
    std::fs::write(plugin.join("assets/mark"), "other").unwrap();
    let search = async {
        loop {
            let told = admin.get("/admin/plugins/echo").await.expect(200);
            if let Some(digest) = told["plugin"]["waiting"].as_str() {
                return digest.to_owned();
            }
            tokio::task::yield_now().await;
        }
    };
    let waiting = tokio::time::timeout(PATIENCE, search).await.expect("it waits");

    let path = format!("/admin/plugins/echo/generations/{waiting}/comparison");
    let summary = admin.get(&path).await.expect(200)["summary"].clone();
    assert_eq!((&summary["inputs"], &summary["inputsChanged"]), (&json!(2), &json!(2)));
    host.finish().await;
}

/// Changes the version in `plugin.toml`.
fn release(plugin: &Path, version: &str) {
    let file = plugin.join("plugin.toml");
    let toml = std::fs::read_to_string(&file).unwrap();
    let lines = toml.lines().map(|it| match it.starts_with("version") {
        true => format!("version = \"{version}\""),
        false => it.to_owned(),
    });
    let fresh = plugin.join(".plugin.toml.new");
    std::fs::write(&fresh, lines.collect::<Vec<_>>().join("\n")).unwrap();
    std::fs::rename(fresh, file).unwrap();
}

#[tokio::test]
async fn the_log_says_what_was_activated_and_why() {
    let (dir, plugin) = folder_with_configmap();
    let path = dir.path().display().to_string();
    let mut host = TestHost::with(&[("BOWSPRIT_PLUGINS_DIRS", &path)]).await;
    let admin = host.admin().await;
    let first = until_told(&admin, "plugin.activated", 1).await.remove(0);
    let cases = std::fs::read_dir(plugin.join("golden")).unwrap().count();
    let tests = first["tests"].as_str().unwrap().to_owned();
    assert!(tests.starts_with(&format!("{cases} golden files")), "{first}");
    assert_eq!(first["grants"]["produces"][0], "v1/ConfigMap");

    release(&plugin, "9.0.0");
    let second = until_told(&admin, "plugin.activated", 2).await.remove(0);
    assert_eq!((&second["version"], &second["before"]), (&"9.0.0".into(), &first["generation"]));

    // A restart is no new life.
    host.stop().await;
    host.start_again().await;
    let admin = admin.at(&host.origin);
    assert_eq!(told(&admin, "plugin.activated").await.len(), 2);
    host.finish().await;
}

#[tokio::test]
async fn a_generation_that_has_to_wait_is_not_in_the_palette() {
    let (dir, _) = folder_with_configmap();
    let path = dir.path().display().to_string();
    let settings =
        [("BOWSPRIT_PLUGINS_DIRS", path.as_str()), ("BOWSPRIT_PLUGINS_TRUST", "nothing")];
    let host = TestHost::with(&settings).await;
    let admin = host.admin().await;

    let held = until_told(&admin, "plugin.held", 1).await.remove(0);

    assert!(held["why"].as_str().unwrap().contains("produces v1/ConfigMap"), "{held}");
    assert_eq!(admin.get("/templates").await.expect(200)["templates"].as_array().unwrap().len(), 0);
    host.finish().await;
}

#[tokio::test]
async fn an_upgrade_is_compared_with_what_was_run_before_a_restart() {
    let Some(kube) = Kube::connect() else { return };
    let (dir, plugin) = folder_with_configmap();
    let path = dir.path().display().to_string();
    let mut host = TestHost::with(&[("BOWSPRIT_PLUGINS_DIRS", &path)]).await;
    let admin = host.admin().await;
    kube.add_to(&admin, "lab").await;
    let namespace = format!("it-{}", unique());
    let id = admin.workflow("maps", "lab").await;
    let data = json!({"name": "one", "namespace": namespace, "data": {"k": "v"}});
    admin.save(&id, &json!({"nodes": [node("n", "configmap", data)], "edges": []})).await;
    assert_eq!(admin.run(&id, &json!({})).await.expect(200)["status"], "completed");

    host.stop().await;
    host.start_again().await;
    let admin = admin.at(&host.origin);
    release(&plugin, "9.0.0");
    let told = until_told(&admin, "plugin.activated", 2).await.remove(0);
    assert_eq!(told["comparison"], "0 of 1 manifests would change", "{told}");
    host.finish().await;
}
