//! The objects of a file.

use bowsprit_plugin_sdk::{Kind, OnImmutable, Order, Prune, WaitFor, kind, quoted};

use super::Manifest;
use super::read::scope;
use crate::expression::Names;
use crate::mistake::Mistakes;
use crate::table::Table;
use crate::template::{Template, compile, expression};
use crate::yaml::{Entry, Node, Value};

const ORDERS: [(&str, Order); 8] = [
    ("cluster-scope", Order::ClusterScope),
    ("namespace", Order::Namespace),
    ("configuration", Order::Configuration),
    ("storage", Order::Storage),
    ("workload", Order::Workload),
    ("routing", Order::Routing),
    ("policy", Order::Policy),
    ("last", Order::Last),
];
const WAITS: [(&str, WaitFor); 4] = [
    ("nothing", WaitFor::Nothing),
    ("existence", WaitFor::Existence),
    ("readiness", WaitFor::Readiness),
    ("completion", WaitFor::Completion),
];
const PRUNES: [(&str, Prune); 3] =
    [("delete", Prune::Delete), ("keep", Prune::Keep), ("ask", Prune::Ask)];
const ON_IMMUTABLE: [(&str, OnImmutable); 4] = [
    ("ask", OnImmutable::Ask),
    ("replace", OnImmutable::Replace),
    ("skip", OnImmutable::Skip),
    ("new-name", OnImmutable::NewName),
];

pub(super) fn read(
    table: &mut Table<'_>,
    namespaced: bool,
    names: &mut Names,
    log: &mut Mistakes,
) -> Vec<Manifest> {
    table.require("manifests", log);
    let nodes = table.list("manifests", log);
    let mut manifests: Vec<Manifest> = Vec::with_capacity(nodes.len());
    for node in nodes {
        let Some(manifest) = manifest(node, namespaced, names, log) else { continue };
        if manifests.iter().any(|it| it.id == manifest.id) {
            let problem = format!("Two manifests have the id {}.", quoted(&manifest.id));
            log.value(node.at, problem, "Give each an id of its own.");
        }
        manifests.push(manifest);
    }
    if nodes.is_empty() {
        log.value(table.at, "There is no manifest.".into(), "Add one to `manifests`.");
    }
    manifests
}

fn manifest(
    node: &Node,
    namespaced: bool,
    names: &mut Names,
    log: &mut Mistakes,
) -> Option<Manifest> {
    let mut item = Table::of(node, "A manifest", log)?;
    let id = item.required_text("id", log).map(str::to_owned);
    let when = item.take("when").and_then(|it| expression(it, names, log));
    let namespaced = scope(&mut item, log).unwrap_or(namespaced);
    let options = options(&mut item, namespaced, log);
    let object = item.require("object", log).and_then(|it| object(it, names, log));
    item.finish(log);
    let Object { kind, metadata, body } = object?;
    let (others, more) = (Vec::new(), None);
    Some(Manifest { at: node.at, id: id?, when, kind, others, more, options, metadata, body })
}

/// How an object is applied.
#[derive(Debug)]
pub struct Options {
    /// Whether it lives in a namespace.
    pub namespaced: bool,
    /// When, relative to others.
    pub order: Order,
    /// What has to hold before others are applied.
    pub wait: WaitFor,
    /// What becomes of it when it is no longer rendered.
    pub prune: Prune,
    /// What to do when a changed field cannot be changed.
    pub on_immutable: OnImmutable,
    /// Pointers to fields that others may own later.
    pub yields: Vec<String>,
}

/// Reads how an object is applied.
pub fn options(item: &mut Table<'_>, namespaced: bool, log: &mut Mistakes) -> Options {
    Options {
        namespaced,
        order: order(item, namespaced, log),
        wait: item.word("wait", &WAITS, log).unwrap_or(WaitFor::Nothing),
        prune: item.word("prune", &PRUNES, log).unwrap_or(Prune::Delete),
        on_immutable: item.word("on-immutable", &ON_IMMUTABLE, log).unwrap_or(OnImmutable::Ask),
        yields: yields(item, log),
    }
}

/// The host tells from the order whether an object has a namespace.
fn order(item: &mut Table<'_>, namespaced: bool, log: &mut Mistakes) -> Order {
    let usual = if namespaced { Order::Workload } else { Order::ClusterScope };
    let Some(node) = item.take("order") else { return usual };
    let order = item.word("order", &ORDERS, log).unwrap_or(usual);
    if namespaced == (order == Order::ClusterScope) {
        let problem = "Objects without a namespace have the order `cluster-scope`, no others do.";
        log.value(node.at, problem.into(), "Correct `scope`, or remove `order`.");
    }
    order
}

fn yields(item: &mut Table<'_>, log: &mut Mistakes) -> Vec<String> {
    let at = item.at;
    let pointers = item.texts("yields", log);
    if let Some(wrong) = pointers.iter().find(|it| !it.starts_with('/')) {
        let problem = format!("{} in `yields` is no pointer.", quoted(wrong));
        log.value(at, problem, "Write a JSON pointer, such as `/spec/replicas`.");
    }
    pointers
}

struct Object {
    kind: Kind,
    metadata: Option<Template>,
    body: Template,
}

/// The object: its kind is fixed, the rest are templates.
fn object(node: &Node, names: &mut Names, log: &mut Mistakes) -> Option<Object> {
    let mut table = Table::of(node, "`object`", log)?;
    let api_version = literal(&mut table, "apiVersion", log);
    let name = literal(&mut table, "kind", log);
    let (metadata, body) = overlay(node, names, log);
    let (api_version, name) = (api_version?, name?);
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    Some(Object { kind: kind(group, version, name), metadata, body })
}

/// An object's own metadata, if it has any, and its body: all but
/// `apiVersion`, `kind` and `metadata`.
pub fn overlay(node: &Node, names: &mut Names, log: &mut Mistakes) -> (Option<Template>, Template) {
    let entries: &[Entry] = match &node.value {
        Value::Map(entries) => entries,
        _ => &[],
    };
    let metadata = entries.iter().find(|it| it.key == "metadata");
    let metadata = metadata.map(|it| compile(&it.value, names, log));
    let own = |it: &&Entry| !matches!(it.key.as_str(), "apiVersion" | "kind" | "metadata");
    let rest = entries.iter().filter(own).cloned().collect();
    (metadata, compile(&Node { at: node.at, value: Value::Map(rest) }, names, log))
}

fn literal<'y>(table: &mut Table<'y>, key: &'static str, log: &mut Mistakes) -> Option<&'y str> {
    let at = table.require(key, log)?.at;
    let text = table.text(key, log)?;
    if text.contains("${") {
        let problem = format!("`{key}` has an expression in it.");
        log.value(at, problem, "Write it out: what a type produces is known beforehand.");
    }
    Some(text)
}
