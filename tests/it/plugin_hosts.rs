//! Several hosts on one store: what each of them changes about a plugin holds.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use bowsprit_host_core::{
    audit::{AUDIT_LOG, Actor, Audit},
    events::Hub,
    id::Id,
    plugins::{PLUGINS, PluginReport, PluginState, Plugins, StoredMemory, SwapPolicy},
};
use bowsprit_host_engine::{EngineConfig, PluginEngine};
use bowsprit_tests::{BareStore, Cut, Store, TestHost, cache_dir, copy_folder, guests_dir};
use serde_json::{Value, json};

const ECHO: &str = "echo";

/// A store, and one folder of plugins for all its hosts.
struct Site {
    store: BareStore,
}

/// What an engine has of a host.
struct Host {
    engine: PluginEngine,
    cut: Cut,
}

impl Site {
    async fn on(kind: Store) -> Option<Self> {
        let store = BareStore::open(kind, &[&PLUGINS, &AUDIT_LOG]).await?;
        let site = Self { store };
        copy_folder(&guests_dir().join(ECHO), &site.plugins().join(ECHO));
        Some(site)
    }

    /// One more host, which has loaded what lies in the folder.
    async fn host(&self) -> Host {
        let cut = Cut::default();
        let store = cut.around(Arc::clone(&self.store.documents));
        let memory = StoredMemory::new(&store, Audit::new(&store));
        let config = EngineConfig {
            dirs: vec![self.plugins()],
            cache_dir: Some(cache_dir()),
            ..EngineConfig::default()
        };
        let events = Arc::new(Hub::new());
        let engine = PluginEngine::open_with(config, events, Arc::new(memory)).unwrap();
        engine.load_all().await.unwrap();
        Host { engine, cut }
    }

    fn plugins(&self) -> PathBuf {
        self.store.folder().join("plugins")
    }
}

impl Host {
    fn report(&self) -> PluginReport {
        self.engine.report(ECHO).unwrap()
    }

    /// Looks at the folder again; the generation that waits now.
    async fn waits(&self) -> String {
        self.engine.reload(ECHO, operator()).await.unwrap().waiting.expect("one waits")
    }
}

fn operator() -> Actor {
    Actor { user: Some(Id::new()), address: None }
}

/// Has the plugin in this folder want more than it did.
fn widen(plugins: &Path) {
    let file = plugins.join(ECHO).join("plugin.toml");
    let toml = fs::read_to_string(&file).unwrap();
    let wider = toml.replace("[\"v1/", "[\"v1/Secret\", \"v1/");
    assert_ne!(toml, wider);
    fs::write(file, wider).unwrap();
}

fn wants_secrets(report: &PluginReport) -> bool {
    report.grants.0["produces"].contains("v1/Secret")
}

async fn what_two_hosts_decide_at_once_holds(kind: Store) {
    let Some(site) = Site::on(kind).await else { return };
    let (one, other) = (site.host().await, site.host().await);
    widen(&site.plugins());
    let (digest, same) = (one.waits().await, other.waits().await);
    assert_eq!(digest, same);

    // The consent of one is on its way to the store when the other is told a
    // policy.
    let mut held = one.cut.hold(&PLUGINS);
    let consent = one.engine.consent(ECHO, &digest, operator());
    let rule = async {
        held.reached().await;
        let ruled = other.engine.set_policy(ECHO, SwapPolicy::HoldAlways, operator()).await;
        drop(held);
        ruled.unwrap()
    };
    let (consented, ruled) = tokio::join!(consent, rule);
    let consented = consented.unwrap();
    assert_eq!(consented.generation.as_ref(), Some(&digest));
    assert_eq!(consented.policy, SwapPolicy::HoldAlways, "it learns of it as it writes");
    assert_eq!((ruled.policy, wants_secrets(&ruled)), (SwapPolicy::HoldAlways, false));

    // With its next write the other learns of the consent, and follows it.
    let disabled = other.engine.disable(ECHO, operator()).await.unwrap();
    assert_eq!(disabled.state, PluginState::Disabled);
    assert!(wants_secrets(&disabled), "{disabled:#?}");
    assert_eq!((disabled.generation.as_ref(), disabled.waiting), (Some(&digest), None));

    // One that starts now finds all three; so does the first, once it writes.
    let third = site.host().await.report();
    assert_eq!(third.state, PluginState::Disabled);
    assert_eq!((third.policy, wants_secrets(&third)), (SwapPolicy::HoldAlways, true));
    assert_eq!(third.generation, Some(digest));
    let first = one.engine.set_policy(ECHO, SwapPolicy::Swap, operator()).await.unwrap();
    assert_eq!((first.state, first.policy), (PluginState::Disabled, SwapPolicy::Swap));
    other.engine.enable(ECHO, operator()).await.unwrap();
    let last = site.host().await.report();
    assert_eq!((last.state, last.policy), (PluginState::Live, SwapPolicy::Swap));
    site.store.finish().await;
}

