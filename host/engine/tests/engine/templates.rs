//! Plugins without code, interpreted by the component that comes with the
//! product.

use std::{
    fs,
    path::{Path, PathBuf},
};

use bowsprit_host_core::plugins::{LoadStage, PluginState};

use crate::support::{Host, assert_failure};

const TOML: &str = "id = \"widget\"\nversion = \"0.1.0\"\napi = \"0.1\"\nkind = \"node-types\"\n\
    uses = \"resource-template\"\ntitle = \"Widget\"\ndescription = \"A widget.\"\n\
    license = \"MIT\"\n[wants]\nproduces = [\"v1/ConfigMap\"]\n";

const YAML: &str = "type: widget\ntitle: Widget\ndescription: A widget.\nmanifests:\n\
    - {id: config, object: {apiVersion: v1, kind: ConfigMap, data: {name: \"${node.name}\"}}}\n";

fn interpreter() -> PathBuf {
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/dist/resource-template");
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
        copy(&interpreter(), &dir.join("resource-template"));
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
    assert_eq!(report.last_error.map(|it| it.fix).as_deref(), Some("Add `title`."));
    assert_eq!((report.state, report.node_types.len()), (PluginState::Live, 1));
    host.stop().await;
}

#[tokio::test]
async fn a_folder_without_a_document_is_told_what_it_lacks() {
    let host = Host::load(
        |_| {},
        |dir| {
            copy(&interpreter(), &dir.join("resource-template"));
            widget(&dir.join("widget"), None);
        },
    )
    .await;
    let report = host.report("widget");
    assert_eq!(report.state, PluginState::Failed);
    assert_failure(&report, LoadStage::Describe, &["There is no `resource.yaml`"]);
}
