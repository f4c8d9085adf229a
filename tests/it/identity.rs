//! Registration, sign-in, sessions, profile, on both stores.

mod admin;
mod bare;
mod passwords;
mod replicas;
mod sessions;

use bowsprit_host_core::{
    identity::{IdentityRules, invites::SETTINGS},
    store::{Filter, Patch},
    time::Timestamp,
};
use bowsprit_tests::{Store, TestHost};
use serde_json::json;

use bare::{Bare, DAY};

fn registration(n: usize, invite: Option<&str>) -> serde_json::Value {
    json!({ "email": format!("u{n}@example.com"), "password": "secret-123", "name": "U", "inviteCode": invite })
}

async fn one_of_many_first_registrations_becomes_admin(store: Store) {
    let Some(bare) = Bare::on(store, IdentityRules::default()).await else { return };
    let hosts = [bare.identity.clone(), bare.replica()];
    let calls = (0..1000).map(|n| {
        let identity = hosts[n % 2].clone();
        tokio::spawn(async move {
            let registration = bare::registration(&format!("u{n}@example.com"), None);
            identity.register(registration, &bare::client()).await
        })
    });
    let outcomes = futures::future::join_all(calls).await;
    let (made, refused): (Vec<_>, Vec<_>) =
        outcomes.into_iter().map(Result::unwrap).partition(Result::is_ok);
    assert_eq!(made.len(), 1, "one without an invite code");
    let admin = made.into_iter().next().unwrap().unwrap().user;
    assert_eq!(json!(admin.role), "admin");
    let codes = refused.into_iter().map(|it| it.unwrap_err().code());
    assert!(codes.into_iter().all(|it| it == "auth.invite.wrong"));
    assert_eq!(bare.users().count(&Filter::All).await.unwrap(), 1);
    assert!(bare.passwords.worked() < 10, "those who are refused cost nothing");
    bare.finish().await;
}

#[tokio::test]
async fn one_of_many_first_registrations_becomes_admin_embedded() {
    one_of_many_first_registrations_becomes_admin(Store::Embedded).await;
}

#[tokio::test]
async fn one_of_many_first_registrations_becomes_admin_mongo() {
    one_of_many_first_registrations_becomes_admin(Store::Mongo).await;
}

async fn people_come_in(store: Store) {
    let Some(host) = TestHost::on(store).await else { return };
    let anonymous = host.anonymous();
    let methods = anonymous.get("/auth/methods").await.expect(200);
    assert_eq!(methods["builtin"]["enabled"], true);
    let admin = host.admin().await;
    anonymous
        .post("/auth/register", &registration(1, None))
        .await
        .expect_problem(403, "auth.invite.wrong");
    let invite = admin.get("/settings/invite-code").await.expect(200);
    let code = invite["inviteCode"].as_str().unwrap();
    assert!(code.len() == 6 && code.bytes().all(|it| it.is_ascii_digit()), "{code}");
    let made = anonymous.post("/auth/register", &registration(1, Some(code))).await.expect(201);
    assert_eq!(made["user"]["role"], "user");
    assert!(made["user"].get("password").is_none());
    // A taken address is told before the invite code is looked at.
    anonymous
        .post("/auth/register", &registration(1, None))
        .await
        .expect_problem(409, "auth.email.taken");
    let shouting = json!({"email": "U1@Example.com", "password": "secret-123", "name": "U", "inviteCode": code});
    anonymous.post("/auth/register", &shouting).await.expect_problem(409, "auth.email.taken");
    let login = json!({"email": "u1@example.com", "password": "secret-123"});
    let session = anonymous.post("/auth/login", &login).await.expect(200);
    let user = admin.holding(session["token"].as_str().unwrap());
    let profile = user.get("/profile").await.expect(200);
    assert_eq!(profile["user"]["email"], "u1@example.com");
    let renamed = user.put("/profile", &json!({"name": "New"})).await.expect(200);
    assert_eq!(renamed["user"]["name"], "New");
    assert_eq!(renamed["user"]["role"], "user");
    for name in ["Newer", "Newest"] {
        user.put("/profile", &json!({ "name": name })).await.expect(200);
        let profile = user.get("/profile").await.expect(200);
        assert_eq!(profile["user"]["name"], name, "a change is seen at once");
    }
    let wrong = json!({"email": "u1@example.com", "password": "secret-124"});
    anonymous.post("/auth/login", &wrong).await.expect_problem(401, "auth.login.wrong");
    let unknown = json!({"email": "nobody@example.com", "password": "secret-124"});
    anonymous.post("/auth/login", &unknown).await.expect_problem(401, "auth.login.wrong");
    host.finish().await;
}

#[tokio::test]
async fn people_come_in_embedded() {
    people_come_in(Store::Embedded).await;
}

#[tokio::test]
async fn people_come_in_mongo() {
    people_come_in(Store::Mongo).await;
}

async fn an_invite_code_that_is_good_once_lets_one_in(store: Store) {
    let Some(host) = TestHost::on(store).await else { return };
    let admin = host.admin().await;
    admin
        .put("/settings/regenerate-setting", &json!({"regenerateAfterSignup": true}))
        .await
        .expect(200);
    let setting = admin.get("/settings/regenerate-setting").await.expect(200);
    assert_eq!(setting["regenerateAfterSignup"], true);
    let code = setting["inviteCode"].as_str().unwrap();
    let bodies: Vec<_> = (0..100).map(|n| registration(n, Some(code))).collect();
    let anonymous = host.anonymous();
    let answers =
        futures::future::join_all(bodies.iter().map(|it| anonymous.post("/auth/register", it)))
            .await;
    assert_eq!(answers.iter().filter(|it| it.status.as_u16() == 201).count(), 1);
    let users = admin.get("/admin/users").await.expect(200);
    assert_eq!(users["total"], 2);
    host.finish().await;
}

