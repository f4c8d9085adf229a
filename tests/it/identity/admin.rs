//! Administrators: roles, shutting accounts, the last one stays.

use std::time::{Duration, Instant};

use bowsprit_host_core::{
    access::{Caller, Role},
    identity::{
        CLAIMS, Identity, IdentityRules,
        admin::{AccountChange, UserQuery},
    },
};
use bowsprit_tests::{Store, TestHost};
use serde_json::json;

use super::bare::{Bare, client, login};

async fn administrators_manage_users(store: Store) {
    let Some(host) = TestHost::on(store).await else { return };
    let admin = host.admin().await;
    let user = host.user(&admin, "user@example.com").await;
    host.user(&admin, "other@example.com").await;
    let all = admin.get("/admin/users").await.expect(200);
    assert_eq!((&all["total"], &all["limit"], &all["offset"]), (&json!(3), &json!(50), &json!(0)));
    assert_eq!(all["users"][0]["email"], "admin@example.com", "oldest first");
    assert_eq!(all["users"][1]["active"], true);
    assert!(!all.to_string().contains("password") && !all.to_string().contains("argon2"));
    let page = admin.get("/admin/users?limit=1&offset=1").await.expect(200);
    assert_eq!((page["users"].as_array().unwrap().len(), &page["total"]), (1, &json!(3)));
    for (query, total) in
        [("role=admin", 1), ("role=user", 2), ("active=false", 0), ("email=User@Example.com", 1)]
    {
        let found = admin.get(&format!("/admin/users?{query}")).await.expect(200);
        assert_eq!(found["total"], total, "{query}");
    }
    admin.get("/admin/users?role=king").await.expect_problem(400, "request.invalid");
    let of = |id: &str, what: &str| format!("/admin/users/{id}/{what}");
    // The role counts at once, without a new token.
    user.get("/admin/users").await.expect_problem(403, "auth.admin-only");
    let made = admin.put(&of(&user.id, "role"), &json!({"role": "admin"})).await.expect(200);
    assert_eq!(made["user"]["role"], "admin");
    user.get("/admin/users").await.expect(200);
    admin.put(&of(&user.id, "role"), &json!({"role": "user"})).await.expect(200);
    user.get("/admin/users").await.expect(403);
    admin.put(&of(&user.id, "role"), &json!({"role": "king"})).await.expect(400);
    let nobody = "64b000000000000000000009";
    admin.put(&of(nobody, "role"), &json!({"role": "user"})).await.expect(404);
    admin.post(&of(nobody, "deactivate"), &json!({})).await.expect(404);
    // The last administrator stays.
    let demote = admin.put(&of(&admin.id, "role"), &json!({"role": "user"})).await;
    demote.expect_problem(409, "auth.last-admin");
    let shut = admin.post(&of(&admin.id, "deactivate"), &json!({})).await;
    shut.expect_problem(409, "auth.last-admin");
    // A shut account is no way in, and opening it revives no session.
    let mut events = user.events("/user-notifications/stream", None).await;
    events.next().await.unwrap();
    let shut = admin.post(&of(&user.id, "deactivate"), &json!({})).await.expect(200);
    assert_eq!(shut["user"]["active"], false);
    user.get("/profile").await.expect_problem(401, "auth.session.over");
    user.post("/auth/refresh", &json!({})).await.expect(401);
    assert!(events.next().await.is_none(), "an open stream ends with the session");
    let known = json!({"email": "user@example.com", "password": "secret-123"});
    let refused = host.anonymous().post("/auth/login", &known).await;
    refused.expect_problem(403, "auth.account.deactivated");
    let found = admin.get("/admin/users?active=false").await.expect(200);
    assert_eq!(found["total"], 1);
    let opened = admin.post(&of(&user.id, "reactivate"), &json!({})).await.expect(200);
    assert!(opened["user"].get("deactivatedAt").is_none());
    user.get("/profile").await.expect(401);
    host.anonymous().post("/auth/login", &known).await.expect(200);
    host.finish().await;
}

#[tokio::test]
async fn administrators_manage_users_embedded() {
    administrators_manage_users(Store::Embedded).await;
}

#[tokio::test]
async fn administrators_manage_users_mongo() {
    administrators_manage_users(Store::Mongo).await;
}

