//! The documents that come with Bowsprit.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use bowsprit_plugin_sdk::Object;
use bowsprit_plugin_sdk::testing::{Case, check_descriptors, golden, noise};
use serde_json::{Value, json};

use super::{definitions, types};
use crate::catalogue::Document;
use crate::schema;

/// Facts about the entries of the reference: id, name, category, version.
const ENTRIES: &str = include_str!("entries.tsv");
/// Facts about its node types and their fields.
const REFERENCE: &str = include_str!("reference.tsv");

/// The folders of the documents.
pub(super) fn folders() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../catalogue");
    let mut all: Vec<_> = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    all.retain(|it| it.is_dir());
    all.sort();
    assert!(!all.is_empty());
    all
}

pub(super) fn read(folder: &Path) -> Document {
    let text = fs::read_to_string(folder.join("catalogue.yaml")).unwrap();
    Document::parse(&text).unwrap_or_else(|it| panic!("{}: {it:#?}", folder.display()))
}

#[test]
fn the_golden_files_of_all_documents_come_out_as_they_are() {
    let faults: Vec<_> = folders()
        .iter()
        .filter_map(|folder| golden(&types(read(folder)), folder.join("golden")).err())
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn each_node_type_has_a_golden_file_that_renders() {
    let mut lacking = Vec::new();
    for folder in folders() {
        for node_type in read(&folder).types {
            let name = node_type.head.name;
            let file = folder.join(format!("golden/{name}.json"));
            let text = fs::read_to_string(&file).unwrap_or_default();
            let golden: Value = serde_json::from_str(&text).unwrap_or_default();
            if golden["expected"]["render"]["ok"]["manifests"][0].is_null() {
                lacking.push(name);
            }
        }
    }
    assert_eq!(lacking, Vec::<String>::new());
}

#[test]
fn the_descriptors_of_all_documents_keep_the_promises_of_the_contract() {
    for folder in folders() {
        check_descriptors(&types(read(&folder))).unwrap();
    }
}

/// What a `plugin.toml` lists under `produces`.
fn granted(folder: &Path) -> Vec<String> {
    let text = fs::read_to_string(folder.join("plugin.toml")).unwrap();
    let (_, list) = text.split_once("produces = [").unwrap();
    let list = list.split_once(']').unwrap().0;
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn plugins_ask_for_exactly_the_kinds_they_render() {
    for folder in folders() {
        let document = read(&folder);
        let mut rendered: Vec<String> = Vec::new();
        for it in document.types.iter().flat_map(|it| it.produces()) {
            let name = format!("{}/{}/{}", it.group, it.version, it.kind);
            if !rendered.contains(&name) {
                rendered.push(name);
            }
        }
        assert_eq!(granted(&folder), rendered, "{}", folder.display());
        let text = fs::read_to_string(folder.join("plugin.toml")).unwrap();
        let scoped = document.types.iter().any(|it| !it.head.namespaced);
        assert_eq!(text.contains("cluster-scoped = true"), scoped, "{}", folder.display());
        assert_eq!(folder.file_name().unwrap().to_str(), Some(document.id.as_str()));
    }
}

#[test]
fn entries_are_called_what_drawings_call_them() {
    for folder in folders() {
        let it = read(&folder);
        let line = [&it.id, &it.title, &it.category, &it.version].map(String::as_str).join("\t");
        assert!(ENTRIES.lines().any(|known| known == line), "{line}");
    }
}

/// The fields of each known node type, as `plugin/type/display name`.
fn reference() -> BTreeMap<&'static str, Vec<&'static str>> {
    let mut all: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut current = "";
    for line in REFERENCE.lines().filter(|it| !it.starts_with('#')) {
        match line.strip_prefix('\t') {
            Some(field) => all.entry(current).or_default().push(field.trim_end()),
            None => current = line,
        }
    }
    all
}

#[test]
fn node_types_have_the_fields_that_drawings_know() {
    let known = reference();
    assert_eq!((known.len(), known.values().map(Vec::len).sum::<usize>()), (73, 269));
    for folder in folders() {
        let document = read(&folder);
        let mut mine = BTreeMap::new();
        for it in &document.types {
            let fields = it.head.fields.iter().filter(|it| it.name != "spec");
            let fields: Vec<_> = fields
                .map(|it| {
                    let shown = it.shown.clone().unwrap_or_default();
                    let required = if it.required { "required" } else { "" };
                    let default = shown.default.unwrap_or_default();
                    let options = shown.options.join(",");
                    let line = [&it.name, &shown.widget, required, &default, &options];
                    line.join("\t").trim_end().to_owned()
                })
                .collect();
            mine.insert(format!("{}/{}/{}", document.id, it.head.name, it.head.title), fields);
        }
        let wanted = known.iter().filter(|it| it.0.split('/').next() == Some(&document.id));
        let wanted: BTreeMap<_, _> = wanted.map(|it| ((*it.0).to_owned(), it.1.clone())).collect();
        assert_eq!(mine.keys().collect::<Vec<_>>(), wanted.keys().collect::<Vec<_>>());
        for (name, fields) in &mine {
            assert_eq!(fields, &wanted[name], "{name}");
        }
    }
}

#[test]
fn golden_objects_follow_the_operators_own_schemas() {
    let known = definitions::all();
    let mut checked = 0;
    let mut faults = Vec::new();
    for folder in folders() {
        for file in fs::read_dir(folder.join("golden")).unwrap() {
            let text = fs::read_to_string(file.unwrap().path()).unwrap();
            let golden: Value = serde_json::from_str(&text).unwrap();
            let manifests = golden["expected"]["render"]["ok"]["manifests"].as_array().cloned();
            for manifest in manifests.into_iter().flatten() {
                let body = &manifest["body"];
                let of = |it: &&definitions::Version| {
                    body["kind"] == it.kind && body["apiVersion"] == it.api_version()
                };
                let Some(version) = known.iter().find(of) else { continue };
                checked += 1;
                let (schema, object) = (version.schema.to_string(), body.to_string());
                let (schema, object) =
                    (Object::parse(&schema).unwrap(), Object::parse(&object).unwrap());
                for it in schema::check(&schema, &object).breaches {
                    let at = it.path.join(".");
                    faults.push(format!("{} {at} {}", body["kind"], it.problem));
                }
                let namespaced = body["metadata"].get("namespace").is_some();
                if namespaced != version.namespaced {
                    faults.push(format!("{} has another scope", body["kind"]));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(checked > 0);
    println!("{checked} objects follow the schemas of their operators");
}

#[test]
fn no_data_makes_a_document_fail() {
    for (seed, folder) in (1_u64..).zip(folders()) {
        let document = read(&folder);
        let names: Vec<_> = document.types.iter().map(|it| it.head.name.clone()).collect();
        let fields: Vec<Vec<_>> = document
            .types
            .iter()
            .map(|it| it.head.fields.iter().map(|it| it.name.clone()).collect())
            .collect();
        let types = types(document);
        for (name, fields) in names.iter().zip(fields) {
            for round in 0..24_u64 {
                let seed = seed.wrapping_mul(7919).wrapping_add(round);
                let mut data = json!({ "name": "x" });
                for (index, field) in fields.iter().enumerate() {
                    if (seed >> (index % 16)) & 1 == 1 {
                        data[field] = noise(seed.wrapping_add(index as u64));
                    }
                }
                let other = noise(seed.wrapping_add(99));
                let object = json!({ "kind": other, "metadata": other, "status": other });
                let case = Case::new(&types, name, data).with_answers(&json!([[object, other]]));
                case.check_invariants().unwrap_or_else(|it| panic!("{name}: {it}"));
            }
        }
    }
}
