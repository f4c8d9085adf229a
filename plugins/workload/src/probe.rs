//! Health checks of containers.

use bowsprit_plugin_sdk::{Fields, Invalid, Json, Object, Report};

use crate::passthrough::verbatim;

/// A probe's own defaults.
pub(crate) struct Defaults {
    /// The HTTP path when the data names neither path nor another check.
    pub(crate) path: &'static str,
    pub(crate) initial_delay: Option<i64>,
    pub(crate) period: i64,
}

/// Checks the API knows, which are taken over as they are.
const HANDLERS: [&str; 4] = ["exec", "grpc", "httpGet", "tcpSocket"];

/// Numbers of a probe with the least the API accepts.
const TIMINGS: [(&str, i64); 6] = [
    ("failureThreshold", 1),
    ("initialDelaySeconds", 0),
    ("periodSeconds", 1),
    ("successThreshold", 1),
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
    let mut out = report.required(handler(&probe, defaults, container_port))?;
    out.set("periodSeconds", defaults.period);
    if let Some(delay) = defaults.initial_delay {
        out.set("initialDelaySeconds", delay);
    }
    for (timing, least) in TIMINGS {
        if let Some(seconds) = report.optional(probe.whole(timing, least..=i64::from(i32::MAX))) {
            out.set(timing, seconds);
        }
    }
    Some(out)
}

fn handler<'a>(
    probe: &Fields<'a, '_>,
    defaults: &Defaults,
    container_port: Option<u16>,
) -> Result<Object<'a>, Invalid> {
    for handler in HANDLERS {
        if let Some(value) = verbatim(probe, handler)? {
            return Ok(Object::new().with(handler, value));
        }
    }
    let command = probe.texts("command")?;
    if !command.is_empty() {
        return Ok(Object::new().with("exec", Object::new().with("command", command)));
    }
    let path = probe.text("path")?.map_or(Json::from(defaults.path), Json::from);
    let port = probe.port_or_name("port")?;
    let port = port.unwrap_or(Json::from(container_port.unwrap_or(8080)));
    Ok(Object::new().with("httpGet", Object::new().with("path", path).with("port", port)))
}
