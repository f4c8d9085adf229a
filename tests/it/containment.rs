//! What plugins may do and use, as users see it.

use bowsprit_tests::{Kube, TestHost, User, copy_folder, guests_dir, unique};
use serde_json::{Value, json};

use crate::runs::node;

/// A host with the guest `misbehave`, an administrator and a cluster.
pub(crate) struct Scene {
    kube: Kube,
    pub(crate) host: TestHost,
    pub(crate) admin: User,
    _plugins: tempfile::TempDir,
}

impl Scene {
    pub(crate) async fn with(settings: &[(&str, &str)]) -> Option<Self> {
        Self::granting(settings, false).await
    }

    /// `misbehave` may also be granted namespaces as a kind.
    async fn granting(settings: &[(&str, &str)], namespaces: bool) -> Option<Self> {
        let kube = Kube::connect()?;
        let plugins = tempfile::tempdir().unwrap();
        let folder = plugins.path().join("misbehave");
        copy_folder(&guests_dir().join("misbehave"), &folder);
        if namespaces {
            let toml = std::fs::read_to_string(folder.join("plugin.toml")).unwrap();
            let wider = toml.replace("[\"v1/ConfigMap\"]", "[\"v1/ConfigMap\", \"v1/Namespace\"]");
            assert_ne!(toml, wider);
            std::fs::write(folder.join("plugin.toml"), wider).unwrap();
            std::fs::create_dir_all(folder.join("assets")).unwrap();
            std::fs::write(folder.join("assets/namespaces"), "yes").unwrap();
        }
        let path = plugins.path().display().to_string();
        let settings = [settings, &[("BOWSPRIT_PLUGINS_DIRS", path.as_str())]].concat();
        let host = TestHost::with(&settings).await;
        let admin = host.admin().await;
        kube.add_to(&admin, "lab").await;
        Some(Self { kube, host, admin, _plugins: plugins })
    }

    pub(crate) async fn finish(self) {
        self.host.finish().await;
    }

    /// A workflow of one node that does `deed`.
    pub(crate) async fn workflow(&self, user: &User, deed: &str, more: Value) -> String {
        let id = user.workflow(&format!("{deed}-{}", unique()), "lab").await;
        draw(user, &id, deed, more).await;
        id
    }
}

async fn draw(user: &User, id: &str, deed: &str, mut data: Value) {
    data["do"] = deed.into();
    user.save(id, &json!({"nodes": [node("m", "misbehave", data)], "edges": []})).await;
}

#[tokio::test]
async fn a_node_that_renders_nothing_any_more_keeps_its_objects_with_a_warning() {
    let Some(scene) = Scene::with(&[]).await else { return };
    let Scene { kube, admin, .. } = &scene;
    let namespace = format!("it-{}", unique());
    let place = json!({"name": "kept", "namespace": namespace});
    let id = scene.workflow(admin, "echo", place.clone()).await;
    admin.run(&id, &json!({})).await.expect(200);
    let object = format!("/api/v1/namespaces/{namespace}/configmaps/kept");
    let uid = kube.get(&object).await.expect("the object")["metadata"]["uid"].clone();

    draw(admin, &id, "empty", place.clone()).await;
    let run = admin.run(&id, &json!({})).await.expect(200);

    let kept = kube.get(&object).await.expect("the object is still there");
    assert_eq!(kept["metadata"]["uid"], uid);
    let logs = run["logs"].to_string();
    assert!(logs.contains("warning: m: ConfigMap") && logs.contains("was kept"), "{logs}");
    // What is drawn without the node is another matter.
    admin.save(&id, &json!({"nodes": [], "edges": []})).await;
    kube.until_gone(&object).await;
    scene.finish().await;
}

#[tokio::test]
async fn an_object_outside_of_namespaces_takes_a_grant_whatever_its_plugin_says_of_it() {
    let Some(scene) = Scene::granting(&[], true).await else { return };
    let name = format!("it-{}", unique());
    let id = scene.workflow(&scene.admin, "namespace", json!({"name": name})).await;

    let problem = scene.admin.run(&id, &json!({})).await.expect_problem(502, "plugin.not-granted");

    assert!(problem["message"].as_str().unwrap().contains("cluster-scoped"), "{problem}");
    assert!(scene.kube.get(&format!("/api/v1/namespaces/{name}")).await.is_none());
    scene.finish().await;
}

#[tokio::test]
async fn whoever_used_up_a_budget_waits_and_nobody_else_does() {
    let settings = [
        ("BOWSPRIT_PLUGINS_BUDGETS_CPU_MILLIS", "50"),
        ("BOWSPRIT_PLUGINS_LIMITS_DEADLINE_MS", "400"),
    ];
    let Some(scene) = Scene::with(&settings).await else { return };
    let Scene { kube, host, admin, .. } = &scene;
    let spender = host.user(admin, "spender@example.com").await;
    kube.add_to(&spender, "lab").await;
    let id = scene.workflow(&spender, "loop", json!({})).await;
    spender.run(&id, &json!({})).await.expect_problem(502, "plugin.deadline");

    let refused = spender.run(&id, &json!({})).await;

    let wait: u64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((3500..=3600).contains(&wait), "{wait} s");
    refused.expect_problem(429, "plugin.budget.exhausted");
    let place = json!({"name": "thrifty", "namespace": format!("it-{}", unique())});
    let other = scene.workflow(admin, "echo", place).await;
    admin.run(&other, &json!({})).await.expect(200);
    let report = admin.get("/admin/plugins/budgets").await.expect(200);
    assert_eq!(report["limits"]["cpuMillis"], 50);
    let budgets = report["budgets"].as_array().unwrap();
    let of = |user: &User| budgets.iter().find(|it| it["user"] == user.id.as_str()).unwrap();
    assert_eq!(of(&spender)["exhausted"], true);
    assert!(of(&spender)["cpuMillis"].as_u64().unwrap() >= 50, "{report}");
    assert_eq!(of(admin)["exhausted"], false);
    assert!(of(admin)["calls"].as_u64().unwrap() >= 3, "{report}");
    spender.get("/admin/plugins/budgets").await.expect_problem(403, "auth.admin-only");
    scene.finish().await;
}

#[tokio::test]
async fn limits_of_the_settings_hold() {
    let settings = [
        ("BOWSPRIT_PLUGINS_LIMITS_HOST_CALLS", "100"),
        ("BOWSPRIT_PLUGINS_LIMITS_CALLS_PER_PLUGIN", "1"),
        ("BOWSPRIT_PLUGINS_LIMITS_WAIT_MS", "20"),
        ("BOWSPRIT_PLUGINS_LIMITS_DEADLINE_MS", "1000"),
    ];
    let Some(scene) = Scene::with(&settings).await else { return };
    let admin = &scene.admin;
    let flood = scene.workflow(admin, "flood-log", json!({})).await;
    admin.run(&flood, &json!({})).await.expect_problem(502, "plugin.host-calls");
    let one = scene.workflow(admin, "loop", json!({})).await;
    let other = scene.workflow(admin, "loop", json!({})).await;
    let body = json!({});
    let (one, other) = tokio::join!(admin.run(&one, &body), admin.run(&other, &body));
    let (late, busy) = if one.status.as_u16() == 502 { (one, other) } else { (other, one) };
    late.expect_problem(502, "plugin.deadline");
    assert!(busy.headers.contains_key("retry-after"));
    let problem = busy.expect_problem(503, "plugin.busy");
    assert!(problem["message"].as_str().unwrap().contains("`misbehave`"), "{problem}");
    scene.finish().await;
}
