//! The top level of a file, and what files of all kinds have in it.

use bowsprit_plugin_sdk::rules::{self, Rule};
use bowsprit_plugin_sdk::{Connection, Direction, Handle, Severity, quoted};

use super::{Check, Definition, Judge, Manifest, manifests, status};
use crate::expression::Names;
use crate::field::{Field, define_all, rule_of};
use crate::mistake::{Mark, Mistakes};
use crate::table::Table;
use crate::template::{compile, expression, text};
use crate::yaml::{Node, Value};

/// What a node type is called and what it asks for.
#[derive(Debug)]
pub struct Head {
    /// The type's name.
    pub name: String,
    /// For people.
    pub title: String,
    /// For people, a sentence.
    pub description: String,
    /// Group of the palette.
    pub category: String,
    /// Name of a Lucide icon.
    pub icon: String,
    /// Search words.
    pub tags: Vec<String>,
    /// Raised when fields change their meaning.
    pub schema_version: u32,
    /// Whether its objects live in namespaces, unless one says otherwise.
    pub namespaced: bool,
    /// The rule of names.
    pub name_rule: Rule,
    /// What users fill in.
    pub fields: Vec<Field>,
    /// Whether `fields` has name and namespace too, so that the form has
    /// nothing else.
    pub listed: bool,
}

pub(super) fn document(root: &Node, log: &mut Mistakes) -> Option<Definition> {
    let mut table = Table::of(root, "The file", log)?;
    let name = type_name(&mut table, "type", log);
    let title = table.required_text("title", log).unwrap_or_default().to_owned();
    let description = table.required_text("description", log).unwrap_or_default().to_owned();
    let category = table.text("category", log).unwrap_or("other").to_owned();
    let icon = table.text("icon", log).unwrap_or("Box").to_owned();
    let tags = table.texts("tags", log);
    let schema_version = table.count("schema-version", log).unwrap_or(1);
    let namespaced = scope(&mut table, log).unwrap_or(true);
    let name_rule = rule_of(&mut table, "name-rule", log).unwrap_or(rules::dns_subdomain);
    let fields = define_all(table.entries("fields", log), true, log);
    let head = Head {
        name: name.unwrap_or_default(),
        title,
        description,
        category,
        icon,
        tags,
        schema_version: u32::try_from(schema_version).unwrap_or(1),
        namespaced,
        name_rule,
        fields,
        listed: false,
    };
    let manifests = |table: &mut Table<'_>, names: &mut Names, log: &mut Mistakes| {
        manifests::read(table, namespaced, names, log)
    };
    let definition = complete(head, &mut table, None, manifests, log);
    table.finish(log);
    Some(definition)
}

