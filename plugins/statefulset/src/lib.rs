//! The `statefulset` node type: copies with a name and storage of their own.

mod claims;
mod headless;

use bowsprit_plugin_sdk::shape::{self, Form, Shape};
use bowsprit_plugin_sdk::{
    Answer, Context, Descriptor, Direction, Fields, Invalid, Manifest, Metadata, Node, NodeType,
    Object, Observation, Order, Report, Seed, Status, WaitFor, Watch, connection, edges, handle,
    kind, quoted, rules, watch, watch_selected,
};
use workload::{PodTemplate, database, rollout::Rollout, view};

/// The longest name whose pods can be labelled with their revision, which adds
/// 11 characters.
const LONGEST_NAME: usize = 52;

/// An `apps/v1` `StatefulSet`, with a headless Service if nobody provides one.
#[derive(Debug)]
pub struct StatefulSet;

impl NodeType for StatefulSet {
    const NAME: &'static str = "statefulset";

    fn describe() -> Descriptor {
        Descriptor {
            title: "StatefulSet",
            description: "Runs copies of a container that keep their name and their storage.",
            category: "core",
            icon: "Database",
            tags: &["stateful", "database", "persistence", "storage"],
            schema_version: 1,
            schema: include_str!("statefulset.schema.json"),
            handles: vec![handle("input", Direction::Incoming, &["selects", "mounts", "scales"])],
            connections: vec![connection("mounts", &["*"])],
            produces: vec![own_kind(), kind("", "v1", "Service")],
        }
    }

    fn defaults<'a>(seed: &Seed<'a>, data: &mut Object<'a>) {
        data.set("serviceName", format!("{}-headless", seed.name()));
        data.set("image", "");
        data.set("replicas", 1);
        data.set("port", 5432);
    }

    fn normalize(data: &mut Object<'_>, _report: &mut Report) {
        workload::normalize(data);
    }

    fn public_view<'a>(node: &'a Node<'_>) -> Object<'a> {
        let service = node.fields().text("serviceName").ok().flatten();
        view::public_view(node, "StatefulSet", &view::PROVIDES).with_some("serviceName", service)
    }

    fn render<'a>(
        node: &'a Node<'_>,
        context: &'a Context<'_>,
        report: &mut Report,
    ) -> Vec<Manifest<'a>> {
        let metadata = Metadata::read(node, context, workload::workload_name, report);
        note_long_name(&metadata, report);
        let (mounts, templates) = claims::read(node, &metadata, report);
        let pod = PodTemplate::read(node, context, &metadata, &mounts, report);
        database::note_password(node, &pod, report);
        edges::note_meaningless(context, &view::MEANINGFUL, report);
        let service = report
            .optional(node.fields().text_by("serviceName", rules::service_name))
            .unwrap_or_else(|| format!("{}-headless", metadata.name).into());
        let spec = Object::new()
            .with("replicas", workload::replicas(&node.fields(), context, report))
            .with("selector", Object::new().with("matchLabels", metadata.selector()))
            .with("serviceName", service.clone())
            .with("template", pod.template)
            .with_filled("volumeClaimTemplates", templates);
        let spec = settings(node, spec, report);
        let manifest = Manifest::new("statefulset", &own_kind(), metadata.object())
            .with("spec", spec)
            .order(Order::Workload)
            .wait(WaitFor::Readiness);
        let manifest =
            if view::is_scaled(context) { manifest.yields("/spec/replicas") } else { manifest };
        let headless = headless::render(node, context, &metadata, service, report);
        std::iter::once(manifest).chain(headless).collect()
    }

    fn observe(node: &Node<'_>, _context: &Context<'_>) -> Vec<Watch> {
        let namespace = node.own_namespace().map(Into::into);
        let own = watch(own_kind(), namespace.clone(), node.name());
        let mut watches = vec![Watch { with_pods: true, ..own }];
        if !node.data.list_at(&["volumeClaimTemplates"]).is_empty() {
            let claim = kind("", "v1", "PersistentVolumeClaim");
            watches.push(watch_selected(claim, namespace, format!("app={}", node.name())));
        }
        watches
    }

    fn status(_node: &Node<'_>, observation: &Observation<'_>, report: &mut Report) -> Status {
        let (object, objects) = match observation.main_object("StatefulSet") {
            Ok(found) => found,
            Err(status) => return *status,
        };
        let mut rollout = Rollout::read(object);
        rollout.is_current = is_current(object, rollout.desired);
        if !rollout.is_complete() {
            note_pending_claims(observation, report);
        }
        let current = object.int_at(&["status", "currentReplicas"]).unwrap_or_default();
        rollout.status(objects, report).card("currentReplicas", current)
    }
}

fn own_kind() -> bowsprit_plugin_sdk::Kind {
    kind("apps", "v1", "StatefulSet")
}

