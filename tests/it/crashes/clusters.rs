//! Clusters with the preferences that point at them, and the keys that seal
//! their credentials.

use bowsprit_host_core::{
    clusters::ClusterRecord,
    secrets::{HoldsSecrets as _, Key},
    store::{Filter, Query, Repository},
};
use bowsprit_tests::{Store, TestHost, User, unique};
use serde_json::{Value, json};

use super::{MOST, NO_PLUGINS, Row};

/// Nobody listens there.
fn form(name: &str) -> Value {
    json!({"name": name, "server": "https://127.0.0.1:1", "authType": "token", "credentials": {"token": "t", "insecure": true}})
}

/// How long a probe of nothing may take.
const PROBED: std::time::Duration = std::time::Duration::from_secs(30);

async fn named(_: &TestHost, _: &User) -> String {
    unique()
}

/// A cluster that was added, and probed: what the host finds out by itself is
/// no write of the route that is walked.
async fn added(_: &TestHost, admin: &User) -> String {
    let name = unique();
    admin.post("/clusters", &form(&name)).await.expect(201);
    let path = format!("/clusters/{name}");
    let probed = async { while admin.get(&path).await.expect(200)["status"] == "unknown" {} };
    tokio::time::timeout(PROBED, probed).await.expect("the cluster was probed");
    name
}

async fn default(admin: &User) -> Value {
    admin.get("/clusters").await.expect(200)["default"].clone()
}

pub(super) async fn walk(row: &Row, store: Store) -> bool {
    match row.route {
        "POST /v1/api/clusters" => add(row, store).await,
        "PUT /v1/api/clusters/{name}/default" => prefer(row, store).await,
        "POST /v1/api/clusters/{name}/test" => ask(row, store).await,
        "DELETE /v1/api/clusters/{name}" => remove(row, store).await,
        _ => return false,
    }
    true
}

async fn add(row: &Row, store: Store) {
    let act = async |_: &TestHost, admin: &User, name: &String| {
        admin.post("/clusters", &form(name)).await.status.is_success()
    };
    row.walk(store, named, act, async |_, admin, name, done| {
        let is_there = admin.get(&format!("/clusters/{name}")).await.status.is_success();
        assert!(is_there || !done);
        let again = admin.post("/clusters", &form(name)).await;
        again.expect(if is_there { 409 } else { 201 });
    })
    .await;
}

async fn prefer(row: &Row, store: Store) {
    let prefer = async |admin: &User, name: &str| {
        admin.put(&format!("/clusters/{name}/default"), &json!({})).await
    };
    let act = async |_: &TestHost, admin: &User, name: &String| {
        prefer(admin, name).await.status.is_success()
    };
    row.walk(store, added, act, async |_, admin, name, done| {
        let id = admin.get(&format!("/clusters/{name}")).await.expect(200)["id"].clone();
        assert!(!done || default(admin).await == id);
        prefer(admin, name).await.expect(200);
        assert_eq!(default(admin).await, id);
    })
    .await;
}

async fn ask(row: &Row, store: Store) {
    let act = async |_: &TestHost, admin: &User, name: &String| {
        let asked = admin.post(&format!("/clusters/{name}/test"), &json!({})).await;
        asked.body["code"] != "dependency.unavailable"
    };
    row.walk(store, added, act, async |_, admin, name, _| {
        let asked = admin.post(&format!("/clusters/{name}/test"), &json!({})).await;
        assert_ne!(asked.body["code"], "dependency.unavailable", "{}", asked.text);
        admin.get(&format!("/clusters/{name}/status")).await.expect(200);
    })
    .await;
}

async fn remove(row: &Row, store: Store) {
    let preferred = async |host: &TestHost, admin: &User| {
        let name = added(host, admin).await;
        admin.put(&format!("/clusters/{name}/default"), &json!({})).await.expect(200);
        name
    };
    let act = async |_: &TestHost, admin: &User, name: &String| {
        admin.delete(&format!("/clusters/{name}")).await.status.is_success()
    };
    row.walk(store, preferred, act, async |_, admin, name, done| {
        let path = format!("/clusters/{name}");
        let gone = admin.get(&path).await.status.as_u16() == 404;
        assert!(gone || !done);
        if !gone {
            admin.delete(&path).await.expect(200);
        }
        assert_eq!(default(admin).await, "", "nothing points at a cluster that is gone");
        admin.get("/clusters/default").await.expect(404);
        // One of the same name is another one.
        admin.post("/clusters", &form(name)).await.expect(201);
        assert_eq!(default(admin).await, "");
    })
    .await;
}

async fn a_rotation_that_dies_goes_on_at_the_next_start(store: Store) {
    let key = |n: i64| format!("key number {n} of many");
    let old = key(-1);
    let first = [NO_PLUGINS[0], ("BOWSPRIT_ENCRYPTION_KEY", old.as_str())];
    let Some(mut host) = TestHost::mortal(store, &first).await else { return };
    let admin = host.admin().await;
    for name in ["one", "two", "three"] {
        admin.post("/clusters", &form(name)).await.expect(201);
    }
    for writes in 0..MOST {
        let (new, old) = (key(writes), key(writes - 1));
        host.set("BOWSPRIT_ENCRYPTION_KEY", &new);
        host.set("BOWSPRIT_ENCRYPTION_KEYS_OLD", &old);
        host.rise_to_die(writes).await;
        let outlived = is_rotated_before_death(&host, &new).await;
        if !outlived {
            host.rise_again().await;
            assert!(is_rotated_before_death(&host, &new).await);
        }
        // The old key is not needed any more.
        host.set("BOWSPRIT_ENCRYPTION_KEYS_OLD", "");
        host.rise_again().await;
        for name in ["one", "two", "three"] {
            let path = format!("/clusters/{name}/test");
            let asked = admin.at(&host.origin).post(&path, &json!({})).await;
            assert_ne!(asked.body["code"], "secret.unreadable", "{}", asked.text);
        }
        if outlived {
            return host.finish().await;
        }
    }
    panic!("it never succeeded");
}

/// Waits until every secret is sealed with `key`; false if the host dies first.
async fn is_rotated_before_death(host: &TestHost, key: &str) -> bool {
    let key = Key::parse(&key.to_owned().into());
    let begin = format!("v1.{}.", key.id());
    let clusters = Repository::<ClusterRecord>::new(host.store());
    let rotated = async {
        loop {
            let mut found = clusters.find(&Query::new(Filter::All, 10)).await.unwrap();
            let mut secrets = found.iter_mut().flat_map(|it| it.value.secrets());
            if secrets.all(|(_, sealed)| sealed.starts_with(&begin)) {
                return true;
            }
            if host.has_died() {
                return false;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), rotated).await.expect("an end")
}

#[tokio::test]
async fn a_rotation_that_dies_goes_on_at_the_next_start_embedded() {
    a_rotation_that_dies_goes_on_at_the_next_start(Store::Embedded).await;
}

#[tokio::test]
async fn a_rotation_that_dies_goes_on_at_the_next_start_mongo() {
    a_rotation_that_dies_goes_on_at_the_next_start(Store::Mongo).await;
}
