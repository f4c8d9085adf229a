//! Volumes of a pod.

use bowsprit_plugin_sdk::shape::selector::LABELS;
use bowsprit_plugin_sdk::shape::{Form, Shape};
use bowsprit_plugin_sdk::{Fields, Invalid, Report, rules};

use super::checks::{FIELD_REFERENCE, RESOURCE_REFERENCE};
use super::{NAME, TEXT};

/// What a volume can be made of.
const SOURCES: &[&str] = &[
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "hostPath",
    "image",
    "nfs",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

/// Permissions of a file: `0644` is 420.
const MODE: Shape = Shape::Whole(0, 0o777);
/// The name of a volume.
const VOLUME_NAME: Shape = Shape::Text(rules::dns_label);

/// `core/v1.Volume`, without sources that are deprecated.
pub(crate) static VOLUME: Form = Form::new(&[
    ("configMap", Shape::One(&CONFIG_MAP)),
    ("csi", Shape::One(&CSI)),
    ("downwardAPI", Shape::One(&DOWNWARD)),
    ("emptyDir", Shape::One(&EMPTY_DIR)),
    ("ephemeral", Shape::One(&EPHEMERAL)),
    ("hostPath", Shape::One(&HOST_PATH)),
    ("image", Shape::One(&IMAGE)),
    ("name", VOLUME_NAME),
    ("nfs", Shape::One(&NFS)),
    ("persistentVolumeClaim", Shape::One(&CLAIM)),
    ("projected", Shape::One(&PROJECTED)),
    ("secret", Shape::One(&SECRET)),
])
.required(&["name"])
.one_of(SOURCES);

static CONFIG_MAP: Form = Form::new(&[
    ("defaultMode", MODE),
    ("items", Shape::Many(&ITEM)),
    ("name", NAME),
    ("optional", Shape::Flag),
])
.required(&["name"]);

static SECRET: Form = Form::new(&[
    ("defaultMode", MODE),
    ("items", Shape::Many(&ITEM)),
    ("optional", Shape::Flag),
    ("secretName", NAME),
])
.required(&["secretName"]);

/// `core/v1.KeyToPath`.
pub(crate) static ITEM: Form = Form::new(&[
    ("key", Shape::Text(rules::config_key)),
    ("mode", MODE),
    ("path", Shape::Text(rules::sub_path)),
])
.required(&["key", "path"]);

/// `core/v1.EmptyDirVolumeSource`.
static EMPTY_DIR: Form = Form::new(&[
    ("medium", Shape::Choice(&["Memory", "HugePages"])),
    ("sizeLimit", Shape::Text(rules::quantity)),
]);

/// Where a directory or file of the machine may be.
pub(crate) const HOST_PATH_TYPES: &[&str] = &[
    "DirectoryOrCreate",
    "Directory",
    "FileOrCreate",
    "File",
    "Socket",
    "CharDevice",
    "BlockDevice",
];

static HOST_PATH: Form =
    Form::new(&[("path", Shape::Text(host_path)), ("type", Shape::Choice(HOST_PATH_TYPES))])
        .required(&["path"]);

/// A path of the machine.
///
/// Source: `core/validation.validateHostPathVolumeSource`.
pub(crate) fn host_path(text: &str) -> Result<(), rules::Flaw> {
    if text.starts_with('/') && !text.split('/').any(|it| it == "..") {
        return Ok(());
    }
    Err(rules::Flaw {
        problem: "is not a path of the machine",
        hint: "Write a path that starts with `/` and holds no `..`.",
    })
}

static IMAGE: Form = Form::new(&[
    ("pullPolicy", Shape::Choice(super::container::PULL_POLICIES)),
    ("reference", Shape::Text(rules::image)),
])
.required(&["reference"]);

static NFS: Form = Form::new(&[("path", TEXT), ("readOnly", Shape::Flag), ("server", TEXT)])
    .required(&["path", "server"]);

static CLAIM: Form =
    Form::new(&[("claimName", NAME), ("readOnly", Shape::Flag)]).required(&["claimName"]);

static CSI: Form = Form::new(&[
    ("driver", TEXT),
    ("fsType", TEXT),
    ("nodePublishSecretRef", Shape::One(&REFERENCE)),
    ("readOnly", Shape::Flag),
    ("volumeAttributes", Shape::Map(rules::anything, rules::anything)),
])
.required(&["driver"]);

static REFERENCE: Form = Form::new(&[("name", NAME)]).required(&["name"]);

static DOWNWARD: Form = Form::new(&[("defaultMode", MODE), ("items", Shape::Many(&DOWNWARD_ITEM))]);

static DOWNWARD_ITEM: Form = Form::new(&[
    ("fieldRef", Shape::One(&FIELD_REFERENCE)),
    ("mode", MODE),
    ("path", Shape::Text(rules::sub_path)),
    ("resourceFieldRef", Shape::One(&RESOURCE_REFERENCE)),
])
.required(&["path"])
.one_of(&["fieldRef", "resourceFieldRef"]);

static EPHEMERAL: Form = Form::new(&[("volumeClaimTemplate", Shape::One(&CLAIM_TEMPLATE))])
    .required(&["volumeClaimTemplate"]);

static CLAIM_TEMPLATE: Form =
    Form::new(&[("metadata", Shape::One(&TEMPLATE_METADATA)), ("spec", Shape::One(&CLAIM_SPEC))])
        .required(&["spec"]);

static TEMPLATE_METADATA: Form = Form::new(&[
    ("annotations", Shape::Map(rules::annotation_key, rules::anything)),
    ("labels", Shape::Map(rules::label_key, rules::label_value)),
]);

static CLAIM_SPEC: Form = Form::new(&[
    ("accessModes", Shape::Texts(rules::anything)),
    ("resources", Shape::One(&CLAIM_RESOURCES)),
    ("selector", Shape::One(&LABELS)),
    ("storageClassName", NAME),
    ("volumeMode", Shape::Choice(&["Filesystem", "Block"])),
])
.required(&["accessModes", "resources"]);

static CLAIM_RESOURCES: Form = Form::new(&[
    ("limits", Shape::Map(rules::label_key, rules::quantity)),
    ("requests", Shape::Map(rules::label_key, rules::quantity)),
])
.required(&["requests"]);

static PROJECTED: Form = Form::new(&[("defaultMode", MODE), ("sources", Shape::Many(&PROJECTION))])
    .required(&["sources"]);

static PROJECTION: Form = Form::new(&[
    ("configMap", Shape::One(&PROJECTED_MAP)),
    ("downwardAPI", Shape::One(&DOWNWARD)),
    ("secret", Shape::One(&PROJECTED_MAP)),
    ("serviceAccountToken", Shape::One(&TOKEN)),
])
.one_of(&["configMap", "downwardAPI", "secret", "serviceAccountToken"]);

static PROJECTED_MAP: Form =
    Form::new(&[("items", Shape::Many(&ITEM)), ("name", NAME), ("optional", Shape::Flag)])
        .required(&["name"]);

static TOKEN: Form = Form::new(&[
    ("audience", TEXT),
    ("expirationSeconds", Shape::Whole(600, 4_294_967_296)),
    ("path", Shape::Text(rules::sub_path)),
])
.required(&["path"])
.check(check_token);

/// A token file lies inside its volume, under a name.
fn check_token(fields: &Fields<'_, '_>, report: &mut Report) {
    if fields.text("path").ok().flatten().is_some_and(|it| it.ends_with('/')) {
        let place = fields.place().field("path");
        let invalid = Invalid::new(&place, "invalid", "A token is a file, not a folder.");
        report.required::<()>(Err(invalid));
    }
}
