//! Containers beside the main one.

use bowsprit_plugin_sdk::shape::{Form, Member, Shape};
use bowsprit_plugin_sdk::{Fields, Invalid, Report, rules};

use super::checks::{LIFECYCLE, PROBE, VALUE_FROM};
use super::{NAME, TEXT, security};

/// When an image is fetched.
pub(crate) const PULL_POLICIES: &[&str] = &["Always", "IfNotPresent", "Never"];
/// Protocols of ports.
pub(crate) const PROTOCOLS: &[&str] = &["TCP", "UDP", "SCTP"];

/// Members of the main container that have a form of their own.
pub(crate) const MAIN: &[Member] = &[
    ("lifecycle", Shape::One(&LIFECYCLE)),
    ("stdin", Shape::Flag),
    ("terminationMessagePath", TEXT),
    ("terminationMessagePolicy", Shape::Choice(&["File", "FallbackToLogsOnError"])),
    ("tty", Shape::Flag),
];

/// `core/v1.Container`, for `initContainers` and `sidecars`.
pub(crate) static CONTAINER: Form = Form::new(&[
    ("args", Shape::Words),
    ("command", Shape::Words),
    ("env", Shape::Many(&VARIABLE)),
    ("envFrom", Shape::Many(&VARIABLES)),
    ("image", Shape::Text(rules::image)),
    ("imagePullPolicy", Shape::Choice(PULL_POLICIES)),
    ("lifecycle", Shape::One(&LIFECYCLE)),
    ("livenessProbe", Shape::One(&PROBE)),
    ("name", Shape::Text(rules::dns_label)),
    ("ports", Shape::Many(&PORT)),
    ("readinessProbe", Shape::One(&PROBE)),
    ("resources", Shape::One(&RESOURCES)),
    ("restartPolicy", Shape::Choice(&["Always"])),
    ("securityContext", Shape::One(&security::CONTAINER)),
    ("startupProbe", Shape::One(&PROBE)),
    ("stdin", Shape::Flag),
    ("stdinOnce", Shape::Flag),
    ("terminationMessagePath", TEXT),
    ("terminationMessagePolicy", Shape::Choice(&["File", "FallbackToLogsOnError"])),
    ("tty", Shape::Flag),
    ("volumeDevices", Shape::Many(&DEVICE)),
    ("volumeMounts", Shape::Many(&MOUNT)),
    ("workingDir", TEXT),
])
.required(&["image", "name"]);

static VARIABLE: Form = Form::new(&[
    ("name", Shape::Text(rules::env_name)),
    ("value", Shape::Exact),
    ("valueFrom", Shape::One(&VALUE_FROM)),
])
.required(&["name"])
.at_most_one_of(&["value", "valueFrom"]);

/// `core/v1.EnvFromSource`.
pub(crate) static VARIABLES: Form = Form::new(&[
    ("configMapRef", Shape::One(&REFERENCE)),
    ("prefix", TEXT),
    ("secretRef", Shape::One(&REFERENCE)),
])
.one_of(&["configMapRef", "secretRef"]);

static REFERENCE: Form =
    Form::new(&[("name", NAME), ("optional", Shape::Flag)]).required(&["name"]);

static PORT: Form = Form::new(&[
    ("containerPort", Shape::Whole(1, 65535)),
    ("hostIP", Shape::Text(rules::address)),
    ("hostPort", Shape::Whole(1, 65535)),
    ("name", Shape::Text(rules::port_name)),
    ("protocol", Shape::Choice(PROTOCOLS)),
])
.required(&["containerPort"]);

static RESOURCES: Form = Form::new(&[
    ("limits", Shape::Map(rules::label_key, rules::quantity)),
    ("requests", Shape::Map(rules::label_key, rules::quantity)),
])
.check(check_resources);

/// Nothing may ask for more than it may use.
///
/// Source: `core/validation.ValidateResourceRequirements`.
pub(crate) fn check_resources(fields: &Fields<'_, '_>, report: &mut Report) {
    let (Ok(Some(requests)), Ok(limits)) = (fields.fields("requests"), fields.map("limits")) else {
        return;
    };
    let Ok(asked) = fields.map("requests") else { return };
    for (name, amount) in asked {
        let Some((_, limit)) = limits.iter().find(|(other, _)| *other == name) else { continue };
        let order = rules::compare(amount.trim(), limit.trim());
        if order == Some(std::cmp::Ordering::Greater) {
            let message =
                format!("It asks for `{amount}` of `{name}`, more than its limit `{limit}`.");
            let invalid = Invalid::new(&requests.place().key(name), "above-limit", message);
            report.required::<()>(Err(invalid.suggest("Lower the request, or raise the limit.")));
        }
    }
}

static DEVICE: Form = Form::new(&[
    ("devicePath", Shape::Text(rules::mount_path)),
    ("name", Shape::Text(rules::dns_label)),
])
.required(&["devicePath", "name"]);

static MOUNT: Form = Form::new(&[
    ("mountPath", Shape::Text(rules::mount_path)),
    ("mountPropagation", Shape::Choice(&["None", "HostToContainer", "Bidirectional"])),
    ("name", Shape::Text(rules::dns_label)),
    ("readOnly", Shape::Flag),
    ("subPath", Shape::Text(rules::sub_path)),
    ("subPathExpr", Shape::Text(rules::sub_path)),
])
.required(&["mountPath", "name"])
.at_most_one_of(&["subPath", "subPathExpr"]);
