//! The `hpa` node type: as many pods as the load needs.

mod metrics;
mod state;
mod target;

use bowsprit_plugin_sdk::{
    Context, Descriptor, Direction, Fields, Kind, Manifest, Metadata, Node, NodeType, Object,
    Observation, Order, Report, Seed, Status, Watch, connection, edges, handle, kind, metadata,
    rules, watch,
};

/// Kinds of neighbours to which an edge means something.
const MEANINGFUL: [&str; 2] = ["Deployment", "StatefulSet"];

/// An `autoscaling/v2` `HorizontalPodAutoscaler`.
#[derive(Debug)]
pub struct Hpa;

impl NodeType for Hpa {
    const NAME: &'static str = "hpa";

    fn describe() -> Descriptor {
        Descriptor {
            title: "Horizontal Pod Autoscaler",
            description: "Adds and removes pods of a workload as its load changes.",
            category: "core",
            icon: "TrendingUp",
            tags: &["scaling", "autoscaling", "cpu", "memory"],
            schema_version: 1,
            schema: include_str!("hpa.schema.json"),
            handles: vec![handle("output", Direction::Outgoing, &["scales"])],
            connections: vec![connection("scales", &["*"])],
            produces: vec![own_kind()],
        }
    }

    fn defaults<'a>(_seed: &Seed<'a>, data: &mut Object<'a>) {
        data.set("scaleTargetKind", "Deployment");
        data.set("scaleTargetName", "");
        data.set("minReplicas", 1);
        data.set("maxReplicas", 10);
        data.set("targetCPUUtilization", 80);
    }

    fn public_view<'a>(node: &'a Node<'_>) -> Object<'a> {
        metadata::public_view(node, "HorizontalPodAutoscaler", &[])
    }

    fn render<'a>(
        node: &'a Node<'_>,
        context: &'a Context<'_>,
        report: &mut Report,
    ) -> Vec<Manifest<'a>> {
        let metadata = Metadata::read(node, context, rules::dns_subdomain, report);
        edges::note_meaningless(context, &MEANINGFUL, report);
        let fields = node.fields();
        let target = target::read(node, context, report);
        let (least, most) = bounds(&fields, report);
        let spec = Object::new()
            .with_filled("behavior", metrics::behavior(&fields, report))
            .with_some("maxReplicas", most)
            .with("metrics", metrics::read(&fields, target.workload, report))
            .with("minReplicas", least)
            .with("scaleTargetRef", target.reference);
        let manifest = Manifest::new("hpa", &own_kind(), metadata.object())
            .with("spec", spec)
            .order(Order::Policy);
        vec![manifest]
    }

    fn observe(node: &Node<'_>, _context: &Context<'_>) -> Vec<Watch> {
        vec![watch(own_kind(), node.own_namespace().map(Into::into), node.name())]
    }

    fn status(_node: &Node<'_>, observation: &Observation<'_>, report: &mut Report) -> Status {
        match observation.main_object("HorizontalPodAutoscaler") {
            Ok((object, _)) => state::status(object, report),
            Err(status) => *status,
        }
    }
}

fn own_kind() -> Kind {
    kind("autoscaling", "v2", "HorizontalPodAutoscaler")
}

/// The least and the most replicas.
///
/// Source: `autoscaling/validation.validateHorizontalPodAutoscalerSpec`.
fn bounds(fields: &Fields<'_, '_>, report: &mut Report) -> (i64, Option<i64>) {
    let range = 1..=i64::from(i32::MAX);
    let least = report.optional(fields.whole("minReplicas", range.clone())).unwrap_or(1);
    let most = report.required(fields.whole("maxReplicas", range));
    if most == Some(None) {
        report
            .error("maxReplicas.missing", "`maxReplicas` is missing.")
            .at("/maxReplicas")
            .suggest("Fill in `maxReplicas`.");
    }
    let most = most.flatten();
    if most.is_some_and(|most| most < least) {
        report
            .error("maxReplicas.range", format!("`maxReplicas` is less than {least}, the least."))
            .at("/maxReplicas")
            .suggest("Raise it, or lower `minReplicas`.");
    }
    (least, most)
}

bowsprit_plugin_sdk::export_node_types!(Hpa);

#[cfg(test)]
mod tests;
