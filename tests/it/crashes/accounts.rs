//! Accounts, sessions, invites.

use bowsprit_tests::{Answer, PASSWORD, Store, TestHost, User, unique};
use serde_json::{Value, json};

use super::{MOST, NO_PLUGINS, Row};

/// Somebody with an account, signed in twice.
struct Person {
    user: User,
    email: String,
    other: User,
}

fn ok(answer: &Answer) -> bool {
    answer.status.is_success()
}

async fn login(host: &TestHost, email: &str, password: &str) -> Answer {
    let body = json!({"email": email, "password": password});
    host.anonymous().post("/auth/login", &body).await
}

async fn person(host: &TestHost, admin: &User) -> Person {
    let email = format!("{}@example.com", unique());
    let user = host.user(admin, &email).await;
    let session = login(host, &email, PASSWORD).await.expect(200);
    let other = user.holding(session["token"].as_str().unwrap());
    Person { user, email, other }
}

impl Person {
    fn at(&self, host: &TestHost) -> (User, User) {
        (self.user.at(&host.origin), self.other.at(&host.origin))
    }

    async fn role(&self, admin: &User) -> Value {
        let found = admin.get(&format!("/admin/users?email={}", self.email)).await.expect(200);
        found["users"][0]["role"].clone()
    }

    fn path(&self, what: &str) -> String {
        format!("/admin/users/{}/{what}", self.user.id)
    }
}

pub(super) async fn walk(row: &Row, store: Store) -> bool {
    match row.route {
        "PUT /v1/api/admin/users/{id}/role" => change_role(row, store).await,
        "POST /v1/api/admin/users/{id}/deactivate" => deactivate(row, store).await,
        "POST /v1/api/admin/users/{id}/reactivate" => reactivate(row, store).await,
        "PUT /v1/api/profile" => rename(row, store).await,
        "PUT /v1/api/profile/password" => change_password(row, store).await,
        "DELETE /v1/api/profile/sessions" => end_others(row, store).await,
        "DELETE /v1/api/profile/sessions/{id}" => end_one(row, store).await,
        "POST /v1/api/auth/register" => register(row, store).await,
        "POST /v1/api/auth/login" => sign_in(row, store).await,
        "POST /v1/api/auth/refresh" => refresh(row, store).await,
        "POST /v1/api/auth/logout" => sign_out(row, store, "/auth/logout").await,
        "POST /v1/api/auth/logout-all" => sign_out(row, store, "/auth/logout-all").await,
        "GET /v1/api/settings/invite-code" => show_code(row, store).await,
        "POST /v1/api/settings/generate-invite-code" => new_code(row, store).await,
        "PUT /v1/api/settings/regenerate-setting" => set_regenerate(row, store).await,
        _ => return false,
    }
    true
}

async fn change_role(row: &Row, store: Store) {
    let admin_role = json!({"role": "admin"});
    let act = async |_: &TestHost, admin: &User, it: &Person| {
        ok(&admin.put(&it.path("role"), &admin_role).await)
    };
    row.walk(store, person, act, async |_, admin, it, done| {
        assert!(!done || it.role(admin).await == "admin");
        admin.put(&it.path("role"), &admin_role).await.expect(200);
        assert_eq!(it.role(admin).await, "admin");
    })
    .await;
}

async fn deactivate(row: &Row, store: Store) {
    let act = async |_: &TestHost, admin: &User, it: &Person| {
        ok(&admin.post(&it.path("deactivate"), &json!({})).await)
    };
    row.walk(store, person, act, async |host, admin, it, done| {
        let (user, other) = it.at(host);
        if done {
            user.get("/profile").await.expect(401);
        }
        admin.post(&it.path("deactivate"), &json!({})).await.expect(200);
        user.get("/profile").await.expect(401);
        other.get("/profile").await.expect(401);
        admin.get("/profile").await.expect(200);
    })
    .await;
}

async fn reactivate(row: &Row, store: Store) {
    let shut = async |host: &TestHost, admin: &User| {
        let it = person(host, admin).await;
        admin.post(&it.path("deactivate"), &json!({})).await.expect(200);
        it
    };
    let act = async |_: &TestHost, admin: &User, it: &Person| {
        ok(&admin.post(&it.path("reactivate"), &json!({})).await)
    };
    row.walk(store, shut, act, async |host, admin, it, done| {
        assert!(!done || ok(&login(host, &it.email, PASSWORD).await));
        admin.post(&it.path("reactivate"), &json!({})).await.expect(200);
        login(host, &it.email, PASSWORD).await.expect(200);
        it.user.at(&host.origin).get("/profile").await.expect(401);
    })
    .await;
}

