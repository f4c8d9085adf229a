//! A host that dies between any two writes of a use-case, and the next start.

use bowsprit_tests::{Kube, Method, Store, TestHost, User, unique};
use serde_json::{Value, json};

use crate::runs::node;

/// More writes than any use-case here needs.
const MOST: i64 = 60;
const NO_PLUGINS: [(&str, &str); 1] = [("BOWSPRIT_PLUGINS_DIRS", "")];

fn succeeded(status: u16) -> bool {
    (200..300).contains(&status)
}

#[tokio::test]
async fn a_first_registration_that_dies_leaves_room_for_the_administrator() {
    for writes in 0..MOST {
        let mut host = TestHost::with(&NO_PLUGINS).await;
        let body = json!({"email": "a@example.com", "password": "secret-123", "name": "A"});
        host.dies_after(writes);
        let answer = host.anonymous().post("/auth/register", &body).await;
        host.rise_again().await;
        let login = json!({"email": "a@example.com", "password": "secret-123"});
        let login = host.anonymous().post("/auth/login", &login).await;
        let user = if login.status.as_u16() == 200 {
            login.body
        } else {
            assert_eq!(login.status.as_u16(), 401, "after {writes} writes: {}", login.text);
            host.anonymous().post("/auth/register", &body).await.expect(201)
        };
        assert_eq!(user["user"]["role"], "admin", "after {writes} writes");
        host.finish().await;
        if succeeded(answer.status.as_u16()) {
            return;
        }
    }
    panic!("it never succeeded");
}

#[tokio::test]
async fn an_invited_registration_that_dies_leaves_an_account_or_none() {
    for writes in 0..MOST {
        let mut host = TestHost::with(&NO_PLUGINS).await;
        let admin = host.admin().await;
        let once = json!({"regenerateAfterSignup": true});
        admin.put("/settings/regenerate-setting", &once).await.expect(200);
        let invited = admin.get("/settings/invite-code").await.expect(200)["inviteCode"].clone();
        let person = |code: &Value| json!({"email": "b@example.com", "password": "secret-123", "name": "B", "inviteCode": code});
        host.dies_after(writes);
        let answer = host.anonymous().post("/auth/register", &person(&invited)).await;
        host.rise_again().await;
        let admin = admin.at(&host.origin);
        let login = json!({"email": "b@example.com", "password": "secret-123"});
        let login = host.anonymous().post("/auth/login", &login).await;
        if login.status.as_u16() == 401 {
            // The code may be used up; whatever it is now lets one person in.
            let code = admin.get("/settings/invite-code").await.expect(200)["inviteCode"].clone();
            host.anonymous().post("/auth/register", &person(&code)).await.expect(201);
        } else {
            login.expect(200);
        }
        let users = admin.get("/admin/users").await.expect(200);
        assert_eq!(users["total"], 2, "after {writes} writes: {users}");
        host.finish().await;
        if succeeded(answer.status.as_u16()) {
            return;
        }
    }
    panic!("it never succeeded");
}

async fn a_change_of_an_account_that_dies_is_done_or_can_be_repeated(store: Store) {
    for writes in 0..MOST {
        let Some(mut host) = TestHost::on_with(store, &NO_PLUGINS).await else { return };
        let admin = host.admin().await;
        let user = host.user(&admin, "user@example.com").await;
        let path = format!("/admin/users/{}/deactivate", user.id);
        host.dies_after(writes);
        let answer = admin.post(&path, &json!({})).await;
        host.rise_again().await;
        let (admin, user) = (admin.at(&host.origin), user.at(&host.origin));
        if succeeded(answer.status.as_u16()) {
            user.get("/profile").await.expect(401);
        }
        admin.post(&path, &json!({})).await.expect(200);
        user.get("/profile").await.expect(401);
        admin.get("/profile").await.expect(200);
        host.finish().await;
        if succeeded(answer.status.as_u16()) {
            return;
        }
    }
    panic!("it never succeeded");
}

#[tokio::test]
async fn a_change_of_an_account_that_dies_is_done_or_can_be_repeated_embedded() {
    a_change_of_an_account_that_dies_is_done_or_can_be_repeated(Store::Embedded).await;
}

#[tokio::test]
async fn a_change_of_an_account_that_dies_is_done_or_can_be_repeated_mongo() {
    a_change_of_an_account_that_dies_is_done_or_can_be_repeated(Store::Mongo).await;
}

/// A published workflow of two config maps that has run.
struct Ran {
    user: User,
    workflow: String,
    namespace: String,
}

fn config_map(name: &str, namespace: &str) -> Value {
    node(name, "configmap", json!({"name": name, "namespace": namespace, "data": {"a": "b"}}))
}

impl Ran {
    async fn on(host: &TestHost, kube: &Kube) -> Self {
        let user = host.admin().await;
        kube.add_to(&user, "lab").await;
        let namespace = format!("it-{}", unique());
        let workflow = user.workflow("w", "lab").await;
        let nodes = [config_map("one", &namespace), config_map("two", &namespace)];
        user.save(&workflow, &json!({"nodes": nodes, "edges": []})).await;
        user.run(&workflow, &json!({})).await.expect(200);
        Self { user, workflow, namespace }
    }

    fn path(&self, more: &str) -> String {
        format!("/workflows/{}{more}", self.workflow)
    }

    fn object(&self, name: &str) -> String {
        format!("/api/v1/namespaces/{}/configmaps/{name}", self.namespace)
    }
}

