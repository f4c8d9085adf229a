//! Runs with objects in a cluster: what was told to go is gone after a crash,
//! what is drawn stays.

use bowsprit_tests::{Kube, Method, Store, TestHost, User, unique};
use serde_json::{Value, json};

use super::{MOST, drawings::agrees};
use crate::runs::node;

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
        let Some(mut host) = TestHost::mortal(store, &[]).await else { return };
        let mut ran = Ran::on(&host, &kube).await;
        host.dies_after(writes);
        let answer = ran.user.send(method.clone(), &ran.path(path), Some(&body)).await;
        let done = answer.status.is_success() && answer.body.get("warning").is_none();
        let outlived = !host.has_died();
        host.rise_again().await;
        ran.user = ran.user.at(&host.origin);
        check(&kube, &ran, done).await;
        host.finish().await;
        if outlived && done {
            return;
        }
    }
    panic!("it never succeeded");
}

async fn a_run_that_dies_is_over_and_can_be_repeated(store: Store) {
    at_every_write(store, (Method::POST, "/run", json!({})), async |kube, ran, _| {
        agrees(&ran.user, &ran.workflow).await;
        let again = ran.user.post(&ran.path("/run"), &json!({})).await.expect(200);
        assert_eq!(again["status"], "completed");
        agrees(&ran.user, &ran.workflow).await;
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

async fn what_was_archived_does_not_outlive_a_crash(store: Store) {
    let archive = json!({"status": "archived"});
    at_every_write(store, (Method::PUT, "/status", archive), async |kube, ran, done| {
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

async fn what_was_taken_from_the_drawing_does_not_outlive_a_crash(store: Store) {
    let smaller = json!({"nodes": [config_map("one", "x")], "edges": []});
    at_every_write(store, (Method::POST, "/save", smaller), async |kube, ran, done| {
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

macro_rules! on_both {
    ($($test:ident: $embedded:ident, $mongo:ident;)*) => {$(
        #[tokio::test]
        async fn $embedded() {
            $test(Store::Embedded).await;
        }

        #[tokio::test]
        async fn $mongo() {
            $test(Store::Mongo).await;
        }
    )*};
}
on_both! {
    a_run_that_dies_is_over_and_can_be_repeated:
        a_run_that_dies_is_over_and_can_be_repeated_embedded,
        a_run_that_dies_is_over_and_can_be_repeated_mongo;
    what_was_deleted_does_not_outlive_a_crash:
        what_was_deleted_does_not_outlive_a_crash_embedded,
        what_was_deleted_does_not_outlive_a_crash_mongo;
    what_was_archived_does_not_outlive_a_crash:
        what_was_archived_does_not_outlive_a_crash_embedded,
        what_was_archived_does_not_outlive_a_crash_mongo;
    what_was_taken_from_the_drawing_does_not_outlive_a_crash:
        what_was_taken_from_the_drawing_does_not_outlive_a_crash_embedded,
        what_was_taken_from_the_drawing_does_not_outlive_a_crash_mongo;
}
