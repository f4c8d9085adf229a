//! Sessions: what keeps them alive, what ends them, on both stores.

use bowsprit_host_core::identity::{IdentityRules, sessions::ACTIVE};
use bowsprit_tests::{Answer, Method, Store, TestHost, User};
use serde_json::{Value, json};

use super::bare::{Bare, DAY, caller, client, registration};

fn credentials(refresh_token: bool) -> Value {
    json!({"email": "admin@example.com", "password": "secret-123", "refreshToken": refresh_token})
}

async fn login(host: &TestHost) -> User {
    let session = host.anonymous().post("/auth/login", &credentials(false)).await.expect(200);
    host.anonymous().holding(session["token"].as_str().unwrap())
}

async fn rotate(host: &TestHost, refresh: &Value) -> Answer {
    host.anonymous().post("/auth/refresh", &json!({ "refreshToken": refresh })).await
}

async fn tabs_share_a_token(store: Store) {
    let Some(bare) = Bare::on(store, IdentityRules::default()).await else { return };
    let identity = &bare.identity;
    let first = identity.register(registration("a@b.c", None), &client()).await.unwrap();
    let session = caller(identity, &first).await.session;
    let (client, token) = (client(), first.token.as_str());
    // At once.
    let tabs = [identity.refresh(token, &client), identity.refresh(token, &client)];
    for tab in futures::future::join_all(tabs).await {
        caller(identity, &tab.unwrap()).await;
    }
    // A day later the token is past its time, in one tab after the other.
    bare.age(session, ACTIVE).await;
    let late = bare.replica();
    let code = late.authenticate(token, &client).await.unwrap_err().code();
    assert_eq!(code, "auth.token.expired");
    let one = late.refresh(token, &client).await.unwrap();
    bare.age(session, ACTIVE / 2).await;
    let other = late.refresh(token, &client).await.unwrap();
    for tab in [&one, &other, &first] {
        caller(&late, tab).await;
    }
    // Not used for longer than it can be refreshed.
    bare.age(session, ACTIVE + 8 * DAY).await;
    let code = bare.replica().refresh(token, &client).await.unwrap_err().code();
    assert_eq!(code, "auth.session.over");
    bare.finish().await;
}

#[tokio::test]
async fn tabs_share_a_token_embedded() {
    tabs_share_a_token(Store::Embedded).await;
}

#[tokio::test]
async fn tabs_share_a_token_mongo() {
    tabs_share_a_token(Store::Mongo).await;
}

async fn a_password_change_ends_the_other_sessions(store: Store) {
    let Some(host) = TestHost::on(store).await else { return };
    let here = host.admin().await;
    let there = login(&host).await;
    let change = |current: &str, new: &str| json!({"currentPassword": current, "newPassword": new});
    let too_long = "x".repeat(73);
    for (current, new, field) in [
        ("wrong-one", "secret-456", "currentPassword"),
        ("", "secret-456", "currentPassword"),
        ("secret-123", "12345", "newPassword"),
        ("secret-123", too_long.as_str(), "newPassword"),
    ] {
        let answer = here.put("/profile/password", &change(current, new)).await;
        assert_eq!(answer.expect_problem(400, "request.invalid")["field"], field);
    }
    there.get("/profile").await.expect(200);
    let done = here.put("/profile/password", &change("secret-123", "secret-456")).await;
    assert!(done.expect(200)["message"].is_string());
    there.get("/profile").await.expect_problem(401, "auth.session.over");
    there.post("/auth/refresh", &json!({})).await.expect(401);
    here.get("/profile").await.expect(200);
    let newer = here.post("/auth/refresh", &json!({})).await.expect(200);
    here.holding(newer["token"].as_str().unwrap()).get("/profile").await.expect(200);
    let listed = here.get("/profile/sessions").await.expect(200);
    assert_eq!(listed["sessions"].as_array().unwrap().len(), 1);
    host.anonymous().post("/auth/login", &credentials(false)).await.expect(401);
    let new = json!({"email": "admin@example.com", "password": "secret-456"});
    host.anonymous().post("/auth/login", &new).await.expect(200);
    host.finish().await;
}

#[tokio::test]
async fn a_password_change_ends_the_other_sessions_embedded() {
    a_password_change_ends_the_other_sessions(Store::Embedded).await;
}

