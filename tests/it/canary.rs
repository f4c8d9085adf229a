//! Secrets given to the host come out nowhere: not in answers, on streams, in
//! the log at its most verbose, in errors, or in what lies on the disk.

use std::{io::Read as _, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use bowsprit_tests::{Answer, Kube, User, copy_folder, guests_dir, unique};
use serde_json::{Value, json};

use crate::{
    process::{address, admin, binary, serve, signal},
    runs::node,
};

/// Everything a secret could come out of, with where it was seen.
#[derive(Default)]
struct Seen(Vec<(String, String)>);

impl Seen {
    fn add(&mut self, place: impl Into<String>, text: impl Into<String>) {
        self.0.push((place.into(), text.into()));
    }

    /// Keeps what an answer says; answers its body.
    fn answer(&mut self, place: &str, answer: Answer, status: u16) -> Value {
        self.add(format!("the answer to {place}"), format!("{:?}", answer.headers));
        self.add(format!("the answer to {place}"), answer.text.clone());
        answer.expect(status)
    }

    /// Every file below `folder`, as text of its bytes.
    fn folder(&mut self, folder: &Path) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                self.folder(&path);
            } else {
                let bytes = std::fs::read(&path).unwrap();
                self.add(path.display().to_string(), String::from_utf8_lossy(&bytes));
            }
        }
    }

    fn contain_none_of(&self, secrets: &[&str]) {
        for (place, text) in &self.0 {
            for secret in secrets {
                let at = text.find(secret);
                assert!(at.is_none(), "`{secret}` in {place}, byte {at:?}");
            }
        }
    }
}

fn kubeconfig(server: &str, token: &str) -> String {
    json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": server, "insecure-skip-tls-verify": true}}],
        "users": [{"name": "u", "user": {"token": token}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
    })
    .to_string()
}

/// Clusters of every kind of credential: good ones, wrong ones, malformed ones.
async fn give_credentials(user: &User, kube: &Kube, seen: &mut Seen) -> Vec<String> {
    let file = |name: &str| std::fs::read_to_string(std::env::var(name).unwrap()).unwrap();
    let key = file("BOWSPRIT_TEST_KUBE_CLIENT_KEY");
    let certificate = file("BOWSPRIT_TEST_KUBE_CLIENT_CERT");
    let with = |name: &str, kind: &str, credentials: Value| json!({"name": name, "server": kube.server, "authType": kind, "credentials": credentials});
    let pair = json!({"clientCertData": BASE64.encode(&certificate), "clientKeyData": BASE64.encode(&key), "insecure": true});
    let in_file = kubeconfig(&kube.server, "canary-kubeconfig-token");
    for (body, status) in [
        (with("token", "token", json!({"token": "canary-bad-token", "insecure": true})), 201),
        (with("file", "kubeconfig", json!({"kubeconfig": in_file})), 201),
        (with("pair", "certificate", pair), 201),
        (with("no-text", "token", json!({"token": {"canary-key": 1}})), 400),
        (with("no-file", "kubeconfig", json!({"kubeconfig": "canary-kubeconfig: ["})), 400),
        (
            with(
                "no-pem",
                "certificate",
                json!({"clientCertData": "canary-pem", "clientKeyData": "canary-pem"}),
            ),
            400,
        ),
        (with("no-object", "token", json!("canary-in-the-wrong-place")), 400),
    ] {
        let place = format!("POST /clusters with {}", body["name"]);
        seen.answer(&place, user.post("/clusters", &body).await, status);
    }
    for (name, status) in [("token", 503), ("file", 503), ("pair", 200)] {
        let path = format!("/clusters/{name}/test");
        seen.answer(&path, user.post(&path, &json!({})).await, status);
        let path = format!("/clusters/{name}");
        seen.answer(&path, user.get(&path).await, 200);
    }
    // A line in the middle of the key's base64, and the whole.
    let line = key.lines().nth(2).unwrap().to_owned();
    vec![line, BASE64.encode(&key)]
}

