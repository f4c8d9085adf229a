//! Credentials at rest: keys can be changed while the host runs.

use bowsprit_tests::{Kube, TestHost, User, unique};
use serde_json::json;

use crate::runs::node;

async fn until_rotated(admin: &User) {
    let rotated = async {
        loop {
            let page = admin.get("/admin/audit?action=keys.rotated").await.expect(200);
            if page["entries"].as_array().is_some_and(|it| !it.is_empty()) {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), rotated).await.expect("rotated");
}

#[tokio::test]
async fn a_new_key_takes_over_and_the_old_one_can_go() {
    let Some(kube) = Kube::connect() else { return };
    let mut host = TestHost::with(&[("BOWSPRIT_ENCRYPTION_KEY", "the first key of all")]).await;
    let admin = host.admin().await;
    kube.add_to(&admin, "lab").await;
    let id = admin.workflow("w", "lab").await;
    let namespace = format!("it-{}", unique());
    let data = json!({"name": "web", "namespace": namespace, "image": "nginx:1.27", "replicas": 1,
        "port": 80, "envKeys": [{"id": "1", "name": "TOKEN"}]});
    admin.save(&id, &json!({"nodes": [node("n", "deployment", data)], "edges": []})).await;
    let given = json!({"trigger_data": {"envVars": {"n": {"TOKEN": "given once"}}}});
    admin.run(&id, &given).await.expect(200);

    host.stop().await;
    host.set("BOWSPRIT_ENCRYPTION_KEY", "the second key after it");
    host.set("BOWSPRIT_ENCRYPTION_KEYS_OLD", "the first key of all");
    host.start_again().await;
    let admin = admin.at(&host.origin);
    admin.post("/clusters/lab/test", &json!({})).await.expect(200);
    until_rotated(&admin).await;

    host.stop().await;
    host.set("BOWSPRIT_ENCRYPTION_KEYS_OLD", "");
    host.start_again().await;
    let admin = admin.at(&host.origin);
    admin.post("/clusters/lab/test", &json!({})).await.expect(200);
    admin.post(&format!("/workflows/{id}/run"), &json!({})).await.expect(200);

    // Without the right key: told which record, by a stable code, and the rest works.
    host.stop().await;
    host.set("BOWSPRIT_ENCRYPTION_KEY", "a key that sealed nothing");
    host.start_again().await;
    let admin = admin.at(&host.origin);
    let problem = admin.post("/clusters/lab/test", &json!({})).await;
    let problem = problem.expect_problem(500, "secret.unreadable");
    assert!(problem["message"].as_str().unwrap().contains("clusters/"), "{problem}");
    assert_eq!(admin.get("/clusters").await.expect(200)["clusters"].as_array().unwrap().len(), 1);
    host.finish().await;
}
