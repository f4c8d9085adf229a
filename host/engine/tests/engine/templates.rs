//! Plugins without code, interpreted by the component that comes with the
//! product.

use std::{
    fs,
    path::{Path, PathBuf},
};

use bowsprit_host_core::{
    catalogues::{Catalogues, Presence, Served},
    node_types::Kind,
    plugins::{LoadStage, PluginState},
};

use crate::support::{Host, assert_failure};

const TOML: &str = "id = \"widget\"\nversion = \"0.1.0\"\napi = \"0.1\"\nkind = \"node-types\"\n\
    uses = \"resource-template\"\ntitle = \"Widget\"\ndescription = \"A widget.\"\n\
    license = \"MIT\"\n[wants]\nproduces = [\"v1/ConfigMap\"]\n";

const YAML: &str = "type: widget\ntitle: Widget\ndescription: A widget.\nmanifests:\n\
    - {id: config, object: {apiVersion: v1, kind: ConfigMap, data: {name: \"${node.name}\"}}}\n";

fn interpreter(name: &str) -> PathBuf {
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/dist").join(name);
    assert!(dist.is_dir(), "the plugins are not built; run `cargo xtask plugins build`");
    dist
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copied");
        }
    }
}

fn widget(folder: &Path, yaml: Option<&str>) {
    fs::create_dir_all(folder).expect("a folder");
    fs::write(folder.join("plugin.toml"), TOML).expect("written");
    if let Some(yaml) = yaml {
        fs::write(folder.join("resource.yaml"), yaml).expect("written");
    }
}

#[tokio::test]
async fn a_mistake_in_a_document_is_told_with_line_column_and_fix() {
    let host = Host::start(|dir| {
        copy(&interpreter("resource-template"), &dir.join("resource-template"));
        widget(&dir.join("widget"), Some(YAML));
    })
    .await;
    assert_eq!(host.report("widget").node_types, ["widget"]);
    assert!(host.report("resource-template").node_types.is_empty());

    let broken = YAML.replace("title:", "titel:");
    fs::write(host.path("widget/resource.yaml"), broken).expect("written");

    let report = host.refused("widget", "plugin.assets.invalid").await;
    let words = ["resource.yaml, line 1, column 1", "has no `title`", "(1 more)"];
    assert_failure(&report, LoadStage::Describe, &words);
    assert_eq!(report.last_error.map(|it| it.fix).as_deref(), Some("Add `title`"));
    assert_eq!((report.state, report.node_types.len()), (PluginState::Live, 1));
    host.stop().await;
}

#[tokio::test]
async fn a_folder_without_a_document_is_told_what_it_lacks() {
    let host = Host::load(
        |_| {},
        |dir| {
            copy(&interpreter("resource-template"), &dir.join("resource-template"));
            widget(&dir.join("widget"), None);
        },
    )
    .await;
    let report = host.report("widget");
    assert_eq!(report.state, PluginState::Failed);
    assert_failure(&report, LoadStage::Describe, &["There is no `resource.yaml`"]);
}

/// A document that comes with the product, and its interpreter.
fn document(dir: &Path, id: &str) {
    copy(&interpreter("resource-catalogue"), &dir.join("resource-catalogue"));
    let documents = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/catalogue");
    copy(&documents.join(id), &dir.join(id));
}

#[tokio::test]
async fn a_catalogue_document_is_an_entry_with_node_types() {
    let host = Host::load(|_| {}, |dir| document(dir, "certmanager")).await;
    let report = host.report("certmanager");
    assert_eq!(report.state, PluginState::Live, "{:?}", report.last_error);
    assert_eq!(report.node_types, ["certificate", "clusterissuer"]);
    let catalogue = host.engine.entries();
    let entries: Vec<_> = catalogue.list().iter().map(|it| it.id.as_str()).collect();
    assert_eq!(entries, ["certmanager"], "the interpreter has no entry of its own");
    let missing = catalogue.match_cluster("certmanager", &[]).await.expect("an answer");
    assert_eq!(missing[0].presence, Presence::Missing);
    let hint = missing[0].findings[0].suggestion.as_deref().unwrap_or_default();
    assert!(hint.contains("https://cert-manager.io/"), "{hint}");
}

#[tokio::test]
async fn a_definition_of_a_cluster_becomes_a_node_type() {
    let host = Host::load(|_| {}, |dir| document(dir, "certmanager")).await;
    let schema = r#"{"properties":{"spec":{"properties":{"size":{"type":"integer"}},"type":"object"}},"type":"object"}"#;
    let served = Served {
        kind: Kind::parse("example.dev/v1", "Note"),
        plural: "notes".into(),
        namespaced: true,
        schema: Some(schema.into()),
        columns: "[]".into(),
    };
    let catalogue = host.engine.entries();
    let described = catalogue.describe_served("resource-catalogue", &served).await;
    let described = described.expect("a node type");
    assert_eq!(described.name, "custom-notes-example-dev");
    assert!(described.schema.contains("\"spec.size\""), "{}", described.schema);
    let form = catalogue.form("resource-catalogue", &served).await.expect("a form");
    assert_eq!(form, described.schema);
}

#[tokio::test]
async fn a_mistake_in_a_catalogue_document_is_told_with_its_place() {
    let host = Host::start(|dir| document(dir, "certmanager")).await;
    let file = host.path("certmanager/catalogue.yaml");
    let text = fs::read_to_string(&file).expect("a document");
    fs::write(&file, text.replace("category: security", "category: safety")).expect("written");
    let report = host.refused("certmanager", "plugin.assets.invalid").await;
    let words = ["catalogue.yaml, line 4, column 11", "`safety` is no `category`"];
    assert_failure(&report, LoadStage::Describe, &words);
    assert_eq!((report.state, report.node_types.len()), (PluginState::Live, 2));
    host.stop().await;
}

#[tokio::test]
async fn a_document_that_says_what_the_card_says_of_itself_is_refused() {
    let host = Host::load(
        |_| {},
        |dir| {
            document(dir, "certmanager");
            let file = dir.join("certmanager/catalogue.yaml");
            let text = fs::read_to_string(&file).expect("a document");
            let rule = "status: {condition: Ready}";
            let card = "status: {condition: Ready, card: {state: \"${object.status.phase}\"}}";
            assert!(text.contains(rule));
            fs::write(&file, text.replacen(rule, card, 1)).expect("written");
        },
    )
    .await;
    let report = host.report("certmanager");
    assert_eq!(report.state, PluginState::Failed);
    let words = ["catalogue.yaml, line 43, column 39", "`card` has `state`"];
    assert_failure(&report, LoadStage::Describe, &words);
}
