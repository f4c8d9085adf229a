//! Volumes and mounts, from the drawing's edges and from the node's data.
//!
//! The canvas notes a mount in `volumeMounts` when an edge is drawn. While the
//! edge is there, the connected node's own view is what counts, so a renamed
//! `ConfigMap` is still found; an entry without an edge stays as it is. An
//! edge without an entry gives a `ConfigMap` or Secret to the environment, and
//! mounts a claim at `/data/<name>`.

mod volumes;

use bowsprit_plugin_sdk::shape::Shape;
use bowsprit_plugin_sdk::{
    Context, Fields, Invalid, Json, Metadata, Neighbour, Node, Object, Report, edges, quoted, rules,
};

use crate::forms::container::VARIABLES;
use crate::forms::volume::{HOST_PATH_TYPES, ITEM, VOLUME, host_path};

pub(crate) use volumes::Mounts;
use volumes::{Mount, Source};

/// A mount of a volume that the object brings along itself, such as a claim
/// template's.
#[derive(Debug, Clone)]
pub struct ClaimMount {
    /// The volume's name.
    pub volume: String,
    /// Where it appears.
    pub path: String,
    /// Whether it is a raw device instead of a file system.
    pub is_block: bool,
}

/// Reads the node's mounts.
pub(crate) fn read<'a>(
    node: &'a Node<'_>,
    context: &'a Context<'_>,
    metadata: &Metadata<'a>,
    claims: &[ClaimMount],
    report: &mut Report,
) -> Mounts<'a> {
    let mut reader = Reader { context, metadata, used: Vec::new(), mounts: Mounts::default() };
    for claim in claims {
        reader.mounts.add_claim(claim);
    }
    reader.own_volumes(&node.fields(), report);
    reader.own_variables(&node.fields(), report);
    node.fields().each("volumeMounts", report, |entry, report| reader.entry(&entry, report));
    for neighbour in context.connected() {
        reader.edge(neighbour, report);
    }
    reader.mounts
}

struct Reader<'a, 'm> {
    context: &'a Context<'a>,
    metadata: &'m Metadata<'a>,
    /// Ids of connected nodes that an entry of `volumeMounts` is about.
    used: Vec<&'a str>,
    mounts: Mounts<'a>,
}

impl<'a> Reader<'a, '_> {
    /// `volumes`, as the API has them.
    fn own_volumes(&mut self, fields: &Fields<'a, '_>, report: &mut Report) {
        fields.each("volumes", report, |item, report| {
            let volume = VOLUME.read(&item, report);
            let name = volume.text_at(&["name"]).to_owned();
            if self.mounts.has_volume(&name) {
                let message = format!("Two volumes are called {}.", quoted(&name));
                report
                    .error("volumes.name.taken", message)
                    .at(item.pointer("name"))
                    .suggest("Give each volume a name of its own.");
            }
            self.mounts.add_own(name, volume);
        });
    }

    /// `envFrom`, as the API has it.
    fn own_variables(&mut self, fields: &Fields<'a, '_>, report: &mut Report) {
        fields.each("envFrom", report, |item, report| {
            self.mounts.has_unknown_variables = true;
            self.mounts.environment.push(VARIABLES.read(&item, report));
        });
    }

    /// An entry of `volumeMounts`.
    fn entry(&mut self, entry: &Fields<'a, '_>, report: &mut Report) {
        let Some(source) = report.required(source(entry)) else { return };
        let own_name = report.optional(entry.text("name"));
        let neighbour = self.connected(entry, source, own_name.as_deref());
        if let Some(neighbour) = neighbour {
            if mount_is_frozen(entry) {
                self.mounts.add_settings(neighbour);
            }
            self.used.push(neighbour.id);
            self.check_namespace(neighbour, entry.pointer("name"), report);
        }
        let name = match (neighbour, own_name) {
            (Some(neighbour), _) => Some(Json::from(neighbour.name())),
            (None, Some(name)) => Some(Json::from(name)),
            (None, None) if source.is_named() => {
                let place = entry.place().field("name");
                report.required::<()>(Err(Invalid::missing(&place)));
                None
            }
            (None, None) => None,
        };
        let path = report.required(entry.required_text_by("mountPath", rules::mount_path));
        let mount = Mount {
            source,
            name: name.as_ref().and_then(Json::as_str).unwrap_or_default().to_owned(),
            path: path.unwrap_or_default().into_owned(),
            read_only: report.optional(entry.flag("readOnly")),
            sub_path: report.optional(entry.text_by("subPath", rules::sub_path)),
            items: Shape::Many(&ITEM).read(entry, "items", report),
            is_block: neighbour.is_some_and(is_block),
            host_path: report.optional(entry.text_by("hostPath", host_path)),
            host_path_type: report.optional(entry.choice("hostPathType", HOST_PATH_TYPES)),
            medium: report.optional(entry.choice("medium", &["Memory"])),
            size: report.optional(entry.text_by("sizeLimit", rules::quantity)),
        };
        if source == Source::Own && !mount.name.is_empty() && !self.mounts.has_volume(&mount.name) {
            let place = entry.place().field("name");
            let message = format!("`volumes` has none called {}.", quoted(&mount.name));
            report.required::<()>(Err(Invalid::new(&place, "unknown", message)));
        }
        if source == Source::Host && mount.host_path.is_none() {
            report.required::<()>(Err(Invalid::missing(&entry.place().field("hostPath"))));
        }
        self.add(mount, entry.pointer("mountPath"), report);
    }

    /// The connected node an entry is about: the one whose id it names, else
    /// one of the same kind and name.
    fn connected(
        &self,
        entry: &Fields<'a, '_>,
        source: Source,
        name: Option<&str>,
    ) -> Option<&'a Neighbour<'a>> {
        let id = entry.text("nodeId").ok().flatten();
        let of_kind = || {
            let all = self.context.connected();
            all.filter(|it| Source::of_kind(it.kind()) == Some(source) && !it.name().is_empty())
        };
        let by_id = of_kind().find(|it| Some(it.id) == id.as_deref());
        by_id.or_else(|| of_kind().find(|it| Some(it.name()) == name))
    }

    /// An edge to something that can be mounted and that no entry is about.
    fn edge(&mut self, neighbour: &'a Neighbour<'a>, report: &mut Report) {
        let Some(source) = Source::of_kind(neighbour.kind()) else { return };
        let name = neighbour.name();
        if self.used.contains(&neighbour.id) || name.is_empty() {
            return;
        }
        self.check_namespace(neighbour, String::from("/volumeMounts"), report);
        if source == Source::Claim {
            let mount = Mount {
                name: name.to_owned(),
                path: format!("/data/{name}"),
                is_block: is_block(neighbour),
                ..Mount::of(source)
            };
            self.add(mount, String::from("/volumeMounts"), report);
        } else {
            note_keys(neighbour, report);
            self.mounts.add_environment(source, neighbour);
        }
    }

    fn add(&mut self, mount: Mount<'a>, at: String, report: &mut Report) {
        if mount.path.is_empty() {
            return;
        }
        let path = quoted(&mount.path);
        if self.mounts.add(mount).is_err() {
            report
                .error(
                    "volumeMounts.mountPath.taken",
                    format!("Two volumes are mounted at {path}."),
                )
                .at(at)
                .suggest("Give each mount a path of its own.");
        }
    }

    /// Volumes only come from the pod's own namespace.
    fn check_namespace(&self, neighbour: &Neighbour<'_>, at: String, report: &mut Report) {
        edges::check_namespace(neighbour, &self.metadata.namespace, self.context, &at, report);
    }
}

