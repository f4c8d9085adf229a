//! Looking after the store: outages, locks, backups, moves.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use bowsprit_host_core::store::{Documents as _, Filter};
use bowsprit_host_store::{
    conformance::{Proxy, with_database},
    embedded::EmbeddedStore,
    mongo::MongoStore,
};
use bowsprit_tests::{TestHost, User, plugins_dir, skipped_without, unique};
use serde_json::{Value, json};

use crate::process::{address, admin, binary, ends, serve, signal};

/// The connection string of a database nobody uses yet.
fn database() -> Option<String> {
    let uri = skipped_without("BOWSPRIT_TEST_MONGODB_URI")?;
    Some(with_database(&uri, &format!("bowsprit-it-{}", unique())))
}

async fn drop_database(uri: &str) {
    MongoStore::connect(uri).await.unwrap().destroy().await.unwrap();
}

fn bowsprit(arguments: &[&str]) -> Output {
    Command::new(binary()).args(arguments).output().unwrap()
}

#[track_caller]
fn done(output: &Output) -> String {
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
    out.into_owned()
}

#[track_caller]
fn refused(output: &Output, because: &str) {
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(err.starts_with("bowsprit: ") && err.contains(because), "{err}");
}

/// Asks a route outside the API until it answers so.
async fn until_status(origin: &str, path: &str, status: u16) -> String {
    let begun = Instant::now();
    loop {
        let answer = bowsprit_tests::client().get(format!("{origin}{path}")).send().await.unwrap();
        let found = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        if found == status {
            return text;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{path} stays at {found}: {text}");
    }
}

#[tokio::test]
async fn a_host_outlives_an_absence_of_its_store() {
    let Some(uri) = database() else { return };
    let (proxy, through) = Proxy::before(&uri).await;
    let mut host = TestHost::with(&[("BOWSPRIT_STORE", &through)]).await;
    let user = host.admin().await;
    let id = user.workflow("w", "lab").await;
    until_status(&host.origin, "/readyz", 200).await;

    proxy.cut();
    let told = until_status(&host.origin, "/readyz", 503).await;
    assert!(told.contains("store"), "{told}");
    until_status(&host.origin, "/healthz", 200).await;
    let begun = Instant::now();
    let answer = user.get(&format!("/workflows/{id}")).await;
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert_eq!(answer.headers["retry-after"], "2");
    answer.expect_problem(503, "dependency.unavailable");
    let login = json!({"email": "admin@example.com", "password": "secret-123"});
    host.anonymous()
        .post("/auth/login", &login)
        .await
        .expect_problem(503, "dependency.unavailable");

    proxy.mend();
    until_status(&host.origin, "/readyz", 200).await;
    user.get(&format!("/workflows/{id}")).await.expect(200);
    host.anonymous().post("/auth/login", &login).await.expect(200);
    host.stop().await;
    drop_database(&uri).await;
}

#[test]
fn a_second_host_on_the_same_data_is_told_who_has_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut first = serve(dir.path(), &[]);
    address(&mut first);
    let (code, log) = ends(serve(dir.path(), &[]));
    assert_eq!(code, Some(1), "{log}");
    let last = log.lines().last().unwrap_or_default();
    assert!(last.contains(&format!("process {}", first.id())), "{log}");
    // Nothing has to be removed by hand after a crash.
    signal(&first, "KILL");
    first.wait().unwrap();
    let mut next = serve(dir.path(), &[]);
    address(&mut next);
    signal(&next, "TERM");
    assert_eq!(next.wait().unwrap().code(), Some(0));
}

/// What an instance holds, as its user sees it.
async fn state(user: &User) -> Value {
    json!({
        "profile": user.get("/profile").await.expect(200),
        "workflows": user.get("/workflows").await.expect(200),
        "clusters": user.get("/clusters").await.expect(200),
        "invite": user.get("/settings/invite-code").await.expect(200),
    })
}

/// An administrator with a drawing and a cluster.
async fn furnished(origin: &str) -> User {
    let user = admin(origin).await;
    let id = user.workflow("kept", "lab").await;
    let node = json!({"id": "n", "type": "deployment", "position": {"x": 1.0, "y": 2}, "data": {"name": "ü 🚢", "x": 1e3}});
    user.save(&id, &json!({"nodes": [node], "edges": []})).await;
    let cluster = json!({"name": "lab", "server": "https://127.0.0.1:1", "authType": "token", "credentials": {"token": "canary-backup", "insecure": true}});
    user.post("/clusters", &cluster).await.expect(201);
    // Its status is not of interest, and changes by itself until then.
    user.post("/clusters/lab/test", &json!({})).await.expect(503);
    user
}

async fn comes_back_from_a_backup(store: &[&str], other: &[&str]) {
    let dir = tempfile::tempdir().unwrap();
    let mut child = serve(dir.path(), store);
    let user = furnished(&address(&mut child)).await;
    let before = state(&user).await;
    let data = dir.path().join("data").display().to_string();
    let backup = dir.path().join("backup").display().to_string();
    let plugins = plugins_dir().display().to_string();

    let mut save = vec!["backup", &backup, "--data-dir", &data, "--plugins", &plugins];
    save.extend(store);
    let told = done(&bowsprit(&save));
    assert!(told.contains("documents are saved"), "{told}");
    refused(&bowsprit(&save), "exists already");
    user.workflow("after the backup", "lab").await;
    signal(&child, "TERM");
    assert_eq!(child.wait().unwrap().code(), Some(0));

    let clean = dir.path().join("clean");
    let clean_data = clean.join("data").display().to_string();
    std::fs::create_dir(&clean).unwrap();
    let mut restore = vec!["restore", &backup, "--data-dir", &clean_data];
    restore.extend(other);
    let told = done(&bowsprit(&restore));
    assert!(told.contains("--plugins"), "{told}");
    refused(&bowsprit(&restore), "exists already");
    assert!(clean.join("data/plugins/0-dist").is_dir());

    let mut child = serve(&clean, other);
    // The same token: the keys came along.
    let user = user.at(&address(&mut child));
    assert_eq!(state(&user).await, before);
    // The credentials open: the cluster is asked, and not there.
    user.post("/clusters/lab/test", &json!({})).await.expect(503);
    signal(&child, "TERM");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let dump = std::fs::read(Path::new(&backup).join("store.db")).unwrap();
    assert!(!dump.windows(13).any(|it| it == b"canary-backup"), "a secret in the backup");
}

