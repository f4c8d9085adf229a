//! A new generation that does badly is taken back.

use std::{fs, time::Duration};

use bowsprit_host_core::{
    audit::Actor,
    events::{Delivery, Events, Topic},
    node_types::{Context, NodeTypes},
    plugins::{GenerationState, Happening, PluginState, Plugins},
};
use bowsprit_host_engine::{EngineConfig, Guard};
use futures::StreamExt;

use crate::support::{Folder, Host, mark_in, node, plugin};

const JUDGED: u32 = 10;

fn misbehave(mark: &str) -> Folder {
    plugin("one", "misbehave").asset("mark", mark)
}

fn guarded(it: &mut EngineConfig) {
    // Calls of code that is still to be optimised have no durations.
    it.quick_compiler = false;
    it.guard = Guard { calls: JUDGED, errors: 0.1, slower: 3.0, slack: Duration::from_millis(20) };
}

async fn call(host: &Host, wish: &str, times: u32) {
    for _ in 0..times {
        let node = node("misbehave", wish);
        let _ = host.engine.catalogue().render(&node, &Context::default()).await;
    }
}

#[tokio::test]
async fn errors_bring_the_predecessor_back_by_itself() {
    let host = Host::start_with(guarded, |dir| misbehave("old").write(&dir.join("one"))).await;
    call(&host, "echo", JUDGED).await;
    fs::write(host.path("one/assets/mark"), "new").expect("written");
    host.until_marked("misbehave", "new").await;
    let bad = host.report("one").generation.expect("a digest");
    let mut events = host.events.subscribe(&Topic::Plugins, None);

    call(&host, "trap", 3).await;
    host.until_marked("misbehave", "old").await;

    let Some(Delivery::Event(frame)) = events.next().await else { panic!("no event") };
    assert!(String::from_utf8_lossy(&frame).contains("plugin.generation.rolled-back"));
    let report = host.report("one");
    assert_eq!(report.state, PluginState::RolledBack);
    let known = host.engine.generations("one").expect("known");
    let good = known.iter().find(|it| it.state == GenerationState::Live).expect("one serves");
    assert!(good.why.starts_with("it came back: the guard took it back: "), "{good:?}");
    let bad = known.iter().find(|it| it.digest == bad).expect("remembered");
    assert_eq!(bad.state, GenerationState::RolledBack);
    assert!(bad.why.contains("the guard took it back") && bad.why.contains("broke"), "{bad:?}");
    let (by, entry) = host.memory.log().pop().expect("an entry");
    assert_eq!((by.user, entry.what), (None, Happening::RolledBack));
    assert_eq!((entry.before.as_ref(), &entry.why), (Some(&bad.digest), &bad.why));

    // It does not come back with a restart, but when an operator wants it.
    let host = host.restart(|_| {}).await;
    assert_ne!(host.mark("misbehave").await.as_deref(), Some("new"));
    host.engine.reload("one", Actor::default()).await.expect("reloaded");
    assert_eq!(host.mark("misbehave").await.as_deref(), Some("new"));
    host.stop().await;
}

#[tokio::test]
async fn slowness_brings_the_predecessor_back() {
    let settings = |it: &mut EngineConfig| {
        guarded(it);
        it.guard.slack = Duration::from_micros(1);
        it.limits.deadline = Duration::from_secs(5);
    };
    let host = Host::start_with(settings, |dir| misbehave("old").write(&dir.join("one"))).await;
    call(&host, "echo", 50).await;
    fs::write(host.path("one/assets/mark"), "new").expect("written");
    host.until_marked("misbehave", "new").await;

    call(&host, "spin", JUDGED).await;

    host.until_marked("misbehave", "old").await;
    let known = host.engine.generations("one").expect("known");
    assert!(known.iter().any(|it| it.why.contains("half of its first calls took")), "{known:#?}");
    host.stop().await;
}

#[tokio::test]
async fn a_good_one_stays_and_later_errors_are_its_own() {
    let host = Host::start_with(guarded, |dir| misbehave("old").write(&dir.join("one"))).await;
    call(&host, "echo", JUDGED).await;
    fs::write(host.path("one/assets/mark"), "new").expect("written");
    host.until_marked("misbehave", "new").await;
    call(&host, "echo", JUDGED).await;
    call(&host, "trap", JUDGED).await;
    call(&host, "invalid", JUDGED).await;

    // An alarm would be heard before what is noticed afterwards.
    plugin("two", "echo").write(&host.path("two"));
    host.until("another", |all| all.len() == 2).await;

    assert_eq!(mark_in(&*host.engine.catalogue(), "misbehave").await.expect("a mark"), "new");
    let figures = host.report("one").figures;
    assert!(figures.calls >= 30 && figures.errors == u64::from(JUDGED), "{figures:?}");
    assert!(figures.p50_micros > 0 && figures.p99_micros >= figures.p50_micros, "{figures:?}");
    host.stop().await;
}

#[tokio::test]
async fn the_first_generation_has_nothing_to_go_back_to() {
    let host = Host::start_with(guarded, |dir| misbehave("only").write(&dir.join("one"))).await;
    call(&host, "trap", 2 * JUDGED).await;
    plugin("two", "echo").write(&host.path("two"));
    host.until("another", |all| all.len() == 2).await;
    assert_eq!(host.report("one").state, PluginState::Live);
    host.stop().await;
}
