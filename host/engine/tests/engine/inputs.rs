//! What plugins were asked before a restart counts after it.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use bowsprit_host_core::{
    node_types::{Context, NodeTypes},
    plugins::{ComparisonReport, Plugins, SwapPolicy},
};
use bowsprit_host_engine::EngineConfig;

use crate::support::{Folder, Host, node, plugin};

fn echo(mark: &str) -> Folder {
    plugin("one", "echo").asset("mark", mark)
}

/// A host with places that outlive it.
struct Site {
    places: tempfile::TempDir,
}

impl Site {
    fn new() -> Self {
        Self { places: tempfile::tempdir().expect("a folder") }
    }

    async fn host(&self, more: impl FnOnce(&mut EngineConfig)) -> Host {
        let settings = |it: &mut EngineConfig| {
            it.packages_dir = Some(self.places.path().join("packages"));
            it.inputs_dir = Some(self.inputs());
            more(it);
        };
        Host::start_with(settings, |dir| echo("1").write(&dir.join("one"))).await
    }

    fn inputs(&self) -> PathBuf {
        self.places.path().join("inputs")
    }

    fn files(&self) -> Vec<PathBuf> {
        fs::read_dir(self.inputs()).expect("a shelf").flatten().map(|it| it.path()).collect()
    }
}

async fn render(host: &Host, wishes: &[&str]) {
    for wish in wishes {
        let node = node("echo", wish);
        host.engine.catalogue().render(&node, &Context::default()).await.expect("an answer");
    }
}

/// As a host does that stops in order.
async fn restarted(host: Host, meanwhile: impl FnOnce(&Path)) -> Host {
    host.engine.keep_inputs().await;
    host.restart(meanwhile).await
}

/// Replaces what serves; how it compares.
async fn upgraded(host: &Host, mark: &str) -> ComparisonReport {
    let before = host.report("one").generation;
    fs::write(host.path("one/assets/mark"), mark).expect("written");
    host.until("live", |all| all[0].generation != before).await;
    let digest = host.report("one").generation.expect("a digest");
    host.engine.comparison("one", &digest).expect("compared")
}

#[tokio::test]
async fn an_upgrade_is_compared_with_inputs_from_before_the_restart() {
    let site = Site::new();
    let host = site.host(|_| {}).await;
    render(&host, &["a", "b"]).await;
    assert!(site.files().is_empty(), "nothing is written for a call");
    let host = restarted(host, |_| {}).await;
    render(&host, &["b", "c"]).await;
    let compared = upgraded(&host, "2").await;
    assert_eq!((compared.summary.inputs, compared.summary.inputs_changed), (3, 3));

    // Those before the first restart outlive the second.
    let host = restarted(host, |_| {}).await;
    let compared = upgraded(&host, "3").await;
    assert_eq!(compared.summary.inputs, 3);
    host.stop().await;
}

#[tokio::test]
async fn an_upgrade_while_the_host_was_away_is_compared_as_well() {
    let site = Site::new();
    let host = site.host(|it| it.policy = SwapPolicy::HoldIfDifferent).await;
    render(&host, &["a"]).await;
    let first = host.report("one").generation;
    let mark = |mark: &'static str| {
        move |dir: &Path| fs::write(dir.join("one/assets/mark"), mark).expect("written")
    };
    let host = restarted(host, mark("2")).await;
    let report = host.report("one");
    assert_eq!(report.generation, first, "what differs waits");
    assert_eq!(host.mark("echo").await.as_deref(), Some("1"));
    let waiting = report.waiting.expect("a digest");
    let compared = host.engine.comparison("one", &waiting).expect("compared");
    assert_eq!((compared.summary.inputs_changed, Some(compared.against)), (1, first));

    // The same answers, from something else.
    let host = restarted(host, |dir| {
        mark("1")(dir);
        fs::write(dir.join("one/assets/other"), "x").expect("written");
    });
    let report = host.await.report("one");
    assert_eq!((report.waiting, report.previous.len()), (None, 1));
}

#[tokio::test]
async fn inputs_are_kept_privately_within_bounds_and_only_when_there_are_new_ones() {
    let site = Site::new();
    let host = site.host(|it| it.compared_inputs = 2).await;
    render(&host, &["a", "b", "c"]).await;
    host.engine.keep_inputs().await;
    let [file] = site.files().try_into().expect("one file");
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!((mode(&site.inputs()), mode(&file)), (0o700, 0o600));
    let text = fs::read_to_string(&file).expect("a text");
    assert!(!text.contains(r#"\"a\""#) && text.contains(r#"\"c\""#), "{text}");

    // Another one would be another file.
    let number = || fs::metadata(&file).expect("there").ino();
    let before = (number(), fs::metadata(&file).expect("there").modified().expect("a time"));
    render(&host, &["b", "c"]).await;
    host.engine.keep_inputs().await;
    let after = (number(), fs::metadata(&file).expect("there").modified().expect("a time"));
    assert_eq!(before, after);

    let host = restarted(host, |_| {}).await;
    render(&host, &["d"]).await;
    host.engine.keep_inputs().await;
    let text = fs::read_to_string(&file).expect("a text");
    assert!(text.contains(r#"\"d\""#) && text.contains(r#"\"c\""#), "{text}");
    assert!(!text.contains(r#"\"b\""#), "{text}");
    host.stop().await;
}

#[tokio::test]
async fn what_cannot_be_read_is_replaced_and_what_nobody_has_is_removed() {
    let site = Site::new();
    let host = site.host(|_| {}).await;
    render(&host, &["a"]).await;
    let host = restarted(host, |_| {}).await;
    let [file] = site.files().try_into().expect("one file");
    fs::write(&file, r#"[{"node":"#).expect("written");
    render(&host, &["b"]).await;
    assert_eq!(upgraded(&host, "2").await.summary.inputs, 1);
    let host = restarted(host, |_| {}).await;
    assert_eq!(upgraded(&host, "3").await.summary.inputs, 1, "it is whole again");

    let host = restarted(host, |dir| fs::remove_dir_all(dir.join("one")).expect("removed")).await;
    assert!(site.files().is_empty());
    host.stop().await;
}
