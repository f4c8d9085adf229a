//! The binary: what it prints, how it ends.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use bowsprit_tests::{Kube, UNHURRIED, User, cache_dir, plugins_dir, unique};
use serde_json::json;

use crate::runs::node;

/// The binary beside the test binary: both are of the same build.
pub(crate) fn binary() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.parent().unwrap().parent().unwrap().join("bowsprit");
    assert!(path.exists(), "{} is missing: run `cargo build --workspace`", path.display());
    path
}

pub(crate) fn serve(dir: &std::path::Path, more: &[&str]) -> Child {
    Command::new(binary())
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(dir.join("data"))
        .arg("--plugins")
        .arg(plugins_dir())
        .env("BOWSPRIT_PLUGINS_CACHE_DIR", cache_dir())
        .envs(UNHURRIED)
        .args(more)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

pub(crate) fn address(child: &mut Child) -> String {
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    line.trim().strip_prefix("listening on ").unwrap_or_else(|| panic!("{line:?}")).to_owned()
}

pub(crate) fn ends(mut child: Child) -> (Option<i32>, String) {
    let status = child.wait().unwrap();
    let mut text = String::new();
    child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
    (status.code(), text)
}

pub(crate) fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([format!("-{name}"), child.id().to_string()]).status();
    assert!(sent.unwrap().success());
}

#[tokio::test]
async fn says_where_it_listens_and_stops_when_told() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["TERM", "INT"] {
        let mut child = serve(dir.path(), &[]);
        let address = address(&mut child);
        let client = bowsprit_tests::client();
        let ready = client.get(format!("{address}/readyz")).send().await.unwrap();
        assert_eq!(ready.status().as_u16(), 200);
        let root = client.get(format!("{address}/v1")).send().await.unwrap();
        assert_eq!(root.status().as_u16(), 200);
        let described = format!("{address}/v1/api/openapi.json");
        assert_eq!(client.get(&described).send().await.unwrap().status().as_u16(), 200);
        signal(&child, name);
        let (code, log) = tokio::task::spawn_blocking(|| ends(child)).await.unwrap();
        assert_eq!(code, Some(0), "{log}");
        assert!(log.contains(&described), "{log}");
    }
    use std::os::unix::fs::PermissionsExt as _;
    let mode =
        |path: &str| std::fs::metadata(dir.path().join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("data"), 0o700);
    for file in ["data/jwt.key", "data/encryption.key", "data/bowsprit.db"] {
        assert_eq!(mode(file), 0o600, "{file}");
    }
}

#[tokio::test]
async fn a_folder_of_plugins_that_is_not_there_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = serve(dir.path(), &["--plugins", "nowhere-at-all"]);
    address(&mut child);
    signal(&child, "TERM");
    let (code, log) = tokio::task::spawn_blocking(|| ends(child)).await.unwrap();
    assert_eq!(code, Some(0), "{log}");
    let told = log.lines().find(|it| it.contains("no such folder of plugins")).unwrap_or_default();
    assert!(told.contains("WARN") && told.contains("nowhere-at-all"), "{log}");
}

#[test]
fn a_start_that_fails_ends_with_one_clear_line() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("config.yaml");
    std::fs::write(&config, "limits:\n  nodes: many\n").unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let config = config.display().to_string();
    let starters = dir.path().join("starters.yaml");
    std::fs::write(&starters, "starters:\n  dir: /nonexistent-starters\n").unwrap();
    let starters = starters.display().to_string();
    for (more, expected) in [
        (vec!["--config", config.as_str()], "`limits.nodes`"),
        (vec!["--config", starters.as_str()], "/nonexistent-starters"),
        (vec!["--config", "/nonexistent.yaml"], "/nonexistent.yaml"),
        (vec!["--listen", taken.as_str()], "cannot listen"),
        (
            vec!["--store", "mongodb://u:hunter-2@127.0.0.1:1/?serverSelectionTimeoutMS=500"],
            "MongoDB",
        ),
    ] {
        // Clap takes the last of two equal flags only if told so: replace ours.
        let mut command = Command::new(binary());
        command.arg("serve").arg("--data-dir").arg(dir.path().join("data")).args(&more);
        if !more.contains(&"--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (code, log) = ends(child);
        assert_eq!(code, Some(1), "{more:?}: {log}");
        let last = log.lines().last().unwrap_or_default();
        assert!(last.starts_with("bowsprit: ") && last.contains(expected), "{log}");
        assert!(!log.contains("hunter-2"), "{log}");
    }
    let child = Command::new(binary()).arg("dance").stderr(Stdio::piped()).spawn().unwrap();
    assert_eq!(ends(child).0, Some(2));
}

