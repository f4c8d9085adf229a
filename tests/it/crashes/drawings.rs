//! Workflows with their history, runs and notes.

use bowsprit_host_core::{runs::vault::VAULTS, store::Filter};
use bowsprit_tests::{Method, Store, TestHost, User, unique};
use serde_json::{Value, json};

use super::Row;
use crate::runs::node;

pub(super) async fn walk(row: &Row, store: Store) -> bool {
    match row.route {
        "POST /v1/api/workflows" => create(row, store, "/workflows").await,
        "POST /v1/api/starters/{name}/workflows" => {
            create(row, store, "/starters/shop/workflows").await;
        }
        "PUT /v1/api/workflows/{id}" => change(row, store, Method::PUT, "").await,
        "POST /v1/api/workflows/{id}/save" => change(row, store, Method::POST, "/save").await,
        "DELETE /v1/api/workflows/{id}" => delete(row, store).await,
        "PUT /v1/api/workflows/{id}/status" => publish(row, store).await,
        "POST /v1/api/workflows/{id}/clone" => clone(row, store).await,
        "POST /v1/api/workflows/{id}/run" => run(row, store).await,
        "POST /v1/api/workflows/{id}/versions" => make_version(row, store).await,
        "PUT /v1/api/workflows/{id}/versions/{number}" => label(row, store).await,
        "POST /v1/api/workflows/{id}/versions/{number}/restore" => {
            restore(row, store, "/versions/2/restore").await;
        }
        "POST /v1/api/workflows/{id}/revisions/{number}/restore" => {
            restore(row, store, "/revisions/2/restore").await;
        }
        "PATCH /v1/api/user-notifications/{id}/read" => read_one(row, store).await,
        "POST /v1/api/user-notifications/mark-all-read" => read_all(row, store).await,
        _ => return false,
    }
    true
}

fn drawn(name: &str) -> Value {
    let data = json!({"name": name, "namespace": "x", "data": {}});
    json!({"nodes": [node(name, "configmap", data)], "edges": []})
}

fn path(id: &str, more: &str) -> String {
    format!("/workflows/{id}{more}")
}

/// A workflow that shows `first`.
async fn first(_: &TestHost, admin: &User) -> String {
    let id = admin.workflow("w", "nowhere").await;
    admin.save(&id, &drawn("first")).await;
    id
}

async fn shown(admin: &User, id: &str) -> Value {
    admin.get(&path(id, "")).await.expect(200)["nodes"][0]["id"].clone()
}

/// What the newest revision shows.
async fn overwritten(admin: &User, id: &str) -> Value {
    let kept = admin.get(&path(id, "/revisions")).await.expect(200);
    let newest = kept["revisions"][0]["revision"].as_i64().unwrap();
    let kept = admin.get(&path(id, &format!("/revisions/{newest}"))).await.expect(200);
    kept["nodes"][0]["id"].clone()
}

/// Whether a workflow knows its newest version, and the counts fit the runs.
pub(super) async fn agrees(admin: &User, id: &str) {
    let workflow = admin.get(&path(id, "")).await.expect(200);
    let versions = admin.get(&path(id, "/versions?limit=50")).await.expect(200);
    let versions = versions["versions"].as_array().unwrap().clone();
    let newest = versions.first().map_or(1, |it| it["version"].as_i64().unwrap());
    assert_eq!(workflow["current_version"], newest, "{workflow}");
    assert!(versions.iter().all(|it| it["run_status"] != "running"), "{versions:?}");
    assert!(versions.iter().all(|it| it.get("unsettled").is_none()), "{versions:?}");
    let runs = admin.get(&path(id, "/runs?limit=100")).await.expect(200)["runs"].clone();
    let runs = runs.as_array().unwrap();
    let with = |status: &str| runs.iter().filter(|it| it["status"] == status).count();
    assert_eq!(with("running"), 0, "{runs:?}");
    let counts = ["run_count", "success_count", "failure_count"].map(|it| workflow[it].clone());
    assert_eq!(counts, [runs.len(), with("completed"), with("failed")].map(|it| json!(it)));
    for run in runs {
        let version = versions.iter().find(|it| it["version"] == run["version"]).unwrap();
        assert_eq!(version["run_status"], run["status"], "{version} {run}");
    }
    let notes = admin.get("/user-notifications?limit=100").await.expect(200);
    let notes = notes["notifications"].as_array().unwrap().iter().filter(|it| it["refId"] == id);
    assert_eq!(notes.count(), runs.len(), "one note a run");
}

