//! The `daemonset` node type: one copy of a container on every machine.

use bowsprit_plugin_sdk::shape::{Form, Shape};
use bowsprit_plugin_sdk::{
    Context, Descriptor, Direction, Fields, Invalid, Json, Manifest, Metadata, Node, NodeType,
    Object, Observation, Order, Report, Seed, State, Status, WaitFor, Watch, connection, edges,
    handle, kind, watch,
};
use workload::{PodTemplate, database, rollout::Rollout, view};

/// An `apps/v1` `DaemonSet`.
#[derive(Debug)]
pub struct DaemonSet;

impl NodeType for DaemonSet {
    const NAME: &'static str = "daemonset";

    fn describe() -> Descriptor {
        Descriptor {
            title: "DaemonSet",
            description: "Runs one copy of a container on every machine.",
            category: "core",
            icon: "Layers",
            tags: &["workload", "node", "agent", "monitoring", "logging"],
            schema_version: 1,
            schema: include_str!("daemonset.schema.json"),
            handles: vec![handle("input", Direction::Incoming, &["selects", "mounts"])],
            connections: vec![connection("mounts", &["*"])],
            produces: vec![own_kind()],
        }
    }

    fn defaults<'a>(_seed: &Seed<'a>, data: &mut Object<'a>) {
        data.set("image", "");
        data.set("port", 8080);
        data.set("updateStrategy", "RollingUpdate");
    }

    fn normalize(data: &mut Object<'_>, _report: &mut Report) {
        workload::normalize(data);
    }

    fn public_view<'a>(node: &'a Node<'_>) -> Object<'a> {
        view::running(node, "DaemonSet", &["selects"])
    }

    fn render<'a>(
        node: &'a Node<'_>,
        context: &'a Context<'_>,
        report: &mut Report,
    ) -> Vec<Manifest<'a>> {
        let metadata = Metadata::read(node, context, workload::workload_name, report);
        let pod = PodTemplate::read(node, context, &metadata, &[], report);
        database::note_password(node, &pod, report);
        workload::note_claims_of_many(context, report);
        edges::note_meaningless(context, &MEANINGFUL, report);
        let fields = node.fields();
        let mut spec = Object::new()
            .with("selector", Object::new().with("matchLabels", metadata.selector()))
            .with("template", pod.template)
            .with("updateStrategy", update_strategy(&fields, report));
        for limit in ["minReadySeconds", "revisionHistoryLimit"] {
            let number = fields.whole(limit, 0..=i64::from(i32::MAX));
            spec = spec.with_some(limit, report.optional(number));
        }
        let manifest = Manifest::new("daemonset", &own_kind(), metadata.object())
            .with("spec", spec)
            .order(Order::Workload)
            .wait(WaitFor::Readiness);
        vec![manifest]
    }

    fn observe(node: &Node<'_>, _context: &Context<'_>) -> Vec<Watch> {
        let namespace = node.own_namespace().map(Into::into);
        vec![Watch { with_pods: true, ..watch(own_kind(), namespace, node.name()) }]
    }

    fn status(_node: &Node<'_>, observation: &Observation<'_>, report: &mut Report) -> Status {
        let (object, objects) = match observation.main_object("DaemonSet") {
            Ok(found) => found,
            Err(status) => return *status,
        };
        let count = |key| object.int_at(&["status", key]).unwrap_or_default();
        let desired = count("desiredNumberScheduled");
        let is_manual = object.text_at(&["spec", "updateStrategy", "type"]) == "OnDelete";
        let is_updated = is_manual || count("updatedNumberScheduled") >= desired;
        let rollout = Rollout {
            desired,
            ready: count("numberReady"),
            is_current: is_updated && count("numberAvailable") >= desired,
            card: ["numberReady", "desiredNumberScheduled"],
            unit: "machines",
            ..Rollout::read(object)
        };
        let misplaced = count("numberMisscheduled");
        if misplaced > 0 {
            let message = format!("{misplaced} pods run on machines that should not have one.");
            report.warning("pods.misplaced", message).at("/nodeSelector");
        }
        if desired == 0 && !rollout.is_stale && !rollout.is_terminating {
            return nowhere();
        }
        rollout.status(objects, report)
    }
}