/// Registers the administrator of a fresh host.
pub(crate) async fn admin(address: &str) -> User {
    let body = json!({"email": "a@example.com", "password": "canary-password", "name": "A"});
    let anonymous = User::anonymous(address);
    let made = anonymous.post("/auth/register", &body).await.expect(201);
    User::with_token(address, made["token"].as_str().unwrap(), made["user"]["id"].as_str().unwrap())
}

/// A run whose first object is applied, and more are to come.
pub(crate) struct LongRun {
    /// Of which workflow.
    pub(crate) id: String,
    /// Where its config maps go.
    pub(crate) namespace: String,
    /// The status of its answer, if one came.
    pub(crate) answer: tokio::task::JoinHandle<Option<u16>>,
}

impl LongRun {
    /// Starts one of `maps` config maps on a cluster that is added for it.
    pub(crate) async fn start(kube: &Kube, user: &User, maps: usize) -> Self {
        kube.add_to(user, "lab").await;
        let namespace = format!("it-{}", unique());
        let id = user.workflow("w", "lab").await;
        let map = |n: usize| {
            let data =
                json!({"name": format!("cm-{n}"), "namespace": namespace, "data": {"n": "1"}});
            node(&format!("c{n}"), "configmap", data)
        };
        let nodes: Vec<_> = (0..maps).map(map).collect();
        user.save(&id, &json!({"nodes": nodes, "edges": []})).await;
        let (running, path) = (user.clone(), id.clone());
        let answer = tokio::spawn(async move { running.try_run(&path).await });
        let run = Self { id, namespace, answer };
        kube.until(&run.object(0), Option::is_some).await;
        run
    }

    fn object(&self, n: usize) -> String {
        format!("/api/v1/namespaces/{}/configmaps/cm-{n}", self.namespace)
    }
}

#[tokio::test]
async fn a_run_cut_off_by_a_crash_is_told_and_can_be_repeated() {
    let Some(kube) = Kube::connect() else { return };
    let dir = tempfile::tempdir().unwrap();
    let mut child = serve(dir.path(), &[]);
    let user = admin(&address(&mut child)).await;
    let mut run = LongRun::start(&kube, &user, 300).await;
    signal(&child, "KILL");
    child.wait().unwrap();
    (&mut run.answer).await.unwrap();
    let mut child = serve(dir.path(), &[]);
    let user = user.at(&address(&mut child));
    let path = |more: &str| format!("/workflows/{}{more}", run.id);
    let runs = user.get(&path("/runs")).await.expect(200);
    assert_eq!(runs["runs"][0]["status"], "failed", "{}", runs["runs"][0]["status"]);
    assert!(runs["runs"][0]["error"].as_str().unwrap().contains("stopped"));
    // What was applied is remembered, so that the whole can be removed. The
    // lock of the dead host is taken over by its expiry or by the new start.
    let again = user.post(&path("/run"), &json!({})).await.expect(200);
    assert_eq!(again["status"], "completed");
    user.put(&path("/status"), &json!({"status": "archived"})).await.expect(200);
    kube.until_gone(&run.object(0)).await;
    kube.until_gone(&run.object(299)).await;
    signal(&child, "TERM");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[tokio::test]
async fn a_run_under_way_is_finished_before_the_host_stops() {
    let Some(kube) = Kube::connect() else { return };
    let dir = tempfile::tempdir().unwrap();
    let mut child = serve(dir.path(), &[]);
    let user = admin(&address(&mut child)).await;
    let run = LongRun::start(&kube, &user, 100).await;
    signal(&child, "TERM");
    assert_eq!(run.answer.await.unwrap(), Some(200), "its caller gets the answer");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