async fn admins_of(identity: &Identity, caller: &Caller) -> u64 {
    let query =
        UserQuery { role: Some(Role::Admin), active: Some(true), limit: 1, ..UserQuery::default() };
    identity.users(caller, &query).await.unwrap().1
}

/// Administrators who shut and demote each other on two hosts at once.
async fn one_administrator_survives(store: Store) {
    let Some(bare) = Bare::on(store, IdentityRules::default()).await else { return };
    let hosts = [bare.identity.clone(), bare.replica()];
    for round in 0..3 {
        let mut admins = Vec::new();
        for n in 0..8 {
            let user = bare.add(&format!("{round}-{n}@example.com"), Role::Admin, "").await;
            let (role, session) = (Role::Admin, user);
            admins.push(Caller { user, role, session, address: None });
        }
        let calls = (0..admins.len()).map(|n| {
            let (caller, victim) = (&admins[n], admins[(n + 1) % admins.len()].user);
            let change = match n % 2 {
                0 => AccountChange::Deactivate,
                _ => AccountChange::Role(Role::User),
            };
            hosts[n / 2 % 2].change_account(caller, victim, change)
        });
        let outcomes = futures::future::join_all(calls).await;
        let refused: Vec<_> = outcomes.iter().filter_map(|it| it.as_ref().err()).collect();
        assert!(refused.iter().all(|it| it.code() == "auth.last-admin"), "{refused:?}");
        assert_eq!(admins_of(&bare.identity, &admins[0]).await, 1);
        assert_eq!(refused.len(), usize::from(round == 0), "{refused:?}");
    }
    bare.finish().await;
}

#[tokio::test]
async fn one_administrator_survives_embedded() {
    one_administrator_survives(Store::Embedded).await;
}

#[tokio::test]
async fn one_administrator_survives_mongo() {
    one_administrator_survives(Store::Mongo).await;
}

#[tokio::test]
async fn a_change_that_a_dead_host_left_is_carried_out_once() {
    let bare = Bare::on(Store::Embedded, IdentityRules::default()).await.unwrap();
    let admin = bare.add("admin@example.com", Role::Admin, "").await;
    let user = bare.add("user@example.com", Role::User, "").await;
    let left = json!({"number": 7, "pending": {"user_id": user, "change": "deactivate"}});
    bare.store.insert(&CLAIMS, "account-changes", &left.to_string(), None).await.unwrap();
    bare.identity.finish_changes().await.unwrap();
    let shut = bare.users().get(&user.to_string()).await.unwrap().unwrap();
    assert_eq!((shut.is_active(), shut.change, shut.epoch), (false, 7, 1));
    bare.identity.finish_changes().await.unwrap();
    // The next one goes on from there.
    let caller = Caller { user: admin, role: Role::Admin, session: admin, address: None };
    let opened = bare.identity.change_account(&caller, user, AccountChange::Reactivate).await;
    assert!(opened.unwrap().active);
    let open = bare.users().get(&user.to_string()).await.unwrap().unwrap();
    assert_eq!((open.change, open.epoch), (8, 1));
    bare.finish().await;
}

async fn other_hosts_notice_within_a_second(store: Store) {
    let Some(bare) = Bare::on(store, IdentityRules::default()).await else { return };
    let hash = bare.passwords.hash("secret-123".to_owned().into()).await.unwrap();
    let admin = bare.add("admin@example.com", Role::Admin, &hash).await;
    let user = bare.add("user@example.com", Role::User, &hash).await;
    let session = login(&bare.identity, "user@example.com", "secret-123").await.unwrap();
    let other = bare.replica();
    other.authenticate(&session.token, &client()).await.unwrap();
    let caller = Caller { user: admin, role: Role::Admin, session: admin, address: None };
    bare.identity.change_account(&caller, user, AccountChange::Deactivate).await.unwrap();
    let begun = Instant::now();
    assert!(bare.identity.authenticate(&session.token, &client()).await.is_err(), "here at once");
    while other.authenticate(&session.token, &client()).await.is_ok() {
        tokio::task::yield_now().await;
        assert!(begun.elapsed() < Duration::from_secs(1), "still let in elsewhere");
    }
    bare.finish().await;
}

#[tokio::test]
async fn other_hosts_notice_within_a_second_embedded() {
    other_hosts_notice_within_a_second(Store::Embedded).await;
}

#[tokio::test]
async fn other_hosts_notice_within_a_second_mongo() {
    other_hosts_notice_within_a_second(Store::Mongo).await;
}
