//! What neighbours may know of a workload.

use bowsprit_plugin_sdk::metadata::{self, APP_LABEL};
use bowsprit_plugin_sdk::{Context, Json, Node, Object, json};

/// Kinds of neighbours to which an edge of a workload means something.
pub const MEANINGFUL: [&str; 6] = [
    "ConfigMap",
    "HorizontalPodAutoscaler",
    "NetworkPolicy",
    "PersistentVolumeClaim",
    "Secret",
    "Service",
];

/// Roles in which other nodes can use a workload: a Service or policy selects
/// its pods, an autoscaler scales it.
pub const PROVIDES: [&str; 2] = ["selects", "scales"];

/// The public view of a workload of a kind that is in `provides`.
pub fn public_view<'a>(
    node: &'a Node<'_>,
    kind: &'static str,
    provides: &[&'static str],
) -> Object<'a> {
    running(node, kind, provides).with("replicas", replicas(node))
}

/// The public view of something that runs pods, however many.
pub fn running<'a>(
    node: &'a Node<'_>,
    kind: &'static str,
    provides: &[&'static str],
) -> Object<'a> {
    metadata::public_view(node, kind, provides)
        .with_filled("ports", ports(node))
        .with_filled("requests", requests(node))
        .with("selector", Object::new().with(APP_LABEL, node.name()))
}

fn replicas(node: &Node<'_>) -> i64 {
    let fields = node.fields();
    let replicas = fields.whole("replicas", 0..=i64::from(i32::MAX));
    replicas.ok().flatten().unwrap_or(1)
}

/// Names of what the container asks for; a limit alone counts as a request.
fn requests<'a>(node: &'a Node<'_>) -> Vec<Json<'a>> {
    let groups = ["limits", "requests"].map(|it| node.data.path(&["resources", it]));
    let groups = groups.into_iter().flatten().filter_map(Json::as_object);
    json::sorted(groups.flat_map(|it| it.iter().map(|(name, _)| name)))
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
