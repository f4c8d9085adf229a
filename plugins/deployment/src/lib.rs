//! The `deployment` node type: a container image that keeps running.

use bowsprit_plugin_sdk::shape::{Form, Shape};
use bowsprit_plugin_sdk::{
    Context, Descriptor, Direction, Fields, Invalid, Manifest, Metadata, Node, NodeType, Object,
    Observation, Order, Report, Seed, Status, WaitFor, Watch, connection, edges, handle, kind,
    watch,
};
use workload::{PodTemplate, database, rollout::Rollout, view};

/// An `apps/v1` Deployment.
#[derive(Debug)]
pub struct Deployment;

impl NodeType for Deployment {
    const NAME: &'static str = "deployment";

    fn describe() -> Descriptor {
        Descriptor {
            title: "Deployment",
            description: "Keeps a number of equal, stateless copies of a container running.",
            category: "core",
            icon: "Package",
            tags: &["workload", "containers", "scaling"],
            schema_version: 1,
            schema: include_str!("deployment.schema.json"),
            handles: vec![handle("input", Direction::Incoming, &["selects", "mounts", "scales"])],
            connections: vec![connection("mounts", &["*"])],
            produces: vec![own_kind()],
        }
    }

    fn defaults<'a>(_seed: &Seed<'a>, data: &mut Object<'a>) {
        data.set("image", "");
        data.set("replicas", 1);
        data.set("port", 8080);
    }

    fn normalize(data: &mut Object<'_>, _report: &mut Report) {
        workload::normalize(data);
    }

    fn public_view<'a>(node: &'a Node<'_>) -> Object<'a> {
        view::public_view(node, "Deployment", &view::PROVIDES)
    }

    fn render<'a>(
        node: &'a Node<'_>,
        context: &'a Context<'_>,
        report: &mut Report,
    ) -> Vec<Manifest<'a>> {
        let metadata = Metadata::read(node, context, workload::workload_name, report);
        let pod = PodTemplate::read(node, context, &metadata, &[], report);
        database::note_password(node, &pod, report);
        edges::note_meaningless(context, &view::MEANINGFUL, report);
        let fields = node.fields();
        let mut spec = Object::new()
            .with("replicas", workload::replicas(&fields, context, report))
            .with("selector", Object::new().with("matchLabels", metadata.selector()))
            .with("template", pod.template);
        for limit in ["minReadySeconds", "progressDeadlineSeconds", "revisionHistoryLimit"] {
            let number = fields.whole(limit, 0..=i64::from(i32::MAX));
            spec = spec.with_some(limit, report.optional(number));
        }
        spec = spec.with_some("paused", report.optional(fields.flag("paused"))).with_some(
            "strategy",
            workload::strategy(&fields, "strategy", &WORDS, &STRATEGY, report),
        );
        check_deadline(&fields, report);
        let manifest = Manifest::new("deployment", &own_kind(), metadata.object())
            .with("spec", spec)
            .order(Order::Workload)
            .wait(WaitFor::Readiness);
        vec![if view::is_scaled(context) { manifest.yields("/spec/replicas") } else { manifest }]
    }

    fn observe(node: &Node<'_>, _context: &Context<'_>) -> Vec<Watch> {
        let namespace = node.own_namespace().map(Into::into);
        vec![Watch { with_pods: true, ..watch(own_kind(), namespace, node.name()) }]
    }

    fn status(_node: &Node<'_>, observation: &Observation<'_>, report: &mut Report) -> Status {
        let (object, objects) = match observation.main_object("Deployment") {
            Ok(found) => found,
            Err(status) => return *status,
        };
        let mut rollout = Rollout::read(object);
        let count = |key| object.int_at(&["status", key]).unwrap_or_default();
        let (total, updated) = (count("replicas"), count("updatedReplicas"));
        let available = count("availableReplicas");
        rollout.is_current =
            updated >= rollout.desired && total <= updated && available >= rollout.desired;
        rollout.status(objects, report)
    }
}

fn own_kind() -> bowsprit_plugin_sdk::Kind {
    kind("apps", "v1", "Deployment")
}

/// Kinds of strategies.
const WORDS: [&str; 2] = ["RollingUpdate", "Recreate"];

/// `apps/v1.DeploymentStrategy`.
static STRATEGY: Form =
    Form::new(&[("rollingUpdate", Shape::One(&ROLLING_UPDATE)), ("type", Shape::Choice(&WORDS))])
        .check(check_strategy);

static ROLLING_UPDATE: Form =
    Form::new(&[("maxSurge", Shape::Share), ("maxUnavailable", Shape::Share)])
        .check(check_rolling_update);

/// Source: `apps/validation.ValidateDeploymentStrategy`.
fn check_strategy(fields: &Fields<'_, '_>, report: &mut Report) {
    let is_recreate = fields.text("type").ok().flatten().is_some_and(|it| it == "Recreate");
    if is_recreate && fields.has("rollingUpdate") {
        let place = fields.place().field("rollingUpdate");
        let message = "`Recreate` stops everything first and takes no steps.";
        let invalid = Invalid::new(&place, "recreate", message);
        report.required::<()>(Err(invalid.suggest("Remove it, or choose `RollingUpdate`.")));
    }
}

/// Source: `apps/validation.ValidateRollingUpdateDeployment`.
fn check_rolling_update(fields: &Fields<'_, '_>, report: &mut Report) {
    let is_zero = |name| matches!(fields.text(name), Ok(Some(it)) if it == "0" || it == "0%");
    if is_zero("maxSurge") && is_zero("maxUnavailable") {
        let place = fields.place().field("maxUnavailable");
        let message = "With neither more nor fewer pods than wanted nothing can be replaced.";
        let invalid = Invalid::new(&place, "zero", message);
        report.required::<()>(Err(invalid.suggest("Allow one of the two to be 1.")));
    }
}

/// Source: `apps/validation.ValidateDeploymentSpec`.
fn check_deadline(fields: &Fields<'_, '_>, report: &mut Report) {
    let most = i64::from(i32::MAX);
    let number = |name| fields.whole(name, 0..=most).ok().flatten();
    let deadline = number("progressDeadlineSeconds").unwrap_or(600);
    if number("minReadySeconds").is_some_and(|it| it >= deadline) {
        let place = fields.place().field("minReadySeconds");
        let message = format!("A pod has to be ready for less than the deadline of {deadline} s.");
        let invalid = Invalid::new(&place, "deadline", message);
        report
            .required::<()>(Err(invalid.suggest("Lower it, or raise `progressDeadlineSeconds`.")));
    }
}

bowsprit_plugin_sdk::export_node_types!(Deployment);

#[cfg(test)]
mod tests;
