//! What a plugin may do is what somebody granted.

use bowsprit_host_core::{
    audit::Actor,
    plugins::{GenerationState, Happening, Hold, PluginState, Plugins, Wants},
};
use bowsprit_host_engine::{EngineConfig, Trust};

use crate::support::{Folder, Host, component, plugin, renewed};

fn wants(kinds: &str) -> Folder {
    plugin("one", "echo").toml(r#"["v1/ConfigMap"]"#, kinds)
}

fn produces(kinds: &[&str]) -> Wants {
    let mut wants = Wants::default();
    kinds.iter().for_each(|it| wants.add("produces", *it));
    wants
}

const MORE: &str = r#"["v1/ConfigMap", "v1/Secret"]"#;
const LESS: &str = r#"["v1/ConfigMap"]"#;

#[tokio::test]
async fn what_grows_waits_and_what_shrinks_does_not() {
    let host = Host::start(|dir| wants(LESS).write(&dir.join("one"))).await;
    assert_eq!(host.report("one").grants, produces(&["v1/ConfigMap"]));

    wants(MORE).swap(&host.path("one"));
    host.until("held", |all| all[0].waiting.is_some()).await;
    let report = host.report("one");
    assert_eq!((report.state, &report.grants), (PluginState::Live, &produces(&["v1/ConfigMap"])));
    let held = host.engine.generations("one").expect("known").remove(0);
    assert_eq!((held.state, held.hold), (GenerationState::Waiting, Some(Hold::Consent)));
    assert_eq!(held.missing, produces(&["v1/Secret"]));
    assert!(held.why.contains("produces v1/Secret"), "{held:?}");

    let waiting = report.waiting.expect("a digest");
    let accepted = host.engine.consent("one", &waiting, Actor::default()).await.expect("accepted");
    assert_eq!(accepted.grants, produces(&["v1/ConfigMap", "v1/Secret"]));
    let (_, entry) = host.memory.log().pop().expect("an entry");
    assert_eq!((entry.what, &entry.grants), (Happening::Activated, &accepted.grants));

    wants(LESS).component(renewed(component("echo"), 1)).swap(&host.path("one"));
    host.until("shrunk", |all| all[0].previous.len() == 2).await;
    assert_eq!(host.report("one").grants, produces(&["v1/ConfigMap"]), "given back");
    wants(MORE).component(renewed(component("echo"), 2)).swap(&host.path("one"));
    host.until("held again", |all| all[0].waiting.is_some()).await;
    host.stop().await;
}

#[tokio::test]
async fn growth_waits_also_over_a_restart_and_a_removal() {
    let host = Host::start(|dir| wants(LESS).write(&dir.join("one"))).await;
    std::fs::remove_dir_all(host.path("one")).expect("removed");
    host.until("removed", <[_]>::is_empty).await;
    wants(MORE).write(&host.path("one"));
    host.until("held", |all| all.iter().any(|it| it.waiting.is_some())).await;
    assert_eq!(host.report("one").state, PluginState::Waiting, "nothing serves");

    let host = host.restart(|_| {}).await;
    let report = host.report("one");
    assert_eq!(report.state, PluginState::Waiting);
    assert!(report.waiting.is_some(), "{report:#?}");
    let digest = report.waiting.expect("a digest");
    host.engine.consent("one", &digest, Actor::default()).await.expect("accepted");
    assert_eq!(host.report("one").state, PluginState::Live);
    host.stop().await;
}

#[tokio::test]
async fn trust_says_who_has_to_ask() {
    let cases = [
        (Trust::Nothing, false, [true, true]),
        (Trust::First, false, [false, true]),
        (Trust::Everything, false, [false, false]),
        (Trust::Nothing, true, [false, false]),
    ];
    for (trust, builtin, waits) in cases {
        let settings = |it: &mut EngineConfig| {
            it.trust = trust;
            if builtin {
                it.builtin_dirs.clone_from(&it.dirs);
            }
        };
        let host = Host::start_with(settings, |dir| wants(LESS).write(&dir.join("one"))).await;
        let first = host.report("one");
        assert_eq!(first.waiting.is_some(), waits[0], "{trust:?} {builtin} {first:#?}");
        if let Some(digest) = first.waiting {
            host.engine.consent("one", &digest, Actor::default()).await.expect("accepted");
        }
        let before = host.report("one").generation;
        wants(MORE).swap(&host.path("one"));
        let changed = |it: &bowsprit_host_core::plugins::PluginReport| {
            it.waiting.is_some() || it.generation != before
        };
        host.until("taken", |all| all.iter().any(changed)).await;
        let second = host.report("one");
        assert_eq!(second.waiting.is_some(), waits[1], "{trust:?} {builtin} {second:#?}");
        host.stop().await;
    }
}