/// Kinds of neighbours to which an edge means something.
const MEANINGFUL: [&str; 5] =
    ["ConfigMap", "NetworkPolicy", "PersistentVolumeClaim", "Secret", "Service"];

fn own_kind() -> bowsprit_plugin_sdk::Kind {
    kind("apps", "v1", "DaemonSet")
}

/// No machine fits: neither a success nor a failure.
fn nowhere() -> Status {
    let mut status = Status::new(
        State::Progressing,
        "NoMachines",
        "The cluster has no machine that is to run it.",
        "partial",
    )
    .card("numberReady", 0)
    .card("desiredNumberScheduled", 0);
    (status.ready, status.desired) = (Some(0), Some(0));
    status
}

/// `apps/v1.DaemonSetUpdateStrategy`.
static STRATEGY: Form = Form::new(&[
    ("rollingUpdate", Shape::One(&ROLLING_UPDATE)),
    ("type", Shape::Choice(&["RollingUpdate", "OnDelete"])),
])
.check(check_strategy);

static ROLLING_UPDATE: Form =
    Form::new(&[("maxSurge", Shape::Share), ("maxUnavailable", Shape::Share)])
        .check(check_rolling_update);

/// Source: `apps/validation.ValidateDaemonSetUpdateStrategy`.
fn check_strategy(fields: &Fields<'_, '_>, report: &mut Report) {
    let is_manual = fields.text("type").ok().flatten().is_some_and(|it| it == "OnDelete");
    if is_manual && fields.has("rollingUpdate") {
        let place = fields.place().field("rollingUpdate");
        let invalid = Invalid::new(&place, "on-delete", "`OnDelete` takes no steps of its own.");
        report.required::<()>(Err(invalid.suggest("Remove it, or choose `RollingUpdate`.")));
    }
}

/// Either pods stop before their successors start, or the other way round.
///
/// Source: `apps/validation.ValidateRollingUpdateDaemonSet`.
fn check_rolling_update(fields: &Fields<'_, '_>, report: &mut Report) {
    let text = |name| fields.text(name).ok().flatten();
    let is_zero = |it: &str| matches!(it, "0" | "0%");
    let surge = text("maxSurge").is_some_and(|it| !is_zero(&it));
    let unavailable = text("maxUnavailable").map_or(!surge, |it| !is_zero(&it));
    if surge == unavailable {
        let message = "One of `maxSurge` and `maxUnavailable` has to be 0, and only one.";
        let invalid = Invalid::new(fields.place(), "both", message);
        report.required::<()>(Err(invalid.suggest("Set `maxSurge` to 0.")));
    }
}

/// `updateStrategy` with the field `maxUnavailable` beside it.
fn update_strategy<'a>(fields: &Fields<'a, '_>, report: &mut Report) -> Object<'a> {
    let words = ["RollingUpdate", "OnDelete"];
    let strategy = workload::strategy(fields, "updateStrategy", &words, &STRATEGY, report);
    let strategy = strategy.unwrap_or_else(|| Object::new().with("type", "RollingUpdate"));
    let share = report.optional(fields.share("maxUnavailable"));
    let is_rolling = strategy.text_at(&["type"]) != "OnDelete";
    if !is_rolling || strategy.get("rollingUpdate").is_some() {
        if share.is_some() {
            let message = "`maxUnavailable` is left out: `updateStrategy` says it all.";
            report.info("maxUnavailable.unused", message).at("/maxUnavailable");
        }
        return strategy;
    }
    if matches!(share.as_ref().and_then(Json::as_int), Some(0)) {
        report
            .error("maxUnavailable.zero", "With no pod to spare nothing can be replaced.")
            .at("/maxUnavailable")
            .suggest("Allow 1, or set `updateStrategy.rollingUpdate.maxSurge`.");
    }
    match share {
        Some(share) => strategy.with("rollingUpdate", Object::new().with("maxUnavailable", share)),
        None => strategy,
    }
}

bowsprit_plugin_sdk::export_node_types!(DaemonSet);

#[cfg(test)]
mod tests;
