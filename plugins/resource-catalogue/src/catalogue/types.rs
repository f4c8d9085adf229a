//! The node types of a document.

use bowsprit_plugin_sdk::{Connection, Direction, Handle, Kind, quoted, rules};
use document::definition::{
    Definition, Head, Manifest, More, complete, options, overlay, type_name,
};
use document::expression::Names;
use document::field::{Field, rule_of};
use document::mistake::{Mark, Mistakes};
use document::table::{Table, one_of};
use document::template::expression;
use document::yaml::{Node, Value};

use super::{Offered, fields};
use crate::judge;

/// The key of a node's object within the node.
const OBJECT: &str = "object";
/// The handle at which edges arrive.
const INPUT: &str = "input";

/// What all types of a document have in common.
pub(super) struct About<'d> {
    pub(super) category: &'d str,
    pub(super) icon: &'d str,
    pub(super) tags: Vec<String>,
    pub(super) kinds: &'d [Offered],
}

pub(super) fn read(node: &Node, about: &About<'_>, log: &mut Mistakes) -> Option<Definition> {
    let mut table = Table::of(node, "A node type", log)?;
    let name = type_name(&mut table, "name", log);
    let title = table.required_text("displayName", log).unwrap_or_default().to_owned();
    let description = table.required_text("description", log).unwrap_or_default().to_owned();
    let icon = table.text("icon", log).unwrap_or(about.icon).to_owned();
    let kind = kind(&mut table, about.kinds, log);
    let name_rule = rule_of(&mut table, "name-rule", log).unwrap_or(rules::dns_subdomain);
    let mut fields = fields::read(&mut table, log);
    let more = more(&mut table, log);
    fields.extend(more.is_some().then(|| fields::more(kind.map_or("object", |it| &it.kind))));
    let head = Head {
        name: name?,
        title,
        description,
        category: about.category.to_owned(),
        icon,
        tags: about.tags.clone(),
        schema_version: 1,
        namespaced: kind.is_none_or(|it| it.namespaced),
        name_rule,
        fields,
        listed: true,
    };
    let kind = kind?;
    let kinds = about.kinds;
    let object = |table: &mut Table<'_>, names: &mut Names, log: &mut Mistakes| {
        let mut all = vec![manifest(kind, OBJECT, more, table, names, log)];
        for node in table.list("also", log) {
            all.extend(further(node, kinds, names, log));
        }
        all
    };
    let mut definition = complete(head, &mut table, Some(judge::judge), object, log);
    table.finish(log);
    add_handles(&mut definition);
    Some(definition)
}

/// The kind of a type: one of the document's.
fn kind<'d>(
    table: &mut Table<'_>,
    kinds: &'d [Offered],
    log: &mut Mistakes,
) -> Option<&'d Offered> {
    let at = table.require("kind", log)?.at;
    let name = table.text("kind", log)?;
    let found = kinds.iter().find(|it| it.kind == name);
    if found.is_none() {
        let problem = format!("{} is none of the document's `kinds`.", quoted(name));
        log.value(
            at,
            problem,
            format!("Write {}.", one_of(kinds.iter().map(|it| it.kind.as_str()))),
        );
    }
    found
}

/// What the extra field is laid over; the outer option is whether there is
/// one.
fn more(table: &mut Table<'_>, log: &mut Mistakes) -> Option<Option<&'static str>> {
    let words = [("spec", Some(Some("spec"))), ("object", Some(None)), ("none", None)];
    table.word("more", &words, log).unwrap_or(Some(Some("spec")))
}

/// An object beside the type's own.
fn further(
    node: &Node,
    kinds: &[Offered],
    names: &mut Names,
    log: &mut Mistakes,
) -> Option<Manifest> {
    let mut item = Table::of(node, "An item of `also`", log)?;
    let id = item.required_text("id", log)?.to_owned();
    if id == OBJECT {
        log.value(node.at, format!("`{id}` is the type's own object."), "Give it another id.");
    }
    let when = item.take("when").and_then(|it| expression(it, names, log));
    let kind = kind(&mut item, kinds, log)?;
    item.require("object", log);
    let manifest = manifest(kind, &id, None, &mut item, names, log);
    item.finish(log);
    Some(Manifest { when, ..manifest })
}

fn manifest(
    kind: &Offered,
    id: &str,
    more: Option<Option<&'static str>>,
    table: &mut Table<'_>,
    names: &mut Names,
    log: &mut Mistakes,
) -> Manifest {
    let at = table.at;
    let options = options(table, kind.namespaced, log);
    let empty = Node { at, value: Value::Map(Vec::new()) };
    let object = table.take("object").unwrap_or(&empty);
    check_object(object, log);
    let (metadata, body) = overlay(object, names, log);
    let mut versions = kind.versions.iter().cloned();
    let version = versions.next().unwrap_or_default();
    Manifest {
        at,
        id: id.to_owned(),
        when: None,
        kind: Kind { group: kind.group.clone(), version, kind: kind.kind.clone() },
        others: versions.collect(),
        more: more.map(|part| More { field: fields::MORE.into(), part }),
        options,
        metadata,
        body,
    }
}

fn check_object(object: &Node, log: &mut Mistakes) {
    let Value::Map(entries) = &object.value else {
        let problem = format!("`object` has to be a mapping, not {}.", object.described());
        return log.value(object.at, problem, "Write `spec:` and what belongs to it.");
    };
    let mut taken = ["apiVersion", "kind", "status"].into_iter();
    if let Some(wrong) = taken.find(|it| entries.iter().any(|entry| entry.key == *it)) {
        let at: Mark = object.at;
        let problem = format!("`object` has `{wrong}`.");
        log.key(at, problem, "Remove it: kind and version are the type's.".into());
    }
}

/// A handle for each field that a connected node can fill in, and one for the
/// edges that arrive.
fn add_handles(definition: &mut Definition) {
    let sources = |it: &Field| Some((it.name.clone(), it.from.as_ref()?.role.clone()));
    let sources: Vec<_> = definition.head.fields.iter().filter_map(sources).collect();
    for (id, role) in sources {
        if !definition.connections.iter().any(|it| it.role == role) {
            let to = vec!["*".to_owned()];
            definition.connections.push(Connection { role: role.clone(), to });
        }
        let direction = Direction::Outgoing;
        let roles = vec![role];
        definition.handles.push(Handle { id, direction, roles, per_item: None, at_most: None });
    }
    if !definition.provides.is_empty() && !definition.handles.iter().any(|it| it.id == INPUT) {
        definition.handles.push(Handle {
            id: INPUT.into(),
            direction: Direction::Incoming,
            roles: definition.provides.clone(),
            per_item: None,
            at_most: None,
        });
    }
}
