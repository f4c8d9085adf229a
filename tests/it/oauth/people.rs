//! Accounts of people who come from a real provider.

use bowsprit_host_core::{
    identity::{
        oauth::{OAUTH_CODES, OAUTH_STATES},
        users::USERS,
    },
    store::{Collection, Documents, Filter, Patch, Query},
    time::Timestamp,
};
use bowsprit_host_store::embedded::EmbeddedStore;

use super::*;

/// Says what is claimed of a person with this address.
fn claims(email: &str, verified: Value) -> Value {
    json!({ "email": email, "email_verified": verified, "name": "Ada" })
}

#[tokio::test]
async fn an_account_is_linked_by_a_verified_address_only() {
    let Some(corp) = Corp::start(Store::Embedded, &json!({})).await else { return };
    let admin = corp.host.admin().await;
    let email = format!("{}@example.com", unique());
    let own = corp.host.user(&admin, &email.to_uppercase()).await;
    for doubtful in [json!(false), Value::Null] {
        let mallory = corp.person(&claims(&email, doubtful)).await;
        let told = error(&corp.sign_in(&mallory).await);
        assert!(told.contains("verified"), "{told}");
    }
    let profile = own.get("/profile").await.expect(200);
    assert!(profile["user"].get("authProvider").is_none(), "{profile}");
    let ada = corp.person(&claims(&email, json!(true))).await;
    let session = corp.enter(&ada).await;
    assert_eq!(session["user"]["id"], own.id.as_str());
    assert_eq!(session["user"]["authProvider"], "corp");
    // The password still works, and so do sessions begun with it.
    own.get("/profile").await.expect(200);
    let login = json!({"email": email, "password": "secret-123"});
    corp.host.anonymous().post("/auth/login", &login).await.expect(200);
    // Nobody else gets in by the same address, verified or not.
    let other = corp.person(&claims(&email, json!(true))).await;
    let told = error(&corp.sign_in(&other).await);
    assert!(told.contains("signs in through `corp`"), "{told}");
    // The person stays who they are when their address changes.
    corp.claim(&ada, &claims("new-address@example.com", json!(true))).await;
    assert_eq!(corp.enter(&ada).await["user"]["id"], own.id.as_str());
    corp.host.finish().await;
}

#[tokio::test]
async fn only_allowed_domains_come_in() {
    let allowed = json!({"ALLOWED_DOMAINS": ["Corp.Example"]});
    let Some(corp) = Corp::start(Store::Embedded, &allowed).await else { return };
    let told = |email: &'static str, verified: bool| {
        let corp = &corp;
        async move {
            let sub = corp.person(&claims(email, verified.into())).await;
            error(&corp.sign_in(&sub).await)
        }
    };
    assert!(told("ada@elsewhere.example", true).await.contains("domain"));
    assert!(told("ada@corp.example", false).await.contains("verified"));
    let ada = corp.person(&claims("ada@corp.example", json!(true))).await;
    corp.enter(&ada).await;
    corp.host.finish().await;
}

#[tokio::test]
async fn new_people_need_permission_where_sign_up_is_off() {
    let closed = json!({"SIGNUP_ENABLED": false});
    let Some(corp) = Corp::start(Store::Embedded, &closed).await else { return };
    // The first person of a host is always let in: somebody has to be.
    let ada = corp.person(&claims("ada@example.com", json!(true))).await;
    assert_eq!(corp.enter(&ada).await["user"]["role"], "admin");
    let bob = corp.person(&claims("bob@example.com", json!(true))).await;
    let told = error(&corp.sign_in(&bob).await);
    assert!(told.contains("no account"), "{told}");
    corp.host.finish().await;
}