#[tokio::test]
async fn an_instance_comes_back_from_a_backup_embedded() {
    comes_back_from_a_backup(&[], &[]).await;
}

#[tokio::test]
async fn an_instance_comes_back_from_a_backup_mongo() {
    let (Some(store), Some(other)) = (database(), database()) else { return };
    comes_back_from_a_backup(&["--store", &store], &["--store", &other]).await;
    drop_database(&store).await;
    drop_database(&other).await;
}

#[tokio::test]
async fn a_damaged_backup_or_a_missing_key_is_told_before_anything_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = serve(dir.path(), &[]);
    furnished(&address(&mut child)).await;
    signal(&child, "TERM");
    child.wait().unwrap();
    let data = dir.path().join("data").display().to_string();
    let backup = dir.path().join("backup").display().to_string();
    let clean = dir.path().join("clean").display().to_string();
    done(&bowsprit(&["backup", &backup, "--data-dir", &data]));
    let restore = ["restore", &backup, "--data-dir", &clean];

    let mut foreign = Command::new(binary());
    foreign.args(restore).env("BOWSPRIT_ENCRYPTION_KEY", "quite another key");
    refused(&foreign.output().unwrap(), "encryption_keys_old");
    let file = Path::new(&backup).join("store.db");
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    refused(&bowsprit(&restore), "damaged: `store.db`");
    assert!(!Path::new(&clean).join("bowsprit.db").exists());
}

#[tokio::test]
async fn a_store_moves_to_the_other_kind_and_back() {
    let Some(uri) = database() else { return };
    let dir = tempfile::tempdir().unwrap();
    let mut child = serve(dir.path(), &[]);
    let user = furnished(&address(&mut child)).await;
    let before = state(&user).await;
    let data = dir.path().join("data").display().to_string();
    let there = ["db", "move", "--from", &data, "--to", &uri];
    refused(&bowsprit(&there), &format!("process {}", child.id()));
    signal(&child, "TERM");
    child.wait().unwrap();

    let told = done(&bowsprit(&there));
    assert!(told.contains("both hold the same"), "{told}");
    refused(&bowsprit(&there), "--replace");
    let mut child = serve(dir.path(), &["--store", &uri]);
    let user = user.at(&address(&mut child));
    assert_eq!(state(&user).await, before);
    signal(&child, "TERM");
    child.wait().unwrap();

    let back = dir.path().join("back.db").display().to_string();
    done(&bowsprit(&["db", "move", "--from", &uri, "--to", &back]));
    done(&bowsprit(&["db", "check", &back]));
    done(&bowsprit(&["db", "move", "--from", &back, "--to", &data, "--replace"]));
    let mut child = serve(dir.path(), &[]);
    let user = user.at(&address(&mut child));
    assert_eq!(state(&user).await, before);
    signal(&child, "TERM");
    child.wait().unwrap();
    drop_database(&uri).await;
}

#[tokio::test]
async fn a_move_that_was_cut_off_is_not_served_and_can_be_repeated() {
    let dir = tempfile::tempdir().unwrap();
    let from = dir.path().join("from.db");
    let store = EmbeddedStore::open(&from).unwrap();
    store.prepare(&[&bowsprit_host_core::workflows::WORKFLOWS]).await.unwrap();
    let many = (0..3_000).map(|n| {
        let body = json!({ "name": n, "filling": "x".repeat(2_000) }).to_string();
        let store = &store;
        async move {
            let of = &bowsprit_host_core::workflows::WORKFLOWS;
            store.insert(of, &format!("{n:024x}"), &body, Some(vec![7; 20_000].into())).await
        }
    });
    futures::future::try_join_all(many).await.unwrap();
    store.close().await;
    std::fs::create_dir(dir.path().join("data")).unwrap();
    let to = dir.path().join("data/bowsprit.db").display().to_string();
    let from = from.display().to_string();
    let there = ["db", "move", "--from", &from, "--to", &to];

    let mut child = Command::new(binary()).args(there).stdout(Stdio::piped()).spawn().unwrap();
    // The first collection is done, the large one comes.
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    signal(&child, "KILL");
    child.wait().unwrap();

    use std::os::unix::fs::PermissionsExt as _;
    let private = std::fs::Permissions::from_mode(0o700);
    std::fs::set_permissions(dir.path().join("data"), private).unwrap();
    let (code, log) = ends(serve(dir.path(), &[]));
    assert!(code == Some(1) && log.contains("half of a move"), "{log}");
    let told = done(&bowsprit(&there));
    assert!(told.contains("going on") && told.contains("both hold the same"), "{told}");
    let store = EmbeddedStore::open(&to).unwrap();
    let found = store.count(&bowsprit_host_core::workflows::WORKFLOWS, &Filter::All).await;
    assert_eq!(found.unwrap(), 3_000);
}
