//! The node type `my-plugin`: a greeting that becomes a ConfigMap.

use bowsprit_plugin_sdk::{
    Context, Descriptor, Direction, Kind, Manifest, Metadata, Node, NodeType, Object, Observation,
    Order, Report, Seed, State, Status, WaitFor, Watch, connection, handle, kind, metadata, rules,
    watch,
};

/// A core `v1` `ConfigMap` with one entry.
pub struct MyPlugin;

impl NodeType for MyPlugin {
    const NAME: &'static str = "my-plugin";

    /// How it looks in the palette, in the form and on the canvas.
    fn describe() -> Descriptor {
        Descriptor {
            title: "My plugin",
            description: "Keeps a greeting that workloads read as a file.",
            category: "configuration",
            icon: "MessageSquare",
            tags: &["greeting"],
            schema_version: 1,
            schema: include_str!("schema.json"),
            handles: vec![handle("output", Direction::Outgoing, &["mounts"])],
            connections: vec![connection("mounts", &["deployment", "statefulset"])],
            produces: vec![config_map()],
        }
    }

    /// What a new node has beside its name and namespace.
    fn defaults<'a>(_seed: &Seed<'a>, data: &mut Object<'a>) {
        data.set("greeting", "Hello");
    }

    /// What nodes it is connected to may know.
    fn public_view<'a>(node: &'a Node<'_>) -> Object<'a> {
        metadata::public_view(node, "ConfigMap", &["mounts"])
    }

    /// The node's objects. What is wrong with the data goes to `report`, and
    /// then nothing is applied.
    fn render<'a>(
        node: &'a Node<'_>,
        context: &'a Context<'_>,
        report: &mut Report,
    ) -> Vec<Manifest<'a>> {
        let metadata = Metadata::read(node, context, rules::dns_subdomain, report);
        let greeting = node.fields().required_text("greeting");
        let Some(greeting) = report.required(greeting) else { return Vec::new() };
        let manifest = Manifest::new("greeting", &config_map(), metadata.object())
            .with("data", Object::new().with("greeting", greeting))
            .order(Order::Configuration)
            .wait(WaitFor::Existence);
        vec![manifest]
    }

    /// What `status` wants to see of the cluster.
    fn observe(node: &Node<'_>, _context: &Context<'_>) -> Vec<Watch> {
        vec![watch(config_map(), node.own_namespace().map(Into::into), node.name())]
    }

    /// How the node is doing.
    fn status(_node: &Node<'_>, observation: &Observation<'_>, _report: &mut Report) -> Status {
        match observation.main_object("ConfigMap") {
            Ok(_) => Status::new(State::Healthy, "Created", "It is in the cluster.", "created"),
            Err(status) => *status,
        }
    }
}

fn config_map() -> Kind {
    kind("", "v1", "ConfigMap")
}

bowsprit_plugin_sdk::export_node_types!(MyPlugin);

#[cfg(test)]
mod tests;