#[tokio::test]
async fn an_invite_code_that_is_good_once_lets_one_in_embedded() {
    an_invite_code_that_is_good_once_lets_one_in(Store::Embedded).await;
}

#[tokio::test]
async fn an_invite_code_that_is_good_once_lets_one_in_mongo() {
    an_invite_code_that_is_good_once_lets_one_in(Store::Mongo).await;
}

#[tokio::test]
async fn an_invite_code_can_expire() {
    let rules = IdentityRules { invite_life: Some(2 * DAY), ..IdentityRules::default() };
    let bare = Bare::on(Store::Embedded, rules).await.unwrap();
    let client = &bare::client();
    let register = |email, code| bare.identity.register(bare::registration(email, code), client);
    let first = register("a@b.c", None).await.unwrap();
    let admin = bare::caller(&bare.identity, &first).await;
    let invite = bare.identity.invites().view(&admin).await.unwrap();
    let code = Some(invite.invite_code.as_str());
    assert!(invite.expires_at.unwrap() > Timestamp::now() + DAY);
    register("b@b.c", code).await.unwrap();
    let mut aged = Patch::default();
    aged.set.insert("made_at".into(), json!(Timestamp::now() - 3 * DAY));
    bare.store.patch_if(&SETTINGS, "invite", None, &Filter::All, &aged).await.unwrap();
    assert_eq!(register("c@b.c", code).await.unwrap_err().code(), "auth.invite.wrong");
    // Whoever looks gets one that is good.
    let fresh = bare.identity.invites().view(&admin).await.unwrap();
    assert!(fresh.expires_at.unwrap() > Timestamp::now());
    register("c@b.c", Some(&fresh.invite_code)).await.unwrap();
    bare.finish().await;
}

#[tokio::test]
async fn invite_codes_cannot_be_tried_out() {
    let host = TestHost::start().await;
    let admin = host.admin().await;
    let code = admin.get("/settings/invite-code").await.expect(200);
    let code: u32 = code["inviteCode"].as_str().unwrap().parse().unwrap();
    let anonymous = host.anonymous();
    let mut told = 0;
    loop {
        let guess = format!("{:06}", (code + told + 1) % 1_000_000);
        let answer = anonymous.post("/auth/register", &registration(1, Some(&guess))).await;
        if answer.status.as_u16() == 429 {
            break;
        }
        answer.expect_problem(403, "auth.invite.wrong");
        told += 1;
        assert!(told < 200);
    }
    assert!(told >= 100, "{told}");
    let right = registration(1, Some(&format!("{code:06}")));
    anonymous.post("/auth/register", &right).await.expect_problem(429, "auth.throttled");
    host.finish().await;
}

#[tokio::test]
async fn a_token_dies_with_its_session_and_lives_through_a_refresh() {
    let host = TestHost::start().await;
    let admin = host.admin().await;
    let refreshed = admin.post("/auth/refresh", &json!({})).await.expect(200);
    let newer = admin.holding(refreshed["token"].as_str().unwrap());
    // Two tabs: the old token stays good, and can be refreshed again.
    admin.get("/profile").await.expect(200);
    newer.get("/profile").await.expect(200);
    admin.post("/auth/refresh", &json!({})).await.expect(200);
    newer.post("/auth/logout", &json!({})).await.expect(200);
    admin.get("/profile").await.expect_problem(401, "auth.session.over");
    newer.get("/profile").await.expect(401);
    newer.post("/auth/refresh", &json!({})).await.expect(401);
    host.finish().await;
}

#[tokio::test]
async fn tokens_survive_a_restart() {
    let mut host = TestHost::start().await;
    let admin = host.admin().await;
    host.stop().await;
    host.start_again().await;
    admin.at(&host.origin).get("/profile").await.expect(200);
    host.finish().await;
}

#[tokio::test]
async fn wrong_registrations_name_the_field() {
    let host = TestHost::start().await;
    let anonymous = host.anonymous();
    for (field, value) in [
        ("email", json!("not-a-mail")),
        ("email", json!(5)),
        ("password", json!("12345")),
        ("password", json!("x".repeat(73))),
        ("name", json!(" ")),
        ("name", json!(null)),
    ] {
        let mut body = registration(0, None);
        body[field] = value.clone();
        let problem =
            anonymous.post("/auth/register", &body).await.expect_problem(400, "request.invalid");
        assert_eq!(problem["field"], field, "{value}");
        assert!(!problem.to_string().contains("xxxx"), "no password in an answer");
    }
    host.finish().await;
}

#[tokio::test]
async fn switches_are_obeyed() {
    let host = TestHost::with(&[("BOWSPRIT_AUTH_BUILTIN_SIGNUP_ENABLED", "false")]).await;
    let anonymous = host.anonymous();
    anonymous
        .post("/auth/register", &registration(0, None))
        .await
        .expect_problem(403, "auth.signup.disabled");
    let methods = anonymous.get("/auth/methods").await.expect(200);
    assert_eq!(methods["builtin"]["signupEnabled"], false);
    host.finish().await;
    let host = TestHost::with(&[("BOWSPRIT_AUTH_BUILTIN_ALLOWED_DOMAINS", "corp.example")]).await;
    let anonymous = host.anonymous();
    anonymous
        .post("/auth/register", &registration(0, None))
        .await
        .expect_problem(403, "auth.domain.refused");
    host.finish().await;
}
