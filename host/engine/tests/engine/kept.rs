//! Earlier generations come back, at once and also after a restart.

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    time::{Instant, SystemTime},
};

use bowsprit_host_core::{
    audit::Actor,
    id::Id,
    plugins::{GenerationState, Happening, PluginState, Plugins, SwapPolicy},
};
use bowsprit_host_engine::EngineConfig;

use crate::support::{Folder, Host, PATIENCE, component, plugin, renewed};

fn echo(mark: &str) -> Folder {
    plugin("one", "echo").asset("mark", mark)
}

fn cached(it: &mut EngineConfig) {
    let cache = it.dirs[0].with_extension("cache");
    it.packages_dir = Some(cache.join("packages"));
    it.cache_dir = Some(cache.join("code"));
}

/// A host with a cache that outlives it and has its code, and generations `1`
/// to `last`.
async fn host_with(last: u32) -> Host {
    let host = Host::start_with(cached, |dir| echo("1").write(&dir.join("one"))).await;
    for mark in 2..=last {
        fs::write(host.path("one/assets/mark"), mark.to_string()).expect("written");
        host.until_marked("echo", &mark.to_string()).await;
    }
    // New bytes serve before their optimised code is there.
    let kept = async {
        while code_files(&host).is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, kept).await.expect("code is kept in time");
    host
}

/// Compiled code, each with the time it was written.
fn code_files(host: &Host) -> BTreeMap<PathBuf, SystemTime> {
    let cache = host.dir.path().with_extension("cache");
    let files = fs::read_dir(cache.join("code")).expect("a cache").flatten();
    let code = files.filter(|it| it.path().extension().is_some_and(|it| it == "code"));
    let written = |it: &fs::DirEntry| it.metadata().and_then(|it| it.modified());
    code.map(|it| (it.path(), written(&it).expect("a time"))).collect()
}

fn packages(host: &Host) -> usize {
    let cache = host.dir.path().with_extension("cache");
    fs::read_dir(cache.join("packages")).expect("a depot").count()
}

#[tokio::test]
async fn any_kept_generation_can_be_gone_back_to_in_no_time() {
    let host = host_with(8).await;
    let previous = host.report("one").previous;
    assert_eq!(previous.len(), 5);
    let newest = host.report("one").generation.expect("a digest");
    let by = Actor { user: Some(Id::new()), address: None };

    let mut best = u128::MAX;
    for (digest, mark) in previous.iter().zip(["7", "6", "5", "4", "3"]) {
        let begun = Instant::now();
        let report = host.engine.rollback("one", Some(digest), by).await.expect("back");
        best = best.min(begun.elapsed().as_millis());
        assert_eq!(
            (report.state, report.generation.as_ref()),
            (PluginState::RolledBack, Some(digest))
        );
        assert_eq!(host.mark("echo").await.as_deref(), Some(mark));
    }
    assert!(best <= 50, "{best} ms");
    let (who, entry) = host.memory.log().pop().expect("an entry");
    assert_eq!((who.user, entry.what), (by.user, Happening::RolledBack));
    assert_eq!(entry.generation.as_ref(), previous.last());

    // Forward again is the same thing; without `to`, what was taken back stays
    // away.
    host.engine.rollback("one", Some(&newest), by).await.expect("forward");
    assert_eq!(host.mark("echo").await.as_deref(), Some("8"));
    let none = host.engine.rollback("one", None, by).await.expect_err("all were taken back");
    assert_eq!(none.code(), "plugin.rollback.none");
    let other = host.engine.rollback("one", Some("00000000"), by).await;
    assert_eq!(other.expect_err("no such").code(), "not-found");
    let _ = fs::remove_dir_all(host.dir.path().with_extension("cache"));
    host.stop().await;
}

