//! Plugins come, change and go while the host runs.

use std::{fs, os::unix::fs::symlink, time::Duration};

use bowsprit_host_core::{
    Error,
    audit::Actor,
    events::{Delivery, Events, Topic},
    node_types::{Answer, Context, NodeTypes, State},
    plugins::{PluginState, Plugins},
};
use bowsprit_host_engine::{CacheError, EngineConfig, OpenError, PluginEngine};
use futures::StreamExt;

use crate::support::{Host, component, mark_in, mark_of, node, plugin, renewed};

fn echo(mark: &str) -> crate::support::Folder {
    plugin("one", "echo").asset("mark", mark)
}

#[tokio::test]
async fn a_folder_that_appears_is_loaded_and_one_that_goes_is_unloaded() {
    let host = Host::start(|_| {}).await;
    assert!(host.engine.list().is_empty());

    echo("new").write(&host.path("one"));
    host.until_marked("echo", "new").await;
    let report = host.report("one");
    assert_eq!(report.state, PluginState::Live);
    assert_eq!(report.node_types, ["echo"]);
    assert_eq!(report.version.as_deref(), Some("1.0.0"));

    fs::remove_dir_all(host.path("one")).expect("removed");
    host.until("removed", <[_]>::is_empty).await;
    assert!(host.engine.catalogue().types().is_empty());

    echo("back").write(&host.path("one"));
    host.until_marked("echo", "back").await;
    host.stop().await;
}

#[tokio::test]
async fn a_change_is_seen_however_it_is_made() {
    let host = Host::start(|dir| echo("0").write(&dir.join("one"))).await;
    let mark = host.path("one/assets/mark");

    fs::write(&mark, "in place").expect("written");
    host.until_marked("echo", "in place").await;

    // As editors do it: beside, then renamed.
    fs::write(host.path("one/assets/.mark.swp"), "scratch").expect("written");
    fs::write(host.path("one/assets/mark~"), "renamed").expect("written");
    fs::rename(host.path("one/assets/mark~"), &mark).expect("renamed");
    host.until_marked("echo", "renamed").await;

    echo("whole folder").swap(&host.path("one"));
    host.until_marked("echo", "whole folder").await;

    echo("component too").component(renewed(component("echo"), 1)).swap(&host.path("one"));
    host.until_marked("echo", "component too").await;
    host.stop().await;
}

#[tokio::test]
async fn a_mounted_volume_is_followed_through_its_links() {
    let elsewhere = tempfile::tempdir().expect("a folder");
    let version = |name: &str| elsewhere.path().join(name);
    echo("1").write(&version("1"));
    echo("2").write(&version("2"));
    // As Kubernetes mounts a ConfigMap: files are links through `..data`.
    let host = Host::start(|dir| {
        let one = dir.join("one");
        echo("a").write(&one.join("..a"));
        echo("b").write(&one.join("..b"));
        symlink("..a", one.join("..data")).expect("a link");
        for file in ["plugin.toml", "plugin.wasm", "assets"] {
            symlink(format!("..data/{file}"), one.join(file)).expect("a link");
        }
        symlink(version("1"), dir.join("z-linked")).expect("a link");
    })
    .await;
    host.until_marked("echo", "a").await;

    symlink("..b", host.path("one/..data_tmp")).expect("a link");
    fs::rename(host.path("one/..data_tmp"), host.path("one/..data")).expect("swapped");
    host.until_marked("echo", "b").await;

    // A folder that is a link itself, when the first one has gone.
    fs::remove_dir_all(host.path("one")).expect("removed");
    host.until_marked("echo", "1").await;
    assert_eq!(host.engine.list().len(), 1, "nothing is left of the refusal");
    symlink(version("2"), host.path(".next")).expect("a link");
    fs::rename(host.path(".next"), host.path("z-linked")).expect("swapped");
    host.until_marked("echo", "2").await;
    fs::write(version("2").join("assets/mark"), "3").expect("written");
    host.until_marked("echo", "3").await;
    host.stop().await;
}

#[tokio::test]
async fn without_events_folders_are_polled() {
    let settings = |it: &mut EngineConfig| {
        it.events = false;
        it.poll = Duration::from_millis(20);
    };
    let host = Host::start_with(settings, |dir| echo("old").write(&dir.join("one"))).await;

    fs::write(host.path("one/assets/mark"), "new").expect("written");
    host.until_marked("echo", "new").await;

    fs::remove_dir_all(host.path("one")).expect("removed");
    host.until("removed", <[_]>::is_empty).await;
    host.stop().await;
}

