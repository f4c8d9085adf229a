//! What is known of each node, printed as it changes.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::json;

/// The states that mean: as it should be.
const HEALTHY: [&str; 7] =
    ["healthy", "created", "Bound", "active", "stable", "running", "completed"];

/// The nodes of one workflow.
pub(super) struct Statuses {
    nodes: BTreeMap<String, Node>,
}

struct Node {
    /// What a person calls it.
    title: String,
    state: String,
    message: String,
}

impl Statuses {
    /// All nodes of a drawing, of which nothing is known yet.
    pub(super) fn of(application: &Value) -> Self {
        let nodes = json::list(application, "/nodes").iter().filter_map(|node| {
            let id = json::text(node, "/id")?;
            let name = json::text(node, "/data/name").unwrap_or(id);
            let title = format!("{} `{name}`", json::text(node, "/type").unwrap_or("node"));
            let unknown = Node { title, state: String::new(), message: String::new() };
            Some((id.to_owned(), unknown))
        });
        Self { nodes: nodes.collect() }
    }

    /// Learns from an event of the status stream.
    pub(super) fn apply(&mut self, event: &str, data: &Value) {
        match event {
            "metadata" => self.all(json::list(data, "/nodes")),
            "workflow_sync" => self.all(json::list(data, "/data/nodes")),
            "node_update" => self.one(
                json::text(data, "/data/node_id").unwrap_or_default(),
                data.pointer("/data/status"),
            ),
            _ => {}
        }
    }

    fn all(&mut self, nodes: &[Value]) {
        for node in nodes {
            let id = json::text(node, "/id").unwrap_or_default();
            self.one(id, node.pointer("/data/_status"));
        }
    }

    fn one(&mut self, id: &str, status: Option<&Value>) {
        let Some((node, status)) = self.nodes.get_mut(id).zip(status) else { return };
        let Some(state) = json::text(status, "/state") else { return };
        let message = json::text(status, "/message").unwrap_or_default();
        if node.state != state || node.message != message {
            node.state = state.to_owned();
            node.message = message.to_owned();
            println!("  {}: {}", node.title, node.now());
        }
    }

    /// Whether there is nothing left to wait for.
    pub(super) fn all_healthy(&self) -> bool {
        self.nodes.values().all(Node::is_healthy)
    }

    /// What is still to wait for, in words.
    pub(super) fn unhealthy(&self) -> String {
        let nodes = self.nodes.values().filter(|node| !node.is_healthy());
        let nodes: Vec<_> = nodes.map(|node| format!("{} is {}", node.title, node.now())).collect();
        if nodes.is_empty() { "every node is healthy".to_owned() } else { nodes.join("; ") }
    }
}

impl Node {
    fn is_healthy(&self) -> bool {
        HEALTHY.contains(&self.state.as_str())
    }

    fn now(&self) -> String {
        match (self.state.as_str(), self.message.as_str()) {
            ("", _) => "without a status".to_owned(),
            (state, "") => state.to_owned(),
            (state, message) => format!("{state} ({message})"),
        }
    }
}
