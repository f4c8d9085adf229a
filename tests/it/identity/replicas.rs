//! Several hosts on one store: what one of them ends is over at all of them.

use std::time::{Duration, Instant};

use bowsprit_tests::{Events, PASSWORD, Store, TestHost, User};
use serde_json::json;

/// Two hosts on one store; a user with two sessions and a stream each at the
/// second host.
struct Pair {
    one: TestHost,
    other: TestHost,
    admin: User,
    user: User,
    second: User,
}

impl Pair {
    async fn start() -> Option<Self> {
        let one = TestHost::on_with(Store::Mongo, &[("BOWSPRIT_PLUGINS_DIRS", "")]).await?;
        let other = one.replica().await;
        let admin = one.admin().await;
        let user = one.user(&admin, "user@example.com").await;
        let second = again(&one, &user).await;
        Some(Self { one, other, admin, user, second })
    }

    async fn stream(&self, user: &User) -> Events {
        let user = user.at(&self.other.origin);
        let mut stream = user.events("/user-notifications/stream", None).await;
        stream.until("the beginning", |it| it.name == "connected").await;
        stream
    }

    async fn finish(mut self) {
        self.other.stop().await;
        self.one.finish().await;
    }
}

/// The user with one more session.
async fn again(host: &TestHost, user: &User) -> User {
    let login = json!({"email": "user@example.com", "password": PASSWORD});
    let session = host.anonymous().post("/auth/login", &login).await.expect(200);
    user.holding(session["token"].as_str().unwrap())
}

async fn ends_soon(mut stream: Events) {
    let begun = Instant::now();
    assert!(stream.next().await.is_none(), "nothing else comes");
    let took = begun.elapsed();
    // A look a second, and what a busy machine adds.
    assert!(took < Duration::from_secs(4), "{took:?}");
}

#[tokio::test]
async fn a_stream_at_another_host_ends_with_its_session() {
    let Some(pair) = Pair::start().await else { return };
    let (kept, ending) = (pair.stream(&pair.user).await, pair.stream(&pair.second).await);
    pair.second.post("/auth/logout", &json!({})).await.expect(200);
    ends_soon(ending).await;
    let ending = pair.stream(&again(&pair.one, &pair.user).await).await;
    let change = json!({"currentPassword": PASSWORD, "newPassword": "another-456"});
    pair.user.put("/profile/password", &change).await.expect(200);
    ends_soon(ending).await;
    let path = format!("/admin/users/{}/deactivate", pair.user.id);
    let mut admins = pair.stream(&pair.admin).await;
    pair.admin.post(&path, &json!({})).await.expect(200);
    // It has outlived what ended the others, and ends now.
    ends_soon(kept).await;
    // Those of others go on.
    let admin = pair.admin.at(&pair.other.origin);
    let id = admin.workflow("w", "nowhere").await;
    admin.run(&id, &json!({})).await.expect(404);
    admins.until("a note", |it| it.name == "new_notification").await;
    pair.finish().await;
}