/// Files mounted by themselves do not follow changes of their `ConfigMap`.
fn mount_is_frozen(entry: &Fields<'_, '_>) -> bool {
    entry.text("subPath").ok().flatten().is_some()
}

fn source(entry: &Fields<'_, '_>) -> Result<Source, Invalid> {
    let place = entry.place().field("type");
    let word = entry.required_text("type")?;
    Source::of_word(&word).ok_or_else(|| {
        let message = format!("{} is not something that can be mounted.", quoted(&word));
        Invalid::new(&place, "invalid", message).suggest(
            "Choose one of `configMap`, `secret`, `persistentVolumeClaim`, `emptyDir`, `volume`.",
        )
    })
}

/// Whether a claim is a raw device.
fn is_block(neighbour: &Neighbour<'_>) -> bool {
    neighbour.view.text_at(&["claim", "volumeMode"]) == "Block"
}

/// Keys that are no names of variables are left out by older servers.
fn note_keys(neighbour: &Neighbour<'_>, report: &mut Report) {
    let keys = neighbour.view.list_at(&["keys"]).iter().filter_map(Json::as_str);
    let odd: Vec<_> = keys.filter(|it| rules::env_name(it).is_err()).map(quoted).collect();
    if let Some(first) = odd.first() {
        let message = format!(
            "{} of {} cannot be environment variables, {first} for one.",
            odd.len(),
            quoted(neighbour.name())
        );
        report
            .warning("volumeMounts.keys", message)
            .at("/volumeMounts")
            .suggest("Mount it as files instead.");
    }
}

/// Which claims only one machine can use at a time; no number of replicas
/// means one on every machine.
pub(crate) fn note_shared_claims(
    context: &Context<'_>,
    replicas: Option<i64>,
    report: &mut Report,
) {
    if replicas.is_some_and(|it| it < 2) {
        return;
    }
    for neighbour in context.connected() {
        let modes = neighbour.view.list_at(&["claim", "accessModes"]);
        let modes: Vec<_> = modes.iter().filter_map(Json::as_str).collect();
        if !modes.is_empty() && modes.iter().all(|it| it.starts_with("ReadWriteOnce")) {
            let name = quoted(neighbour.name());
            let (who, pointer) = match replicas {
                Some(replicas) => (format!("{replicas} replicas share"), "/replicas"),
                None => ("Pods on every machine share".to_owned(), "/volumeMounts"),
            };
            let message = format!("{who} the claim {name}, which one machine can use at a time.");
            report
                .warning("replicas.claim-shared", message)
                .at(pointer)
                .suggest("Use one replica, a StatefulSet, or the access mode `ReadWriteMany`.");
        }
    }
}

/// Object pieces a pod template puts together.
impl<'a> Mounts<'a> {
    /// Adds volumes, mounts and whole-map variables to pod and container.
    pub(crate) fn into_parts(
        self,
        pod: Object<'a>,
        container: Object<'a>,
    ) -> (Object<'a>, Object<'a>) {
        let pod = pod.with_filled("volumes", self.volumes);
        let container = container
            .with_filled("envFrom", self.environment)
            .with_filled("volumeDevices", self.devices)
            .with_filled("volumeMounts", self.mounts);
        (pod, container)
    }
}