#[tokio::test]
async fn kept_generations_outlive_the_host_and_need_no_compiler() {
    let host = host_with(3).await;
    let (before, files) = (host.report("one"), code_files(&host));
    let host = host.restart(|_| {}).await;

    let after = host.report("one");
    assert_eq!((&after.generation, &after.previous), (&before.generation, &before.previous));
    assert_eq!(after.loaded_at, before.loaded_at, "it has served all along");
    host.engine.rollback("one", None, Actor::default()).await.expect("back");
    assert_eq!(host.mark("echo").await.as_deref(), Some("2"));
    assert_eq!(code_files(&host), files, "nothing was compiled");

    // And so does the way back.
    let host = host.restart(|_| {}).await;
    assert_eq!(host.mark("echo").await.as_deref(), Some("2"));
    assert_eq!(host.report("one").state, PluginState::RolledBack);
    fs::write(host.path("one/assets/mark"), "4").expect("written");
    host.until_marked("echo", "4").await;
    assert_eq!(host.report("one").state, PluginState::Live);
    let host = host.restart(|_| {}).await;
    assert_eq!(host.report("one").state, PluginState::Live, "what was taken back is long ago");
    let _ = fs::remove_dir_all(host.dir.path().with_extension("cache"));
    host.stop().await;
}

#[tokio::test]
async fn what_broke_or_waits_while_the_host_was_away_leaves_the_last_good_one() {
    let host = host_with(1).await;
    let host = host
        .restart(|dir| fs::write(dir.join("one/plugin.toml"), "id = [").expect("written"))
        .await;
    let report = host.report("one");
    assert_eq!(report.state, PluginState::Live, "{report:#?}");
    assert_eq!(report.last_error.expect("an error").code, "plugin.toml.invalid");
    assert_eq!(host.mark("echo").await.as_deref(), Some("1"));

    host.engine.set_policy("one", SwapPolicy::HoldAlways, Actor::default()).await.expect("set");
    echo("2").swap(&host.path("one"));
    host.until("held", |all| all[0].waiting.is_some()).await;
    let host = host.restart(|_| {}).await;
    let report = host.report("one");
    assert_eq!(report.state, PluginState::Live);
    assert!(report.waiting.is_some(), "{report:#?}");
    assert_eq!(host.mark("echo").await.as_deref(), Some("1"));

    // Changed while nobody looked: it is a new generation like any other.
    let host = host
        .restart(|dir| {
            echo("3").component(renewed(component("echo"), 3)).swap(&dir.join("one"));
        })
        .await;
    let known = host.engine.generations("one").expect("known");
    let states: Vec<_> = known.iter().map(|it| it.state).collect();
    assert_eq!(states[0], GenerationState::Waiting, "{known:#?}");
    assert_eq!(known.iter().filter(|it| it.state == GenerationState::Waiting).count(), 1);
    let _ = fs::remove_dir_all(host.dir.path().with_extension("cache"));
    host.stop().await;
}

#[tokio::test]
async fn packages_nobody_can_want_are_cleared_at_a_start() {
    let host = host_with(9).await;
    assert_eq!(packages(&host), 9);
    let host = host.restart(|_| {}).await;
    assert_eq!(packages(&host), 6, "the one that serves and five before it");
    let _ = fs::remove_dir_all(host.dir.path().with_extension("cache"));
    host.stop().await;
}

#[tokio::test]
async fn a_package_that_was_tampered_with_is_gone() {
    let host = host_with(2).await;
    let first = host.report("one").previous[0].clone();
    let kept = host.dir.path().with_extension("cache").join("packages").join(&first);
    let host = host.restart(|_| {}).await;
    fs::write(kept.join("assets/mark"), "evil").expect("written");

    let gone = host.engine.rollback("one", None, Actor::default()).await.expect_err("gone");

    assert_eq!(gone.code(), "plugin.generation.gone");
    assert_eq!(host.mark("echo").await.as_deref(), Some("2"));
    let _ = fs::remove_dir_all(host.dir.path().with_extension("cache"));
    host.stop().await;
}