async fn rename(row: &Row, store: Store) {
    let act = async |_: &TestHost, _: &User, it: &Person| {
        ok(&it.user.put("/profile", &json!({"name": "New"})).await)
    };
    row.walk(store, person, act, async |host, _, it, done| {
        let (user, _) = it.at(host);
        let name = user.get("/profile").await.expect(200)["user"]["name"].clone();
        assert!(name == "New" || !done && name == "Test", "{name}");
        user.put("/profile", &json!({"name": "New"})).await.expect(200);
    })
    .await;
}

async fn change_password(row: &Row, store: Store) {
    let change = json!({"currentPassword": PASSWORD, "newPassword": "another-456"});
    let act = async |_: &TestHost, _: &User, it: &Person| {
        ok(&it.user.put("/profile/password", &change).await)
    };
    row.walk(store, person, act, async |host, _, it, done| {
        let (user, other) = it.at(host);
        let old = ok(&login(host, &it.email, PASSWORD).await);
        let new = ok(&login(host, &it.email, "another-456").await);
        assert!(old != new && (new || !done), "old {old}, new {new}");
        assert_eq!(ok(&other.get("/profile").await), old, "other sessions end with the password");
        user.get("/profile").await.expect(200);
    })
    .await;
}

async fn end_others(row: &Row, store: Store) {
    let act =
        async |_: &TestHost, _: &User, it: &Person| ok(&it.user.delete("/profile/sessions").await);
    row.walk(store, person, act, async |host, _, it, done| {
        let (user, other) = it.at(host);
        assert!(!done || !ok(&other.get("/profile").await));
        user.delete("/profile/sessions").await.expect(200);
        other.get("/profile").await.expect(401);
        user.get("/profile").await.expect(200);
    })
    .await;
}

async fn end_one(row: &Row, store: Store) {
    let found = async |host: &TestHost, admin: &User| {
        let it = person(host, admin).await;
        let listed = it.user.get("/profile/sessions").await.expect(200);
        let mut others = listed["sessions"].as_array().unwrap().iter();
        let other = others.find(|it| it["current"] == false).unwrap();
        let path = format!("/profile/sessions/{}", other["id"].as_str().unwrap());
        (it, path)
    };
    let act = async |_: &TestHost, _: &User, (it, path): &(Person, String)| {
        ok(&it.user.delete(path).await)
    };
    row.walk(store, found, act, async |host, _, (it, path), done| {
        let (user, other) = it.at(host);
        let over = !ok(&other.get("/profile").await);
        assert!(over || !done);
        user.delete(path).await.expect(if over { 404 } else { 200 });
        other.get("/profile").await.expect(401);
        user.get("/profile").await.expect(200);
    })
    .await;
}

async fn register(row: &Row, store: Store) {
    let invited = async |_: &TestHost, admin: &User| {
        let once = json!({"regenerateAfterSignup": true});
        admin.put("/settings/regenerate-setting", &once).await.expect(200);
        let code = admin.get("/settings/invite-code").await.expect(200)["inviteCode"].clone();
        (format!("{}@example.com", unique()), code)
    };
    let form = |email: &str, code: &Value| json!({"email": email, "password": PASSWORD, "name": "B", "inviteCode": code});
    let act = async |host: &TestHost, _: &User, (email, code): &(String, Value)| {
        ok(&host.anonymous().post("/auth/register", &form(email, code)).await)
    };
    row.walk(store, invited, act, async |host, admin, (email, code), done| {
        if login(host, email, PASSWORD).await.status.as_u16() == 401 {
            assert!(!done);
            // The code may be used up; whatever it is now lets one person in.
            let code = admin.get("/settings/invite-code").await.expect(200)["inviteCode"].clone();
            host.anonymous().post("/auth/register", &form(email, &code)).await.expect(201);
        }
        login(host, email, PASSWORD).await.expect(200);
        let next = form(&format!("{}@example.com", unique()), code);
        host.anonymous().post("/auth/register", &next).await.expect(403);
        let found = admin.get(&format!("/admin/users?email={email}")).await.expect(200);
        assert_eq!(found["total"], 1, "{found}");
    })
    .await;
}

