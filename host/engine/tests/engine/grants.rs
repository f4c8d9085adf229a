//! A component gets past admission with what it is granted, and with nothing
//! else.

use bowsprit_host_core::plugins::{LoadStage, PluginState};

use crate::{
    hostile::{guest::Guest, importing},
    support::{Folder, Host, assert_failure, plugin},
};

const FILES: &str = "bowsprit:plugin/source-files@0.1.0";

/// An importer that is empty but for its imports.
fn importer(id: &str, imports: &[&str], wants: &str) -> Folder {
    let imports: Vec<String> = imports.iter().map(|it| (*it).to_owned()).collect();
    plugin(id, "echo")
        .component(importing(&imports, "bowsprit:plugin/importer@0.1.0"))
        .toml("\"node-types\"", "\"importer\"")
        .toml("produces = [\"v1/ConfigMap\"]", wants)
}

#[tokio::test]
async fn an_interface_with_a_grant_takes_it_and_others_do_not() {
    let progress = "bowsprit:plugin/progress@0.1.0";
    let granted = "source-files = [\"*.env\"]";
    let host = Host::load(
        |_| {},
        |dir| {
            let write = |it: Folder, id: &str| it.write(&dir.join(id));
            write(importer("none", &[], ""), "none");
            write(importer("free", &[progress], ""), "free");
            write(importer("greedy", &[FILES], ""), "greedy");
            write(importer("granted", &[progress, FILES], granted), "granted");
        },
    )
    .await;

    let report = host.report("greedy");
    assert_failure(&report, LoadStage::Admit, &["`source-files`", "plugin/source-files"]);
    assert_eq!(report.last_error.expect("a failure").code, "plugin.import.not-granted");
    // The others are let in; only then it is seen that they have no functions.
    for id in ["none", "free", "granted"] {
        assert_failure(&host.report(id), LoadStage::Link, &["world"]);
    }
}

#[tokio::test]
async fn what_is_free_is_linked() {
    let log = r#"(import "bowsprit:plugin/log@0.1.0" "write" (func (param i32 i32 i32)))"#;
    let assets = r#"(import "bowsprit:plugin/assets@0.1.0" "list" (func (param i32)))"#;
    let host = Host::load(
        |_| {},
        |dir| {
            for (id, imports) in [("neither", ""), ("one", log), ("other", assets)] {
                let mut guest = Guest { names: vec![id], ..Guest::default() };
                guest.parts.insert("extra".into(), imports.into());
                plugin(id, "echo").component(guest.component()).write(&dir.join(id));
            }
        },
    )
    .await;

    for id in ["neither", "one", "other"] {
        let report = host.report(id);
        assert_eq!(report.state, PluginState::Live, "{report:?}");
    }
}
