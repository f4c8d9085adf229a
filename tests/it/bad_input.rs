//! Input that is wrong: a clear answer, nothing half-saved, everyone else
//! unaffected.

use bowsprit_tests::{Method, TestHost};
use serde_json::{Value, json};

#[tokio::test]
async fn bodies_that_are_not_what_they_should_be() {
    let host = TestHost::start().await;
    let user = host.admin().await;
    let id = user.workflow("w", "c").await;
    let save = format!("/workflows/{id}/save");
    for (method, path, body, field) in [
        (Method::POST, "/workflows", "{", "body"),
        (Method::POST, "/workflows", "", "body"),
        (Method::POST, "/workflows", "[]", "body"),
        (Method::POST, "/workflows", "{} x", "name"),
        (Method::POST, "/workflows", r#"{"name":5,"cluster_id":"c"}"#, "name"),
        (Method::POST, "/workflows", r#"{"name":"","cluster_id":"c"}"#, "name"),
        (Method::POST, "/workflows", r#"{"name":"x"}"#, "cluster_id"),
        (Method::POST, "/workflows", r#"{"name":"x","cluster_id":""}"#, "cluster_id"),
        (Method::POST, save.as_str(), r#"{"edges":[]}"#, "nodes"),
        (Method::POST, save.as_str(), r#"{"nodes":null,"edges":[]}"#, "nodes"),
        (Method::POST, save.as_str(), r#"{"nodes":[],"edges":{}}"#, "edges"),
        (
            Method::POST,
            save.as_str(),
            r#"{"nodes":[{"id":"n","type":"t","position":{"x":"left","y":0}}],"edges":[]}"#,
            "nodes.0.position",
        ),
        (Method::POST, save.as_str(), "\u{fffd}\u{0}", "body"),
        (Method::PUT, &save[..save.len() - 5], r#"{"status":"running"}"#, "status"),
        (Method::PUT, &save[..save.len() - 5], r#"{"colour":"red"}"#, "body"),
        (Method::GET, "/workflows/not-an-id", "", "id"),
    ] {
        let body_bytes = (method != Method::GET).then(|| body.as_bytes().to_vec());
        let answer = user.send_raw(method.clone(), path, body_bytes).await;
        let problem = answer.expect_problem(400, "request.invalid");
        assert!(
            problem["field"] == field || body.ends_with('x'),
            "{method} {path} {body}: {problem}"
        );
    }
    let read = user.get(&format!("/workflows/{id}")).await.expect(200);
    assert_eq!(
        (&read["name"], &read["nodes"], &read["status"]),
        (&json!("w"), &json!([]), &json!("draft"))
    );
    host.finish().await;
}

#[tokio::test]
async fn bodies_and_drawings_that_are_too_large() {
    let host = TestHost::start().await;
    let user = host.admin().await;
    let id = user.workflow("w", "c").await;
    let save = format!("/workflows/{id}/save");
    let big = format!(r#"{{"nodes":[],"edges":[],"description":"{}"}}"#, "x".repeat(10 << 20));
    user.send_raw(Method::POST, &save, Some(big.into_bytes()))
        .await
        .expect_problem(413, "request.too-large");
    let node = |n: usize| json!({"id": n.to_string(), "type": "t", "position": {"x": 0, "y": 0}});
    let many: Vec<Value> = (0..5_000).map(node).collect();
    let problem = user
        .post(&save, &json!({"nodes": many, "edges": []}))
        .await
        .expect_problem(413, "request.too-large");
    assert!(problem["error"].as_str().unwrap().contains("2000"), "{problem}");
    // Exactly at the limit is fine.
    let most: Vec<Value> = (0..2_000).map(node).collect();
    user.save(&id, &json!({"nodes": most, "edges": []})).await;
    assert_eq!(
        user.get(&format!("/workflows/{id}")).await.expect(200)["nodes"].as_array().unwrap().len(),
        2_000
    );
    host.finish().await;
}

#[tokio::test]
async fn paths_and_methods_nobody_knows() {
    let host = TestHost::start().await;
    let anonymous = host.anonymous();
    anonymous.get("/nothing").await.expect_problem(404, "not-found");
    anonymous.send(Method::PATCH, "/auth/login", None).await.expect_problem(404, "not-found");
    host.finish().await;
}

#[tokio::test]
async fn browsers_of_foreign_origins_are_refused() {
    let host = TestHost::start().await;
    let client = bowsprit_tests::client();
    let url = format!("{}/v1/api/auth/methods", host.origin);
    let preflight = |origin: &'static str| {
        let request = client.request(Method::OPTIONS, &url).header("origin", origin);
        request
            .header("access-control-request-method", "GET")
            .header("access-control-request-headers", "authorization,content-type")
            .send()
    };
    let allowed = preflight("http://localhost:3001").await.unwrap();
    assert!(allowed.status().is_success());
    assert_eq!(allowed.headers()["access-control-allow-origin"], "http://localhost:3001");
    assert_eq!(allowed.headers()["access-control-allow-credentials"], "true");
    assert_eq!(preflight("http://evil.example").await.unwrap().status().as_u16(), 403);
    let error = client
        .get(format!("{}/v1/api/profile", host.origin))
        .header("origin", "http://localhost:3001");
    let error = error.send().await.unwrap();
    assert_eq!(error.status().as_u16(), 401);
    assert_eq!(error.headers()["access-control-allow-origin"], "http://localhost:3001");
    // To a cache, the answer to somebody who is no browser is not theirs.
    let plain = client.get(&url).send().await.unwrap();
    assert!(plain.headers()["vary"].to_str().unwrap().starts_with("origin"));
    assert!(!plain.headers().contains_key("access-control-allow-origin"));
    host.finish().await;
}