#[tokio::test]
async fn a_password_change_ends_the_other_sessions_mongo() {
    a_password_change_ends_the_other_sessions(Store::Mongo).await;
}

async fn sessions_are_listed_and_ended(store: Store) {
    let Some(host) = TestHost::on(store).await else { return };
    let here = host.admin().await;
    let stranger = host.user(&here, "user@example.com").await;
    let (there, elsewhere) = (login(&host).await, login(&host).await);
    let listed = here.get("/profile/sessions").await.expect(200);
    let listed = listed["sessions"].as_array().unwrap();
    assert_eq!(listed.len(), 3);
    assert_eq!(listed.iter().filter(|it| it["current"] == true).count(), 1);
    assert!(listed.iter().all(|it| it["address"] == "127.0.0.1" && it["userAgent"].is_string()));
    let current = there.get("/profile/sessions").await.expect(200);
    let id = current["sessions"].as_array().unwrap().iter().find(|it| it["current"] == true);
    let path = format!("/profile/sessions/{}", id.unwrap()["id"].as_str().unwrap());
    stranger.delete(&path).await.expect_problem(404, "not-found");
    here.delete(&path).await.expect(200);
    there.get("/profile").await.expect_problem(401, "auth.session.over");
    here.delete(&path).await.expect_problem(404, "not-found");
    elsewhere.get("/profile").await.expect(200);
    here.delete("/profile/sessions").await.expect(200);
    elsewhere.get("/profile").await.expect(401);
    here.get("/profile").await.expect(200);
    let again = login(&host).await;
    again.post("/auth/logout-all", &json!({})).await.expect(200);
    here.get("/profile").await.expect(401);
    again.get("/profile").await.expect(401);
    login(&host).await.get("/profile").await.expect(200);
    stranger.get("/profile").await.expect(200);
    host.finish().await;
}

#[tokio::test]
async fn sessions_are_listed_and_ended_embedded() {
    sessions_are_listed_and_ended(Store::Embedded).await;
}

#[tokio::test]
async fn sessions_are_listed_and_ended_mongo() {
    sessions_are_listed_and_ended(Store::Mongo).await;
}

async fn refresh_tokens_are_good_once(store: Store) {
    let Some(host) = TestHost::on(store).await else { return };
    let plain = host.admin().await;
    let first = host.anonymous().post("/auth/login", &credentials(true)).await.expect(200);
    assert_eq!(first["expiresIn"], 900);
    let bearer = plain.holding(first["token"].as_str().unwrap());
    bearer.get("/profile").await.expect(200);
    // Its bearer token does not refresh it, its refresh token is no bearer.
    let refused = bearer.post("/auth/refresh", &json!({})).await;
    refused.expect_problem(401, "auth.refresh.separate");
    let wrong = plain.holding(first["refreshToken"].as_str().unwrap());
    wrong.get("/profile").await.expect_problem(401, "auth.token.invalid");
    rotate(&host, &json!(plain.token)).await.expect_problem(401, "auth.token.invalid");
    let second = rotate(&host, &first["refreshToken"]).await.expect(200);
    let third = rotate(&host, &second["refreshToken"]).await.expect(200);
    let bearer = plain.holding(third["token"].as_str().unwrap());
    bearer.get("/profile").await.expect(200);
    // One that was used before ends the session.
    let reused = rotate(&host, &first["refreshToken"]).await;
    reused.expect_problem(401, "auth.refresh.reused");
    rotate(&host, &third["refreshToken"]).await.expect_problem(401, "auth.session.over");
    bearer.get("/profile").await.expect_problem(401, "auth.session.over");
    plain.get("/profile").await.expect(200);
    host.finish().await;
}

#[tokio::test]
async fn refresh_tokens_are_good_once_embedded() {
    refresh_tokens_are_good_once(Store::Embedded).await;
}

#[tokio::test]
async fn refresh_tokens_are_good_once_mongo() {
    refresh_tokens_are_good_once(Store::Mongo).await;
}

