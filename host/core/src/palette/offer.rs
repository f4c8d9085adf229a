//! What can be offered: made once for each catalogue, so that an answer is
//! copied together from memory.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{
    entry::PaletteEntry,
    form::{PluginField, parameters},
};
use crate::{
    catalogues::Entry,
    node_types::{Catalogue, Kind, NodeType, Package},
    search::PluginHit,
    store::folded,
};

/// A plugin in the form the frontend lists it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct PluginForm {
    id: String,
    /// The same as the id, as in the reference product.
    name: String,
    display_name: String,
    description: String,
    category: String,
    version: String,
    crd_group: String,
    crd_kinds: Vec<String>,
    node_types: Vec<PluginNodeType>,
    /// How to get what it needs; the frontend ignores it.
    #[serde(skip_serializing_if = "String::is_empty")]
    install: String,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct PluginNodeType {
    name: String,
    display_name: String,
    description: String,
    category: String,
    fields: Vec<PluginField>,
}

/// One plugin.
pub(super) struct Offered {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) category: String,
    pub(super) opt_in: bool,
    /// Its form as JSON.
    pub(super) json: String,
    /// Its palette entries as JSON.
    pub(super) entries: Vec<String>,
}

/// All that a catalogue has to offer.
pub(super) struct Offer {
    pub(super) edition: u64,
    /// Palette entries of the types the frontend draws itself, as JSON, ordered
    /// by name.
    pub(super) native: Vec<String>,
    /// In byte order of their titles.
    pub(super) plugins: Vec<Offered>,
    searched: Vec<(String, PluginHit)>,
}

impl Offer {
    pub(super) fn of(catalogue: &dyn Catalogue) -> Self {
        let (native, foreign): (Vec<_>, Vec<_>) =
            catalogue.types().iter().partition(|it: &&NodeType| it.native);
        let mut by_offer: BTreeMap<&str, Vec<&NodeType>> = BTreeMap::new();
        for it in &foreign {
            by_offer.entry(&it.offered_as).or_default().push(it);
        }
        let packages: BTreeMap<&str, &Package> =
            catalogue.packages().iter().map(|it| (it.id.as_str(), it)).collect();
        let mut plugins = Vec::new();
        for entry in catalogue.entries() {
            let types = by_offer.remove(entry.id.as_str()).unwrap_or_default();
            let opt_in = packages.get(entry.plugin.as_str()).is_some_and(|it| it.opt_in);
            plugins.push(Offered::new(of_entry(entry, &types), opt_in, &types));
        }
        for (id, types) in by_offer {
            let Some(package) = packages.get(id) else { continue };
            plugins.push(Offered::new(of_package(package, &types), package.opt_in, &types));
        }
        plugins.sort_by(|a, b| (&a.title, &a.id).cmp(&(&b.title, &b.id)));
        Self {
            edition: catalogue.edition(),
            native: native.into_iter().map(entry_json).collect(),
            plugins,
            searched: searched(catalogue),
        }
    }

    pub(super) fn find(&self, id: &str) -> Option<&Offered> {
        self.plugins.iter().find(|it| it.id == id)
    }

    /// The categories there are, each once, in byte order.
    pub(super) fn categories(&self) -> Vec<String> {
        let all: BTreeSet<&String> = self.plugins.iter().map(|it| &it.category).collect();
        all.into_iter().cloned().collect()
    }

    /// The first plugins, by id, whose words contain a folded text.
    pub(super) fn search(&self, text: &str, most: usize) -> Vec<PluginHit> {
        let hits = self.searched.iter().filter(|(words, _)| words.contains(text));
        hits.take(most).map(|(_, hit)| hit.clone()).collect()
    }
}

impl Offered {
    fn new(form: PluginForm, opt_in: bool, types: &[&NodeType]) -> Self {
        let json = serde_json::to_string(&form).unwrap_or_default();
        let entries = types.iter().map(|it| entry_json(it)).collect();
        let PluginForm { id, display_name, category, .. } = form;
        Self { id, title: display_name, category, opt_in, json, entries }
    }
}