fn note_long_name(metadata: &Metadata<'_>, report: &mut Report) {
    if metadata.name.len() > LONGEST_NAME {
        let message = format!("With the name {} no pods can be made.", quoted(&metadata.name));
        report
            .error("name.too-long", message)
            .at("/name")
            .suggest("Use a name of at most 52 characters.");
    }
}

/// Settings of the set itself that are rarely changed.
fn settings<'a>(node: &'a Node<'_>, mut spec: Object<'a>, report: &mut Report) -> Object<'a> {
    let fields = node.fields();
    let policies = ["OrderedReady", "Parallel"];
    for limit in ["minReadySeconds", "revisionHistoryLimit"] {
        let number = fields.whole(limit, 0..=i64::from(i32::MAX));
        spec = spec.with_some(limit, report.optional(number));
    }
    let name = "persistentVolumeClaimRetentionPolicy";
    let retention = shape::object(&fields, name, &RETENTION, report);
    let words = ["RollingUpdate", "OnDelete"];
    let strategy = workload::strategy(&fields, "updateStrategy", &words, &STRATEGY, report);
    let ordinals = shape::object(&fields, "ordinals", &ORDINALS, report);
    spec.with_some("ordinals", ordinals)
        .with_some("persistentVolumeClaimRetentionPolicy", retention)
        .with_some(
            "podManagementPolicy",
            report.optional(fields.choice("podManagementPolicy", &policies)),
        )
        .with_some("updateStrategy", strategy)
}

/// `apps/v1.StatefulSetUpdateStrategy`.
static STRATEGY: Form = Form::new(&[
    ("rollingUpdate", Shape::One(&ROLLING_UPDATE)),
    ("type", Shape::Choice(&["RollingUpdate", "OnDelete"])),
])
.check(check_strategy);

static ROLLING_UPDATE: Form =
    Form::new(&[("maxUnavailable", Shape::Share), ("partition", Shape::Whole(0, shape::MOST))]);

/// What becomes of the claims: `Retain` keeps them.
const FATE: Shape = Shape::Choice(&["Retain", "Delete"]);

static RETENTION: Form = Form::new(&[("whenDeleted", FATE), ("whenScaled", FATE)]);

static ORDINALS: Form = Form::new(&[("start", Shape::Whole(0, shape::MOST))]);

/// Source: `apps/validation.ValidateStatefulSetSpec`.
fn check_strategy(fields: &Fields<'_, '_>, report: &mut Report) {
    let is_manual = fields.text("type").ok().flatten().is_some_and(|it| it == "OnDelete");
    if is_manual && fields.has("rollingUpdate") {
        let place = fields.place().field("rollingUpdate");
        let invalid = Invalid::new(&place, "on-delete", "`OnDelete` takes no steps of its own.");
        report.required::<()>(Err(invalid.suggest("Remove it, or choose `RollingUpdate`.")));
    }
}

/// Claims of the set's pods that have no volume.
fn pending_claims(observation: &Observation<'_>) -> Vec<String> {
    let Some(Answer::Objects(claims)) = observation.answers.get(1) else { return Vec::new() };
    let pending = claims.iter().filter(|it| {
        it.text_at(&["kind"]) == "PersistentVolumeClaim"
            && it.text_at(&["status", "phase"]) == "Pending"
    });
    pending.map(|it| it.text_at(&["metadata", "name"]).to_owned()).collect()
}

/// Tells of claims that wait while the set is not complete.
fn note_pending_claims(observation: &Observation<'_>, report: &mut Report) {
    let pending = pending_claims(observation);
    let Some(first) = pending.first() else { return };
    let message = match pending.len().saturating_sub(1) {
        0 => format!("The claim {} waits for a volume.", quoted(first)),
        more => format!("The claim {} and {more} more wait for a volume.", quoted(first)),
    };
    report
        .warning("claim.pending", message)
        .at("/volumeClaimTemplates")
        .suggest("Check the storage class, or name one that the cluster has.");
}

/// Whether all pods that should be are of the latest version.
fn is_current(object: &Object<'_>, desired: i64) -> bool {
    let strategy = ["spec", "updateStrategy", "type"];
    if object.text_at(&strategy) == "OnDelete" {
        return true;
    }
    let partition = object.int_at(&["spec", "updateStrategy", "rollingUpdate", "partition"]);
    let wanted = desired.saturating_sub(partition.unwrap_or_default());
    let updated = object.int_at(&["status", "updatedReplicas"]).unwrap_or_default();
    let same = object.text_at(&["status", "currentRevision"])
        == object.text_at(&["status", "updateRevision"]);
    let total = object.int_at(&["status", "replicas"]).unwrap_or_default();
    (same || updated >= wanted) && total <= desired
}

bowsprit_plugin_sdk::export_node_types!(StatefulSet);

#[cfg(test)]
mod tests;
