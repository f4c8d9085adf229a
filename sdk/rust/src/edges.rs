//! What edges between nodes mean.
//!
//! A meaning comes from the neighbour's public view, whichever way the edge
//! was drawn, so that nothing a canvas copied into a node can be stale.

use crate::{Context, Direction, Json, Neighbour, Report, quoted};

/// Kinds of which it is known what edges between them can mean.
const KNOWN: [&str; 12] = [
    "ConfigMap",
    "CronJob",
    "DaemonSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "Ingress",
    "Job",
    "NetworkPolicy",
    "PersistentVolumeClaim",
    "Secret",
    "Service",
    "StatefulSet",
];

/// Kinds that run pods.
pub const WORKLOADS: [&str; 5] = ["CronJob", "DaemonSet", "Deployment", "Job", "StatefulSet"];

/// Tells of edges drawn from this node that mean nothing: those to a known
/// kind other than `meaningful`. The other end says nothing, so that each edge
/// is told of once.
pub fn note_meaningless(context: &Context<'_>, meaningful: &[&str], report: &mut Report) {
    for neighbour in &context.neighbours {
        let kind = neighbour.kind();
        let is_ours = neighbour.direction == Direction::Outgoing;
        if !is_ours || !KNOWN.contains(&kind) || meaningful.contains(&kind) {
            continue;
        }
        report
            .warning(
                "edge.meaningless",
                format!("The edge to the {kind} {} means nothing.", quoted(neighbour.name())),
            )
            .suggest("Remove the edge.");
    }
}

/// Whether a neighbour's objects live in `namespace`; a finding at `pointer`
/// when they do not.
pub fn check_namespace(
    neighbour: &Neighbour<'_>,
    namespace: &str,
    context: &Context<'_>,
    pointer: &str,
    report: &mut Report,
) {
    let theirs = neighbour.namespace(context.namespace);
    let theirs = if theirs.is_empty() { "default" } else { theirs };
    if theirs == namespace {
        return;
    }
    let message = format!(
        "The {} {} is in namespace {}, this node in {}.",
        neighbour.kind(),
        quoted(neighbour.name()),
        quoted(theirs),
        quoted(namespace)
    );
    report
        .error("namespace.other", message)
        .at(pointer)
        .suggest("Put both nodes into the same namespace.");
}

/// Which of a neighbour's ports is meant: the stored one if it has it, else
/// its first one, with a finding `<code>.stale` at `pointer`. The stored one
/// when the neighbour tells no ports.
pub fn port<'a>(
    neighbour: &'a Neighbour<'a>,
    stored: Option<Json<'a>>,
    (code, pointer): (&str, &str),
    report: &mut Report,
) -> Option<Json<'a>> {
    let ports = neighbour.view.list_at(&["ports"]);
    let mut ports = ports.iter().filter_map(|it| it.as_object()).peekable();
    let first = ports.peek().and_then(|it| it.get("port")).cloned();
    let Some(stored) = stored else { return first };
    let Some(first) = first else { return Some(stored) };
    if ports.any(|it| it.get("port") == Some(&stored) || it.get("name") == Some(&stored)) {
        return Some(stored);
    }
    let message = format!(
        "{} listens on port {}, not {}; that is where traffic goes.",
        quoted(neighbour.name()),
        first.to_text(),
        stored.to_text()
    );
    report
        .warning(&format!("{code}.stale"), message)
        .at(pointer)
        .suggest("Choose a port that the other node has.");
    Some(first)
}
