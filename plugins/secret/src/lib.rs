//! The `secret` node type: values that workloads read and nobody sees.
//!
//! The drawing holds the names of the keys. Values are entered for a run and
//! stay with the host; the manifest refers to them.

mod keys;

use bowsprit_plugin_sdk::{
    Context, Descriptor, Direction, Kind, Manifest, Metadata, Node, NodeType, Object, Observation,
    OnImmutable, Order, Report, Seed, State, Status, WaitFor, Watch, connection, edges, handle,
    kind, metadata, normalize, rules, watch,
};

/// Kinds of neighbours to which an edge means something.
const MEANINGFUL: [&str; 6] =
    ["CronJob", "DaemonSet", "Deployment", "Ingress", "Job", "StatefulSet"];

/// A core `v1` Secret.
#[derive(Debug)]
pub struct Secret;

impl NodeType for Secret {
    const NAME: &'static str = "secret";

    fn describe() -> Descriptor {
        Descriptor {
            title: "Secret",
            description: "Holds passwords, tokens and certificates that workloads read.",
            category: "configuration",
            icon: "Lock",
            tags: &["configuration", "security", "credentials", "tls"],
            schema_version: 1,
            schema: include_str!("secret.schema.json"),
            handles: vec![handle("output", Direction::Outgoing, &["mounts"])],
            connections: vec![connection(
                "mounts",
                &["deployment", "statefulset", "daemonset", "job", "cronjob", "ingress"],
            )],
            produces: vec![own_kind()],
        }
    }

    fn defaults<'a>(_seed: &Seed<'a>, data: &mut Object<'a>) {
        data.set("secretType", "Opaque");
        data.set("keys", Vec::<Object<'_>>::new());
        data.set("mountPath", "/etc/secrets");
    }

    fn normalize(data: &mut Object<'_>, report: &mut Report) {
        normalize::rename(data, "type", "secretType");
        keys::move_from_data(data, report);
    }

    fn public_view<'a>(node: &'a Node<'_>) -> Object<'a> {
        let kind = node.fields().text("secretType").ok().flatten().unwrap_or(keys::OPAQUE.into());
        metadata::public_view(node, "Secret", &["mounts"])
            .with("keys", keys::names(node))
            .with("type", kind)
    }

    fn render<'a>(
        node: &'a Node<'_>,
        context: &'a Context<'_>,
        report: &mut Report,
    ) -> Vec<Manifest<'a>> {
        let metadata = Metadata::read(node, context, rules::dns_subdomain, report);
        edges::note_meaningless(context, &MEANINGFUL, report);
        let fields = node.fields();
        report.optional(fields.text_by("mountPath", rules::mount_path));
        let kind = report.optional(fields.text_by("secretType", keys::secret_type));
        let kind = kind.unwrap_or(keys::OPAQUE.into());
        let is_immutable = report.optional(fields.flag("immutable")).unwrap_or_default();
        let Some(data) = keys::read(node, context, &kind, report) else { return Vec::new() };
        // The type of a Secret cannot be changed either.
        let manifest = Manifest::new("secret", &own_kind(), metadata.object())
            .with("data", data)
            .with("type", kind)
            .order(Order::Configuration)
            .wait(WaitFor::Existence)
            .on_immutable(OnImmutable::Replace);
        vec![if is_immutable { manifest.with("immutable", true) } else { manifest }]
    }

    fn observe(node: &Node<'_>, _context: &Context<'_>) -> Vec<Watch> {
        vec![watch(own_kind(), node.own_namespace().map(Into::into), node.name())]
    }

    fn status(node: &Node<'_>, observation: &Observation<'_>, report: &mut Report) -> Status {
        let object = match observation.main_object("Secret") {
            Ok((object, _)) => object,
            Err(status) if status.is(State::Unknown) => return *status,
            Err(status) => {
                return status.card("secretCreated", false).mark("_secretCreated", false);
            }
        };
        keys::note_absent(node, object, report);
        let count = object.path(&["data"]).and_then(|it| it.as_object()).map_or(0, Object::len);
        let message = match count {
            1 => "It is in the cluster with one key.".to_owned(),
            keys => format!("It is in the cluster with {keys} keys."),
        };
        Status::new(State::Healthy, "Created", message, "created")
            .card("secretCreated", true)
            .mark("_secretCreated", true)
    }
}

fn own_kind() -> Kind {
    kind("", "v1", "Secret")
}

bowsprit_plugin_sdk::export_node_types!(Secret);

#[cfg(test)]
mod tests;
