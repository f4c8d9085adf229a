//! Every route, as everyone.

use bowsprit_host_api::{Access, routes};
use bowsprit_tests::{Method, TestHost, User};

/// A path with its parameters filled in with things that do not exist.
fn filled(path: &str) -> String {
    path.trim_start_matches("/v1/api")
        .replace("{id}", "64b000000000000000000009")
        .replace("{name}", "nothing-here")
}

async fn status(user: &User, method: &Method, path: &str) -> u16 {
    // A body that is wrong everywhere: what gets past the door answers 400 or
    // 404, never 2xx with an effect.
    let body = (*method != Method::GET).then(|| b"[]".to_vec());
    user.send_raw(method.clone(), &filled(path), body).await.status.as_u16()
}

#[tokio::test]
async fn every_route_lets_in_whom_its_row_names_and_nobody_else() {
    let host = TestHost::start().await;
    let admin = host.admin().await;
    let user = host.user(&admin, "user@example.com").await;
    let anonymous = host.anonymous();
    let forged = user.holding("eyJhbGciOiJub25lIn0.e30.");
    let mut walked = 0;
    for route in routes().into_iter().filter(|it| it.path.starts_with("/v1/api")) {
        // Streams have no end; their doors are tried by the tests of streams.
        if route.path.ends_with("/stream") || route.path.ends_with("/logout") {
            continue;
        }
        let at = |who: &str| format!("{} {} as {who}", route.method, route.path);
        let (method, path) = (&route.method, &route.path);
        let closed = route.access != Access::Public;
        assert_eq!(status(&anonymous, method, path).await == 401, closed, "{}", at("anonymous"));
        assert_eq!(status(&forged, method, path).await == 401, closed, "{}", at("forger"));
        let as_user = status(&user, method, path).await;
        assert_eq!(as_user == 403, route.access == Access::Admin, "{}: {as_user}", at("user"));
        let as_admin = status(&admin, method, path).await;
        assert!(as_admin != 401 && as_admin != 403, "{}: {as_admin}", at("admin"));
        assert!(as_user < 500 && as_admin < 500, "{}: {as_user} {as_admin}", at("anyone"));
        walked += 1;
    }
    assert!(walked > 30, "{walked} routes");
    host.finish().await;
}

#[tokio::test]
async fn streams_are_closed_to_strangers() {
    let host = TestHost::start().await;
    let admin = host.admin().await;
    let user = host.user(&admin, "user@example.com").await;
    let workflow = user.workflow("mine", "nowhere").await;
    let path = format!("/workflows/{workflow}/status/stream");
    host.anonymous().get(&path).await.expect_problem(401, "auth.token.missing");
    host.anonymous()
        .get("/user-notifications/stream")
        .await
        .expect_problem(401, "auth.token.missing");
    // A token in the query string would end up in logs.
    let token = user.token.clone().unwrap();
    host.anonymous().get(&format!("{path}?token={token}")).await.expect(401);
    admin.get(&path).await.expect_problem(404, "not-found");
    host.finish().await;
}

#[tokio::test]
async fn other_peoples_things_are_not_there() {
    let host = TestHost::start().await;
    let admin = host.admin().await;
    let user = host.user(&admin, "user@example.com").await;
    let workflow = user.workflow("mine", "nowhere").await;
    let empty = serde_json::json!({"nodes": [], "edges": []});
    for (method, path, body) in [
        (Method::GET, format!("/workflows/{workflow}"), None),
        (Method::PUT, format!("/workflows/{workflow}"), Some(serde_json::json!({"name": "x"}))),
        (Method::DELETE, format!("/workflows/{workflow}"), None),
        (Method::POST, format!("/workflows/{workflow}/save"), Some(empty)),
        (
            Method::PUT,
            format!("/workflows/{workflow}/status"),
            Some(serde_json::json!({"status": "published"})),
        ),
        (Method::POST, format!("/workflows/{workflow}/run"), Some(serde_json::json!({}))),
        (Method::GET, format!("/workflows/{workflow}/runs"), None),
        (Method::GET, format!("/workflows/{workflow}/versions"), None),
        (
            Method::POST,
            format!("/workflows/{workflow}/clone"),
            Some(serde_json::json!({"name": "x"})),
        ),
        (Method::POST, format!("/workflows/{workflow}/versions"), Some(serde_json::json!({}))),
        (Method::GET, format!("/workflows/{workflow}/versions/2"), None),
        (
            Method::PUT,
            format!("/workflows/{workflow}/versions/2"),
            Some(serde_json::json!({"name": "x"})),
        ),
        (Method::GET, format!("/workflows/{workflow}/versions/compare?v1=2&v2=2"), None),
        (Method::POST, format!("/workflows/{workflow}/versions/2/restore"), None),
        (Method::GET, format!("/workflows/{workflow}/revisions"), None),
        (Method::GET, format!("/workflows/{workflow}/revisions/1"), None),
        (Method::POST, format!("/workflows/{workflow}/revisions/1/restore"), None),
    ] {
        let answer = admin.send(method.clone(), &path, body.as_ref()).await;
        assert_eq!(answer.status.as_u16(), 404, "{method} {path}: {}", answer.text);
    }
    let still = user.get(&format!("/workflows/{workflow}")).await.expect(200);
    assert_eq!(still["name"], "mine");
    host.finish().await;
}