#[tokio::test]
async fn what_two_hosts_decide_at_once_holds_embedded() {
    what_two_hosts_decide_at_once_holds(Store::Embedded).await;
}

#[tokio::test]
async fn what_two_hosts_decide_at_once_holds_mongo() {
    what_two_hosts_decide_at_once_holds(Store::Mongo).await;
}

/// Without anything that holds one back, many times.
async fn nothing_is_lost_in_a_crowd(kind: Store) {
    let Some(site) = Site::on(kind).await else { return };
    let (one, other) = (site.host().await, site.host().await);
    for round in 0..20 {
        let policy = if round % 2 == 0 { SwapPolicy::HoldAlways } else { SwapPolicy::Swap };
        let switch = async {
            match policy {
                SwapPolicy::Swap => other.engine.enable(ECHO, operator()).await,
                _ => other.engine.disable(ECHO, operator()).await,
            }
        };
        let (ruled, switched) =
            tokio::join!(one.engine.set_policy(ECHO, policy, operator()), switch);
        let (ruled, switched) = (ruled.unwrap(), switched.unwrap());
        assert_eq!((ruled.policy, switched.state), (policy, other.report().state));
        let fresh = site.host().await.report();
        assert_eq!((fresh.policy, fresh.state), (policy, switched.state), "round {round}");
    }
    site.store.finish().await;
}

#[tokio::test]
async fn nothing_is_lost_in_a_crowd_embedded() {
    nothing_is_lost_in_a_crowd(Store::Embedded).await;
}

#[tokio::test]
async fn nothing_is_lost_in_a_crowd_mongo() {
    nothing_is_lost_in_a_crowd(Store::Mongo).await;
}

/// The same as a person sees it, at two whole hosts.
#[tokio::test]
async fn administrators_at_two_hosts_do_not_undo_each_other() {
    let dir = tempfile::tempdir().unwrap();
    copy_folder(&guests_dir().join(ECHO), &dir.path().join(ECHO));
    let path = dir.path().display().to_string();
    let settings = [("BOWSPRIT_PLUGINS_DIRS", path.as_str())];
    let Some(one) = TestHost::on_with(Store::Mongo, &settings).await else { return };
    let mut other = one.replica().await;
    let admin = one.admin().await;
    let there = admin.at(&other.origin);
    widen(dir.path());
    let reload = "/admin/plugins/echo/reload";
    let waiting = admin.post(reload, &json!({})).await.expect(200)["plugin"]["waiting"].clone();
    let digest = waiting.as_str().expect("one waits").to_owned();
    there.post(reload, &json!({})).await.expect(200);

    let consent = format!("/admin/plugins/echo/generations/{digest}/consent");
    let (none, policy) = (json!({}), json!({ "policy": "hold-always" }));
    let (consented, ruled) =
        tokio::join!(admin.post(&consent, &none), there.put("/admin/plugins/echo/policy", &policy));
    consented.expect(200);
    ruled.expect(200);

    other.stop().await;
    other.start_again().await;
    let shown = admin.at(&other.origin).get("/admin/plugins/echo").await.expect(200);
    let shown: &Value = &shown["plugin"];
    assert_eq!((&shown["generation"], &shown["policy"]), (&waiting, &json!("hold-always")));
    assert!(shown["grants"]["produces"].as_array().unwrap().contains(&json!("v1/Secret")));
    other.stop().await;
    one.finish().await;
}
