//! People who come from an identity provider.

use bowsprit_tests::{Store, TestHost, User, unique};
use reqwest::Url;
use serde_json::{Value, json};

use super::{MOST, NO_PLUGINS, Row};
use crate::oauth::{
    browser::{self, Browser, FRONTEND},
    fake::Fake,
};

pub(super) async fn walk(row: &Row, store: Store) -> bool {
    if !row.route.contains("/oauth/") {
        return false;
    }
    let Some((host, fake)) = host_with_fake(store).await else { return true };
    match row.route {
        "GET /v1/api/auth/oauth/{provider}/authorize" => begin(row, host, &fake).await,
        "GET /v1/api/auth/oauth/{provider}/callback" => {
            new_person(row, host, &fake).await;
            let Some((host, fake)) = host_with_fake(store).await else { return true };
            account_is_linked(row, host, &fake).await;
            let Some((host, fake)) = host_with_fake(store).await else { return true };
            role_follows_groups(row, host, &fake).await;
        }
        "POST /v1/api/auth/oauth/exchange" => exchange(row, host, &fake).await,
        other => panic!("nobody walks {other}"),
    }
    true
}

async fn host_with_fake(store: Store) -> Option<(TestHost, Fake)> {
    let fake = Fake::start().await;
    let mut entry = fake.entry("fake");
    entry["group_claim"] = "groups".into();
    entry["role_mappings"] = json!({"Ops": "admin"});
    let providers = json!([entry]).to_string();
    let environment = [
        NO_PLUGINS[0],
        // Not where it listens: the browser here knows the way.
        ("BOWSPRIT_BASE_URL", "http://bowsprit.test"),
        ("BOWSPRIT_FRONTEND_URL", FRONTEND),
        ("BOWSPRIT_AUTH_PROVIDERS", providers.as_str()),
    ];
    Some((TestHost::mortal(store, &environment).await?, fake))
}

/// A browser's way back from the provider as `sub`, in these groups.
async fn callback(host: &TestHost, fake: &Fake, sub: &str, groups: &[&str]) -> String {
    let begun = Browser::new().begin(host, "fake").await;
    let parameter = |name: &str| browser::parameter(&begun, name).unwrap();
    let mut claims = fake.claims(&parameter("nonce"), sub);
    claims["groups"] = json!(groups);
    fake.give(Some(&fake.signed("first", &claims)));
    format!("/v1/api/auth/oauth/fake/callback?code=any&state={}", parameter("state"))
}

/// Where the way back leads.
async fn arrive(host: &TestHost, path: &str) -> Url {
    let url = format!("{}{path}", host.origin).parse().unwrap();
    Browser::new().open(&url).await.leads()
}

fn is_in(url: &Url) -> bool {
    url.as_str().starts_with(&format!("{FRONTEND}/auth/callback"))
}

/// Signs in, whatever was before; answers the user.
async fn enter(host: &TestHost, fake: &Fake, sub: &str, groups: &[&str]) -> Value {
    let path = callback(host, fake, sub, groups).await;
    let code = browser::code(&arrive(host, &path).await);
    let session = host.anonymous().post("/auth/oauth/exchange", &json!({ "code": code })).await;
    session.expect(200)["user"].clone()
}

async fn accounts(admin: &User, sub: &str) -> Value {
    let found = admin.get(&format!("/admin/users?email={sub}@example.com")).await.expect(200);
    found["total"].clone()
}

async fn begin(row: &Row, host: TestHost, fake: &Fake) {
    let person = async |_: &TestHost, _: &User| unique();
    let act = async |host: &TestHost, _: &User, _: &String| {
        let path = "/auth/oauth/fake/authorize";
        host.anonymous().get(path).await.status.is_redirection()
    };
    row.walk_on(host, person, act, async |host, _, sub, _| {
        enter(host, fake, sub, &[]).await;
    })
    .await;
}

async fn new_person(row: &Row, host: TestHost, fake: &Fake) {
    let on_the_way = async |host: &TestHost, _: &User| {
        let sub = unique();
        let path = callback(host, fake, &sub, &[]).await;
        (sub, path)
    };
    let act = async |host: &TestHost, _: &User, (_, path): &(String, String)| {
        is_in(&arrive(host, path).await)
    };
    row.walk_on(host, on_the_way, act, async |host, admin, (sub, path), done| {
        assert!(!done || accounts(admin, sub).await == 1);
        assert!(!is_in(&arrive(host, path).await) || !done, "a state is good once");
        let user = enter(host, fake, sub, &[]).await;
        assert_eq!(user["role"], "user");
        assert_eq!(accounts(admin, sub).await, 1);
    })
    .await;
}