#[tokio::test]
async fn a_configured_folder_may_come_later_and_come_again() {
    let settings = |it: &mut EngineConfig| {
        it.poll = Duration::from_millis(20);
        let later = it.dirs[0].join("later");
        it.dirs = vec![later];
    };
    let host = Host::start_with(settings, |_| {}).await;

    echo("first").write(&host.path("later/one"));
    host.until_marked("echo", "first").await;
    fs::remove_dir_all(host.path("later")).expect("removed");
    host.until("removed", <[_]>::is_empty).await;
    echo("second").write(&host.path("later/one"));
    host.until_marked("echo", "second").await;
    host.stop().await;
}

#[tokio::test]
async fn the_same_bytes_again_are_no_reload() {
    let host = Host::start(|dir| echo("same").write(&dir.join("one"))).await;
    let before = host.report("one");
    let mut outcomes = host.engine.outcomes();
    outcomes.mark_unchanged();

    echo("same").swap(&host.path("one"));
    outcomes.changed().await.expect("looked at");
    echo("other").swap(&host.path("one"));
    host.until_marked("echo", "other").await;

    let after = host.report("one");
    assert_eq!(after.previous, [before.generation.expect("a generation")]);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_under_way_ends_on_the_generation_it_began_with() {
    let settings = |it: &mut EngineConfig| it.limits.deadline = Duration::from_secs(5);
    let spinner = |mark: &str| plugin("one", "misbehave").asset("mark", mark);
    let host = Host::start_with(settings, |dir| spinner("old").write(&dir.join("one"))).await;
    let pinned = host.engine.catalogue();
    let slow = tokio::spawn(async move {
        let slow = pinned.render(&node("misbehave", "spin"), &Context::default()).await;
        (slow, mark_in(&*pinned, "misbehave").await)
    });

    spinner("new").swap(&host.path("one"));
    host.until_marked("misbehave", "new").await;

    let (slow, later) = slow.await.expect("no panic");
    assert_eq!(mark_of(&slow.expect("an answer")), "old");
    assert_eq!(later.expect("an answer"), "old", "a request keeps its catalogue");
    host.stop().await;
}

#[tokio::test]
async fn a_rollback_serves_the_one_before_until_the_folder_changes() {
    let host = Host::start(|dir| echo("1").write(&dir.join("one"))).await;
    for mark in ["2", "3", "4", "5", "6", "7"] {
        fs::write(host.path("one/assets/mark"), mark).expect("written");
        host.until_marked("echo", mark).await;
    }
    assert_eq!(host.report("one").previous.len(), 5, "five are kept");

    let report = host.engine.rollback("one", None, Actor::default()).await.expect("rolled back");

    assert_eq!(report.state, PluginState::RolledBack);
    assert_eq!(host.mark("echo").await.as_deref(), Some("6"));
    fs::write(host.path("one/assets/mark"), "8").expect("written");
    host.until_marked("echo", "8").await;
    assert_eq!(host.report("one").state, PluginState::Live);
    let unknown = host.engine.rollback("nobody", None, Actor::default()).await;
    assert!(matches!(unknown, Err(Error::NotFound { .. })), "{unknown:?}");
    host.stop().await;
}

#[tokio::test]
async fn nothing_to_go_back_to_is_said() {
    let host = Host::load(|_| {}, |dir| echo("1").write(&dir.join("one"))).await;

    let refused = host.engine.rollback("one", None, Actor::default()).await;

    assert_eq!(refused.expect_err("none").code(), "plugin.rollback.none");
}

#[tokio::test]
async fn putting_the_old_bytes_back_clears_the_error() {
    let host = Host::start(|dir| echo("good").write(&dir.join("one"))).await;
    let good = fs::read_to_string(host.path("one/plugin.toml")).expect("read");

    fs::write(host.path("one/plugin.toml"), "id = [").expect("written");
    host.refused("one", "plugin.toml.invalid").await;
    fs::write(host.path("one/plugin.toml"), good).expect("written");

    host.until("forgiven", |all| all.iter().all(|it| it.last_error.is_none())).await;
    assert!(host.report("one").previous.is_empty(), "no new generation");
    host.stop().await;
}

#[tokio::test]
async fn a_plugin_may_use_the_component_of_another() {
    let host = Host::start(|dir| {
        plugin("base", "echo").asset("names", "").write(&dir.join("z-base"));
        let data = echo("data").uses("base").asset("names", "from-data");
        data.write(&dir.join("a-data"));
    })
    .await;
    host.until_marked("from-data", "data").await;

    fs::remove_dir_all(host.path("z-base")).expect("removed");
    host.refused("one", "plugin.uses.missing").await;
    assert_eq!(host.mark("from-data").await.as_deref(), Some("data"), "it goes on");

    let newer = plugin("base", "echo").asset("names", "").component(renewed(component("echo"), 7));
    newer.write(&host.path("z-base"));
    host.until("rebuilt", |all| all.iter().any(|it| it.previous.len() == 1)).await;
    host.stop().await;
}

#[tokio::test]
async fn a_later_folder_overrides_an_earlier_one() {
    let settings = |it: &mut EngineConfig| {
        let (first, second) = (it.dirs[0].join("first"), it.dirs[0].join("second"));
        it.dirs = vec![first, second];
    };
    let host = Host::start_with(settings, |dir| {
        echo("built in").write(&dir.join("first/one"));
        echo("mine").write(&dir.join("second/one"));
    })
    .await;
    assert_eq!(host.mark("echo").await.as_deref(), Some("mine"));

    fs::remove_dir_all(host.path("second/one")).expect("removed");
    host.until_marked("echo", "built in").await;
    host.stop().await;
}

#[tokio::test]
async fn lives_of_generations_are_published() {
    let host = Host::start(|_| {}).await;
    let mut events = host.events.subscribe(&Topic::Plugins, None);

    echo("1").swap(&host.path("one"));
    host.until_marked("echo", "1").await;
    fs::write(host.path("one/plugin.toml"), "id = [").expect("written");

    for name in ["plugin.generation.live", "plugin.generation.failed"] {
        let Some(Delivery::Event(frame)) = events.next().await else { panic!("no event") };
        let frame = String::from_utf8_lossy(&frame).into_owned();
        assert!(frame.contains(name) && frame.contains("\"id\":\"one\""), "{frame}");
    }
    host.stop().await;
}

#[tokio::test]
async fn a_status_sees_its_objects() {
    let host = Host::load(|_| {}, |dir| echo("1").write(&dir.join("one"))).await;
    let catalogue = host.engine.catalogue();
    let node = node("echo", "x");

    let watches = catalogue.observe(&node, &Context::default()).await.expect("watches");
    let answers = [Answer::Objects(vec!["{}".into()])];
    let at = "2026-01-01T00:00:00Z";
    let first = catalogue.status(&node, &answers, at, None).await.expect("a status");
    let none = [Answer::Forbidden("no".into())];
    let second = catalogue.status(&node, &none, at, Some(&first)).await.expect("a status");

    assert_eq!(watches[0].name.as_deref(), Some("it"));
    assert_eq!((first.state, second.state), (State::Healthy, State::Pending));
}

#[tokio::test]
async fn compiled_code_is_found_again_and_never_trusted_from_others() {
    use std::os::unix::fs::PermissionsExt;
    let cache = tempfile::tempdir().expect("a folder");
    let folder = cache.path().join("code");
    let open = || {
        Host::load(
            |it| {
                it.cache_dir = Some(folder.clone());
                // Compiled once, and there when it is loaded.
                it.quick_compiler = false;
            },
            |dir| echo("1").write(&dir.join("one")),
        )
    };
    assert_eq!(open().await.mark("echo").await.as_deref(), Some("1"));
    let files = || fs::read_dir(&folder).expect("a folder").flatten().map(|it| it.path());
    let [file] = files().collect::<Vec<_>>().try_into().expect("one file");
    let written = fs::metadata(&file).expect("a file").modified().expect("a time");

    assert_eq!(open().await.mark("echo").await.as_deref(), Some("1"));
    assert_eq!(fs::metadata(&file).expect("a file").modified().expect("a time"), written);

    // A damaged file, and one that others may write, are compiled anew.
    let mut bytes = fs::read(&file).expect("read");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&file, &bytes).expect("written");
    assert_eq!(open().await.mark("echo").await.as_deref(), Some("1"));
    assert_ne!(fs::read(&file).expect("read"), bytes);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).expect("set");
    assert_eq!(open().await.mark("echo").await.as_deref(), Some("1"));
    assert_eq!(fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);

    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).expect("set");
    let config = EngineConfig { cache_dir: Some(folder.clone()), ..EngineConfig::default() };
    let events = std::sync::Arc::new(bowsprit_host_core::events::Hub::new());
    let refused = PluginEngine::open(config, events).map(drop);
    assert!(matches!(refused, Err(OpenError::Cache(CacheError::NotPrivate(_)))), "{refused:?}");
}
