//! What an autoscaler scales.
//!
//! A connected workload's own view wins over what the canvas copied into
//! `scaleTargetKind` and `scaleTargetName` when the edge was drawn.

use bowsprit_plugin_sdk::{Context, Neighbour, Node, Object, Report, edges, quoted, rules};

/// Kinds that can be scaled.
const KINDS: [&str; 2] = ["Deployment", "StatefulSet"];

/// What is scaled.
#[derive(Debug)]
pub(crate) struct Target<'a> {
    /// `scaleTargetRef`.
    pub(crate) reference: Object<'a>,
    /// The connected workload.
    pub(crate) workload: Option<&'a Neighbour<'a>>,
}

/// Reads the target from edges and data.
pub(crate) fn read<'a>(
    node: &'a Node<'_>,
    context: &'a Context<'_>,
    report: &mut Report,
) -> Target<'a> {
    let fields = node.fields();
    let kind = report.optional(fields.choice("scaleTargetKind", &KINDS)).unwrap_or("Deployment");
    let name = report.optional(fields.text_by("scaleTargetName", rules::dns_subdomain));
    let workload = workload(context, name.as_deref(), report);
    let reference = Object::new().with("apiVersion", "apps/v1");
    if let Some(workload) = workload {
        let namespace = node.namespace(context);
        edges::check_namespace(workload, &namespace, context, "/namespace", report);
        let reference = reference.with("kind", workload.kind()).with("name", workload.name());
        return Target { reference, workload: Some(workload) };
    }
    if name.is_none() {
        report
            .error("scaleTargetName.missing", "Nothing says which workload it scales.")
            .at("/scaleTargetName")
            .suggest("Connect it to a Deployment or StatefulSet, or fill in `scaleTargetName`.");
    }
    Target { reference: reference.with("kind", kind).with_some("name", name), workload: None }
}

/// The connected workload; the one called like the stored name among several.
fn workload<'a>(
    context: &'a Context<'a>,
    name: Option<&str>,
    report: &mut Report,
) -> Option<&'a Neighbour<'a>> {
    let all: Vec<&'a Neighbour<'a>> =
        context.providers("scales").filter(|it| KINDS.contains(&it.kind())).collect();
    let named = all.iter().find(|it| Some(it.name()) == name).or_else(|| all.first());
    let chosen = named.copied()?;
    if all.len() > 1 {
        let message = format!(
            "It is connected to {} workloads and scales {} only.",
            all.len(),
            quoted(chosen.name())
        );
        report
            .warning("scaleTargetName.several", message)
            .at("/scaleTargetName")
            .suggest("Keep one edge, and add an autoscaler for each other workload.");
    }
    Some(chosen)
}
