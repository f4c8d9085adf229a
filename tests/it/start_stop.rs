//! Start and stop, step by step: what fails says so, what stops does so in
//! order and loses nothing.

use std::{
    io::Read as _,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use bowsprit_tests::{Kube, TestHost, cache_dir, client, plugins_dir};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::process::{LongRun, address, admin, binary, ends, serve, signal};

/// Starts with these variables on a prepared folder; what it ends with.
fn failed_start(dir: &Path, environment: &[(&str, &str)]) -> (Option<i32>, String) {
    let mut command = Command::new(binary());
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(dir.join("data"))
        .arg("--plugins")
        .arg(plugins_dir())
        .env("BOWSPRIT_PLUGINS_CACHE_DIR", cache_dir())
        .envs(environment.iter().copied())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    ends(command.spawn().unwrap())
}

/// A step of the start: its name, variables, what is prepared, what is said.
type Step = (&'static str, &'static [(&'static str, &'static str)], fn(&Path), &'static str);

/// The data folder, made beforehand for its owner alone.
fn data(dir: &Path) -> PathBuf {
    let data = dir.join("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::set_permissions(&data, PermissionsExt::from_mode(0o700)).unwrap();
    data
}

fn nothing(_: &Path) {}

const STEPS: [Step; 8] = [
    ("settings", &[("BOWSPRIT_LIMITS_NODES", "0")], nothing, "`limits.nodes`"),
    ("logging", &[("BOWSPRIT_LOG_LEVEL", "a=b=c")], nothing, "`log_level`"),
    (
        "data folder",
        &[],
        |dir| std::fs::write(dir.join("data"), "a file").unwrap(),
        "the data folder",
    ),
    (
        "data folder's mode",
        &[],
        |dir| std::fs::set_permissions(data(dir), PermissionsExt::from_mode(0o755)).unwrap(),
        "make it 0700",
    ),
    (
        "embedded store",
        &[],
        |dir| std::fs::write(data(dir).join("bowsprit.db"), "no database ".repeat(1000)).unwrap(),
        "bowsprit.db",
    ),
    (
        "MongoDB",
        &[("BOWSPRIT_STORE", "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=300")],
        nothing,
        "MongoDB",
    ),
    ("plugin cache", &[("BOWSPRIT_PLUGINS_CACHE_DIR", "/proc/nowhere")], nothing, "/proc/nowhere"),
    ("keys", &[], |dir| std::fs::write(data(dir).join("jwt.key"), "").unwrap(), "jwt.key is empty"),
];

#[test]
fn each_step_of_the_start_fails_with_its_own_words() {
    for (step, environment, prepare, expected) in STEPS {
        let dir = tempfile::tempdir().unwrap();
        prepare(dir.path());
        let (code, log) = failed_start(dir.path(), environment);
        assert_eq!(code, Some(1), "{step}: {log}");
        let last = log.lines().last().unwrap_or_default();
        assert!(last.starts_with("bowsprit: ") && last.contains(expected), "{step}: {log}");
    }
}

#[test]
fn settings_can_be_checked_and_printed_without_a_start() {
    let config = |args: &[&str]| {
        let mut command = Command::new(binary());
        command.arg("config").args(args).env("BOWSPRIT_JWT_SECRET", "hunter-2-hunter-2");
        let output = command.env("BOWSPRIT_LIMITS_NODSE", "1").output().unwrap();
        let text = |it: Vec<u8>| String::from_utf8(it).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let (code, out, err) = config(&["check"]);
    assert_eq!((code, out.trim()), (Some(0), "the settings can be used"), "{err}");
    assert!(err.contains("BOWSPRIT_LIMITS_NODSE") && err.contains("`limits.nodes`"), "{err}");
    let (code, out, _) = config(&["print", "--listen", "127.0.0.1:9"]);
    assert_eq!(code, Some(0));
    assert!(out.contains("listen: 127.0.0.1:9 # flag") && !out.contains("hunter"), "{out}");
    assert!(out.contains("jwt_secret: \"********\" # environment, BOWSPRIT_JWT_SECRET"), "{out}");
    let (code, _, err) = config(&["check", "--listen", "nowhere"]);
    assert_eq!(code, Some(1));
    assert!(err.lines().last().unwrap().contains("`listen`"), "{err}");
}

#[tokio::test]
async fn invite_settings_of_the_reference_are_those_of_the_first_start() {
    let invites = [("INVITE_CODE", "424242"), ("KUBEORCH_REGENERATE_INVITE_AFTER_SIGNUP", "true")];
    let host = TestHost::with(&invites).await;
    let admin = host.admin().await;
    let settings = admin.get("/settings/regenerate-setting").await.expect(200);
    assert_eq!(settings["inviteCode"], "424242");
    assert_eq!(settings["regenerateAfterSignup"], true);
    let register = async |email: &str| {
        let body = json!({
            "email": email, "password": "secret-123", "name": "B", "inviteCode": "424242",
        });
        host.anonymous().post("/auth/register", &body).await.status.as_u16()
    };
    assert_eq!(register("b@example.com").await, 201);
    assert_eq!(register("c@example.com").await, 403, "good for one");
    host.finish().await;
}

/// A request whose body does not come to its end.
async fn slow_request(origin: &str) -> TcpStream {
    let mut slow = TcpStream::connect(origin.trim_start_matches("http://")).await.unwrap();
    let head = "POST /v1/api/auth/login HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{";
    slow.write_all(head.as_bytes()).await.unwrap();
    slow
}

#[tokio::test]
async fn a_stop_tells_streams_ends_runs_and_waits_ten_seconds_for_slow_requests() {
    let Some(kube) = Kube::connect() else { return };
    let dir = tempfile::tempdir().unwrap();
    let mut child = serve(dir.path(), &[]);
    let mut stderr = child.stderr.take().unwrap();
    let log = std::thread::spawn(move || {
        let mut text = String::new();
        stderr.read_to_string(&mut text).map(|_| text)
    });
    let origin = address(&mut child);
    let user = admin(&origin).await;
    let mut stream = user.events("/user-notifications/stream", None).await;
    let mut slow = slow_request(&origin).await;
    let run = LongRun::start(&kube, &user, 100).await;
    let begun = Instant::now();
    signal(&child, "TERM");
    let farewell = stream.until("farewell", |it| it.name == "shutdown").await;
    assert_eq!(farewell.data, json!({}));
    assert!(stream.next().await.is_none(), "the stream is closed");
    assert_eq!(run.answer.await.unwrap(), Some(200), "the run's caller gets the answer");
    let refused = client().get(format!("{origin}/healthz")).send().await;
    assert!(refused.is_err(), "nobody new is let in");
    let mut rest = Vec::new();
    let _ = slow.read_to_end(&mut rest).await;
    assert!(rest.is_empty(), "the slow request is cut");
    let code = tokio::task::spawn_blocking(move || child.wait().unwrap().code()).await.unwrap();
    let took = begun.elapsed();
    assert_eq!(code, Some(0));
    let deadline = Duration::from_secs(10);
    assert!(took >= deadline && took < deadline * 2, "{took:?}");
    in_order(&log.join().unwrap().unwrap());
}

#[tokio::test]
async fn a_second_signal_ends_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = serve(dir.path(), &[]);
    let origin = address(&mut child);
    let _slow = slow_request(&origin).await;
    let begun = Instant::now();
    signal(&child, "TERM");
    // The listener is gone as soon as the first signal is obeyed.
    while TcpStream::connect(origin.trim_start_matches("http://")).await.is_ok() {}
    signal(&child, "TERM");
    let code = tokio::task::spawn_blocking(move || child.wait().unwrap().code()).await.unwrap();
    assert_eq!(code, Some(130));
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
}

fn in_order(log: &str) {
    let steps = [
        "stop: no longer ready",
        "stop: informers and monitors have ended",
        "stop: event streams are told",
        "connections cut after the drain time",
        "stop: requests are answered",
        "stop: runs have ended",
        "stop: the store is closed",
    ];
    let places: Vec<_> = steps
        .iter()
        .map(|it| log.find(it).unwrap_or_else(|| panic!("no `{it}` in:\n{log}")))
        .collect();
    assert!(places.is_sorted(), "{places:?} in:\n{log}");
}

/// With `BOWSPRIT_TEST_LONG=1` ten thousand, else as many as CI likes.
#[tokio::test]
async fn thousands_of_idle_connections_do_not_stop_service() {
    let wanted = if std::env::var_os("BOWSPRIT_TEST_LONG").is_some() { 10_000 } else { 2_000 };
    let allowed = rlimit::increase_nofile_limit(u64::MAX).unwrap();
    let wanted = wanted.min(usize::try_from(allowed).unwrap().saturating_sub(500));
    let dir = tempfile::tempdir().unwrap();
    let mut child = serve(dir.path(), &[]);
    let origin = address(&mut child);
    let user = admin(&origin).await;
    let target = origin.trim_start_matches("http://").to_owned();
    let mut idle = Vec::with_capacity(wanted);
    for n in 0..wanted {
        let mut socket = TcpStream::connect(&target).await.unwrap();
        // A third says nothing, a third half a head, a third a whole request.
        match n % 3 {
            0 => {}
            1 => socket.write_all(b"GET /healthz HTTP/1.1\r\nx: ").await.unwrap(),
            _ => socket.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap(),
        }
        idle.push(socket);
    }
    let begun = Instant::now();
    for _ in 0..20 {
        user.get("/workflows").await.expect(200);
    }
    let took = begun.elapsed() / 20;
    println!("{wanted} idle connections: {took:?} a request");
    assert!(took < Duration::from_millis(250), "{took:?} a request");
    let figures = client().get(format!("{origin}/metrics")).send().await.unwrap().text().await;
    let open = figures
        .unwrap()
        .lines()
        .find_map(|it| it.strip_prefix("bowsprit_connections ")?.parse::<usize>().ok());
    assert!(open.unwrap() > wanted / 2, "{open:?} of {wanted} are open");
    drop(idle);
    signal(&child, "TERM");
    let code = tokio::task::spawn_blocking(move || child.wait().unwrap().code()).await.unwrap();
    assert_eq!(code, Some(0));
}
