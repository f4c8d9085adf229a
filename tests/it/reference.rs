//! A database that the reference product wrote, opened by us.

use bowsprit_host_store::conformance::{ENCRYPTION_KEY, Reference, with_database};
use bowsprit_tests::{TestHost, skipped_without, unique};
use serde_json::{Value, json};

#[tokio::test]
async fn a_database_of_the_reference_product_is_taken_over() {
    let Some(uri) = skipped_without("BOWSPRIT_TEST_MONGODB_URI") else { return };
    let uri = with_database(&uri, &format!("bowsprit-it-{}", unique()));
    // The cheapest cost there is: how long it takes is not what is tested.
    let password = bcrypt::hash("secret-123", 4).unwrap();
    let reference = Reference::write(&uri, &password).await;
    let plugins = tempfile::tempdir().unwrap();
    crate::palette::add_almanac(plugins.path(), true);
    let dir = plugins.path().display().to_string();
    let settings = [
        ("BOWSPRIT_STORE", &*uri),
        ("BOWSPRIT_ENCRYPTION_KEY", ENCRYPTION_KEY),
        ("BOWSPRIT_PLUGINS_DIRS", &dir),
    ];
    let mut host = TestHost::with(&settings).await;

    // Whoever comes now is not the first.
    let late = json!({"email": "b@example.com", "password": "secret-123", "name": "B"});
    host.anonymous().post("/auth/register", &late).await.expect(403);
    let login = json!({"email": "ann@example.com", "password": "secret-123"});
    let session = host.anonymous().post("/auth/login", &login).await.expect(200);
    assert_eq!(session["user"]["role"], "admin");
    let ann = host.anonymous().holding(session["token"].as_str().unwrap());

    let path = format!("/workflows/{}", reference.workflow);
    let node = json!({
        "id": "node-1", "type": "painting", "position": {"x": 100.0, "y": 50.5},
        "data": {"name": "web", "image": "nginx:1.27", "replicas": 1, "_linked.to": ["x"]},
    });
    let edge = json!({"id": "e1", "source": "node-1", "target": "node-2", "sourceHandle": "a"});
    let read = ann.get(&path).await.expect(200);
    assert_eq!((&read["nodes"], &read["edges"]), (&json!([node]), &json!([edge])), "{read}");
    assert_eq!(
        ann.get("/workflows").await.expect(200)["workflows"].as_array().map(Vec::len),
        Some(1)
    );
    let versions = ann.get(&format!("{path}/versions")).await.expect(200);
    assert_eq!(versions["versions"][0]["nodes"], json!([node]), "{versions}");
    let runs = ann.get(&format!("{path}/runs")).await.expect(200);
    assert_eq!(runs["runs"][0]["status"], "completed", "{runs}");
    ann.get("/user-notifications").await.expect(200);

    // A change that is not about the drawing takes the drawing along.
    ann.put(&path, &json!({"name": "store"})).await.expect(200);
    let raw = reference.raw("workflows", &reference.workflow).await;
    assert_eq!((&raw["nodes"], &raw["edges"]), (&Value::Null, &Value::Null), "{raw}");
    assert_eq!(raw["versions"][0]["description"], "first", "{raw}");
    assert!(raw["owner_id"]["$oid"].is_string() && raw["created_at"]["$date"].is_object(), "{raw}");
    let read = ann.get(&path).await.expect(200);
    assert_eq!((&read["nodes"], &read["name"]), (&json!([node]), &json!("store")), "{read}");

    // Its credentials open with its key: the cluster is asked, not there.
    let asked = ann.post("/clusters/lab/test", &json!({})).await;
    assert_eq!(asked.status.as_u16(), 503, "{}", asked.text);
    let raw = reference.raw("clusters", &reference.cluster).await;
    assert!(raw["revision"].as_i64() >= Some(1), "the outcome was written: {raw}");
    assert_eq!(raw["credentials"]["oidc_issuer_url"], "https://issuer.example", "{raw}");
    let token = raw["credentials"]["token"].as_str().unwrap();
    assert!(token.starts_with("v1."), "sealed anew: {token}");
    ann.post("/clusters/lab/test", &json!({})).await.expect(503);
    assert_eq!(raw["metadata"]["region"], "eu", "{raw}");
    assert!(raw["shared_with"][0]["$oid"].is_string(), "an id stays one: {raw}");
    let raw = reference.raw("users", &reference.user).await;
    assert_eq!(
        (&raw["email"], &raw["email_key"]),
        (&json!("Ann@Example.com"), &json!("ann@example.com"))
    );

    // Plugins that were enabled are.
    let all = ann.get("/plugins").await.expect(200);
    assert_eq!(all["plugins"][0]["enabled"], true, "{all}");
    assert_eq!(all["plugins"][0]["enabledAt"], "2025-10-10T08:53:20.000Z", "{all}");
    ann.post("/plugins/almanac/disable", &json!({})).await.expect(200);
    let raw = reference.raw("user_plugins", &reference.choice).await;
    assert_eq!(raw["status"], "disabled", "{raw}");
    assert!(raw["user_id"]["$oid"].is_string() && raw["updated_at"]["$date"].is_object(), "{raw}");

    host.stop().await;
    reference.destroy().await;
}
