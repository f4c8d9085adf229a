//! The dashboard and the metrics pages, on both stores.

use bowsprit_host_core::{
    dashboard::DASHBOARD_STATS,
    store::{Documents, Filter, Patch},
};
use bowsprit_host_store::EmbeddedStore;
use bowsprit_tests::{Store, TestHost};
use serde_json::{Value, json};

fn figure(value: &str) -> Value {
    json!({"value": value, "change": 0.0, "trend": "neutral"})
}

async fn figures_are_the_callers_own(store: Store) {
    let Some(host) = TestHost::on(store).await else { return };
    let admin = host.admin().await;
    let user = host.user(&admin, "user@example.com").await;
    admin.workflow("of someone else", "nowhere").await;
    let none = user.get("/dashboard/stats").await.expect(200);
    assert_eq!((&none["total_workflows"], &none["success_rate"]), (&figure("0"), &figure("0.0%")));
    assert_eq!(user.get("/dashboard/recent-workflows").await.expect(200), json!({"workflows": []}));
    let mut ids = Vec::new();
    for n in 0..7 {
        ids.push(user.workflow(&format!("w{n}"), "nowhere").await);
    }
    // There is no such cluster: the run fails.
    user.run(&ids[0], &json!({})).await;
    user.delete(&format!("/workflows/{}", ids[6])).await.expect(200);
    let stats = user.get("/dashboard/stats").await.expect(200);
    let expected = json!({
        "total_workflows": figure("6"), "published_workflows": figure("1"),
        "total_runs": figure("1"), "success_rate": figure("0.0%"),
    });
    assert_eq!(stats, expected);
    let recent = user.get("/dashboard/recent-workflows").await.expect(200);
    let names: Vec<_> = recent["workflows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["w0", "w5", "w4", "w3", "w2"]);
    let first = &recent["workflows"][0];
    assert_eq!(
        (&first["id"], &first["status"], &first["current_version"]),
        (&json!(ids[0]), &json!("published"), &json!(2))
    );
    assert!(first.get("nodes").is_none() && first["tags"].is_array(), "{first}");
    for (limit, expected) in [("2", 2), ("20", 6), ("21", 5), ("0", 5), ("x", 5)] {
        let recent =
            user.get(&format!("/dashboard/recent-workflows?limit={limit}")).await.expect(200);
        assert_eq!(recent["workflows"].as_array().unwrap().len(), expected, "{limit}");
    }
    host.finish().await;
}

#[tokio::test]
async fn figures_are_the_callers_own_embedded() {
    figures_are_the_callers_own(Store::Embedded).await;
}

#[tokio::test]
async fn figures_are_the_callers_own_mongo() {
    figures_are_the_callers_own(Store::Mongo).await;
}

#[tokio::test]
async fn figures_are_compared_with_those_of_an_earlier_month() {
    let mut host = TestHost::start().await;
    let user = host.admin().await;
    for n in 0..4 {
        user.workflow(&format!("w{n}"), "nowhere").await;
    }
    user.get("/dashboard/stats").await.expect(200);
    host.stop().await;
    let store = EmbeddedStore::open(host.data.path().join("data/bowsprit.db")).unwrap();
    store.prepare(&[&DASHBOARD_STATS]).await.unwrap();
    let mut patch = Patch::default();
    patch.set.insert("month".into(), "2020-01".into());
    store.patch_if(&DASHBOARD_STATS, &user.id, None, &Filter::All, &patch).await.unwrap();
    store.close().await;
    host.start_again().await;
    let user = user.at(&host.origin);
    user.workflow("w5", "nowhere").await;
    for _ in 0..2 {
        let stats = user.get("/dashboard/stats").await.expect(200);
        let expected = json!({"value": "5", "change": 25.0, "trend": "up"});
        assert_eq!((&stats["total_workflows"], &stats["total_runs"]), (&expected, &figure("0")));
    }
    host.finish().await;
}

#[tokio::test]
async fn metrics_are_zero_until_clusters_report() {
    let host = TestHost::start().await;
    let admin = host.admin().await;
    let user = host.user(&admin, "user@example.com").await;
    let none = user.get("/metrics/overview").await.expect(200);
    assert_eq!((&none["clusters"], &none["totals"]["memoryCapacity"]), (&json!([]), &json!(0)));
    assert_eq!(user.get("/metrics/resources").await.expect(200), json!({"resources": []}));
    for name in ["one", "two"] {
        let body = json!({
            "name": name, "displayName": "Shown", "server": "https://127.0.0.1:1",
            "authType": "token", "credentials": {"token": "t"},
        });
        user.post("/clusters", &body).await.expect(201);
    }
    let overview = user.get("/metrics/overview").await.expect(200);
    let row = &overview["clusters"][0];
    assert_eq!(
        (&row["clusterName"], &row["memUsed"], &row["storPercent"], &row["nodeCount"]),
        (&json!("two"), &json!(0), &json!(0), &json!(0))
    );
    assert!(row["status"].is_string());
    assert_eq!(overview["totals"].as_object().unwrap().len(), 11);
    let rows = user.get("/metrics/resources").await.expect(200);
    assert_eq!(rows["resources"].as_array().unwrap().len(), 2);
    let rows = user.get("/metrics/resources?cluster=one&type=pod").await.expect(200);
    let row = &rows["resources"][0];
    assert_eq!(
        (&row["clusterName"], &row["type"], &row["namespace"], &row["restarts"]),
        (&json!("one"), &json!("cluster"), &json!(""), &json!(0))
    );
    assert_eq!(admin.get("/metrics/resources").await.expect(200), json!({"resources": []}));
    host.finish().await;
}
