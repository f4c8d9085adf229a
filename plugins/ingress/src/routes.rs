//! Hosts and paths.

use bowsprit_plugin_sdk::fields::Invalid;
use bowsprit_plugin_sdk::{Fields, Json, Node, Object, Report, quoted, rules};

use crate::backend::{Backend, Backends};

/// Ways to match a path.
const PATH_TYPES: [&str; 3] = ["Prefix", "Exact", "ImplementationSpecific"];

/// The rules of an Ingress.
#[derive(Debug, Default)]
pub(crate) struct Routes<'a> {
    /// As the API has them.
    pub(crate) rules: Vec<Object<'a>>,
    /// The hosts they name.
    pub(crate) hosts: Vec<String>,
}

/// Reads `host` with `paths`, and the further hosts in `rules`.
pub(crate) fn read<'a>(
    fields: &Fields<'a, '_>,
    backends: &mut Backends<'a>,
    has_default: bool,
    report: &mut Report,
) -> Routes<'a> {
    let mut routes = Routes::default();
    let mut blank: Vec<String> = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    routes.add(fields, backends, (&mut blank, &mut seen), report);
    fields.each("rules", report, |rule, report| {
        routes.add(&rule, backends, (&mut blank, &mut seen), report);
    });
    note_blank(&blank, routes.rules.is_empty() && !has_default, report);
    routes
}

type Notes<'n> = (&'n mut Vec<String>, &'n mut Vec<String>);

impl<'a> Routes<'a> {
    /// One host and its paths.
    fn add(
        &mut self,
        rule: &Fields<'a, '_>,
        backends: &mut Backends<'a>,
        (blank, seen): Notes<'_>,
        report: &mut Report,
    ) {
        let host = report.optional(rule.text_by("host", rules::host));
        let mut paths = Vec::new();
        rule.each("paths", report, |path, report| {
            let matched = matched(&path, report);
            match backends.of(&path, report) {
                Backend::Found(backend) => {
                    note_twice(&path, host.as_deref(), &matched, seen, report);
                    paths.push(matched.with("backend", backend));
                }
                Backend::Blank => blank.push(path.pointer("serviceName")),
                Backend::Faulty => {}
            }
        });
        if let Some(host) = &host {
            self.hosts.push(host.to_string());
        }
        if !paths.is_empty() {
            let http = Object::new().with("paths", paths);
            self.rules.push(Object::new().with_some("host", host).with("http", http));
        }
    }
}

/// What a path matches, without where it leads.
fn matched<'a>(path: &Fields<'a, '_>, report: &mut Report) -> Object<'a> {
    let kind = report.optional(path.choice("pathType", &PATH_TYPES)).unwrap_or("Prefix");
    let rule: rules::Rule =
        if kind == "ImplementationSpecific" { expression } else { rules::http_path };
    let text = report.optional(path.text_by("path", rule));
    let text = text.map_or(Json::from("/"), Json::from);
    Object::new().with("path", text).with("pathType", kind)
}

/// A path in a controller's own language.
///
/// Source: `networking/validation.validateHTTPIngressPath`.
fn expression(text: &str) -> Result<(), rules::Flaw> {
    if text.starts_with('/') && !text.contains(char::is_control) {
        return Ok(());
    }
    Err(rules::Flaw { problem: "is not a path", hint: "Write a path that starts with `/`." })
}

/// A path matches once per host.
fn note_twice(
    path: &Fields<'_, '_>,
    host: Option<&str>,
    matched: &Object<'_>,
    seen: &mut Vec<String>,
    report: &mut Report,
) {
    let route = format!("{} {}", host.unwrap_or_default(), matched.to_text());
    if seen.contains(&route) {
        let place = path.place().field("path");
        let message = format!("The path {} is there twice.", quoted(matched.text_at(&["path"])));
        let invalid = Invalid::new(&place, "taken", message);
        report.required::<()>(Err(invalid.suggest("Remove one of the two.")));
    }
    seen.push(route);
}

/// Rows nobody filled in are left out, as long as something remains.
fn note_blank(blank: &[String], is_nothing_left: bool, report: &mut Report) {
    if is_nothing_left && blank.is_empty() && !report.has_errors() {
        report
            .error("paths.missing", "No path leads anywhere.")
            .at("/paths")
            .suggest("Add a path, and connect it to a Service.");
    }
    for pointer in blank {
        let message = "This path leads to no Service.";
        let entry = if is_nothing_left {
            report.error("paths.serviceName.missing", message)
        } else {
            report.warning("paths.serviceName.unset", format!("{message} It is left out."))
        };
        entry.at(pointer.clone()).suggest("Connect it to a Service, or fill in `serviceName`.");
    }
}

/// The hosts, as neighbours see them.
pub(crate) fn hosts<'a>(node: &'a Node<'_>) -> Vec<Json<'a>> {
    let rules = node.data.list_at(&["rules"]).iter().filter_map(|it| it.as_object());
    let hosts = [&node.data].into_iter().chain(rules).map(|it| it.text_at(&["host"]).trim());
    let mut hosts: Vec<&str> = hosts.filter(|it| !it.is_empty()).collect();
    hosts.dedup();
    hosts.into_iter().map(Json::from).collect()
}