async fn account_is_linked(row: &Row, host: TestHost, fake: &Fake) {
    let on_the_way = async |host: &TestHost, admin: &User| {
        let sub = unique();
        let own = host.user(admin, &format!("{sub}@example.com")).await;
        let path = callback(host, fake, &sub, &[]).await;
        (own, sub, path)
    };
    let act = async |host: &TestHost, _: &User, (_, _, path): &(User, String, String)| {
        is_in(&arrive(host, path).await)
    };
    row.walk_on(host, on_the_way, act, async |host, admin, (own, sub, _), done| {
        let own = own.at(&host.origin);
        let linked = own.get("/profile").await.expect(200)["user"]["authProvider"] == "fake";
        assert!(linked || !done);
        let user = enter(host, fake, sub, &[]).await;
        assert_eq!((&user["id"], &user["authProvider"]), (&json!(own.id), &json!("fake")));
        assert_eq!(accounts(admin, sub).await, 1);
    })
    .await;
}

async fn role_follows_groups(row: &Row, host: TestHost, fake: &Fake) {
    let on_the_way = async |host: &TestHost, _: &User| {
        let sub = unique();
        assert_eq!(enter(host, fake, &sub, &[]).await["role"], "user");
        let path = callback(host, fake, &sub, &["Ops"]).await;
        (sub, path)
    };
    let act = async |host: &TestHost, _: &User, (_, path): &(String, String)| {
        is_in(&arrive(host, path).await)
    };
    row.walk_on(host, on_the_way, act, async |host, admin, (sub, _), done| {
        let path = format!("/admin/users?email={sub}@example.com");
        let role = admin.get(&path).await.expect(200)["users"][0]["role"].clone();
        assert!(!done || role == "admin", "{role}");
        assert_eq!(enter(host, fake, sub, &["Ops"]).await["role"], "admin");
        // Who gave it may take it away.
        assert_eq!(enter(host, fake, sub, &[]).await["role"], "user");
    })
    .await;
}

async fn exchange(row: &Row, host: TestHost, fake: &Fake) {
    let arrived = async |host: &TestHost, _: &User| {
        let sub = unique();
        let path = callback(host, fake, &sub, &[]).await;
        (browser::code(&arrive(host, &path).await), sub)
    };
    let exchange = async |host: &TestHost, code: &str| {
        host.anonymous().post("/auth/oauth/exchange", &json!({ "code": code })).await
    };
    let act = async |host: &TestHost, _: &User, (code, _): &(String, String)| {
        exchange(host, code).await.status.is_success()
    };
    row.walk_on(host, arrived, act, async |host, admin, (code, sub), done| {
        let again = exchange(host, code).await.status.is_success();
        assert!(!(again && done), "a code is good once");
        enter(host, fake, sub, &[]).await;
        assert_eq!(accounts(admin, sub).await, 1);
    })
    .await;
}

async fn the_first_person_who_dies_leaves_room_for_the_administrator(store: Store) {
    for writes in 0..MOST {
        let Some((mut host, fake)) = host_with_fake(store).await else { return };
        let path = callback(&host, &fake, "ada", &[]).await;
        host.dies_after(writes);
        arrive(&host, &path).await;
        let outlived = !host.has_died();
        host.rise_again().await;
        let user = enter(&host, &fake, "ada", &[]).await;
        assert_eq!(user["role"], "admin", "after {writes} writes");
        assert_eq!(enter(&host, &fake, "bob", &[]).await["role"], "user");
        host.finish().await;
        if outlived {
            return;
        }
    }
    panic!("it never succeeded");
}

#[tokio::test]
async fn the_first_person_who_dies_leaves_room_for_the_administrator_embedded() {
    the_first_person_who_dies_leaves_room_for_the_administrator(Store::Embedded).await;
}

#[tokio::test]
async fn the_first_person_who_dies_leaves_room_for_the_administrator_mongo() {
    the_first_person_who_dies_leaves_room_for_the_administrator(Store::Mongo).await;
}
