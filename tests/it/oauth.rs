//! Sign-in through identity providers: a real one, and one that lies.

pub(crate) mod browser;
pub(crate) mod fake;
mod lies;
mod people;
mod plain;

use std::net::TcpListener;

use bowsprit_tests::{Store, TestHost, User, skipped_without, unique};
use reqwest::Url;
use serde_json::{Value, json};

use browser::{Browser, FRONTEND, code, error};
use fake::Fake;

/// A host with these providers.
async fn host_with(store: Store, providers: &[Value], port: u16) -> Option<TestHost> {
    let (listen, base) = (format!("127.0.0.1:{port}"), format!("http://127.0.0.1:{port}"));
    let providers = Value::from(providers).to_string();
    let environment: [(&str, &str); 4] = [
        ("BOWSPRIT_LISTEN", &listen),
        ("BOWSPRIT_BASE_URL", &base),
        ("BOWSPRIT_FRONTEND_URL", FRONTEND),
        ("BOWSPRIT_AUTH_PROVIDERS", &providers),
    ];
    TestHost::on_with(store, &environment).await
}

/// A host with one fake provider, `fake`.
async fn host_with_fake(fake: &Fake, more: Value) -> TestHost {
    let mut entry = fake.entry("fake");
    entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    host_with(Store::Embedded, &[entry], free_port()).await.unwrap()
}

/// A port nobody listens on right now.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A host whose provider `corp` is the real one.
struct Corp {
    host: TestHost,
    issuer: String,
}

impl Corp {
    /// Registers a host with the provider and starts it. `more` goes into its
    /// entry of `auth.providers`.
    async fn start(store: Store, more: &Value) -> Option<Self> {
        let issuer = skipped_without("BOWSPRIT_TEST_OIDC_ISSUER")?;
        let port = free_port();
        let callback = format!("http://127.0.0.1:{port}/v1/api/auth/oauth/corp/callback");
        let registration = json!({ "redirect_uris": [callback] });
        let client = bowsprit_tests::client();
        let answer = client.post(format!("{issuer}/reg")).json(&registration).send().await.unwrap();
        let client: Value = answer.json().await.unwrap();
        let mut entry = json!({
            "NAME": "corp", "DISPLAY_NAME": "Corp", "TYPE": "oidc", "ICON": "building",
            "CLIENT_ID": client["client_id"], "CLIENT_SECRET": client["client_secret"],
            "ISSUER_URL": issuer, "SCOPES": ["openid", "profile", "email"],
        });
        entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Some(Self { host: host_with(store, &[entry], port).await?, issuer })
    }

    /// Has the provider claim `claims` of a new person; answers their `sub`.
    async fn person(&self, claims: &Value) -> String {
        let sub = format!("s-{}", unique());
        self.claim(&sub, claims).await;
        sub
    }

    async fn claim(&self, sub: &str, claims: &Value) {
        let request = bowsprit_tests::client().put(format!("{}/accounts/{sub}", self.issuer));
        assert_eq!(request.json(claims).send().await.unwrap().status().as_u16(), 204);
    }

    /// Where a fresh browser ends up that signs in as `sub`.
    async fn sign_in(&self, sub: &str) -> Url {
        Browser::new().sign_in(&self.host, "corp", sub).await
    }

    /// Signs in as `sub` with success; answers token and user.
    async fn enter(&self, sub: &str) -> Value {
        exchange(&self.host, &code(&self.sign_in(sub).await)).await
    }
}

async fn exchange(host: &TestHost, code: &str) -> Value {
    host.anonymous().post("/auth/oauth/exchange", &json!({ "code": code })).await.expect(200)
}

/// The user of an exchange's answer.
fn user(host: &TestHost, session: &Value) -> User {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    User::with_token(&host.origin, &text(&session["token"]), &text(&session["user"]["id"]))
}

async fn a_person_signs_in(store: Store) {
    let Some(corp) = Corp::start(store, &json!({})).await else { return };
    let anonymous = corp.host.anonymous();
    let methods = anonymous.get("/auth/methods").await.expect(200);
    let offered = json!([{"name": "corp", "displayName": "Corp", "icon": "building"}]);
    assert_eq!(methods["providers"], offered);
    let email = format!("{}@example.com", unique());
    let ada = corp.person(&json!({"email": email, "email_verified": true, "name": "Ada"})).await;
    let mut browser = Browser::new();
    let begun = browser.begin(&corp.host, "corp").await;
    for (name, expected) in [
        ("response_type", "code"),
        ("code_challenge_method", "S256"),
        ("scope", "openid profile email"),
    ] {
        assert_eq!(browser::parameter(&begun, name).as_deref(), Some(expected), "{begun}");
    }
    let callback = browser.until_callback(begun, &ada).await;
    let arrived = browser.open(&callback).await;
    assert_eq!(arrived.status, 307);
    let first = code(&arrived.leads());
    let session = exchange(&corp.host, &first).await;
    let shown = &session["user"];
    assert_eq!((&shown["email"], &shown["name"]), (&json!(email), &json!("Ada")));
    // The first of the host, whichever way they came.
    assert_eq!((&shown["role"], &shown["authProvider"]), (&json!("admin"), &json!("corp")));
    let profile = user(&corp.host, &session).get("/profile").await.expect(200);
    assert_eq!(&profile["user"], shown);
    // Neither the code nor the state is good twice.
    let again = anonymous.post("/auth/oauth/exchange", &json!({ "code": first })).await;
    again.expect_problem(401, "auth.oauth.code");
    let replayed = error(&browser.open(&callback).await.leads());
    assert!(replayed.contains("finished already"), "{replayed}");
    // The browser is still signed in there; the account is the same one.
    let second = browser.sign_in(&corp.host, "corp", "nobody").await;
    let session = exchange(&corp.host, &code(&second)).await;
    assert_eq!(&session["user"], shown);
    // There is no password to guess, and none to change.
    let change = json!({"currentPassword": "secret-123", "newPassword": "secret-456"});
    let refused = user(&corp.host, &session).put("/profile/password", &change).await;
    refused.expect_problem(400, "auth.password.none");
    let login = json!({"email": email, "password": "secret-123"});
    anonymous.post("/auth/login", &login).await.expect_problem(401, "auth.login.wrong");
    corp.host.finish().await;
}