/// A run with given values, its stream, and everything there is to read after.
async fn run_with_values(user: &User, kube: &Kube, seen: &mut Seen) {
    let id = user.workflow("w", "lab").await;
    let namespace = format!("it-{}", unique());
    let data = json!({"name": "web", "namespace": namespace, "image": "nginx:1.27", "replicas": 1,
        "port": 80, "envKeys": [{"id": "1", "name": "T"}]});
    // A plugin that hands back all it is given, in an object named after its
    // node, in the cluster's own namespace.
    let echo_id = format!("echo-{}", unique());
    let echo = node(&echo_id, "echo", json!({"name": "echo"}));
    let nodes = [node("n", "deployment", data), echo];
    user.save(&id, &json!({"nodes": nodes, "edges": []})).await;
    let mut events = user.events(&format!("/workflows/{id}/status/stream"), None).await;
    let env = json!({"T": "canary-env-value"});
    let secrets = json!({"S": "canary-secret-value"});
    let trigger = json!({"trigger_data": {
        "envVars": {"n": env, &echo_id: env}, "secrets": {"n": secrets, &echo_id: secrets},
    }});
    seen.answer("a run", user.run(&id, &trigger).await, 200);
    let healthy = events.until_state("n", "healthy").await;
    seen.add("the event stream", healthy.data.to_string());
    let path = format!("/api/v1/namespaces/default/configmaps/{echo_id}");
    let given = kube.get(&path).await.expect("the plugin answered");
    seen.add("what a plugin is given", given.to_string());
    for path in ["", "/runs", "/versions"] {
        let path = format!("/workflows/{id}{path}");
        seen.answer(&path, user.get(&path).await, 200);
    }
    for path in ["/workflows", "/clusters", "/user-notifications", "/admin/audit", "/profile"] {
        seen.answer(path, user.get(path).await, 200);
    }
}

#[tokio::test]
async fn no_secret_comes_out_anywhere() {
    let Some(kube) = Kube::connect() else { return };
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("config.yaml");
    let settings =
        "log_level: trace\njwt_secret: canary-jwt-secret-1\nencryption_key: canary-encryption-1\n";
    std::fs::write(&config, settings).unwrap();
    let plugins = dir.path().join("plugins");
    copy_folder(&guests_dir().join("echo"), &plugins.join("echo"));
    let (file, folder) = (config.display().to_string(), plugins.display().to_string());
    let mut child = serve(dir.path(), &["--config", &file, "--plugins", &folder]);
    // A full pipe would stop the host: read while it writes.
    let mut stderr = child.stderr.take().unwrap();
    let log = std::thread::spawn(move || {
        let mut text = String::new();
        stderr.read_to_string(&mut text).map(|_| text)
    });
    let mut seen = Seen::default();
    let address = address(&mut child);
    let user = admin(&address).await;
    let login = json!({"email": "a@example.com", "password": "canary-wrong-password"});
    let anonymous = User::anonymous(&address);
    seen.answer("a wrong login", anonymous.post("/auth/login", &login).await, 401);
    let broken = br#"{"email": "a@example.com", "password": "canary-broken-json"#.to_vec();
    let method = bowsprit_tests::Method::POST;
    seen.answer(
        "a broken login",
        anonymous.send_raw(method, "/auth/login", Some(broken)).await,
        400,
    );
    kube.add_to(&user, "lab").await;
    let pair = give_credentials(&user, &kube, &mut seen).await;
    run_with_values(&user, &kube, &mut seen).await;
    let token = user.token.clone().unwrap();
    seen.answer("a token in a query", user.get(&format!("/workflows?token={token}")).await, 200);

    signal(&child, "TERM");
    child.wait().unwrap();
    let log = log.join().unwrap().unwrap();
    assert!(log.contains("TRACE") || log.contains("DEBUG"), "the log is verbose");
    seen.add("the log", log);
    seen.folder(&dir.path().join("data"));
    let saved = dir.path().join("backup");
    let mut backup = std::process::Command::new(binary());
    backup.arg("backup").arg(&saved).arg("--config").arg(&config);
    backup.arg("--data-dir").arg(dir.path().join("data"));
    let backup = backup.output().unwrap();
    assert!(backup.status.success(), "{backup:?}");
    seen.add("what a backup says", format!("{backup:?}"));
    seen.folder(&saved);
    let mut secrets = vec!["canary", kube.token.as_str(), token.as_str()];
    secrets.extend(pair.iter().map(String::as_str));
    seen.contain_none_of(&secrets);
}
