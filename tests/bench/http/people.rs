//! Whose workflows the requests are about.

use bowsprit_tests::{User, unique};
use futures::StreamExt as _;
use serde_json::json;
use tokio::sync::OnceCell;

use crate::{
    drawings::{config_maps, drawing, kube, remove_namespace},
    host::{Server, administrator},
    load::Call,
};

/// Requests under way when drawings are made.
const PARALLEL: usize = 16;

/// The users of a host, and what they have drawn once somebody asked for it.
pub(super) struct People {
    pub(super) admin: User,
    /// Owns 20 workflows.
    pub(super) twenty: User,
    /// Owns 200 workflows.
    pub(super) two_hundred: User,
    /// Owns as many as time allows.
    pub(super) many: User,
    fifty: OnceCell<String>,
}

impl People {
    /// Registers them with a host that was just started for the first time.
    pub(super) async fn register(server: &Server) -> Self {
        let admin = administrator(server).await;
        Self {
            twenty: admin.invite("twenty@example.com").await,
            two_hundred: admin.invite("two-hundred@example.com").await,
            many: admin.invite("many@example.com").await,
            admin,
            fifty: OnceCell::new(),
        }
    }

    /// Reads a workflow of 50 nodes.
    pub(super) async fn get_fifty(&self) -> Call {
        let id = self.fifty.get_or_init(|| async {
            let id = self.admin.workflow("fifty", "prod").await;
            self.admin.save(&id, &drawing(50)).await;
            let read = self.admin.get(&format!("/workflows/{id}")).await.expect(200);
            assert_eq!(read["nodes"], drawing(50)["nodes"], "the drawing is what was saved");
            id
        });
        Call::get(&format!("/workflows/{}", id.await), Some(&self.admin))
    }

    /// Sees to it that `user` has exactly `count` workflows of 10 nodes.
    pub(super) async fn ensure_drawn(&self, user: &User, count: usize) {
        let list = user.get("/workflows").await.expect(200);
        let there = list["workflows"].as_array().unwrap().len();
        draw(user, count.saturating_sub(there)).await;
        let list = user.get("/workflows").await.expect(200);
        let all = list["workflows"].as_array().unwrap();
        assert_eq!(all.len(), count, "workflows in the list");
        assert!(all.iter().all(|it| it["nodes"].as_array().unwrap().len() == 10), "10 nodes each");
    }

    /// Lists ten versions of 50 nodes each, which runs have made.
    pub(super) async fn ten_versions(&self) -> Call {
        let (kube, user) = (kube(), &self.admin);
        kube.add_to(user, "lab").await;
        let namespace = format!("bench-{}", unique());
        let id = user.workflow("versions", "lab").await;
        user.save(&id, &config_maps(&namespace, 50)).await;
        for _ in 0..10 {
            assert_eq!(user.run(&id, &json!({})).await.expect(200)["status"], "completed");
        }
        let path = format!("/workflows/{id}/versions?limit=10");
        let listed = user.get(&path).await.expect(200);
        assert_eq!(listed["versions"].as_array().unwrap().len(), 10, "versions in the list");
        remove_namespace(&kube, &namespace).await;
        Call::get(&path, Some(user))
    }
}

/// Draws `count` workflows of 10 nodes.
pub(super) async fn draw(user: &User, count: usize) {
    let drawing = drawing(10);
    let one = |number: usize| {
        let drawing = &drawing;
        async move {
            let id = user.workflow(&format!("workflow {number}"), "prod").await;
            user.save(&id, drawing).await;
        }
    };
    futures::stream::iter((0..count).map(one)).buffer_unordered(PARALLEL).collect::<()>().await;
}
