//! The audit log: what it remembers, who may read it, and that nobody can
//! change it unseen.

use std::{
    collections::BTreeSet,
    process::{Command, Output},
};

use bowsprit_host_core::{
    audit::AUDIT_LOG,
    store::{Documents as _, Filter, Patch},
};
use bowsprit_host_store::EmbeddedStore;
use bowsprit_tests::{Store, TestHost, User};
use serde_json::{Value, json};

use crate::{clusters::dead, process::binary};

fn set<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.map(str::to_owned).into()
}

async fn actions(admin: &User, query: &str) -> Vec<Value> {
    let page = admin.get(&format!("/admin/audit{query}")).await.expect(200);
    page["entries"].as_array().unwrap().clone()
}

async fn what_was_done_is_remembered(store: Store) {
    let Some(host) = TestHost::on(store).await else { return };
    let admin = host.admin().await;
    let user = host.user(&admin, "user@example.com").await;
    let made = user.post("/clusters", &dead("gone")).await.expect(201);
    let cluster = made["cluster"]["id"].as_str().unwrap().to_owned();
    user.delete("/clusters/gone").await.expect(200);

    user.get("/admin/audit").await.expect_problem(403, "auth.admin-only");
    let of_cluster = actions(&admin, &format!("?object={cluster}")).await;
    let told: Vec<&str> = of_cluster.iter().map(|it| it["action"].as_str().unwrap()).collect();
    assert_eq!(told, ["cluster.removed", "cluster.added"], "newest first");
    for entry in &of_cluster {
        assert_eq!((&entry["actor"], &entry["kind"]), (&json!(user.id), &json!("cluster")));
        assert!(!entry.to_string().contains("top-secret-token"), "{entry}");
    }
    let all = actions(&admin, "?limit=500").await;
    let numbers: Vec<i64> = all.iter().map(|it| it["number"].as_i64().unwrap()).collect();
    assert_eq!(numbers, (1..=all.len() as i64).rev().collect::<Vec<_>>(), "without a gap");
    let named = |list: &[Value]| -> BTreeSet<String> {
        list.iter().map(|it| it["action"].as_str().unwrap().to_owned()).collect()
    };
    let by_admin = named(&actions(&admin, &format!("?actor={}", admin.id)).await);
    assert_eq!(by_admin, set(["auth.registered", "auth.signed-in", "invite.revealed"]));
    let by_user = named(&actions(&admin, &format!("?actor={}", user.id)).await);
    let expected = ["auth.registered", "auth.signed-in", "cluster.added", "cluster.removed"];
    assert_eq!(by_user, set(expected));
    assert_eq!(actions(&admin, "?action=cluster.added").await.len(), 1);
    assert_eq!(actions(&admin, "?since=2999-01-01T00:00:00Z").await.len(), 0);
    let newest = admin.get("/admin/audit?limit=1").await.expect(200);
    let rest = actions(&admin, &format!("?before={}", newest["next"])).await;
    assert_eq!(rest.len(), all.len() - 1);
    admin.get("/admin/audit?since=yesterday").await.expect_problem(400, "request.invalid");
    host.finish().await;
}

#[tokio::test]
async fn what_was_done_is_remembered_embedded() {
    what_was_done_is_remembered(Store::Embedded).await;
}

#[tokio::test]
async fn what_was_done_is_remembered_mongo() {
    what_was_done_is_remembered(Store::Mongo).await;
}

fn verify(host: &TestHost, more: &[&str]) -> Output {
    let mut command = Command::new(binary());
    command.args(["audit", "verify", "--data-dir"]).arg(host.data.path().join("data"));
    command.args(more).output().unwrap()
}

#[tokio::test]
async fn a_changed_or_removed_entry_is_found() {
    let mut host = TestHost::start().await;
    let admin = host.admin().await;
    for n in 0..3 {
        admin.post("/clusters", &dead(&format!("c{n}"))).await.expect(201);
    }
    host.stop().await;
    let whole = verify(&host, &[]);
    let said = String::from_utf8(whole.stdout).unwrap();
    assert!(whole.status.success() && said.contains("entries, unbroken; head "), "{said}");
    let head = said.trim().rsplit(' ').next().unwrap().to_owned();
    assert!(verify(&host, &["--head", &head]).status.success());

    let path = host.data.path().join("data/bowsprit.db");
    let newest = {
        let store = EmbeddedStore::open(&path).unwrap();
        let count = store.count(&AUDIT_LOG, &Filter::All).await.unwrap();
        let newest = format!("{count:020}");
        store.remove_if(&AUDIT_LOG, &newest, None).await.unwrap();
        store.close().await;
        count
    };
    assert!(verify(&host, &[]).status.success(), "a cut end looks whole by itself");
    let cut = verify(&host, &["--head", &head]);
    let said = String::from_utf8(cut.stderr).unwrap();
    assert!(!cut.status.success() && said.contains("cut off"), "{said}");

    let store = EmbeddedStore::open(&path).unwrap();
    let mut patch = Patch::default();
    patch.set.insert("detail".into(), "nothing happened".into());
    let forged = format!("{:020}", newest - 1);
    store.patch_if(&AUDIT_LOG, &forged, None, &Filter::All, &patch).await.unwrap();
    store.close().await;
    let changed = verify(&host, &[]);
    let said = String::from_utf8(changed.stderr).unwrap();
    let expected = format!("entry {} was changed", newest - 1);
    assert!(changed.status.code() == Some(1) && said.contains(&expected), "{said}");
}

#[tokio::test]
async fn many_at_once_make_one_chain() {
    let mut host = TestHost::start().await;
    let admin = host.admin().await;
    let adding = (0..40).map(|n| {
        let admin = admin.clone();
        async move { admin.post("/clusters", &dead(&format!("c{n}"))).await.expect(201) }
    });
    futures::future::join_all(adding).await;
    assert_eq!(actions(&admin, "?action=cluster.added").await.len(), 40);
    host.stop().await;
    assert!(verify(&host, &[]).status.success());
}

#[tokio::test]
async fn accounts_and_plugins_leave_their_traces() {
    let host = TestHost::start().await;
    let admin = host.admin().await;
    let user = host.user(&admin, "user@example.com").await;
    let wrong = json!({"email": "user@example.com", "password": "not-the-password"});
    host.anonymous().post("/auth/login", &wrong).await.expect(401);
    let account = format!("/admin/users/{}", user.id);
    admin.put(&format!("{account}/role"), &json!({"role": "admin"})).await.expect(200);
    admin.post(&format!("{account}/deactivate"), &json!({})).await.expect(200);
    admin.post(&format!("{account}/reactivate"), &json!({})).await.expect(200);
    let change = json!({"currentPassword": "secret-123", "newPassword": "secret-1234"});
    admin.put("/profile/password", &change).await.expect(200);
    let told = actions(&admin, "?limit=500").await;
    for (action, object) in [
        ("auth.sign-in-refused", "user@example.com"),
        ("user.role-changed", user.id.as_str()),
        ("user.deactivated", &user.id),
        ("user.reactivated", &user.id),
        ("auth.password-changed", &admin.id),
        ("plugin.activated", "deployment"),
    ] {
        let found = told.iter().find(|it| it["action"] == action && it["object"] == object);
        let found = found.unwrap_or_else(|| panic!("{action} {object} in {told:#?}"));
        assert_eq!(found["address"].is_string(), action != "plugin.activated", "{found}");
    }
    host.finish().await;
}