pub(super) fn entry_json(it: &NodeType) -> String {
    serde_json::to_string(&PaletteEntry::of(it)).unwrap_or_default()
}

fn of_entry(entry: &Entry, types: &[&NodeType]) -> PluginForm {
    let at = |it: &&&NodeType| {
        let name = &it.descriptor.name;
        entry.node_types.iter().position(|it| it == name)
    };
    let mut types: Vec<_> = types.to_vec();
    types.sort_by_key(|it| at(&it));
    PluginForm {
        id: entry.id.clone(),
        name: entry.id.clone(),
        display_name: entry.title.clone(),
        description: entry.description.clone(),
        category: entry.category.clone(),
        version: entry.version.clone(),
        crd_group: group_of(&entry.kinds),
        crd_kinds: names_of(&entry.kinds),
        node_types: types.iter().map(|it| node_type(it)).collect(),
        install: entry.install.clone(),
    }
}

fn of_package(package: &Package, types: &[&NodeType]) -> PluginForm {
    let kinds: Vec<Kind> =
        types.iter().flat_map(|it| it.descriptor.produces.iter().cloned()).collect();
    PluginForm {
        id: package.id.clone(),
        name: package.id.clone(),
        display_name: package.title.clone(),
        description: package.description.clone(),
        category: types.first().map(|it| it.descriptor.category.clone()).unwrap_or_default(),
        version: package.version.clone(),
        crd_group: group_of(&kinds),
        crd_kinds: names_of(&kinds),
        node_types: types.iter().map(|it| node_type(it)).collect(),
        install: String::new(),
    }
}

fn node_type(it: &NodeType) -> PluginNodeType {
    let descriptor = &it.descriptor;
    let parameters = parameters(&descriptor.schema, false);
    PluginNodeType {
        name: descriptor.name.clone(),
        display_name: descriptor.title.clone(),
        description: descriptor.description.clone(),
        category: descriptor.category.clone(),
        fields: parameters.iter().map(PluginField::of).collect(),
    }
}

/// The first group that is not the core one.
fn group_of(kinds: &[Kind]) -> String {
    kinds.iter().map(|it| &it.group).find(|it| !it.is_empty()).cloned().unwrap_or_default()
}

/// Kinds without their versions, each once.
fn names_of(kinds: &[Kind]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for it in kinds {
        if !names.contains(&it.kind) {
            names.push(it.kind.clone());
        }
    }
    names
}

/// What a search looks into, for every plugin with node types.
fn searched(catalogue: &dyn Catalogue) -> Vec<(String, PluginHit)> {
    let mut by_id: BTreeMap<&str, Vec<&NodeType>> = BTreeMap::new();
    for it in catalogue.types() {
        by_id.entry(&it.offered_as).or_default().push(it);
    }
    let entry_of = |id: &str| catalogue.entries().iter().find(|it| it.id == id);
    let package_of = |id: &str| catalogue.packages().iter().find(|it| it.id == id);
    let mut all = Vec::with_capacity(by_id.len());
    for (id, types) in by_id {
        let mut words = vec![id.to_owned()];
        let (entry, package) = (entry_of(id), package_of(id));
        words.extend(entry.iter().flat_map(|it| {
            let kinds = it.kinds.iter().map(|it| it.kind.clone());
            kinds.chain([it.title.clone(), it.description.clone()])
        }));
        words.extend(package.iter().flat_map(|it| [it.title.clone(), it.description.clone()]));
        words.extend(types.iter().flat_map(|it| {
            let descriptor = &it.descriptor;
            [&descriptor.name, &descriptor.title, &descriptor.description].map(String::clone)
        }));
        let version = entry.map(|it| &it.version).or(package.map(|it| &it.version));
        let hit = PluginHit {
            id: id.to_owned(),
            version: version.cloned().unwrap_or_default(),
            node_types: types.iter().map(|it| it.descriptor.title.clone()).collect(),
        };
        // A line break keeps a text from being found across two of them.
        all.push((folded(&words.join("\n")), hit));
    }
    all
}
