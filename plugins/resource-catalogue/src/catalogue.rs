//! A whole `catalogue.yaml`: an operator, its kinds and node types.

mod fields;
mod types;

use bowsprit_plugin_sdk::{Failure, quoted};
use document::definition::{Definition, scope, type_name};
use document::mistake::Mistakes;
use document::table::{Table, one_of};
use document::yaml::{self, Node};

use crate::FILE;

pub(crate) use fields::plain;

/// The groups of the palette that entries can be in.
const CATEGORIES: [&str; 13] = [
    "virtualization",
    "networking",
    "storage",
    "monitoring",
    "security",
    "workflow",
    "database",
    "messaging",
    "backup",
    "cicd",
    "ml",
    "policy",
    "scaling",
];

/// An operator's entry.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) category: String,
    pub(crate) icon: String,
    pub(crate) version: String,
    pub(crate) kinds: Vec<Offered>,
    /// How to get the operator.
    pub(crate) install: String,
    pub(crate) types: Vec<Definition>,
}

/// A kind of the operator.
#[derive(Debug, Clone)]
pub(crate) struct Offered {
    pub(crate) group: String,
    pub(crate) kind: String,
    /// Its name in paths.
    pub(crate) plural: String,
    /// The preferred one first; at least one.
    pub(crate) versions: Vec<String>,
    pub(crate) namespaced: bool,
    /// Whether the operator is whole without it.
    pub(crate) optional: bool,
}

impl Document {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// Every mistake in it, with its line, column and fix.
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        let mut log = Mistakes::of(FILE);
        let root = match yaml::parse(text) {
            Ok(root) => root,
            Err(mistake) => {
                log.add(mistake);
                return Err(log.into_failure());
            }
        };
        match read(&root, &mut log) {
            Some(document) if log.is_empty() => Ok(document),
            _ => Err(log.into_failure()),
        }
    }
}

fn read(root: &Node, log: &mut Mistakes) -> Option<Document> {
    let mut table = Table::of(root, "The file", log)?;
    let id = type_name(&mut table, "id", log);
    let title = table.required_text("displayName", log).unwrap_or_default().to_owned();
    let description = table.required_text("description", log).unwrap_or_default().to_owned();
    table.require("category", log);
    let category = table.word("category", &CATEGORIES.map(|it| (it, it)), log).unwrap_or_default();
    let icon = table.text("icon", log).unwrap_or("Puzzle").to_owned();
    let version = table.required_text("version", log).unwrap_or_default().to_owned();
    let kinds = kinds(&mut table, log);
    let install = install(&mut table, log);
    table.require("types", log);
    let about = types::About { category, icon: &icon, tags: vec![id.clone()?], kinds: &kinds };
    let nodes = table.list("types", log);
    let types: Vec<_> = nodes.iter().filter_map(|it| types::read(it, &about, log)).collect();
    for (index, node) in nodes.iter().enumerate() {
        let name = types.get(index).map(|it| it.head.name.as_str());
        if name.is_some() && types.iter().take(index).any(|it| Some(it.head.name.as_str()) == name)
        {
            let problem =
                format!("Two node types are called {}.", quoted(name.unwrap_or_default()));
            log.value(node.at, problem, "Give each a name of its own.");
        }
    }
    table.finish(log);
    let category = category.to_owned();
    let id = id?;
    Some(Document { id, title, description, category, icon, version, kinds, install, types })
}

fn kinds(table: &mut Table<'_>, log: &mut Mistakes) -> Vec<Offered> {
    let group = table.required_text("group", log).unwrap_or_default();
    table.require("kinds", log);
    let mut kinds: Vec<Offered> = Vec::new();
    for node in table.list("kinds", log) {
        let Some(kind) = offered(node, group, log) else { continue };
        if kinds.iter().any(|it| it.kind == kind.kind) {
            let problem = format!("The kind {} is there twice.", quoted(&kind.kind));
            log.value(node.at, problem, "Remove one of them.");
        }
        kinds.push(kind);
    }
    if kinds.is_empty() {
        let fix = "Add `{kind: Widget, plural: widgets, versions: [v1]}`.";
        log.value(table.at, "The operator has no kinds.".into(), fix);
    }
    kinds
}

fn offered(node: &Node, group: &str, log: &mut Mistakes) -> Option<Offered> {
    let mut item = Table::of(node, "A kind", log)?;
    let kind = item.required_text("kind", log).map(str::to_owned);
    let plural = item.required_text("plural", log).map(str::to_owned);
    let group = item.text("group", log).unwrap_or(group).to_owned();
    item.require("versions", log);
    let versions = item.texts("versions", log);
    if let Some(wrong) = versions.iter().find(|it| !it.starts_with('v')) {
        let problem = format!("{} is no version of a kind.", quoted(wrong));
        log.value(node.at, problem, "Write it as in `v1` or `v1beta1`.");
    }
    if versions.is_empty() {
        let problem = "The kind has no version.".to_owned();
        log.value(node.at, problem, "Add `versions: [v1]`, the preferred one first.");
    }
    let namespaced = scope(&mut item, log).unwrap_or(true);
    let optional = item.flag("optional", log);
    item.finish(log);
    Some(Offered { group, kind: kind?, plural: plural?, versions, namespaced, optional })
}

/// How to get the operator: sentences, links and commands, as plain text.
fn install(table: &mut Table<'_>, log: &mut Mistakes) -> String {
    let Some(node) = table.require("install", log) else { return String::new() };
    let Some(mut item) = Table::of(node, "`install`", log) else { return String::new() };
    let mut lines: Vec<String> = item.text("text", log).into_iter().map(str::to_owned).collect();
    for link in item.texts("links", log) {
        if !link.starts_with("https://") {
            let problem = format!("{} is no link.", quoted(&link));
            log.value(node.at, problem, "Begin it with `https://`.");
        }
        lines.push(link);
    }
    lines.extend(item.texts("commands", log));
    item.finish(log);
    if lines.is_empty() {
        let fix = format!("Add one of {}.", one_of(["text", "links", "commands"].into_iter()));
        log.value(node.at, "It says nothing.".into(), fix);
    }
    lines.join("\n")
}
