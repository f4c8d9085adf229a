//! Components of several worlds, built in one go from one SDK: each exports its
//! own world's interfaces and no other's, and the engine can use them.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use bowsprit_host_core::{
    catalogues::{Catalogues, Presence, Served},
    importers::Importers,
    node_types::Kind,
};
use wasmparser::{Parser, Payload};

use crate::support::{Host, component, plugin};

const NODE_TYPES: &str = "bowsprit:plugin/node-types@0.1.0";
const CATALOGUE: &str = "bowsprit:plugin/catalogue@0.1.0";

fn exports(component: &[u8]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(component) {
        match payload.expect("a component") {
            Payload::ComponentSection { .. } | Payload::ModuleSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentExportSection(section) if depth == 0 => {
                names.extend(
                    section.into_iter().map(|it| it.expect("an export").name.name.to_owned()),
                );
            }
            _ => {}
        }
    }
    names
}

/// The plugins that come with the host, as they were built.
fn plugins() -> Vec<PathBuf> {
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/dist");
    let entries = fs::read_dir(dist).expect("run `cargo xtask plugins build` first");
    let folders = entries.map(|it| it.expect("a folder").path());
    folders.filter(|it| it.join("plugin.wasm").is_file()).collect()
}

#[test]
fn each_plugin_exports_its_own_world_and_no_other() {
    let mut kinds = BTreeSet::new();
    for folder in plugins() {
        let toml = fs::read_to_string(folder.join("plugin.toml")).unwrap();
        let toml: toml::Table = toml.parse().unwrap();
        let kind = toml["kind"].as_str().unwrap().to_owned();
        let expected: &[&str] = match kind.as_str() {
            "importer" => &["bowsprit:plugin/importer@0.1.0"],
            "diagnostics" => &["bowsprit:plugin/diagnostics@0.1.0"],
            "resource-catalogue" => &[CATALOGUE, NODE_TYPES],
            _ => &[NODE_TYPES],
        };
        let expected = expected.iter().map(|it| (*it).to_owned()).collect();
        let bytes = fs::read(folder.join("plugin.wasm")).unwrap();
        assert_eq!(exports(&bytes), expected, "{}", folder.display());
        kinds.insert(kind);
    }
    let built = ["diagnostics", "importer", "node-types", "resource-catalogue"];
    assert!(built.iter().all(|it| kinds.contains(*it)), "{kinds:?}");
}

#[tokio::test]
async fn a_catalogue_made_with_the_sdk_has_entries_and_node_types() {
    let both = [CATALOGUE, NODE_TYPES].map(str::to_owned).into();
    assert_eq!(exports(&component("almanac")), both);
    let host =
        Host::load(|_| {}, |dir| plugin("almanac", "almanac").write(&dir.join("almanac"))).await;
    let catalogue = host.engine.entries();
    let entries: Vec<_> = catalogue.list().iter().map(|it| it.id.as_str()).collect();
    assert_eq!(entries, ["almanac"]);
    let kind = |version: &str| Kind::parse(&format!("example.dev/{version}"), "Note");
    let served = |schema: Option<&str>| Served {
        kind: kind("v1"),
        plural: "notes".into(),
        namespaced: true,
        schema: schema.map(str::to_owned),
        columns: "[]".into(),
    };
    let standing = catalogue.match_cluster("almanac", &[served(None)]).await.unwrap();
    assert_eq!(standing[0].presence, Presence::Installed);
    assert_eq!(standing[0].versions, [kind("v1")]);
    let schema = r#"{"type":"object"}"#;
    assert_eq!(catalogue.form("almanac", &served(Some(schema))).await.unwrap(), schema);
    assert!(catalogue.form("almanac", &served(None)).await.is_err());
    let described = catalogue.describe_served("almanac", &served(Some(schema))).await.unwrap();
    assert_eq!((described.name.as_str(), described.title.as_str()), ("notes", "Note"));
    assert!(host.engine.importers().list().is_empty());
}
