//! The Service that gives each copy a host name.

use std::borrow::Cow;

use bowsprit_plugin_sdk::{Context, Manifest, Metadata, Node, Object, Order, Report, kind, quoted};
use workload::view;

/// The headless Service called `name`, unless another node provides it.
pub(crate) fn render<'a>(
    node: &'a Node<'_>,
    context: &'a Context<'_>,
    metadata: &Metadata<'a>,
    name: Cow<'a, str>,
    report: &mut Report,
) -> Option<Manifest<'a>> {
    if is_connected(context, &name) {
        return None;
    }
    if is_drawn(context, metadata, &name) {
        let message = format!("The Service {} is taken to be another node's.", quoted(&name));
        report
            .info("serviceName.elsewhere", message)
            .at("/serviceName")
            .suggest("Connect the two nodes, or choose another name.");
        return None;
    }
    let ports: Vec<_> = view::ports(node).into_iter().map(with_target).collect();
    let spec = Object::new()
        .with("clusterIP", "None")
        .with_filled("ports", ports)
        // Members of a cluster look for each other before they are ready.
        .with("publishNotReadyAddresses", true)
        .with("selector", metadata.selector());
    let object = metadata.plain_object(name);
    let manifest = Manifest::new("headless", &kind("", "v1", "Service"), object);
    Some(manifest.with("spec", spec).order(Order::Routing))
}

fn is_connected(context: &Context<'_>, name: &str) -> bool {
    context.neighbours.iter().any(|it| it.kind() == "Service" && it.name() == name)
}

/// Whether another node of the drawing has that name. This node's own name is
/// in the list as well.
fn is_drawn(context: &Context<'_>, metadata: &Metadata<'_>, name: &str) -> bool {
    let own = usize::from(metadata.name == name);
    context.names().iter().filter(|it| it.as_str() == Some(name)).count() > own
}

/// The port as a Service has it, which needs a name among others.
fn with_target(port: Object<'_>) -> Object<'_> {
    let number = port.int_at(&["port"]).unwrap_or_default();
    let protocol = port.text_at(&["protocol"]).to_ascii_lowercase();
    let is_named = port.get("name").is_some();
    let port = port.with("targetPort", number);
    if is_named { port } else { port.with("name", format!("{protocol}-{number}")) }
}
