//! Plugins that change, break and misbehave while the host runs.

use std::path::PathBuf;

use bowsprit_tests::{Kube, TestHost, User, copy_folder, guests_dir, plugins_dir, unique};
use serde_json::{Value, json};

use crate::runs::node;

/// A host whose plugin folder a test may change.
async fn host_with(plugins: &[(&str, PathBuf)]) -> (TestHost, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    for (name, from) in plugins {
        copy_folder(from, &dir.path().join(name));
    }
    let path = dir.path().display().to_string();
    (TestHost::with(&[("BOWSPRIT_PLUGINS_DIRS", &path)]).await, dir)
}

pub(crate) async fn palette(user: &User) -> Vec<Value> {
    user.get("/templates").await.expect(200)["templates"].as_array().unwrap().clone()
}

/// Looks at the palette until it fits.
pub(crate) async fn until_palette(user: &User, what: &str, fits: impl Fn(&[Value]) -> bool) {
    let search = async {
        while !fits(&palette(user).await) {
            tokio::task::yield_now().await;
        }
    };
    let patience = std::time::Duration::from_secs(30);
    tokio::time::timeout(patience, search).await.unwrap_or_else(|_| panic!("no {what} in time"));
}

pub(crate) fn has(entries: &[Value], name: &str) -> bool {
    entries.iter().any(|it| it["name"] == name)
}

#[tokio::test]
async fn a_dropped_in_folder_is_in_the_palette_and_a_removed_one_is_not() {
    let (host, dir) = host_with(&[("configmap", plugins_dir().join("configmap"))]).await;
    let user = host.admin().await;
    assert!(has(&palette(&user).await, "configmap") && !has(&palette(&user).await, "service"));
    copy_folder(&plugins_dir().join("service"), &dir.path().join("service"));
    until_palette(&user, "service", |it| has(it, "service")).await;
    std::fs::remove_dir_all(dir.path().join("service")).unwrap();
    until_palette(&user, "palette without service", |it| !has(it, "service")).await;
    host.finish().await;
}

#[tokio::test]
async fn a_broken_update_leaves_the_last_good_one_serving() {
    let Some(kube) = Kube::connect() else { return };
    let (host, dir) = host_with(&[("configmap", plugins_dir().join("configmap"))]).await;
    let user = host.admin().await;
    kube.add_to(&user, "lab").await;
    let component = dir.path().join("configmap/plugin.wasm");
    let good = std::fs::read(&component).unwrap();
    std::fs::write(&component, &good[..good.len() / 2]).unwrap();
    // A second plugin that changes afterwards shows when the first was seen.
    copy_folder(&plugins_dir().join("service"), &dir.path().join("service"));
    until_palette(&user, "service", |it| has(it, "service")).await;
    assert!(has(&palette(&user).await, "configmap"));
    let namespace = format!("it-{}", unique());
    let id = user.workflow("good", "lab").await;
    let drawing = json!({"nodes": [node("c", "configmap", json!({"name": "c", "namespace": namespace, "data": {"a": "b"}}))], "edges": []});
    user.save(&id, &drawing).await;
    user.run(&id, &json!({})).await.expect(200);
    host.finish().await;
}

#[tokio::test]
async fn a_component_that_misbehaves_fails_its_own_run_only() {
    let Some(kube) = Kube::connect() else { return };
    let guests = guests_dir();
    let (host, _dir) = host_with(&[
        ("configmap", plugins_dir().join("configmap")),
        ("misbehave", guests.join("misbehave")),
    ])
    .await;
    let user = host.admin().await;
    kube.add_to(&user, "lab").await;
    let namespace = format!("it-{}", unique());
    let good = user.workflow("good", "lab").await;
    let drawing = json!({"nodes": [node("c", "configmap", json!({"name": "c", "namespace": namespace, "data": {"a": "b"}}))], "edges": []});
    user.save(&good, &drawing).await;
    for (deed, code) in [
        ("trap", "plugin.trap"),
        ("loop", "plugin.deadline"),
        ("eat", "plugin.memory"),
        ("huge-output", "plugin.output-too-large"),
        ("bad-json", "plugin.invalid-output"),
    ] {
        let bad = user.workflow(deed, "lab").await;
        let drawing = json!({"nodes": [node("m", "misbehave", json!({"do": deed}))], "edges": []});
        user.save(&bad, &drawing).await;
        let body = json!({});
        let (bad, good) = tokio::join!(user.run(&bad, &body), user.run(&good, &body));
        bad.expect_problem(502, code);
        good.expect(200);
    }
    host.finish().await;
}

#[tokio::test]
async fn components_that_misbehave_when_asked_what_they_are_do_not_load() {
    let guests = guests_dir();
    let mut plugins = vec![("configmap".to_owned(), plugins_dir().join("configmap"))];
    for entry in std::fs::read_dir(&guests).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        plugins.push((name, path));
    }
    let plugins: Vec<_> =
        plugins.iter().map(|(name, path)| (name.as_str(), path.clone())).collect();
    let (host, dir) = host_with(&plugins).await;
    // A core module, a component of another world, and no component at all.
    for (name, bytes) in [("module", b"\0asm\x01\0\0\0".as_slice()), ("text", b"hello")] {
        let folder = dir.path().join(name);
        copy_folder(&plugins_dir().join("service"), &folder);
        std::fs::write(folder.join("plugin.wasm"), bytes).unwrap();
    }
    let user = host.admin().await;
    let names: Vec<_> =
        palette(&user).await.iter().map(|it| it["name"].as_str().unwrap().to_owned()).collect();
    assert!(names.iter().any(|it| it == "configmap"), "{names:?}");
    assert!(!names.iter().any(|it| it.contains("describe")), "{names:?}");
    host.finish().await;
}

#[tokio::test]
async fn new_bytes_are_live_without_a_restart() {
    let (host, dir) = host_with(&[("configmap", plugins_dir().join("configmap"))]).await;
    let user = host.admin().await;
    let before = palette(&user).await[0]["description"].as_str().unwrap().to_owned();
    let path = dir.path().join("configmap/plugin.wasm");
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.windows(before.len()).position(|it| it == before.as_bytes()).unwrap();
    bytes[at] = b'#';
    let fresh = dir.path().join("configmap/.plugin.wasm.new");
    std::fs::write(&fresh, bytes).unwrap();
    std::fs::rename(fresh, path).unwrap();
    until_palette(&user, "the new description", |it| {
        it[0]["description"].as_str().is_some_and(|it| it.starts_with('#'))
    })
    .await;
    host.finish().await;
}