async fn groups_decide_about_roles_that_nobody_gave_by_hand(store: Store) {
    let mapping = json!({
        "GROUP_CLAIM": "groups.platform", "ROLE_MAPPINGS": {"Ops": "admin", "Dev": "user"},
    });
    let Some(corp) = Corp::start(store, &mapping).await else { return };
    let first = corp.host.admin().await;
    let in_groups = |email: &str, groups: Value| {
        let mut claims = claims(email, json!(true));
        claims["groups"] = json!({ "platform": groups });
        claims
    };
    let role = async |sub: &str| corp.enter(sub).await["user"]["role"].clone();
    let ada = corp.person(&in_groups("ada@example.com", json!(["Dev", "Ops"]))).await;
    let session = corp.enter(&ada).await;
    assert_eq!(session["user"]["role"], "admin");
    let ada_now = user(&corp.host, &session);
    ada_now.get("/settings/invite-code").await.expect(200);
    corp.claim(&ada, &in_groups("ada@example.com", json!(["Dev"]))).await;
    assert_eq!(role(&ada).await, "user");
    corp.claim(&ada, &in_groups("ada@example.com", json!(["Ops"]))).await;
    assert_eq!(role(&ada).await, "admin");
    // Who leaves all groups loses what they gave.
    corp.claim(&ada, &claims("ada@example.com", json!(true))).await;
    assert_eq!(role(&ada).await, "user");
    // The first administrator got the role from nobody's groups.
    let boss = corp.person(&in_groups("admin@example.com", json!(["Dev"]))).await;
    for _ in 0..2 {
        let user = corp.enter(&boss).await["user"].clone();
        assert_eq!((&user["id"], &user["role"]), (&json!(first.id), &json!("admin")));
    }
    // Nor does a group give a role to somebody whose role is hand-made.
    corp.host.user(&first, "bob@example.com").await;
    let bob = corp.person(&in_groups("bob@example.com", json!(["Ops"]))).await;
    for _ in 0..2 {
        assert_eq!(role(&bob).await, "user");
    }
    corp.host.finish().await;
}

#[tokio::test]
async fn groups_decide_about_roles_that_nobody_gave_by_hand_embedded() {
    groups_decide_about_roles_that_nobody_gave_by_hand(Store::Embedded).await;
}

#[tokio::test]
async fn groups_decide_about_roles_that_nobody_gave_by_hand_mongo() {
    groups_decide_about_roles_that_nobody_gave_by_hand(Store::Mongo).await;
}

/// Changes every document of a collection of a host that does not run.
async fn change(host: &TestHost, of: &'static Collection, key: &str, value: Value) -> String {
    let path = host.data.path().join("data/bowsprit.db");
    let store = EmbeddedStore::open(&path).unwrap();
    store.prepare(&[of]).await.unwrap();
    let mut all = String::new();
    for found in store.find(of, &Query::new(Filter::All, 100)).await.unwrap() {
        all.push_str(&found.id);
        all.push_str(&found.body);
        let mut patch = Patch::default();
        patch.set.insert(key.into(), value.clone());
        store.patch_if(of, &found.id, None, &Filter::All, &patch).await.unwrap();
    }
    store.close().await;
    all
}

#[tokio::test]
async fn what_lies_in_the_store_is_of_no_use_and_soon_of_none_at_all() {
    let fake = Fake::start().await;
    let mut host = host_with_fake(&fake, json!({})).await;
    let mut browser = Browser::new();
    let begun = browser.begin(&host, "fake").await;
    let nonce = browser::parameter(&begun, "nonce").unwrap();
    let state = browser::parameter(&begun, "state").unwrap();
    let late = browser.begin(&host, "fake").await;
    fake.give(Some(&fake.signed("first", &fake.claims(&nonce, "ada"))));
    let finished = lies::finish(&mut browser, &host, &begun).await;
    let (code, verifier) = (code(&finished), verifier(&fake));
    let ago = |seconds: u64| {
        let then = Timestamp::now() - std::time::Duration::from_secs(seconds);
        Value::from(then.to_string())
    };
    host.stop().await;
    let stored = [
        change(&host, &OAUTH_STATES, "created_at", ago(601)).await,
        change(&host, &OAUTH_CODES, "created_at", ago(31)).await,
        change(&host, &USERS, "name", "Ada".into()).await,
    ];
    assert!(stored.iter().all(|it| !it.is_empty()));
    for secret in [&code, &state, &verifier] {
        assert!(!stored.iter().any(|it| it.contains(secret.as_str())), "{stored:?}");
    }
    host.start_again().await;
    let exchange = json!({ "code": code });
    let answer = host.anonymous().post("/auth/oauth/exchange", &exchange).await;
    answer.expect_problem(401, "auth.oauth.code");
    let told = error(&lies::finish(&mut browser, &host, &late).await);
    assert!(told.contains("10 minutes"), "{told}");
    host.finish().await;
}

/// The PKCE verifier the fake was shown last.
fn verifier(fake: &Fake) -> String {
    let form = fake.asked("/token").pop().unwrap();
    let url: Url = format!("http://form?{form}").parse().unwrap();
    browser::parameter(&url, "code_verifier").unwrap()
}