#[tokio::test]
async fn a_person_signs_in_embedded() {
    a_person_signs_in(Store::Embedded).await;
}

#[tokio::test]
async fn a_person_signs_in_mongo() {
    a_person_signs_in(Store::Mongo).await;
}

async fn one_of_many_first_sign_ins_becomes_admin(store: Store) {
    let Some(corp) = Corp::start(store, &json!({})).await else { return };
    let email = |n: usize| format!("{}-{n}@example.com", unique());
    let mut callbacks = Vec::new();
    let mut same = String::new();
    for n in 0..6 {
        let sub = corp.person(&json!({"email": email(n), "email_verified": true})).await;
        let mut browser = Browser::new();
        let begun = browser.begin(&corp.host, "corp").await;
        callbacks.push(browser.until_callback(begun, &sub).await);
        same = sub;
    }
    // One of them in three browsers at once: still one account.
    for _ in 0..2 {
        let mut browser = Browser::new();
        let begun = browser.begin(&corp.host, "corp").await;
        callbacks.push(browser.until_callback(begun, &same).await);
    }
    let arrivals = callbacks.iter().map(|it| async move { Browser::new().open(it).await.leads() });
    let arrivals = futures::future::join_all(arrivals).await;
    let host = &corp.host;
    let sessions = arrivals.iter().map(|it| async move { exchange(host, &code(it)).await });
    let sessions = futures::future::join_all(sessions).await;
    let admins = sessions.iter().filter(|it| it["user"]["role"] == "admin").count();
    let both = |n: usize| &sessions[n]["user"]["id"];
    assert!(both(5) == both(6) && both(5) == both(7));
    let thrice = sessions[5]["user"]["role"] == "admin";
    assert_eq!(admins, if thrice { 3 } else { 1 });
    let mut ids: Vec<_> = (0..6).map(|n| both(n).to_string()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 6);
    corp.host.finish().await;
}

#[tokio::test]
async fn one_of_many_first_sign_ins_becomes_admin_embedded() {
    one_of_many_first_sign_ins_becomes_admin(Store::Embedded).await;
}

#[tokio::test]
async fn one_of_many_first_sign_ins_becomes_admin_mongo() {
    one_of_many_first_sign_ins_becomes_admin(Store::Mongo).await;
}

#[tokio::test]
async fn a_person_who_declines_is_told_so() {
    let Some(corp) = Corp::start(Store::Embedded, &json!({})).await else { return };
    let told = error(&Browser::new().decline(&corp.host, "corp").await);
    assert_eq!(told, "Corp refused: access_denied: End-User aborted interaction");
    corp.host.finish().await;
}

#[tokio::test]
async fn what_comes_back_wrong_is_told_in_order() {
    let (one, two) = (Fake::start().await, Fake::start().await);
    let entries = [one.entry("one"), two.entry("two")];
    let host = host_with(Store::Embedded, &entries, free_port()).await.unwrap();
    let mut browser = Browser::new();
    let at = |provider: &str, query: &str| -> Url {
        let path = format!("/v1/api/auth/oauth/{provider}/callback?{query}");
        format!("{}{path}", host.origin).parse().unwrap()
    };
    let begun = browser.begin(&host, "one").await;
    let state = browser::parameter(&begun, "state").unwrap();
    for (provider, query, expected) in [
        ("one", "code=x&error=access_denied".to_owned(), "no state"),
        ("one", "state=unknown&code=x".to_owned(), "not begun here"),
        ("one", "state=a&state=b".to_owned(), "no state"),
        ("none", "state=unknown".to_owned(), "not begun here"),
        // A state of one provider does not open another; nor is it good after.
        ("two", format!("state={state}&code=x"), "not begun here"),
        ("one", format!("state={state}&code=x"), "not begun here"),
    ] {
        let told = error(&browser.open(&at(provider, &query)).await.leads());
        assert!(told.contains(expected), "{provider} {query}: {told}");
    }
    let begun = browser.begin(&host, "one").await;
    let state = browser::parameter(&begun, "state").unwrap();
    let told = error(&browser.open(&at("one", &format!("state={state}"))).await.leads());
    assert!(told.contains("no code"), "{told}");
    assert!(one.asked("/token").is_empty() && two.asked("/token").is_empty());
    let anonymous = host.anonymous();
    anonymous.get("/auth/oauth/none/authorize").await.expect_problem(404, "not-found");
    let exchange = |body: Value| {
        let anonymous = anonymous.clone();
        async move { anonymous.post("/auth/oauth/exchange", &body).await }
    };
    exchange(json!({})).await.expect_problem(400, "request.invalid");
    exchange(json!({"code": ""})).await.expect_problem(400, "request.invalid");
    exchange(json!({"code": "unknown"})).await.expect_problem(401, "auth.oauth.code");
    host.finish().await;
}
