//! What administrators do with plugins, and what people choose of them.

use std::{cell::Cell, fs, path::Path};

use bowsprit_tests::{Store, TestHost, User, copy_folder, plugins_dir};
use serde_json::{Value, json};

use super::Row;

const PLUGIN: &str = "/admin/plugins/configmap";

pub(super) async fn walk(row: &Row, store: Store) -> bool {
    if let Some(way) = row.route.strip_prefix("POST /v1/api/plugins/{plugin}/") {
        choose(row, store, way == "enable").await;
        return true;
    }
    let Some(what) = row.route.strip_prefix("POST /v1/api/admin/plugins/{plugin}/") else {
        match row.route {
            "PUT /v1/api/admin/plugins/{plugin}/policy" => set_policy(row, store).await,
            "POST /v1/api/admin/plugins/validate" => validate(row, store).await,
            _ => return false,
        }
        return true;
    };
    match what {
        "enable" => switch(row, store, true).await,
        "disable" => switch(row, store, false).await,
        "reload" => load(row, store).await,
        "rollback" => roll_back(row, store).await,
        "try" => attempt(row, store).await,
        "generations/{digest}/consent" => consent(row, store).await,
        _ => return false,
    }
    true
}

/// A host with one plugin, and the folder that is in.
async fn host(store: Store) -> Option<(TestHost, tempfile::TempDir)> {
    let dir = tempfile::tempdir().unwrap();
    copy_folder(&plugins_dir().join("configmap"), &dir.path().join("configmap"));
    let path = dir.path().display().to_string();
    let host = TestHost::mortal(store, &[("BOWSPRIT_PLUGINS_DIRS", &path)]).await?;
    Some((host, dir))
}

async fn shown(admin: &User) -> Value {
    admin.get(PLUGIN).await.expect(200)["plugin"].clone()
}

async fn post(admin: &User, what: &str) -> Value {
    let answer = admin.post(&format!("{PLUGIN}/{what}"), &json!({})).await;
    answer.expect(200)["plugin"].clone()
}

async fn posted(admin: &User, what: &str) -> bool {
    admin.post(&format!("{PLUGIN}/{what}"), &json!({})).await.status.is_success()
}

async fn switch(row: &Row, store: Store, on: bool) {
    let Some((host, _dir)) = host(store).await else { return };
    let (way, back, state) =
        if on { ("enable", "disable", "live") } else { ("disable", "enable", "disabled") };
    let prepare = async |_: &TestHost, admin: &User| drop(post(admin, back).await);
    let act = async |_: &TestHost, admin: &User, (): &()| posted(admin, way).await;
    row.walk_on(host, prepare, act, async |_, admin, (), done| {
        assert!(!done || shown(admin).await["state"] == state);
        assert_eq!(post(admin, way).await["state"], state);
    })
    .await;
}

/// Nothing is half chosen, and choosing again works.
async fn choose(row: &Row, store: Store, on: bool) {
    let dir = tempfile::tempdir().unwrap();
    crate::palette::add_almanac(dir.path(), on);
    let path = dir.path().display().to_string();
    let given = [("BOWSPRIT_PLUGINS_DIRS", path.as_str())];
    let Some(host) = TestHost::mortal(store, &given).await else { return };
    let choose = async |admin: &User, on: bool| {
        let way = if on { "enable" } else { "disable" };
        admin.post(&format!("/plugins/almanac/{way}"), &json!({})).await
    };
    let enabled = async |admin: &User| {
        admin.get("/plugins/almanac").await.expect(200)["enabled"].as_bool().unwrap()
    };
    // The first time nothing was chosen before.
    let act =
        async |_: &TestHost, admin: &User, (): &()| choose(admin, on).await.status.is_success();
    row.walk_on(
        host,
        async |_, _| (),
        act,
        async |_, admin, (), done| {
            assert!(!done || enabled(admin).await == on);
            choose(admin, on).await.expect(200);
            assert_eq!(enabled(admin).await, on);
            choose(admin, !on).await.expect(200);
        },
    )
    .await;
}

async fn set_policy(row: &Row, store: Store) {
    let Some((host, _dir)) = host(store).await else { return };
    let put = async |admin: &User, policy: &str| {
        admin.put(&format!("{PLUGIN}/policy"), &json!({ "policy": policy })).await
    };
    let prepare = async |_: &TestHost, admin: &User| {
        put(admin, "swap").await.expect(200);
    };
    let act = async |_: &TestHost, admin: &User, (): &()| {
        put(admin, "hold-always").await.status.is_success()
    };
    row.walk_on(host, prepare, act, async |_, admin, (), done| {
        assert!(!done || shown(admin).await["policy"] == "hold-always");
        assert_eq!(shown(admin).await["state"], "live");
    })
    .await;
}

