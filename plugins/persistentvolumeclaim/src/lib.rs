//! The `persistentvolumeclaim` node type: storage that outlives pods.

use bowsprit_plugin_sdk::shape::{self, Form, Member, Shape, selector::LABELS};
use bowsprit_plugin_sdk::{
    Context, Descriptor, Direction, Fields, Json, Kind, Manifest, Metadata, Node, NodeType, Object,
    Observation, Order, Prune, Report, Seed, State, Status, Watch, connection, edges, handle, kind,
    metadata, quoted, rules, watch,
};

/// A core `v1` `PersistentVolumeClaim`.
#[derive(Debug)]
pub struct PersistentVolumeClaim;

impl NodeType for PersistentVolumeClaim {
    const NAME: &'static str = "persistentvolumeclaim";

    fn describe() -> Descriptor {
        Descriptor {
            title: "Persistent Volume Claim",
            description: "Asks for storage that stays when pods come and go.",
            category: "storage",
            icon: "HardDrive",
            tags: &["storage", "pvc", "volume", "persistent"],
            schema_version: 1,
            schema: include_str!("persistentvolumeclaim.schema.json"),
            handles: vec![handle("output", Direction::Outgoing, &["mounts"])],
            connections: vec![connection(
                "mounts",
                &["deployment", "statefulset", "daemonset", "job", "cronjob"],
            )],
            produces: vec![own_kind()],
        }
    }

    fn defaults<'a>(seed: &Seed<'a>, data: &mut Object<'a>) {
        if seed.suggested_name.is_empty() {
            // The whole word is long for a name; the canvas says `pvc` too.
            let name = seed.name().replacen(seed.type_name, "pvc", 1);
            data.set("name", name);
        }
        data.set("storage", "10Gi");
        data.set("accessModes", vec!["ReadWriteOnce"]);
        data.set("volumeMode", "Filesystem");
    }

    fn public_view<'a>(node: &'a Node<'_>) -> Object<'a> {
        let fields = node.fields();
        let modes = workload::access_modes(&fields).unwrap_or_default();
        let claim = Object::new()
            .with("accessModes", modes)
            .with("name", node.name())
            .with_some("storage", fields.text("storage").ok().flatten())
            .with("volumeMode", volume_mode(&fields).ok().flatten().unwrap_or("Filesystem"));
        metadata::public_view(node, "PersistentVolumeClaim", &["mounts"]).with("claim", claim)
    }

    fn render<'a>(
        node: &'a Node<'_>,
        context: &'a Context<'_>,
        report: &mut Report,
    ) -> Vec<Manifest<'a>> {
        let metadata = Metadata::read(node, context, rules::dns_subdomain, report);
        edges::note_meaningless(context, &edges::WORKLOADS, report);
        let fields = node.fields();
        let storage = report.required(fields.required_text_by("storage", storage));
        let requests = Object::new().with_some("storage", storage);
        let modes = report.required(workload::access_modes(&fields)).unwrap_or_default();
        let mode = report.optional(volume_mode(&fields)).unwrap_or("Filesystem");
        let mut spec = Object::new()
            .with("accessModes", modes)
            .with("resources", Object::new().with("requests", requests))
            .with("volumeMode", mode)
            .with_some("storageClassName", class(&fields, report));
        shape::copy(&fields, MEMBERS, &mut spec, report);
        let manifest = Manifest::new("claim", &own_kind(), metadata.object())
            .with("spec", spec)
            .order(Order::Storage)
            // Its data goes with it.
            .prune(Prune::Ask);
        vec![manifest]
    }

    fn observe(node: &Node<'_>, _context: &Context<'_>) -> Vec<Watch> {
        vec![watch(own_kind(), node.own_namespace().map(Into::into), node.name())]
    }

    fn status(node: &Node<'_>, observation: &Observation<'_>, report: &mut Report) -> Status {
        match observation.main_object("PersistentVolumeClaim") {
            Ok((object, _)) => observed(node, object, report),
            Err(status) if status.is(State::Pending) => Status::new(
                State::Pending,
                "NotCreated",
                "It is not in the cluster yet.",
                "Pending",
            ),
            Err(status) => *status,
        }
    }
}

fn own_kind() -> Kind {
    kind("", "v1", "PersistentVolumeClaim")
}

/// Members that are seldom needed.
const MEMBERS: &[Member] = &[
    ("dataSource", Shape::One(&DATA_SOURCE)),
    ("dataSourceRef", Shape::One(&DATA_SOURCE)),
    ("selector", Shape::One(&LABELS)),
    ("volumeAttributesClassName", Shape::Text(rules::dns_subdomain)),
    ("volumeName", Shape::Text(rules::dns_subdomain)),
];

