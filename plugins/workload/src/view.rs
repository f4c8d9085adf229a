//! What neighbours may know of a workload.

use bowsprit_plugin_sdk::metadata::{self, APP_LABEL};
use bowsprit_plugin_sdk::{Context, Json, Node, Object};

/// Roles in which other nodes can use a workload: a Service or policy selects
/// its pods, an autoscaler scales it.
pub const PROVIDES: [&str; 2] = ["selects", "scales"];

/// The public view of a workload of a kind that is in `provides`.
pub fn public_view<'a>(
    node: &'a Node<'_>,
    kind: &'static str,
    provides: &[&'static str],
) -> Object<'a> {
    let fields = node.fields();
    let replicas = fields.whole("replicas", 0..=i64::from(i32::MAX)).ok().flatten().unwrap_or(1);
    metadata::public_view(node, kind, provides)
        .with_filled("ports", ports(node))
        .with("replicas", replicas)
        .with("selector", Object::new().with(APP_LABEL, node.name()))
}

/// The container's ports: the main one, called `http`, then the others.
pub fn ports<'a>(node: &'a Node<'_>) -> Vec<Object<'a>> {
    let fields = node.fields();
    let mut ports: Vec<Object<'a>> = Vec::new();
    if let Ok(Some(port)) = fields.port("port") {
        let http = Object::new().with("name", "http").with("port", port);
        ports.push(http.with("protocol", "TCP"));
    }
    let more = fields.list("ports").into_iter().flatten();
    for item in more.filter_map(|(_, item)| item.as_object()) {
        let number = item.int_at(&["containerPort"]).or_else(|| item.int_at(&["port"]));
        let Some(number) = number.filter(|it| (1..=65535).contains(it)) else { continue };
        let name = item.get("name").and_then(Json::as_str);
        let protocol = item.get("protocol").and_then(Json::as_str).unwrap_or("TCP");
        let port = Object::new().with_some("name", name).with("port", number);
        ports.push(port.with("protocol", protocol));
    }
    ports
}

/// Whether a connected autoscaler owns the number of replicas.
pub fn is_scaled(context: &Context<'_>) -> bool {
    let mut connected = context.neighbours.iter();
    connected.any(|it| it.type_name == "hpa" || it.kind() == "HorizontalPodAutoscaler")
}
