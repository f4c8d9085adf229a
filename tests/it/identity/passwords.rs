//! Passwords: what an attacker learns, how often they may guess.

use bowsprit_host_core::{access::Role, identity::IdentityRules};
use bowsprit_tests::{Store, TestHost};
use serde_json::json;

use super::bare::{Bare, login};

#[tokio::test]
async fn unknown_accounts_cost_as_much_as_known_ones() {
    let bare = Bare::on(Store::Embedded, IdentityRules::default()).await.unwrap();
    let hash = bare.passwords.hash("secret-123".to_owned().into()).await.unwrap();
    bare.add("known@example.com", Role::User, &hash).await;
    bare.add("oidc@example.com", Role::User, "").await;
    for email in ["known@example.com", "oidc@example.com", "unknown@example.com"] {
        let before = bare.passwords.worked();
        assert!(login(&bare.identity, email, "secret-124").await.is_none());
        assert_eq!(bare.passwords.worked() - before, 1, "{email}");
    }
    bare.finish().await;
}

async fn imported_hashes_are_replaced(store: Store) {
    // A test vector of crypt_blowfish 1.3 (Openwall).
    const PASSWORD: &str =
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    let Some(bare) = Bare::on(store, IdentityRules::default()).await else { return };
    for kind in ["2a", "2b", "2y"] {
        let hash = format!("${kind}$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui");
        let email = format!("{kind}@example.com");
        let id = bare.add(&email, Role::User, &hash).await.to_string();
        assert!(login(&bare.identity, &email, "secret-123").await.is_none());
        assert_eq!(bare.users().get(&id).await.unwrap().unwrap().password, hash);
        let first = login(&bare.identity, &email, PASSWORD).await.unwrap();
        let kept = bare.users().get(&id).await.unwrap().unwrap();
        assert!(kept.password.starts_with("$argon2id$"), "{}", kept.password);
        assert!(login(&bare.identity, &email, PASSWORD).await.is_some());
        // Nobody is signed out by it.
        super::bare::caller(&bare.replica(), &first).await;
    }
    bare.finish().await;
}

#[tokio::test]
async fn imported_hashes_are_replaced_embedded() {
    imported_hashes_are_replaced(Store::Embedded).await;
}

#[tokio::test]
async fn imported_hashes_are_replaced_mongo() {
    imported_hashes_are_replaced(Store::Mongo).await;
}

/// A sign-in that a proxy says to come from `from`.
async fn login_from(host: &TestHost, from: &str, email: &str, password: &str) -> (u16, u64) {
    let request = bowsprit_tests::client()
        .post(format!("{}/v1/api/auth/login", host.origin))
        .header("x-forwarded-for", from)
        .body(json!({"email": email, "password": password}).to_string());
    let response = request.send().await.unwrap();
    let wait = response.headers().get("retry-after");
    let wait = wait.map_or(0, |it| it.to_str().unwrap().parse().unwrap());
    (response.status().as_u16(), wait)
}

#[tokio::test]
async fn guessing_ends_after_ten_and_locks_nobody_else_out() {
    let host = TestHost::with(&[("BOWSPRIT_TRUSTED_PROXIES", "127.0.0.1")]).await;
    let admin = host.admin().await;
    host.user(&admin, "user@example.com").await;
    for n in 0..10 {
        let (status, _) = login_from(&host, "192.0.2.1", "admin@example.com", "secret-124").await;
        assert_eq!(status, 401, "guess {n}");
    }
    let (status, wait) = login_from(&host, "192.0.2.1", "admin@example.com", "secret-123").await;
    assert_eq!(status, 429, "also with the right password");
    assert!((1..=91).contains(&wait), "{wait}");
    let (status, _) = login_from(&host, "192.0.2.1", "user@example.com", "secret-123").await;
    assert_eq!(status, 200, "another account");
    let (status, _) = login_from(&host, "192.0.2.2", "admin@example.com", "secret-123").await;
    assert_eq!(status, 200, "its owner, elsewhere");
    host.finish().await;
}

#[tokio::test]
async fn guesses_sent_at_once_learn_no_more_than_one_by_one() {
    let host = TestHost::start().await;
    host.admin().await;
    let body = json!({"email": "admin@example.com", "password": "secret-124"});
    let anonymous = host.anonymous();
    let calls = (0..60).map(|_| anonymous.post("/auth/login", &body));
    let answers = futures::future::join_all(calls).await;
    let told = answers.iter().filter(|it| it.status.as_u16() == 401).count();
    assert!(told <= 10, "{told} were told that they are wrong");
    assert!(answers.iter().all(|it| matches!(it.status.as_u16(), 401 | 429)));
    let right = json!({"email": "admin@example.com", "password": "secret-123"});
    let refused = anonymous.post("/auth/login", &right).await;
    assert!(refused.headers.contains_key("retry-after"));
    refused.expect_problem(429, "auth.throttled");
    host.finish().await;
}

#[tokio::test]
async fn the_policy_is_for_new_passwords() {
    let mut host = TestHost::start().await;
    let admin = host.admin().await;
    host.stop().await;
    host.set("BOWSPRIT_AUTH_PASSWORD_MIN_LENGTH", "12");
    host.start_again().await;
    let admin = admin.at(&host.origin);
    let known = json!({"email": "admin@example.com", "password": "secret-123"});
    host.anonymous().post("/auth/login", &known).await.expect(200);
    let change = json!({"currentPassword": "secret-123", "newPassword": "secret-1234"});
    let problem = admin.put("/profile/password", &change).await;
    let problem = problem.expect_problem(400, "request.invalid");
    assert!(problem["message"].as_str().unwrap().contains("12 characters"), "{problem}");
    // Six code points are enough by default, however many bytes they take.
    host.finish().await;
    let host = TestHost::start().await;
    let body = json!({"email": "a@b.c", "password": "äöüäöü", "name": "U"});
    host.anonymous().post("/auth/register", &body).await.expect(201);
    host.finish().await;
}
