//! The `configmap` node type: settings that workloads read.

mod entries;

use bowsprit_plugin_sdk::{
    Context, Descriptor, Direction, Kind, Manifest, Metadata, Node, NodeType, Object, Observation,
    OnImmutable, Order, Report, Seed, State, Status, WaitFor, Watch, connection, edges, handle,
    kind, metadata, normalize, rules, watch,
};

/// A core `v1` `ConfigMap`.
#[derive(Debug)]
pub struct ConfigMap;

impl NodeType for ConfigMap {
    const NAME: &'static str = "configmap";

    fn describe() -> Descriptor {
        Descriptor {
            title: "ConfigMap",
            description: "Holds settings that workloads read as files or variables.",
            category: "configuration",
            icon: "FileSliders",
            tags: &["configuration", "config", "environment"],
            schema_version: 1,
            schema: include_str!("configmap.schema.json"),
            handles: vec![handle("output", Direction::Outgoing, &["mounts"])],
            connections: vec![connection(
                "mounts",
                &["deployment", "statefulset", "daemonset", "job", "cronjob"],
            )],
            produces: vec![own_kind()],
        }
    }

    fn defaults<'a>(_seed: &Seed<'a>, data: &mut Object<'a>) {
        data.set("data", Object::new());
        data.set("mountPath", "/etc/config");
    }

    fn normalize(data: &mut Object<'_>, report: &mut Report) {
        normalize::drop_placeholders(data, "data", report);
        normalize::drop_placeholders(data, "binaryData", report);
    }

    fn public_view<'a>(node: &'a Node<'_>) -> Object<'a> {
        metadata::public_view(node, "ConfigMap", &["mounts"])
            .with("digest", entries::digest(node))
            .with("keys", entries::keys(node))
    }

    fn render<'a>(
        node: &'a Node<'_>,
        context: &'a Context<'_>,
        report: &mut Report,
    ) -> Vec<Manifest<'a>> {
        let metadata = Metadata::read(node, context, rules::dns_subdomain, report);
        edges::note_meaningless(context, &edges::WORKLOADS, report);
        let fields = node.fields();
        report.optional(fields.text_by("mountPath", rules::mount_path));
        let entries = entries::read(&fields, report);
        let is_immutable = report.optional(fields.flag("immutable")).unwrap_or_default();
        let mut manifest = Manifest::new("configmap", &own_kind(), metadata.object())
            .with("data", entries.texts)
            .order(Order::Configuration)
            .wait(WaitFor::Existence);
        if !entries.binaries.is_empty() {
            manifest = manifest.with("binaryData", entries.binaries);
        }
        if is_immutable {
            manifest = manifest.with("immutable", true).on_immutable(OnImmutable::Replace);
        }
        vec![manifest]
    }

    fn observe(node: &Node<'_>, _context: &Context<'_>) -> Vec<Watch> {
        vec![watch(own_kind(), node.own_namespace().map(Into::into), node.name())]
    }

    fn status(_node: &Node<'_>, observation: &Observation<'_>, _report: &mut Report) -> Status {
        let object = match observation.main_object("ConfigMap") {
            Ok((object, _)) => object,
            Err(status) => return *status,
        };
        let count = |key| object.path(&[key]).and_then(|it| it.as_object()).map_or(0, Object::len);
        let message = match count("data").saturating_add(count("binaryData")) {
            1 => "It is in the cluster with one entry.".to_owned(),
            entries => format!("It is in the cluster with {entries} entries."),
        };
        Status::new(State::Healthy, "Created", message, "created")
    }
}

fn own_kind() -> Kind {
    kind("", "v1", "ConfigMap")
}

bowsprit_plugin_sdk::export_node_types!(ConfigMap);

#[cfg(test)]
mod tests;