async fn create(row: &Row, store: Store, path: &str) {
    let name = async |_: &TestHost, _: &User| unique();
    let form = |name: &str| json!({"name": name, "cluster_id": "nowhere"});
    let act = async |_: &TestHost, admin: &User, name: &String| {
        admin.post(path, &form(name)).await.status.is_success()
    };
    row.walk(store, name, act, async |_, admin, name, done| {
        let all = admin.get("/workflows").await.expect(200).to_string();
        assert_eq!(all.matches(name.as_str()).count(), usize::from(done), "{all}");
        admin.post(path, &form(name)).await.expect(201);
    })
    .await;
}

/// Both ways to draw something else.
async fn change(row: &Row, store: Store, method: Method, more: &str) {
    let save = async |admin: &User, id: &str| {
        admin.send(method.clone(), &path(id, more), Some(&drawn("second"))).await
    };
    let act =
        async |_: &TestHost, admin: &User, id: &String| save(admin, id).await.status.is_success();
    row.walk(store, first, act, async |_, admin, id, done| {
        let saved = shown(admin, id).await == "second";
        assert!(saved || !done && shown(admin, id).await == "first");
        if saved {
            assert_eq!(overwritten(admin, id).await, "first");
        }
        save(admin, id).await.expect(200);
        assert_eq!(shown(admin, id).await, "second");
        assert_eq!(overwritten(admin, id).await, "first");
    })
    .await;
}

/// One with values for a run, which left nothing in a cluster.
async fn with_values(host: &TestHost, admin: &User) -> String {
    let id = first(host, admin).await;
    let given = json!({"trigger_data": {"secrets": {"first": {"P": "canary"}}}});
    admin.run(&id, &given).await.expect(404);
    id
}

async fn delete(row: &Row, store: Store) {
    let act = async |_: &TestHost, admin: &User, id: &String| {
        admin.delete(&path(id, "")).await.status.is_success()
    };
    row.walk(store, with_values, act, async |host, admin, id, done| {
        let gone = admin.get(&path(id, "")).await.status.as_u16() == 404;
        assert!(gone || !done);
        if !gone {
            admin.delete(&path(id, "")).await.expect(200);
        }
        // Its values go too, at the latest a moment after the start.
        let values = Filter::Ids(vec![id.clone()]);
        let emptied = async {
            while host.store().count(&VAULTS, &values).await.unwrap() > 0 {
                tokio::task::yield_now().await;
            }
        };
        let patience = std::time::Duration::from_secs(30);
        tokio::time::timeout(patience, emptied).await.expect("no values are left");
    })
    .await;
}

async fn publish(row: &Row, store: Store) {
    let published = json!({"status": "published"});
    let act = async |_: &TestHost, admin: &User, id: &String| {
        admin.put(&path(id, "/status"), &published).await.status.is_success()
    };
    row.walk(store, first, act, async |_, admin, id, done| {
        let now = admin.get(&path(id, "")).await.expect(200)["status"].clone();
        assert!(now == "published" || !done && now == "draft", "{now}");
        admin.put(&path(id, "/status"), &published).await.expect(200);
    })
    .await;
}

async fn clone(row: &Row, store: Store) {
    let with_name = async |host: &TestHost, admin: &User| (first(host, admin).await, unique());
    let act = async |_: &TestHost, admin: &User, (id, name): &(String, String)| {
        admin.post(&path(id, "/clone"), &json!({ "name": name })).await.status.is_success()
    };
    row.walk(store, with_name, act, async |_, admin, (id, name), done| {
        let all = admin.get("/workflows").await.expect(200).to_string();
        assert_eq!(all.matches(name.as_str()).count(), usize::from(done), "{all}");
        let made = admin.post(&path(id, "/clone"), &json!({ "name": name })).await.expect(201);
        assert_eq!(made["workflow"]["status"], "draft", "{made}");
        assert_eq!(shown(admin, id).await, "first");
    })
    .await;
}