#[tokio::test]
async fn a_refresh_token_in_many_hands_at_once_is_good_for_one() {
    let host = TestHost::start().await;
    host.admin().await;
    let first = host.anonymous().post("/auth/login", &credentials(true)).await.expect(200);
    let calls = (0..20).map(|_| rotate(&host, &first["refreshToken"]));
    let answers = futures::future::join_all(calls).await;
    let good: Vec<_> = answers.iter().filter(|it| it.status.as_u16() == 200).collect();
    assert_eq!(good.len(), 1);
    rotate(&host, &good[0].body["refreshToken"]).await.expect_problem(401, "auth.session.over");
    host.finish().await;
}

#[tokio::test]
async fn a_key_is_rotated_without_signing_anyone_out() {
    let mut host = TestHost::start().await;
    let admin = host.admin().await;
    host.stop().await;
    let path = host.data.path().join("data/jwt.key");
    let earlier = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("a newer key of mine\n{earlier}\n")).unwrap();
    host.start_again().await;
    let before = admin.at(&host.origin);
    before.get("/profile").await.expect(200);
    let renewed = before.post("/auth/refresh", &json!({})).await.expect(200);
    host.stop().await;
    std::fs::write(&path, "a newer key of mine\n").unwrap();
    host.start_again().await;
    let after = before.at(&host.origin);
    after.get("/profile").await.expect_problem(401, "auth.token.invalid");
    after.holding(renewed["token"].as_str().unwrap()).get("/profile").await.expect(200);
    host.finish().await;
}

const SECRET: &str = "what the reference signs with";

/// A token as the reference would sign it.
fn minted(user: &User, role: &str, expires_in: i64) -> User {
    let now = jiff::Timestamp::now().as_second();
    let claims = json!({
        "user_id": user.id, "email": "x@example.com", "role": role,
        "iat": now - 60 * 86_400, "nbf": now - 60 * 86_400, "exp": now + expires_in,
    });
    let key = jsonwebtoken::EncodingKey::from_secret(SECRET.as_bytes());
    user.holding(&jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).unwrap())
}

async fn tokens_of_the_reference_get_a_session(store: Store) {
    let Some(host) = TestHost::on_with(store, &[("BOWSPRIT_JWT_SECRET", SECRET)]).await else {
        return;
    };
    let admin = host.admin().await;
    let user = host.user(&admin, "user@example.com").await;
    let imported = minted(&user, "admin", 3600);
    let calls = (0..10).map(|_| imported.get("/profile"));
    for answer in futures::future::join_all(calls).await {
        assert_eq!(answer.expect(200)["user"]["role"], "user", "the role is the store's");
    }
    imported.get("/settings/invite-code").await.expect_problem(403, "auth.admin-only");
    let listed = imported.get("/profile/sessions").await.expect(200);
    assert_eq!(listed["sessions"].as_array().unwrap().len(), 2, "one for all its uses");
    let renewed = imported.post("/auth/refresh", &json!({})).await.expect(200);
    assert_eq!(renewed["user"]["role"], "user");
    imported.get("/profile").await.expect(200);
    // Signing out ends it, and it cannot begin again.
    let renewed = user.holding(renewed["token"].as_str().unwrap());
    renewed.post("/auth/logout", &json!({})).await.expect(200);
    imported.get("/profile").await.expect_problem(401, "auth.session.over");
    imported.post("/auth/refresh", &json!({})).await.expect(401);
    minted(&user, "user", -60).get("/profile").await.expect_problem(401, "auth.token.expired");
    minted(&user, "user", -6 * 86_400).post("/auth/refresh", &json!({})).await.expect(200);
    minted(&user, "user", -8 * 86_400).post("/auth/refresh", &json!({})).await.expect(401);
    // Ending all sessions ends also those of tokens that were never used.
    user.delete("/profile/sessions").await.expect(200);
    minted(&user, "user", 7200).get("/profile").await.expect_problem(401, "auth.session.over");
    user.get("/profile").await.expect(200);
    let nobody = User::with_token(&host.origin, "", "64b000000000000000000001");
    minted(&nobody, "admin", 60).send(Method::GET, "/profile", None).await.expect(401);
    host.finish().await;
}

#[tokio::test]
async fn tokens_of_the_reference_get_a_session_embedded() {
    tokens_of_the_reference_get_a_session(Store::Embedded).await;
}

#[tokio::test]
async fn tokens_of_the_reference_get_a_session_mongo() {
    tokens_of_the_reference_get_a_session(Store::Mongo).await;
}