/// Lets the host die after 0, 1, 2, … writes of a request until it survives
/// it; `check` is told whether the request was answered with success.
async fn at_every_write(
    store: Store,
    (method, path, body): (Method, &str, Value),
    check: impl AsyncFn(&Kube, &Ran, bool),
) {
    let Some(kube) = Kube::connect() else { return };
    for writes in 0..MOST {
        let Some(mut host) = TestHost::on(store).await else { return };
        let mut ran = Ran::on(&host, &kube).await;
        host.dies_after(writes);
        let answer = ran.user.send(method.clone(), &ran.path(path), Some(&body)).await;
        let done = succeeded(answer.status.as_u16()) && answer.body.get("warning").is_none();
        host.rise_again().await;
        ran.user = ran.user.at(&host.origin);
        check(&kube, &ran, done).await;
        host.finish().await;
        if done {
            return;
        }
    }
    panic!("it never succeeded");
}

#[tokio::test]
async fn a_run_that_dies_is_over_and_can_be_repeated() {
    at_every_write(Store::Embedded, (Method::POST, "/run", json!({})), async |kube, ran, _| {
        let runs = ran.user.get(&ran.path("/runs")).await.expect(200);
        for run in runs["runs"].as_array().unwrap() {
            assert_ne!(run["status"], "running", "{run}");
        }
        let again = ran.user.post(&ran.path("/run"), &json!({})).await.expect(200);
        assert_eq!(again["status"], "completed");
        let versions = ran.user.get(&ran.path("/versions")).await.expect(200);
        for version in versions["versions"].as_array().unwrap() {
            assert_ne!(version["run_status"], "running", "{version}");
        }
        assert!(kube.get(&ran.object("one")).await.is_some());
    })
    .await;
}

async fn what_was_deleted_does_not_outlive_a_crash(store: Store) {
    at_every_write(store, (Method::DELETE, "", json!({})), async |kube, ran, done| {
        let gone = ran.user.get(&ran.path("")).await.status.as_u16() == 404;
        assert!(gone || !done);
        if gone {
            kube.until_gone(&ran.object("one")).await;
            kube.until_gone(&ran.object("two")).await;
        } else {
            assert!(kube.get(&ran.object("one")).await.is_some());
        }
    })
    .await;
}

#[tokio::test]
async fn what_was_deleted_does_not_outlive_a_crash_embedded() {
    what_was_deleted_does_not_outlive_a_crash(Store::Embedded).await;
}

#[tokio::test]
async fn what_was_deleted_does_not_outlive_a_crash_mongo() {
    what_was_deleted_does_not_outlive_a_crash(Store::Mongo).await;
}

#[tokio::test]
async fn what_was_archived_does_not_outlive_a_crash() {
    let archive = json!({"status": "archived"});
    at_every_write(Store::Embedded, (Method::PUT, "/status", archive), async |kube, ran, done| {
        let archived = ran.user.get(&ran.path("")).await.expect(200)["status"] == "archived";
        assert!(archived || !done);
        if archived {
            kube.until_gone(&ran.object("one")).await;
        } else {
            assert!(kube.get(&ran.object("one")).await.is_some());
        }
    })
    .await;
}

#[tokio::test]
async fn what_was_taken_from_the_drawing_does_not_outlive_a_crash() {
    let smaller = json!({"nodes": [config_map("one", "x")], "edges": []});
    at_every_write(Store::Embedded, (Method::POST, "/save", smaller), async |kube, ran, done| {
        let drawn = ran.user.get(&ran.path("")).await.expect(200);
        let saved = drawn["nodes"].as_array().unwrap().len() == 1;
        assert!(saved || !done);
        if saved {
            kube.until_gone(&ran.object("two")).await;
        } else {
            assert!(kube.get(&ran.object("two")).await.is_some());
        }
        assert!(kube.get(&ran.object("one")).await.is_some(), "what is drawn stays");
    })
    .await;
}

async fn a_restore_that_dies_loses_neither_drawing(store: Store) {
    for writes in 0..MOST {
        let Some(mut host) = TestHost::on_with(store, &NO_PLUGINS).await else { return };
        let mut user = host.admin().await;
        let id = user.workflow("w", "nowhere").await;
        let path = |more: &str| format!("/workflows/{id}{more}");
        let drawn = |name: &str| json!({"nodes": [config_map(name, "x")], "edges": []});
        user.save(&id, &drawn("first")).await;
        user.post(&path("/versions"), &json!({})).await.expect(201);
        user.save(&id, &drawn("second")).await;
        host.dies_after(writes);
        let answer = user.post(&path("/versions/2/restore"), &json!({})).await;
        host.rise_again().await;
        user = user.at(&host.origin);
        let now = user.get(&path("")).await.expect(200)["nodes"][0]["id"].clone();
        assert!(now == "first" || now == "second", "{now}");
        if now == "first" {
            let kept = user.get(&path("/revisions")).await.expect(200);
            let newest = kept["revisions"][0]["revision"].as_i64().unwrap();
            let kept = user.get(&path(&format!("/revisions/{newest}"))).await.expect(200);
            assert_eq!(kept["nodes"][0]["id"], "second", "{kept}");
        }
        user.post(&path("/versions/2/restore"), &json!({})).await.expect(200);
        let now = user.get(&path("")).await.expect(200);
        assert_eq!(now["nodes"][0]["id"], "first");
        host.finish().await;
        if succeeded(answer.status.as_u16()) {
            return;
        }
    }
    panic!("it never succeeded");
}

#[tokio::test]
async fn a_restore_that_dies_loses_neither_drawing_embedded() {
    a_restore_that_dies_loses_neither_drawing(Store::Embedded).await;
}

#[tokio::test]
async fn a_restore_that_dies_loses_neither_drawing_mongo() {
    a_restore_that_dies_loses_neither_drawing(Store::Mongo).await;
}