/// What the volume starts as: a copy of another claim, or a snapshot.
static DATA_SOURCE: Form = Form::new(&[
    ("apiGroup", Shape::Text(rules::dns_subdomain)),
    ("kind", Shape::Text(rules::label_value)),
    ("name", Shape::Text(rules::dns_subdomain)),
    ("namespace", Shape::Text(rules::dns_label)),
])
.required(&["kind", "name"]);

/// An amount that is not zero.
///
/// Source: `core/validation.ValidatePersistentVolumeClaimSpec`.
fn storage(text: &str) -> Result<(), rules::Flaw> {
    rules::quantity(text)?;
    if rules::compare(text, "0") == Some(std::cmp::Ordering::Greater) {
        return Ok(());
    }
    Err(rules::Flaw { problem: "is no space at all", hint: "Ask for some, such as `1Gi`." })
}

fn volume_mode(
    fields: &Fields<'_, '_>,
) -> Result<Option<&'static str>, bowsprit_plugin_sdk::Invalid> {
    fields.choice("volumeMode", &["Filesystem", "Block"])
}

/// The storage class: the cluster's default when absent, none at all when the
/// field `noStorageClass` says so.
fn class<'a>(fields: &Fields<'a, '_>, report: &mut Report) -> Option<Json<'a>> {
    let class = report.optional(fields.text_by("storageClassName", rules::dns_subdomain));
    let is_none = report.optional(fields.flag("noStorageClass")).unwrap_or_default();
    if is_none && class.is_some() {
        report
            .error("noStorageClass.class", "It has a storage class and is to have none.")
            .at("/noStorageClass")
            .suggest("Clear `storageClassName`, or turn `noStorageClass` off.");
    }
    class.map(Json::from).or_else(|| is_none.then(|| Json::from("")))
}

/// The status of a claim that exists.
fn observed(node: &Node<'_>, object: &Object<'_>, report: &mut Report) -> Status {
    let capacity = object.text_at(&["status", "capacity", "storage"]).to_owned();
    let volume = object.text_at(&["spec", "volumeName"]).to_owned();
    let class = object.text_at(&["spec", "storageClassName"]);
    let is_going = object.path(&["metadata", "deletionTimestamp"]).is_some();
    let (state, reason, message, card) = match object.text_at(&["status", "phase"]) {
        "Lost" => {
            let message = format!("The volume {} it was bound to is gone.", quoted(&volume));
            report
                .error("lost", message.clone())
                .suggest("Restore the volume from a backup, or make a new claim.");
            (State::Failed, "Lost", message, "Lost")
        }
        _ if is_going => {
            let message = "It is being deleted as soon as no pod uses it.".to_owned();
            (State::Progressing, "Terminating", message, "Pending")
        }
        "Bound" => bound(object, &capacity, report),
        _ => (State::Pending, "Pending", waiting(class), "Pending"),
    };
    let asked = node.fields().text("storage").ok().flatten();
    if let Some(asked) = asked.filter(|_| card == "Bound") {
        note_smaller(&asked, object, report);
    }
    Status::new(state, reason, message, card).card("capacity", capacity).card("volumeName", volume)
}

fn waiting(class: &str) -> String {
    if class.is_empty() {
        return "It waits for a volume, and names no storage class.".to_owned();
    }
    format!(
        "It waits for a volume of the storage class {}, which may come with the first pod only.",
        quoted(class)
    )
}

type Told = (State, &'static str, String, &'static str);

fn bound(object: &Object<'_>, capacity: &str, report: &mut Report) -> Told {
    let conditions = object.list_at(&["status", "conditions"]);
    let is_true = |kind: &str| {
        conditions
            .iter()
            .filter_map(|it| it.as_object())
            .any(|it| it.text_at(&["type"]) == kind && it.text_at(&["status"]) == "True")
    };
    if is_true("ControllerResizeError") || is_true("NodeResizeError") {
        report.error("resize", "The volume could not be made larger.").at("/storage");
        let message = format!("It has {capacity}; making it larger failed.");
        return (State::Degraded, "ResizeFailed", message, "Bound");
    }
    if is_true("FileSystemResizePending") {
        let message = "It is larger as soon as a pod mounts it anew.".to_owned();
        return (State::Progressing, "FileSystemResizePending", message, "Bound");
    }
    if is_true("Resizing") {
        return (State::Progressing, "Resizing", "It is being made larger.".into(), "Bound");
    }
    (State::Healthy, "Bound", format!("It has a volume of {capacity}."), "Bound")
}

/// A volume never becomes smaller.
fn note_smaller(asked: &str, object: &Object<'_>, report: &mut Report) {
    let has = object.text_at(&["spec", "resources", "requests", "storage"]);
    if rules::compare(asked, has) == Some(std::cmp::Ordering::Less) {
        report
            .warning("storage.smaller", format!("It has {} and cannot shrink.", quoted(has)))
            .at("/storage")
            .suggest("Keep the size, or move the data to a new claim.");
    }
}

bowsprit_plugin_sdk::export_node_types!(PersistentVolumeClaim);

#[cfg(test)]
mod tests;