async fn sign_in(row: &Row, store: Store) {
    let act =
        async |host: &TestHost, _: &User, it: &Person| ok(&login(host, &it.email, PASSWORD).await);
    row.walk(store, person, act, async |host, _, it, _| {
        login(host, &it.email, PASSWORD).await.expect(200);
        it.user.at(&host.origin).get("/profile").await.expect(200);
    })
    .await;
}

async fn refresh(row: &Row, store: Store) {
    let act = async |_: &TestHost, _: &User, it: &Person| {
        ok(&it.user.post("/auth/refresh", &json!({})).await)
    };
    row.walk(store, person, act, async |host, _, it, _| {
        let (user, _) = it.at(host);
        user.get("/profile").await.expect(200);
        user.post("/auth/refresh", &json!({})).await.expect(200);
    })
    .await;
}

async fn sign_out(row: &Row, store: Store, path: &str) {
    let act = async |_: &TestHost, _: &User, it: &Person| ok(&it.user.post(path, &json!({})).await);
    row.walk(store, person, act, async |host, _, it, done| {
        let (user, _) = it.at(host);
        let over = !ok(&user.get("/profile").await);
        assert!(over || !done);
        user.post(path, &json!({})).await.expect(if over { 401 } else { 200 });
        user.get("/profile").await.expect(401);
        login(host, &it.email, PASSWORD).await.expect(200);
    })
    .await;
}

async fn nothing(_: &TestHost, _: &User) {}

async fn lets_in(host: &TestHost, admin: &User) {
    let code = admin.get("/settings/invite-code").await.expect(200)["inviteCode"].clone();
    let email = format!("{}@example.com", unique());
    User::register(&host.origin, &email, code.as_str()).await;
}

async fn show_code(row: &Row, store: Store) {
    let act =
        async |_: &TestHost, admin: &User, _: &()| ok(&admin.get("/settings/invite-code").await);
    row.walk(store, nothing, act, async |host, admin, _, _| lets_in(host, admin).await).await;
}

async fn new_code(row: &Row, store: Store) {
    let before = async |_: &TestHost, admin: &User| {
        admin.get("/settings/invite-code").await.expect(200)["inviteCode"].clone()
    };
    let act = async |_: &TestHost, admin: &User, _: &Value| {
        ok(&admin.post("/settings/generate-invite-code", &json!({})).await)
    };
    row.walk(store, before, act, async |host, admin, before, done| {
        let now = admin.get("/settings/invite-code").await.expect(200)["inviteCode"].clone();
        assert!(!done || now != *before, "one in a million");
        lets_in(host, admin).await;
    })
    .await;
}

async fn set_regenerate(row: &Row, store: Store) {
    let set = async |admin: &User, on: bool| {
        let body = json!({ "regenerateAfterSignup": on });
        admin.put("/settings/regenerate-setting", &body).await
    };
    let off = async |_: &TestHost, admin: &User| drop(set(admin, false).await.expect(200));
    let act = async |_: &TestHost, admin: &User, _: &()| ok(&set(admin, true).await);
    row.walk(store, off, act, async |host, admin, _, done| {
        let now = admin.get("/settings/regenerate-setting").await.expect(200);
        assert!(!done || now["regenerateAfterSignup"] == true);
        lets_in(host, admin).await;
    })
    .await;
}

async fn a_first_registration_that_dies_leaves_room_for_the_administrator(store: Store) {
    for writes in 0..MOST {
        let Some(mut host) = TestHost::mortal(store, &NO_PLUGINS).await else { return };
        let body = json!({"email": "a@example.com", "password": PASSWORD, "name": "A"});
        host.dies_after(writes);
        host.anonymous().post("/auth/register", &body).await;
        let outlived = !host.has_died();
        host.rise_again().await;
        let login = login(&host, "a@example.com", PASSWORD).await;
        let user = if login.status.as_u16() == 200 {
            login.body
        } else {
            assert_eq!(login.status.as_u16(), 401, "after {writes} writes: {}", login.text);
            host.anonymous().post("/auth/register", &body).await.expect(201)
        };
        assert_eq!(user["user"]["role"], "admin", "after {writes} writes");
        host.finish().await;
        if outlived {
            return;
        }
    }
    panic!("it never succeeded");
}

#[tokio::test]
async fn a_first_registration_that_dies_leaves_room_for_the_administrator_embedded() {
    a_first_registration_that_dies_leaves_room_for_the_administrator(Store::Embedded).await;
}

#[tokio::test]
async fn a_first_registration_that_dies_leaves_room_for_the_administrator_mongo() {
    a_first_registration_that_dies_leaves_room_for_the_administrator(Store::Mongo).await;
}
