//! The one container every workload has.

use bowsprit_plugin_sdk::fields::scalar;
use bowsprit_plugin_sdk::{Fields, Invalid, Json, Object, Report, quoted, rules, shape};

use crate::forms::container::{MAIN, PROTOCOLS, PULL_POLICIES, check_resources};
use crate::probe;

/// Used as a liveness check.
const LIVENESS: probe::Defaults =
    probe::Defaults { path: "/health", initial_delay: Some(30), period: 10, can_repeat: false };
/// Used as a readiness check.
const READINESS: probe::Defaults =
    probe::Defaults { path: "/ready", initial_delay: Some(5), period: 5, can_repeat: true };
/// Used as a start-up check.
const STARTUP: probe::Defaults =
    probe::Defaults { path: "/health", initial_delay: None, period: 10, can_repeat: false };

/// Reads everything of the container that stands in the node's own data.
/// Variables and mounts are added by the pod template.
pub(crate) fn read<'a>(fields: &Fields<'a, '_>, name: String, report: &mut Report) -> Object<'a> {
    let mut out = Object::new().with("name", name);
    if let Some(image) = report.required(fields.required_text_by("image", rules::image)) {
        out.set("image", image);
    }
    if let Some(policy) = report.optional(fields.choice("imagePullPolicy", PULL_POLICIES)) {
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
    shape::copy(fields, MAIN, &mut out, report);
    check_sleep(fields, &out, report);
    out
}

/// The port of the field `port`, called `http`, and those of the list `ports`.
fn ports<'a>(fields: &Fields<'a, '_>, port: Option<u16>, report: &mut Report) -> Vec<Object<'a>> {
    let mut ports: Vec<Object<'a>> = Vec::new();
    if let Some(port) = port {
        let named = Object::new().with("containerPort", port).with("name", "http");
        ports.push(named.with("protocol", "TCP"));
    }
    fields.each("ports", report, |item, report| {
        let Some(port) = report.optional(container_port(&item)) else { return };
        let same = |it: &Object<'_>| {
            it.get("containerPort") == port.get("containerPort")
                && it.get("protocol") == port.get("protocol")
        };
        match ports.iter_mut().find(|it| same(it)) {
            // The list may repeat the main port to say more about it.
            Some(known) => {
                port.iter().for_each(|(key, value)| known.set(key.to_owned(), value.clone()))
            }
            None => {
                note_taken_name(&item, &ports, report);
                ports.push(port);
            }
        }
    });
    ports
}

fn note_taken_name(item: &Fields<'_, '_>, ports: &[Object<'_>], report: &mut Report) {
    let Ok(Some(name)) = item.text("name") else { return };
    if ports.iter().any(|it| it.text_at(&["name"]) == name) {
        report
            .error("ports.name.taken", format!("Two ports are called {}.", quoted(&name)))
            .at(item.pointer("name"))
            .suggest("Give each port a name of its own; the main one is called `http`.");
    }
}

fn container_port<'a>(item: &Fields<'a, '_>) -> Result<Option<Object<'a>>, Invalid> {
    let number = match item.port("containerPort")? {
        Some(number) => Some(number),
        None => item.port("port")?,
    };
    let Some(number) = number else { return Ok(None) };
    let port = Object::new()
        .with("containerPort", number)
        .with_some("hostIP", item.text_by("hostIP", rules::address)?)
        .with_some("hostPort", item.port("hostPort")?)
        .with_some("name", item.text_by("name", rules::port_name)?)
        .with("protocol", item.choice("protocol", PROTOCOLS)?.unwrap_or("TCP"));
    Ok(Some(port))
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
                note_tiny(&fields, name, &amount, report);
                amounts.set(name, amount);
            }
        }
        out = out.with_filled(group, amounts);
    }
    check_resources(&resources, report);
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

/// `512m` of memory is half a byte: what other tools write for megabytes.
fn note_tiny(fields: &Fields<'_, '_>, name: &str, amount: &str, report: &mut Report) {
    if name != "memory" || !amount.ends_with(['m', 'u', 'n']) {
        return;
    }
    let number = amount.trim_end_matches(['m', 'u', 'n']);
    report
        .warning("resources.memory.unit", format!("`{amount}` of memory is less than it seems."))
        .at(fields.pointer(name))
        .suggest(format!("Write `{number}Mi` for mebibytes."));
}

/// Nothing sleeps longer than the pod has to stop.
///
/// Source: `core/validation.validateSleepAction`.
fn check_sleep(fields: &Fields<'_, '_>, container: &Object<'_>, report: &mut Report) {
    /// What a pod has unless it says otherwise, in seconds.
    const GRACE: i64 = 30;
    let seconds = container.int_at(&["lifecycle", "preStop", "sleep", "seconds"]);
    let grace = fields.whole("terminationGracePeriodSeconds", 0..=shape::MOST);
    let grace = grace.ok().flatten().unwrap_or(GRACE);
    if seconds.is_some_and(|it| it > grace) {
        report
            .error(
                "lifecycle.preStop.sleep.seconds.range",
                format!("The pod has {grace} s to stop."),
            )
            .at("/lifecycle/preStop/sleep/seconds")
            .suggest("Sleep less, or raise `terminationGracePeriodSeconds`.");
    }
}
