//! What is not let in is recorded with stage and fix, and what serves goes on.

use bowsprit_host_core::{
    node_types::NodeTypes,
    plugins::{LoadStage, PluginState, Plugins},
};

use crate::support::{Folder, Host, assert_failure, component, patched, plugin};

/// Replaces a good plugin by `bad`, and checks that it goes on.
async fn refuses(bad: Folder, code: &str, stage: LoadStage, words: &[&str]) {
    let host = Host::start(|dir| {
        plugin("one", "echo").asset("mark", "old").write(&dir.join("one"));
    })
    .await;

    bad.swap(&host.path("one"));

    let report = host.refused("one", code).await;
    assert_failure(&report, stage, words);
    assert_eq!(report.state, PluginState::Live, "{report:?}");
    assert_eq!(host.mark("echo").await.as_deref(), Some("old"));
    host.stop().await;
}

#[tokio::test]
async fn a_component_that_is_cut_off() {
    let whole = component("echo");
    let cut = plugin("one", "echo").component(whole[..whole.len() / 2].to_vec());
    refuses(cut, "plugin.component.malformed", LoadStage::Admit, &["byte"]).await;
}

#[tokio::test]
async fn a_component_whose_inside_is_damaged() {
    let mut bytes = component("echo");
    let middle = bytes.len() / 3;
    bytes[middle..middle + 64].fill(0xff);
    let host =
        Host::load(|_| {}, |dir| plugin("one", "echo").component(bytes).write(&dir.join("one")))
            .await;

    let report = host.report("one");

    assert_eq!(report.state, PluginState::Failed);
    let stage = report.last_error.expect("a failure").stage;
    assert!(matches!(stage, LoadStage::Admit | LoadStage::Compile), "{stage:?}");
}

#[tokio::test]
async fn a_core_module() {
    let module = plugin("one", "echo").component(b"\0asm\x01\0\0\0".to_vec());
    refuses(module, "plugin.component.is-module", LoadStage::Admit, &["core module"]).await;
}

#[tokio::test]
async fn a_component_of_another_wit_version() {
    let newer = patched(&component("echo"), "@0.1.0", "@0.2.0");
    let newer = plugin("one", "echo").component(newer);
    refuses(newer, "plugin.api.version", LoadStage::Admit, &["0.2.0", "0.1.x"]).await;
}

#[tokio::test]
async fn a_component_that_wants_wasi() {
    let wasi = patched(&component("echo"), "bowsprit:plugin/assets", "wasi:filesystem/preope");
    let wasi = plugin("one", "echo").component(wasi);
    refuses(wasi, "plugin.import.wasi", LoadStage::Admit, &["wasi:filesystem"]).await;
}

#[tokio::test]
async fn a_component_that_wants_what_nobody_offers() {
    let greedy = patched(&component("echo"), "bowsprit:plugin/assets", "bowsprit:plugin/secret");
    let greedy = plugin("one", "echo").component(greedy);
    refuses(greedy, "plugin.import.unknown", LoadStage::Admit, &["plugin/secret"]).await;
}

#[tokio::test]
async fn a_component_without_the_export() {
    let other =
        patched(&component("echo"), "bowsprit:plugin/node-types", "bowsprit:plugin/node-stuff");
    let other = plugin("one", "echo").component(other);
    refuses(other, "plugin.export.missing", LoadStage::Admit, &["node-types"]).await;
}

#[tokio::test]
async fn an_unknown_key_is_named_with_its_file() {
    let misspelt = plugin("one", "echo").toml("license =", "licence =");
    let words = ["licence", "plugin.toml", "line 8"];
    refuses(misspelt, "plugin.toml.invalid", LoadStage::Read, &words).await;
}

#[tokio::test]
async fn a_plugin_for_another_api() {
    let other = plugin("one", "echo").toml("api = \"0.1\"", "api = \"0.7\"");
    refuses(other, "plugin.toml.invalid", LoadStage::Read, &["`api`", "0.7", "0.1"]).await;
}

#[tokio::test]
async fn a_kind_that_is_not_wanted() {
    let modest = plugin("one", "echo").toml("\"v1/ConfigMap\"", "\"apps/v1/Deployment\"");
    let words = ["v1/ConfigMap"];
    refuses(modest, "plugin.produces.not-wanted", LoadStage::Describe, &words).await;
}

#[tokio::test]
async fn a_type_whose_name_is_no_name() {
    let odd = plugin("one", "echo").asset("names", "Echo Chamber");
    refuses(odd, "plugin.invalid-output", LoadStage::Describe, &["Echo Chamber"]).await;
}

#[tokio::test]
async fn a_schema_that_is_no_object() {
    let odd = plugin("one", "echo").asset("schema", "[1]");
    refuses(odd, "plugin.invalid-output", LoadStage::Describe, &["schema"]).await;
}

#[tokio::test]
async fn two_types_of_one_name_in_one_plugin() {
    let odd = plugin("one", "echo").asset("names", "echo\necho");
    refuses(odd, "plugin.invalid-output", LoadStage::Describe, &["`echo`"]).await;
}

#[tokio::test]
async fn a_link_out_of_the_folder() {
    let host = Host::load(
        |_| {},
        |dir| {
            plugin("one", "echo").write(&dir.join("one"));
            std::os::unix::fs::symlink("/etc/hostname", dir.join("one/assets/stolen")).unwrap();
        },
    )
    .await;

    let report = host.report("one");

    assert_failure(&report, LoadStage::Read, &["stolen"]);
    assert_eq!(report.last_error.expect("a failure").code, "plugin.folder.escape");
}

#[tokio::test]
async fn the_second_of_two_plugins_with_one_type_until_the_first_goes() {
    let host = Host::start(|dir| {
        plugin("first", "echo").asset("mark", "first").write(&dir.join("a"));
        plugin("second", "echo").asset("mark", "second").write(&dir.join("b"));
    })
    .await;

    let report = host.refused("second", "plugin.name.taken").await;
    assert_failure(&report, LoadStage::Activate, &["`echo`", "`first`", "`second`"]);
    assert_eq!(report.state, PluginState::Failed);
    assert_eq!(host.mark("echo").await.as_deref(), Some("first"));

    std::fs::remove_dir_all(host.path("a")).expect("removed");
    host.until_marked("echo", "second").await;
    assert_eq!(host.engine.list().len(), 1);
    host.stop().await;
}

#[tokio::test]
async fn the_second_folder_with_one_id() {
    let host = Host::load(
        |_| {},
        |dir| {
            plugin("one", "echo").asset("mark", "first").write(&dir.join("a"));
            plugin("one", "echo").asset("mark", "second").write(&dir.join("b"));
        },
    )
    .await;

    let report = host.report(&host.path("b").display().to_string());

    assert_failure(&report, LoadStage::Activate, &["`one`"]);
    assert_eq!(host.mark("echo").await.as_deref(), Some("first"));
    assert_eq!(host.engine.catalogue().types().len(), 1);
}
