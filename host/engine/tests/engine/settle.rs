//! Folders are read when they stand still, and what changes together takes
//! over together.

use std::{fs, time::Duration};

use bowsprit_host_core::{
    node_types::NodeTypes,
    plugins::{PluginState, Plugins},
};
use bowsprit_host_engine::EngineConfig;

use crate::support::{Host, component, plugin};

const MANY: usize = 300;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_hundred_folders_that_change_together_take_over_together() {
    let settings = |it: &mut EngineConfig| it.debounce = Duration::from_secs(1);
    // One component is compiled, the others use it.
    let host = Host::start_with(settings, |dir| {
        plugin("base", "echo").asset("names", "").write(&dir.join("base"));
    })
    .await;
    host.until("base", |all| all.len() == 1).await;
    let before = host.engine.catalogues();

    let staged =
        tempfile::tempdir_in(host.dir.path().parent().expect("a parent")).expect("a folder");
    for n in 0..MANY {
        let id = format!("p{n}");
        let folder = plugin(&id, "echo").uses("base").asset("names", format!("t{n}"));
        folder.write(&staged.path().join(&id));
    }
    for n in 0..MANY {
        let name = format!("p{n}");
        fs::rename(staged.path().join(&name), host.path(&name)).expect("moved in");
    }
    host.until("all", |all| all.len() == MANY + 1).await;
    assert_eq!(host.engine.catalogue().types().len(), MANY);
    assert_eq!(host.engine.catalogues() - before, 1, "once for all of them");

    for n in 0..MANY {
        fs::remove_dir_all(host.path(&format!("p{n}"))).expect("removed");
    }
    host.until("only base", |all| all.len() == 1).await;
    assert!(host.engine.catalogues() - before <= 3, "{}", host.engine.catalogues() - before);
    host.stop().await;
}

#[tokio::test]
async fn what_is_being_written_is_never_loaded() {
    let settings = |it: &mut EngineConfig| {
        it.debounce = Duration::from_millis(400);
        it.poll = Duration::from_millis(20);
    };
    let host = Host::start_with(settings, |dir| {
        plugin("one", "echo").asset("mark", "old").write(&dir.join("one"));
    })
    .await;
    let live = host.report("one").generation;

    // Grows for more than a second, byte by byte as it were, never standing
    // still for as long as two looks take.
    let path = host.path("one/plugin.wasm");
    let whole = crate::support::renewed(component("echo"), 5);
    let pieces: Vec<usize> = (1..=100).map(|n| whole.len() * n / 100).collect();
    let mut ticks = tokio::time::interval(Duration::from_millis(12));
    for end in pieces {
        ticks.tick().await;
        fs::write(&path, &whole[..end]).expect("written");
        let report = host.report("one");
        let half = report.last_error.map(|it| it.code);
        assert!(report.state == PluginState::Live, "it goes on: {half:?}");
    }
    host.until("whole", |all| all[0].generation != live && all[0].last_error.is_none()).await;
    let known = host.engine.generations("one").expect("known");
    assert!(known.iter().all(|it| it.failure.is_none()), "no half was tried: {known:#?}");
    host.stop().await;
}

#[tokio::test]
async fn what_editors_leave_beside_is_not_looked_at() {
    let host =
        Host::start(|dir| plugin("one", "echo").asset("mark", "1").write(&dir.join("one"))).await;
    host.until("loaded", |all| all.len() == 1).await;
    let before = host.report("one").generation;
    for name in [
        "one/.plugin.toml.swp",
        "one/plugin.toml~",
        "one/#plugin.toml#",
        "one/assets/.mark.swp",
        "one/assets/mark.tmp",
        ".hidden",
        "one.tmp",
    ] {
        fs::write(host.path(name), "scratch").expect("written");
    }
    fs::create_dir(host.path(".one.new")).expect("a folder");
    plugin("one", "echo").asset("mark", "2").write(&host.path(".one.new"));

    // Whatever comes after is seen after.
    plugin("two", "echo").asset("names", "two").write(&host.path("two"));
    host.until("two", |all| all.len() == 2).await;
    assert_eq!(host.report("one").generation, before);
    host.stop().await;
}