/// A run that fails: there is no such cluster. What it writes is the same.
async fn run(row: &Row, store: Store) {
    let published = async |host: &TestHost, admin: &User| {
        let id = first(host, admin).await;
        let published = json!({"status": "published"});
        admin.put(&path(&id, "/status"), &published).await.expect(200);
        id
    };
    let given = json!({"trigger_data": {"secrets": {"first": {"P": "canary"}}}});
    let act = async |_: &TestHost, admin: &User, id: &String| {
        admin.post(&path(id, "/run"), &given).await.status.as_u16() == 404
    };
    row.walk(store, published, act, async |_, admin, id, _| {
        agrees(admin, id).await;
        admin.post(&path(id, "/run"), &json!({})).await.expect(404);
        agrees(admin, id).await;
    })
    .await;
}

async fn make_version(row: &Row, store: Store) {
    let act = async |_: &TestHost, admin: &User, id: &String| {
        admin.post(&path(id, "/versions"), &json!({"name": "v"})).await.status.is_success()
    };
    row.walk(store, first, act, async |_, admin, id, done| {
        agrees(admin, id).await;
        let before = admin.get(&path(id, "/versions")).await.expect(200)["total"].clone();
        assert!(before == 1 || !done && before == 0, "{before}");
        let made = admin.post(&path(id, "/versions"), &json!({})).await.expect(201);
        assert_eq!(made["version"]["version"], before.as_i64().unwrap() + 2);
        agrees(admin, id).await;
    })
    .await;
}

async fn label(row: &Row, store: Store) {
    let versioned = async |host: &TestHost, admin: &User| {
        let id = first(host, admin).await;
        admin.post(&path(&id, "/versions"), &json!({})).await.expect(201);
        id
    };
    let name = json!({"name": "named"});
    let act = async |_: &TestHost, admin: &User, id: &String| {
        admin.put(&path(id, "/versions/2"), &name).await.status.is_success()
    };
    row.walk(store, versioned, act, async |_, admin, id, done| {
        let now = admin.get(&path(id, "/versions/2")).await.expect(200);
        assert!(!done || now["name"] == "named", "{now}");
        admin.put(&path(id, "/versions/2"), &name).await.expect(200);
        agrees(admin, id).await;
    })
    .await;
}

/// Makes `first` the drawing again, which is version 2 and revision 2.
async fn restore(row: &Row, store: Store, more: &str) {
    let second = async |host: &TestHost, admin: &User| {
        let id = first(host, admin).await;
        admin.post(&path(&id, "/versions"), &json!({})).await.expect(201);
        admin.save(&id, &drawn("second")).await;
        id
    };
    let act = async |_: &TestHost, admin: &User, id: &String| {
        admin.post(&path(id, more), &json!({})).await.status.is_success()
    };
    row.walk(store, second, act, async |_, admin, id, done| {
        agrees(admin, id).await;
        let now = shown(admin, id).await;
        assert!(now == "first" || !done && now == "second", "{now}");
        if now == "first" {
            assert_eq!(overwritten(admin, id).await, "second");
        }
        admin.post(&path(id, more), &json!({})).await.expect(200);
        assert_eq!(shown(admin, id).await, "first");
        agrees(admin, id).await;
    })
    .await;
}

async fn unread(admin: &User) -> Value {
    admin.get("/user-notifications/unread-count").await.expect(200)["unreadCount"].clone()
}

async fn read_one(row: &Row, store: Store) {
    let noted = async |host: &TestHost, admin: &User| {
        with_values(host, admin).await;
        let page = admin.get("/user-notifications?limit=1").await.expect(200);
        let id = page["notifications"][0]["id"].as_str().unwrap().to_owned();
        format!("/user-notifications/{id}/read")
    };
    let act = async |_: &TestHost, admin: &User, path: &String| {
        admin.send(Method::PATCH, path, None).await.status.is_success()
    };
    row.walk(store, noted, act, async |_, admin, path, done| {
        assert_eq!(unread(admin).await, usize::from(!done));
        admin.send(Method::PATCH, path, None).await.expect(200);
        assert_eq!(unread(admin).await, 0);
    })
    .await;
}

async fn read_all(row: &Row, store: Store) {
    let noted = async |host: &TestHost, admin: &User| {
        for _ in 0..3 {
            with_values(host, admin).await;
        }
    };
    let act = async |_: &TestHost, admin: &User, _: &()| {
        admin.post("/user-notifications/mark-all-read", &json!({})).await.status.is_success()
    };
    row.walk(store, noted, act, async |_, admin, _, done| {
        assert!(!done || unread(admin).await == 0);
        admin.post("/user-notifications/mark-all-read", &json!({})).await.expect(200);
        assert_eq!(unread(admin).await, 0);
    })
    .await;
}
