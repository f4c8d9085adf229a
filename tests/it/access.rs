//! Every route, as everyone.

use bowsprit_host_api::{Access, Route, routes};
use bowsprit_host_core::custom_kinds::CUSTOM_KINDS;
use bowsprit_tests::{Method, TestHost, User};
use serde_json::{Value, json};

/// A path with its parameters filled in with things that do not exist.
fn filled(path: &str) -> String {
    with_parameters(path, "64b000000000000000000009", "nothing-here")
}

/// A path with `first` for its first parameter; ids and names differ so that
/// both are of the right form. Later parameters are a number.
fn with_parameters(path: &str, id: &str, name: &str) -> String {
    let mut path = path.trim_start_matches("/v1/api").to_owned();
    let mut first = true;
    while let (Some(open), Some(close)) = (path.find('{'), path.find('}')) {
        let value = match &path[open + 1..close] {
            _ if !first => "1",
            "id" => id,
            _ => name,
        };
        path.replace_range(open..=close, value);
        first = false;
    }
    path
}

async fn status(user: &User, method: &Method, path: &str) -> u16 {
    // A body that is wrong everywhere: what gets past the door answers 400 or
    // 404, never 2xx with an effect.
    let body = (*method != Method::GET).then(|| b"[]".to_vec());
    user.send_raw(method.clone(), &filled(path), body).await.status.as_u16()
}

fn api_routes() -> impl Iterator<Item = Route> {
    routes().into_iter().filter(|it| it.path.starts_with("/v1/api/"))
}

/// Whether an answer to a user would not end, or end their session.
fn is_final(route: &Route) -> bool {
    // Their doors are tried by the tests of streams and sessions.
    ["/stream", "/logout", "/logout-all"].iter().any(|it| route.path.ends_with(it))
}

#[tokio::test]
async fn every_route_lets_in_whom_its_row_names_and_nobody_else() {
    let host = TestHost::start().await;
    let admin = host.admin().await;
    let user = host.user(&admin, "user@example.com").await;
    let shut = host.user(&admin, "shut@example.com").await;
    let path = format!("/admin/users/{}/deactivate", shut.id);
    admin.post(&path, &json!({})).await.expect(200);
    let outsiders = [
        ("anonymous", host.anonymous()),
        ("forger", user.holding("eyJhbGciOiJub25lIn0.e30.")),
        ("deactivated user", shut),
    ];
    let mut walked = 0;
    for route in api_routes() {
        let at = |who: &str| format!("{} {} as {who}", route.method, route.path);
        let (method, path) = (&route.method, &route.path);
        let closed = route.access != Access::Public;
        for (who, outsider) in &outsiders {
            assert_eq!(status(outsider, method, path).await == 401, closed, "{}", at(who));
        }
        walked += 1;
        if is_final(&route) {
            continue;
        }
        let as_user = status(&user, method, path).await;
        assert_eq!(as_user == 403, route.access == Access::Admin, "{}: {as_user}", at("user"));
        let as_admin = status(&admin, method, path).await;
        assert!(as_admin != 401 && as_admin != 403, "{}: {as_admin}", at("admin"));
        assert!(as_user < 500 && as_admin < 500, "{}: {as_user} {as_admin}", at("anyone"));
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

/// Nouns whose things are everybody's.
const SHARED: &[&str] = &["templates", "starters", "plugins", "registries"];

/// A body that every route takes: unknown fields are ignored.
fn universal_body() -> Value {
    json!({
        "name": "x", "description": "x", "displayName": "x", "tags": [], "label": "x", "tag": "x",
        "nodes": [], "edges": [], "status": "published", "enabled": true, "version": 1,
        "fixType": "x", "yaml": "",
    })
}

/// Puts a node type of a custom resource into the store, as if it had been made
/// of a cluster's definition; its name.
async fn custom_node_type_of(owner: &User, host: &TestHost) -> String {
    let now = "2026-01-01T00:00:00.000Z";
    let kind = json!({"group": "example.dev", "version": "v1", "kind": "Note"});
    let body = json!({
        "user_id": owner.id, "name": "notes", "plugin": "none", "cluster": "mine", "kind": kind,
        "plural": "notes", "namespaced": true, "created_at": now, "updated_at": now,
        "descriptor": {
            "name": "notes", "title": "Note", "description": "", "category": "custom",
            "icon": "Box", "tags": [], "schemaVersion": 1, "schema": "{}", "produces": [kind],
        },
    });
    let id = "64b0000000000000000000aa";
    host.store().insert(&CUSTOM_KINDS, id, &body.to_string(), None).await.unwrap();
    "notes".into()
}

/// One thing of each noun that `owner` has, as the first parameter of a path.
async fn things_of(owner: &User, host: &TestHost) -> Vec<(&'static str, String)> {
    let workflow = owner.workflow("mine", "nowhere").await;
    owner.run(&workflow, &json!({})).await.expect(404);
    let notes = owner.get("/user-notifications").await.expect(200);
    let sessions = owner.get("/profile/sessions").await.expect(200);
    let cluster = json!({
        "name": "mine", "server": "https://127.0.0.1:1", "authType": "token",
        "credentials": {"token": "x"},
    });
    owner.post("/clusters", &cluster).await.expect(201);
    let id = |it: &Value| it["id"].as_str().unwrap().to_owned();
    vec![
        ("workflows", workflow),
        ("clusters", "mine".into()),
        ("custom-resources", custom_node_type_of(owner, host).await),
        ("user-notifications", id(&notes["notifications"][0])),
        ("profile", id(&sessions["sessions"][0])),
    ]
}

#[tokio::test]
async fn other_peoples_things_are_not_there() {
    let host = TestHost::start().await;
    let admin = host.admin().await;
    let owner = host.user(&admin, "owner@example.com").await;
    let other = host.user(&admin, "other@example.com").await;
    let things = things_of(&owner, &host).await;
    let mut walked = 0;
    for route in api_routes().filter(|it| it.access == Access::User && it.path.contains('{')) {
        let noun = route.path.split('/').nth(3).unwrap();
        if SHARED.contains(&noun) {
            continue;
        }
        let thing = things.iter().find(|(it, _)| *it == noun);
        let (_, thing) = thing.unwrap_or_else(|| panic!("no thing of {noun}: add one"));
        let mut path = with_parameters(&route.path, thing, thing);
        if path.ends_with("/compare") {
            path.push_str("?v1=2&v2=2");
        }
        let body = (route.method != Method::GET).then(universal_body);
        // An administrator is a stranger too.
        for stranger in [&other, &admin] {
            let answer = stranger.send(route.method.clone(), &path, body.as_ref()).await;
            assert_eq!(answer.status.as_u16(), 404, "{} {path}: {}", route.method, answer.text);
        }
        walked += 1;
    }
    assert!(walked > 12, "{walked} routes");
    let workflow = owner.get(&format!("/workflows/{}", things[0].1)).await.expect(200);
    assert_eq!((&workflow["name"], &workflow["status"]), (&json!("mine"), &json!("published")));
    owner.get("/clusters/mine").await.expect(200);
    let own = owner.get("/custom-resources").await.expect(200);
    assert_eq!(own["nodeTypes"].as_array().map(Vec::len), Some(1));
    let notes = owner.get("/user-notifications/unread-count").await.expect(200);
    assert_eq!(notes["unreadCount"], 1);
    host.finish().await;
}
