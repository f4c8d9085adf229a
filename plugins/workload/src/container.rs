//! The one container every workload has.

use bowsprit_plugin_sdk::fields::scalar;
use bowsprit_plugin_sdk::{Fields, Invalid, Json, Object, Report, rules};

use crate::{passthrough, probe};

/// Used as a liveness check.
const LIVENESS: probe::Defaults =
    probe::Defaults { path: "/health", initial_delay: Some(30), period: 10 };
/// Used as a readiness check.
const READINESS: probe::Defaults =
    probe::Defaults { path: "/ready", initial_delay: Some(5), period: 5 };
/// Used as a start-up check.
const STARTUP: probe::Defaults =
    probe::Defaults { path: "/health", initial_delay: None, period: 10 };

/// Protocols of ports.
const PROTOCOLS: [&str; 3] = ["TCP", "UDP", "SCTP"];

/// Reads everything of the container that stands in the node's own data.
/// Variables and mounts are added by the pod template.
pub(crate) fn read<'a>(fields: &Fields<'a, '_>, name: String, report: &mut Report) -> Object<'a> {
    let mut out = Object::new().with("name", name);
    if let Some(image) = report.required(fields.required_text_by("image", rules::image)) {
        out.set("image", image);
    }
    let policies = ["Always", "IfNotPresent", "Never"];
    if let Some(policy) = report.optional(fields.choice("imagePullPolicy", &policies)) {
        out.set("imagePullPolicy", policy);
    }
    for list in ["command", "args"] {
        let words = report.required(fields.texts(list)).unwrap_or_default();
        out = out.with_filled(list, words);
    }
    if let Some(directory) = report.optional(fields.text("workingDir")) {
        out.set("workingDir", directory);
    }
    let port = report.optional(fields.port("port"));
    out = out.with_filled("ports", ports(fields, port, report));
    out = out.with_filled("resources", resources(fields, report));
    for (name, defaults) in
        [("livenessProbe", LIVENESS), ("readinessProbe", READINESS), ("startupProbe", STARTUP)]
    {
        if let Some(probe) = probe::read(fields, name, &defaults, port, report) {
            out.set(name, probe);
        }
    }
    passthrough::copy(fields, &["lifecycle", "securityContext"], &mut out, report);
    out
}

/// The port of the field `port`, called `http`, and those of the list `ports`.
fn ports<'a>(fields: &Fields<'a, '_>, port: Option<u16>, report: &mut Report) -> Vec<Object<'a>> {
    let mut ports = Vec::new();
    let mut taken = Vec::new();
    if let Some(port) = port {
        taken.push((i64::from(port), "TCP"));
        let named = Object::new().with("containerPort", port).with("name", "http");
        ports.push(named.with("protocol", "TCP"));
    }
    fields.each("ports", report, |item, report| {
        let read = container_port(&item);
        let Some((number, protocol, port)) = report.optional(read) else { return };
        if !taken.contains(&(number, protocol)) {
            taken.push((number, protocol));
            ports.push(port);
        }
    });
    ports
}

type Port<'a> = (i64, &'static str, Object<'a>);

fn container_port<'a>(item: &Fields<'a, '_>) -> Result<Option<Port<'a>>, Invalid> {
    let number = match item.port("containerPort")? {
        Some(number) => number,
        None => match item.port("port")? {
            Some(number) => number,
            None => return Ok(None),
        },
    };
    let protocol = item.choice("protocol", &PROTOCOLS)?.unwrap_or("TCP");
    let name = item.text_by("name", rules::port_name)?;
    let port = Object::new()
        .with("containerPort", number)
        .with_some("name", name)
        .with("protocol", protocol);
    Ok(Some((i64::from(number), protocol, port)))
}

/// `resources`, without amounts nobody filled in.
fn resources<'a>(fields: &Fields<'a, '_>, report: &mut Report) -> Object<'a> {
    let Some(resources) = report.optional(fields.fields("resources")) else {
        return Object::new();
    };
    let mut out = Object::new();
    for group in ["limits", "requests"] {
        let Some(fields) = report.optional(resources.fields(group)) else { continue };
        let mut amounts = Object::new();
        for (name, value) in fields.object().iter() {
            if let Some(amount) = report.optional(amount(&fields, name, value)) {
                amounts.set(name, amount);
            }
        }
        out = out.with_filled(group, amounts);
    }
    out
}

fn amount(
    fields: &Fields<'_, '_>,
    name: &str,
    value: &Json<'_>,
) -> Result<Option<String>, Invalid> {
    let place = match name {
        "cpu" | "memory" | "ephemeral-storage" => fields.place().field(name),
        _ => fields.place().key(name),
    };
    if value.is_null() {
        return Ok(None);
    }
    rules::label_key(name).map_err(|flaw| Invalid::flawed(&place, name, flaw))?;
    let Some(amount) = scalar(value) else {
        return Err(Invalid::new(&place, "type", "An amount has to be a text or a number."));
    };
    let amount = amount.trim();
    if amount.is_empty() {
        return Ok(None);
    }
    rules::quantity(amount).map_err(|flaw| Invalid::flawed(&place, amount, flaw))?;
    Ok(Some(amount.to_owned()))
}
