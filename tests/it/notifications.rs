//! Notifications: written by runs, counted, read, streamed.

use bowsprit_tests::{Method, Store, TestHost};
use serde_json::json;

async fn a_run_writes_one(store: Store) {
    let Some(host) = TestHost::on(store).await else { return };
    let admin = host.admin().await;
    let user = host.user(&admin, "user@example.com").await;
    let empty = user.get("/user-notifications").await.expect(200);
    assert_eq!(empty, json!({"notifications": [], "total": 0, "unreadCount": 0}));
    let mut events = user.events("/user-notifications/stream", None).await;
    let connected = events.next().await.unwrap();
    assert_eq!((connected.name.as_str(), connected.data), ("connected", json!({"unreadCount": 0})));
    let id = user.workflow("shop", "nowhere").await;
    for _ in 0..2 {
        user.run(&id, &json!({})).await.expect(404);
    }
    let pushed = events.until("a notification", |it| it.name == "new_notification").await.data;
    assert_eq!((&pushed["type"], &pushed["read"]), (&json!("workflow_failed"), &json!(false)));
    assert_eq!(pushed["link"], format!("/dashboard/workflow/{id}"));
    assert_eq!((&pushed["refId"], &pushed["userId"]), (&json!(id), &json!(user.id)));
    let page = user.get("/user-notifications?limit=1&offset=1").await.expect(200);
    assert_eq!(
        (page["notifications"].as_array().unwrap().len(), &page["total"], &page["unreadCount"]),
        (1, &json!(2), &json!(2))
    );
    let one = page["notifications"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(one, pushed["id"].as_str().unwrap(), "newest first");
    let read = format!("/user-notifications/{one}/read");
    admin.send(Method::PATCH, &read, None).await.expect(404);
    for _ in 0..2 {
        user.send(Method::PATCH, &read, None).await.expect(200);
    }
    assert_eq!(
        user.get("/user-notifications/unread-count").await.expect(200),
        json!({"unreadCount": 1})
    );
    let all = user.post("/user-notifications/mark-all-read", &json!({})).await.expect(200);
    assert_eq!(all["count"], 1);
    let all = user.post("/user-notifications/mark-all-read", &json!({})).await.expect(200);
    assert_eq!(all["count"], 0);
    assert_eq!(admin.get("/user-notifications").await.expect(200)["total"], 0);
    host.finish().await;
}

#[tokio::test]
async fn a_run_writes_one_embedded() {
    a_run_writes_one(Store::Embedded).await;
}

#[tokio::test]
async fn a_run_writes_one_mongo() {
    a_run_writes_one(Store::Mongo).await;
}
