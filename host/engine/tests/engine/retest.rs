//! Golden files are a test of their own: others are another test of the same
//! generation.

use std::fs;

use bowsprit_host_core::{
    audit::Actor,
    plugins::{GenerationReport, Happening, LoadStage, PluginState, Plugins, SwapPolicy},
};
use bowsprit_host_engine::EngineConfig;

use crate::support::{Folder, Host, assert_failure, plugin};

const FAILED: &str = "plugin.self-test.failed";

fn echo() -> Folder {
    plugin("one", "echo").asset("mark", "1").golden("first.json", "1")
}

/// Puts a golden file into the plugin's folder, whole at once, that expects
/// this mark.
fn add(host: &Host, name: &'static str, mark: &str) {
    let dir = tempfile::tempdir().expect("a folder");
    echo().golden(name, mark).write(dir.path());
    let staged = host.path("one/golden/.new");
    fs::copy(dir.path().join("golden").join(name), &staged).expect("copied");
    fs::rename(staged, host.path("one/golden").join(name)).expect("renamed");
}

fn newest(host: &Host) -> GenerationReport {
    host.engine.generations("one").expect("known").remove(0)
}

async fn until_tested(host: &Host, cases: u32) {
    host.until("tested", |all| {
        let test = newest(host).self_test;
        all[0].last_error.is_none() && test.cases == cases && test.failure.is_none()
    })
    .await;
}

fn refusals(host: &Host) -> usize {
    let log = host.memory.log();
    log.iter().filter(|(_, it)| it.what == Happening::Refused).count()
}

#[tokio::test]
async fn what_serves_is_tested_with_new_golden_files() {
    let host = Host::start(|dir| echo().write(&dir.join("one"))).await;
    let before = host.report("one");
    add(&host, "second.json", "1");
    until_tested(&host, 2).await;

    add(&host, "third.json", "another mark");
    let report = host.refused("one", FAILED).await;
    assert_failure(&report, LoadStage::SelfTest, &["golden/third.json", "another mark"]);
    assert_eq!((report.state, &report.generation), (PluginState::Live, &before.generation));
    assert_eq!(host.mark("echo").await.as_deref(), Some("1"), "what serves goes on");
    let failed = newest(&host).self_test.failure.expect("it says so of what serves");
    assert_eq!(failed.file, "third.json");
    assert_eq!(refusals(&host), 1);
    let (_, entry) = host.memory.log().pop().expect("an entry");
    assert!(entry.why.contains("golden/third.json"), "{entry:?}");

    add(&host, "third.json", "1");
    until_tested(&host, 3).await;
    let after = host.report("one");
    assert_eq!((&after.generation, after.loaded_at), (&before.generation, before.loaded_at));
    assert!(after.previous.is_empty(), "it is no other generation");
    host.stop().await;
}

/// The same while the host is away, with and without a place for packages.
#[tokio::test]
async fn golden_files_changed_meanwhile_are_run_at_the_next_start() {
    for kept in [true, false] {
        let packages = tempfile::tempdir().expect("a folder");
        let settings = |it: &mut EngineConfig| {
            it.packages_dir = kept.then(|| packages.path().join("packages"));
        };
        let host = Host::start_with(settings, |dir| echo().write(&dir.join("one"))).await;
        let before = host.report("one");
        let wrong =
            |dir: &std::path::Path| echo().golden("second.json", "2").write(&dir.join("one"));
        let host = host.restart(wrong).await;
        let report = host.report("one");
        assert_failure(&report, LoadStage::SelfTest, &["golden/second.json"]);
        assert_eq!((report.state, &report.generation), (PluginState::Live, &before.generation));
        assert_eq!(host.mark("echo").await.as_deref(), Some("1"));
        assert_eq!(refusals(&host), 1);

        // Once more is no news.
        let host = host.restart(|_| {}).await;
        assert_eq!(host.report("one").last_error.expect("still").code, FAILED);
        assert_eq!(refusals(&host), 1);
        let right =
            |dir: &std::path::Path| echo().golden("second.json", "1").write(&dir.join("one"));
        let host = host.restart(right).await;
        let report = host.report("one");
        assert_eq!((report.last_error, newest(&host).self_test.cases), (None, 2));
        assert_eq!(report.loaded_at, before.loaded_at, "it has served all along");
        host.stop().await;
    }
}

#[tokio::test]
async fn what_waits_is_refused_for_its_new_golden_files_and_waits_again_without() {
    let host = Host::start(|dir| echo().write(&dir.join("one"))).await;
    let (policy, by) = (SwapPolicy::HoldAlways, Actor::default());
    host.engine.set_policy("one", policy, by).await.expect("set");
    echo().asset("other", "x").swap(&host.path("one"));
    host.until("held", |all| all[0].waiting.is_some()).await;
    let waiting = host.report("one").waiting;

    add(&host, "second.json", "2");
    let report = host.refused("one", FAILED).await;
    assert_eq!((report.state, report.waiting), (PluginState::Live, None));
    add(&host, "second.json", "1");
    host.until("held again", |all| all[0].waiting == waiting).await;
    assert_eq!(newest(&host).self_test.cases, 2);
    host.stop().await;
}
