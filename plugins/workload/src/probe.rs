//! Health checks of containers.

use bowsprit_plugin_sdk::shape::{self, Form};
use bowsprit_plugin_sdk::{Fields, Invalid, Json, Object, Report};

use crate::forms::checks::{EXEC, GRPC, HTTP_GET, TCP_SOCKET};

/// A probe's own defaults.
pub(crate) struct Defaults {
    /// The HTTP path when the data names neither path nor another check.
    pub(crate) path: &'static str,
    pub(crate) initial_delay: Option<i64>,
    pub(crate) period: i64,
    /// Whether several successes in a row may be asked for.
    ///
    /// Source: `core/validation.validateLivenessProbe`.
    pub(crate) can_repeat: bool,
}

/// Checks in the shape the API gives them.
const HANDLERS: [(&str, &Form); 4] =
    [("exec", &EXEC), ("grpc", &GRPC), ("httpGet", &HTTP_GET), ("tcpSocket", &TCP_SOCKET)];

/// Numbers of a probe with the least the API accepts.
const TIMINGS: [(&str, i64); 5] = [
    ("failureThreshold", 1),
    ("initialDelaySeconds", 0),
    ("periodSeconds", 1),
    ("terminationGracePeriodSeconds", 1),
    ("timeoutSeconds", 1),
];

/// Reads a probe: `{path, port, …}` for HTTP, `{command}`, or one of the API's
/// own handlers.
pub(crate) fn read<'a>(
    fields: &Fields<'a, '_>,
    name: &'static str,
    defaults: &Defaults,
    container_port: Option<u16>,
    report: &mut Report,
) -> Option<Object<'a>> {
    let probe = report.optional(fields.fields(name))?;
    let mut out = handler(&probe, defaults, container_port, report)?;
    out.set("periodSeconds", defaults.period);
    if let Some(delay) = defaults.initial_delay {
        out.set("initialDelaySeconds", delay);
    }
    for (timing, least) in TIMINGS {
        if let Some(seconds) = report.optional(probe.whole(timing, least..=shape::MOST)) {
            out.set(timing, seconds);
        }
    }
    let most = if defaults.can_repeat { shape::MOST } else { 1 };
    if let Some(times) = report.optional(probe.whole("successThreshold", 1..=most)) {
        out.set("successThreshold", times);
    }
    Some(out)
}

fn handler<'a>(
    probe: &Fields<'a, '_>,
    defaults: &Defaults,
    container_port: Option<u16>,
    report: &mut Report,
) -> Option<Object<'a>> {
    let mut given = HANDLERS.iter().filter(|(name, _)| probe.has(name));
    if let Some((name, form)) = given.next() {
        if given.next().is_some() {
            let message = "A probe checks one thing only.";
            let invalid = Invalid::new(probe.place(), "alternatives", message);
            report.required::<()>(Err(invalid.suggest("Keep one of the checks.")));
        }
        let value = shape::object(probe, name, form, report)?;
        return Some(Object::new().with(*name, value));
    }
    let command = report.required(probe.texts("command"))?;
    if !command.is_empty() {
        return Some(Object::new().with("exec", Object::new().with("command", command)));
    }
    let path = report.required(probe.text("path"))?;
    let path = path.map_or(Json::from(defaults.path), Json::from);
    let port = report.required(probe.port_or_name("port"))?;
    let port = port.unwrap_or(Json::from(container_port.unwrap_or(8080)));
    Some(Object::new().with("httpGet", Object::new().with("path", path).with("port", port)))
}