/// Reads what follows the head: handles, edges, views, checks, objects (by
/// `manifests`) and status rules. With a judge a type needs no status rules.
pub fn complete(
    head: Head,
    table: &mut Table<'_>,
    judge: Option<Judge>,
    manifests: impl FnOnce(&mut Table<'_>, &mut Names, &mut Mistakes) -> Vec<Manifest>,
    log: &mut Mistakes,
) -> Definition {
    let fields = &head.fields;
    let handles = handles(table, fields, log);
    let connections = connections(table, log);
    let names = names_of(fields, &handles, &connections);
    let provides = table.texts("provides", log);
    let view = table.take("view").map(|it| compile(it, &mut names.for_views(), log));
    let checks = checks(table, fields, &names.clone().for_objects(), log);
    let manifests = manifests(table, &mut names.clone().for_objects(), log);
    let status = status::read(table, &manifests, &mut names.for_status(), judge, log);
    let file = log.file();
    Definition { file, head, handles, connections, provides, view, checks, manifests, status }
}

/// `scope: namespace` or `scope: cluster`.
pub fn scope(table: &mut Table<'_>, log: &mut Mistakes) -> Option<bool> {
    table.word("scope", &[("namespace", true), ("cluster", false)], log)
}

/// A type's name, which is a kebab-case word.
pub fn type_name(table: &mut Table<'_>, key: &'static str, log: &mut Mistakes) -> Option<String> {
    let at = table.require(key, log)?.at;
    let name = table.text(key, log)?;
    let plain = rules::service_name(name).is_ok() && !name.contains("--");
    if !plain {
        let problem = format!("The type {} is not a kebab-case name.", quoted(name));
        log.value(at, problem, "Use lower-case letters, digits and single hyphens.");
    }
    Some(name.to_owned())
}

fn names_of(fields: &[Field], handles: &[Handle], connections: &[Connection]) -> Names {
    let named = |secret: bool| {
        fields.iter().filter(|it| it.secret == secret).map(|it| it.name.clone()).collect()
    };
    let roles = handles.iter().flat_map(|it| &it.roles);
    let sources = fields.iter().filter_map(|it| Some(&it.from.as_ref()?.role));
    Names {
        variables: vec!["fields".into(), "node".into()],
        members: vec![("fields", named(false)), ("secrets", named(true))],
        without: &[],
        roles: roles.chain(connections.iter().map(|it| &it.role)).chain(sources).cloned().collect(),
    }
}

impl Names {
    /// Views are made without looking at neighbours or the cluster.
    fn for_views(&self) -> Self {
        let members = ["id", "name", "namespace", "labels"];
        let names = self.clone().knowing_node(&members);
        Self { without: &["neighbour", "neighbours", "condition"], ..names }
    }

    fn for_objects(mut self) -> Self {
        self.variables.extend(["cluster", "secrets", "environment", "version"].map(str::to_owned));
        let members = ["id", "name", "namespace", "labels", "annotations", "selector", "identity"];
        Self { without: &["condition"], ..self.knowing_node(&members) }
    }

    fn for_status(mut self) -> Self {
        self.variables.extend(["object", "objects"].map(str::to_owned));
        let names = self.knowing_node(&["id", "name", "namespace", "labels"]);
        Self { without: &["neighbour", "neighbours"], ..names }
    }

    fn knowing_node(mut self, members: &[&str]) -> Self {
        self.members.push(("node", members.iter().map(|it| (*it).to_owned()).collect()));
        self
    }
}

fn handles(table: &mut Table<'_>, fields: &[Field], log: &mut Mistakes) -> Vec<Handle> {
    let directions = [("incoming", Direction::Incoming), ("outgoing", Direction::Outgoing)];
    let mut handles: Vec<Handle> = Vec::new();
    for node in table.list("handles", log) {
        let Some(mut item) = Table::of(node, "A handle", log) else { continue };
        let id = item.required_text("id", log).unwrap_or_default().to_owned();
        if handles.iter().any(|it| it.id == id) {
            let problem = format!("Two handles have the id {}.", quoted(&id));
            log.value(node.at, problem, "Give each an id of its own.");
        }
        item.require("direction", log);
        let direction = item.word("direction", &directions, log).unwrap_or(Direction::Incoming);
        let roles = item.texts("roles", log);
        let per_item = item.text("per-item", log).map(|it| format!("/{it}"));
        check_field(&mut item, "per-item", fields, log);
        let at_most = item.count("at-most", log).and_then(|it| u32::try_from(it).ok());
        item.finish(log);
        handles.push(Handle { id, direction, roles, per_item, at_most });
    }
    handles
}

/// Complains about a key that names no field.
fn check_field(table: &mut Table<'_>, key: &'static str, fields: &[Field], log: &mut Mistakes) {
    let Some(Node { at, value: Value::Text(name) }) = table.take(key) else { return };
    let known = ["name", "namespace", "labels", "annotations"];
    if !fields.iter().any(|it| it.name == *name) && !known.contains(&name.as_str()) {
        let problem = format!("`{key}` is {}, which is no field.", quoted(name));
        let names: Vec<_> = fields.iter().map(|it| it.name.as_str()).collect();
        log.value(*at, problem, crate::table::closest(name, &names));
    }
}

fn connections(table: &mut Table<'_>, log: &mut Mistakes) -> Vec<Connection> {
    let mut connections = Vec::new();
    for node in table.list("edges", log) {
        let Some(mut item) = Table::of(node, "An edge", log) else { continue };
        let role = item.required_text("role", log).unwrap_or_default().to_owned();
        let to = item.texts("to", log);
        if to.is_empty() {
            let problem = "The edge leads to no type.".to_owned();
            log.key(node.at, problem, "Add `to: [\"*\"]`, or name types.".into());
        }
        item.finish(log);
        connections.push(Connection { role, to });
    }
    connections
}

fn checks(
    table: &mut Table<'_>,
    fields: &[Field],
    names: &Names,
    log: &mut Mistakes,
) -> Vec<Check> {
    table.list("checks", log).iter().filter_map(|it| check(it, fields, names, log)).collect()
}

fn check(node: &Node, fields: &[Field], names: &Names, log: &mut Mistakes) -> Option<Check> {
    let severities =
        [("error", Severity::Error), ("warning", Severity::Warning), ("info", Severity::Info)];
    let mut item = Table::of(node, "A check", log)?;
    let holds = item.require("require", log).and_then(|it| expression(it, names, log));
    let code = code(&mut item, log);
    let severity = item.word("severity", &severities, log).unwrap_or(Severity::Error);
    let message = item.require("message", log).map(|it| text(it, names, log));
    let field = item.text("field", log).map(str::to_owned);
    check_field(&mut item, "field", fields, log);
    let suggestion = item.take("suggestion").map(|it| text(it, names, log));
    item.finish(log);
    let at: Mark = node.at;
    Some(Check { at, holds: holds?, code: code?, severity, message: message?, field, suggestion })
}

/// The stable part of a finding's code: dotted, lower-case.
fn code(table: &mut Table<'_>, log: &mut Mistakes) -> Option<String> {
    let at = table.require("code", log)?.at;
    let code = table.text("code", log)?;
    let plain = code.bytes().all(|it| it.is_ascii_alphanumeric() || matches!(it, b'.' | b'-'));
    if !plain || code.starts_with('.') || code.ends_with('.') {
        let problem = format!("{} cannot be a code.", quoted(code));
        log.value(at, problem, "Use letters, digits, `-` and `.`, such as `replicas.too-few`.");
    }
    Some(code.to_owned())
}
