//! What is done to see or change the state of a container.

use bowsprit_plugin_sdk::shape::{Form, Shape};
use bowsprit_plugin_sdk::{Fields, Invalid, Report, rules};

use super::{COUNT, NAME, POSITIVE, TEXT};

/// `core/v1.Lifecycle`.
pub(crate) static LIFECYCLE: Form = Form::new(&[
    ("postStart", Shape::One(&LIFECYCLE_HANDLER)),
    ("preStop", Shape::One(&LIFECYCLE_HANDLER)),
    ("stopSignal", TEXT),
]);

static LIFECYCLE_HANDLER: Form = Form::new(&[
    ("exec", Shape::One(&EXEC)),
    ("httpGet", Shape::One(&HTTP_GET)),
    ("sleep", Shape::One(&SLEEP)),
    ("tcpSocket", Shape::One(&TCP_SOCKET)),
])
.one_of(&["exec", "httpGet", "sleep", "tcpSocket"]);

/// `core/v1.Probe`, of a container beside the main one.
pub(crate) static PROBE: Form = Form::new(&[
    ("exec", Shape::One(&EXEC)),
    ("failureThreshold", POSITIVE),
    ("grpc", Shape::One(&GRPC)),
    ("httpGet", Shape::One(&HTTP_GET)),
    ("initialDelaySeconds", COUNT),
    ("periodSeconds", POSITIVE),
    ("successThreshold", POSITIVE),
    ("tcpSocket", Shape::One(&TCP_SOCKET)),
    ("terminationGracePeriodSeconds", POSITIVE),
    ("timeoutSeconds", POSITIVE),
])
.one_of(&["exec", "grpc", "httpGet", "tcpSocket"]);

pub(crate) static EXEC: Form =
    Form::new(&[("command", Shape::Words)]).required(&["command"]).check(check_command);

pub(crate) static GRPC: Form =
    Form::new(&[("port", Shape::Whole(1, 65535)), ("service", TEXT)]).required(&["port"]);

pub(crate) static HTTP_GET: Form = Form::new(&[
    ("host", TEXT),
    ("httpHeaders", Shape::Many(&HTTP_HEADER)),
    ("path", TEXT),
    ("port", Shape::Port),
    ("scheme", Shape::Choice(&["HTTP", "HTTPS"])),
])
.required(&["port"]);

static HTTP_HEADER: Form =
    Form::new(&[("name", Shape::Text(header)), ("value", Shape::Exact)]).required(&["name"]);

static SLEEP: Form = Form::new(&[("seconds", POSITIVE)]).required(&["seconds"]);

pub(crate) static TCP_SOCKET: Form =
    Form::new(&[("host", TEXT), ("port", Shape::Port)]).required(&["port"]);

/// What a variable's value is taken from: `core/v1.EnvVarSource`.
pub(crate) static VALUE_FROM: Form = Form::new(&[
    ("configMapKeyRef", Shape::One(&KEY_REFERENCE)),
    ("fieldRef", Shape::One(&FIELD_REFERENCE)),
    ("resourceFieldRef", Shape::One(&RESOURCE_REFERENCE)),
    ("secretKeyRef", Shape::One(&KEY_REFERENCE)),
])
.one_of(&["configMapKeyRef", "fieldRef", "resourceFieldRef", "secretKeyRef"]);

static KEY_REFERENCE: Form = Form::new(&[
    ("key", Shape::Text(rules::config_key)),
    ("name", NAME),
    ("optional", Shape::Flag),
])
.required(&["key", "name"]);

pub(crate) static FIELD_REFERENCE: Form =
    Form::new(&[("apiVersion", TEXT), ("fieldPath", TEXT)]).required(&["fieldPath"]);

pub(crate) static RESOURCE_REFERENCE: Form = Form::new(&[
    ("containerName", Shape::Text(rules::dns_label)),
    ("divisor", Shape::Text(rules::quantity)),
    ("resource", TEXT),
])
.required(&["resource"]);

/// A header's name.
///
/// Source: `apimachinery/pkg/util/validation.IsHTTPHeaderName`.
fn header(text: &str) -> Result<(), rules::Flaw> {
    if text.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-') {
        return Ok(());
    }
    Err(rules::Flaw {
        problem: "is not the name of a header",
        hint: "Use letters, digits and `-`.",
    })
}

fn check_command(fields: &Fields<'_, '_>, report: &mut Report) {
    if fields.has("command") && fields.texts("command").is_ok_and(|it| it.is_empty()) {
        let invalid = Invalid::missing(&fields.place().field("command"));
        report.required::<()>(Err(invalid));
    }
}