/// Puts another generation into the folder; each is another one.
fn release(dir: &Path, releases: &Cell<u32>) {
    releases.set(releases.get() + 1);
    let file = dir.join("configmap/plugin.toml");
    let toml = fs::read_to_string(&file).unwrap();
    let line = format!("version = \"9.0.{}\"", releases.get());
    let lines = toml.lines().map(|it| if it.starts_with("version") { &line } else { it });
    let fresh = dir.join("configmap/.plugin.toml.new");
    fs::write(&fresh, lines.collect::<Vec<_>>().join("\n")).unwrap();
    fs::rename(fresh, file).unwrap();
}

async fn load(row: &Row, store: Store) {
    let Some((host, dir)) = host(store).await else { return };
    let releases = Cell::new(0);
    let prepare = async |_: &TestHost, _: &User| release(dir.path(), &releases);
    let act = async |_: &TestHost, admin: &User, (): &()| posted(admin, "reload").await;
    row.walk_on(host, prepare, act, async |_, admin, (), _| {
        let now = post(admin, "reload").await;
        assert_eq!(now["version"], format!("9.0.{}", releases.get()));
        assert_eq!(now["state"], "live");
    })
    .await;
}

async fn roll_back(row: &Row, store: Store) {
    let Some((host, dir)) = host(store).await else { return };
    let releases = Cell::new(0);
    let prepare = async |_: &TestHost, admin: &User| {
        let before = shown(admin).await["generation"].clone();
        release(dir.path(), &releases);
        let now = post(admin, "reload").await["generation"].clone();
        assert_ne!(before, now);
        (before, now)
    };
    let act =
        async |_: &TestHost, admin: &User, _: &(Value, Value)| posted(admin, "rollback").await;
    row.walk_on(host, prepare, act, async |_, admin, (before, now), done| {
        let serves = shown(admin).await["generation"].clone();
        assert!(serves == *before || (!done && serves == *now), "{serves}");
    })
    .await;
}

async fn consent(row: &Row, store: Store) {
    let Some((host, dir)) = host(store).await else { return };
    let releases = Cell::new(0);
    let prepare = async |_: &TestHost, admin: &User| {
        let policy = json!({ "policy": "hold-always" });
        admin.put(&format!("{PLUGIN}/policy"), &policy).await.expect(200);
        release(dir.path(), &releases);
        post(admin, "reload").await["waiting"].as_str().expect("one waits").to_owned()
    };
    let act = async |_: &TestHost, admin: &User, digest: &String| {
        posted(admin, &format!("generations/{digest}/consent")).await
    };
    row.walk_on(host, prepare, act, async |_, admin, digest, done| {
        let now = shown(admin).await;
        let serves = now["generation"] == **digest;
        assert!(serves || (!done && now["waiting"] == **digest), "{now}");
        assert_eq!(now["state"], "live");
    })
    .await;
}

async fn validate(row: &Row, store: Store) {
    let Some((host, _dir)) = host(store).await else { return };
    let act = async |_: &TestHost, admin: &User, (): &()| {
        let path = "/admin/plugins/validate";
        let answer = admin.send_raw(bowsprit_tests::Method::POST, path, Some(vec![0; 9])).await;
        // Bytes that are no package are refused, and that is the answer.
        answer.status.is_client_error()
    };
    row.walk_on(
        host,
        async |_, _| (),
        act,
        async |_, admin, (), _| {
            assert_eq!(shown(admin).await["state"], "live");
        },
    )
    .await;
}

async fn attempt(row: &Row, store: Store) {
    let Some((host, _dir)) = host(store).await else { return };
    let node = json!({ "id": "it", "type": "configmap", "data": { "name": "it" } });
    let body = json!({ "function": "render", "input": { "node": node } });
    let act = async |_: &TestHost, admin: &User, (): &()| {
        let answer = admin.post(&format!("{PLUGIN}/try"), &body).await;
        answer.expect(200)["answer"]["ok"]["manifests"].is_array()
    };
    row.walk_on(
        host,
        async |_, _| (),
        act,
        async |_, admin, (), done| {
            assert!(done);
            assert_eq!(shown(admin).await["state"], "live");
        },
    )
    .await;
}
