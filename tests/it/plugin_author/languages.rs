//! A plugin in each language, from nothing to what a host serves.

use std::{fs, path::Path};

use bowsprit_tests::{TestHost, User, plugins_dir};
use serde_json::{Value, json};

use super::{complains, plugin, says, texts};
use crate::reload::{has, until_palette};
use crate::runs::node;

/// What the three have in common: the scaffold's plugin.
const CHECKED: [&str; 5] = [
    "bowsprit:plugin/node-types@0.1.0",
    "bowsprit:plugin/log@0.1.0",
    "to create, change and remove ConfigMap (v1)",
    "node type greeter (data in version 1)",
    "1 of 1 files met",
];

/// Begins and builds the plugin `greeter`; what `check` says of it, which
/// fails on what a host would refuse and on answers that are not those of the
/// same plugin in Rust.
#[track_caller]
fn built_and_checked(base: &Path, language: &str) -> String {
    says(base, &["new", "greeter", "--lang", language]);
    assert!(complains(base, &["check", "greeter"]).contains("bowsprit plugin build greeter"));
    assert!(says(base, &["build", "greeter"]).contains("wrote `greeter`"));
    let said = says(base, &["check", "greeter"]);
    for wanted in CHECKED {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
    assert!(!said.contains("wasi"), "{said}");
    let world = said.lines().find(|it| it.contains("  world ")).unwrap();
    assert!(world.ends_with("version 0.1: bowsprit:plugin/node-types@0.1.0"), "{world}");
    assert!(says(base, &["build", "greeter"]).contains("1 unchanged"), "built but once");
    said
}

/// Puts `greeter` into the folder `live`; a host that serves it.
async fn served(base: &Path) -> (TestHost, User) {
    let plugins = plugins_dir().display().to_string();
    fs::create_dir(base.join("live")).unwrap();
    says(base, &["build", "greeter", "--out", "live"]);
    let dirs = format!("{plugins},{}", base.join("live").display());
    let host = TestHost::with(&[("BOWSPRIT_PLUGINS_DIRS", &dirs)]).await;
    let user = host.admin().await;
    until_palette(&user, "greeter", |it| has(it, "greeter")).await;
    (host, user)
}

/// Has a host render so many greetings at once.
async fn greets(user: &User, nodes: usize) {
    let id = user.workflow("greetings", "nowhere").await;
    let nodes = (0..nodes).map(|at| {
        let name = format!("g{at}");
        node(&name, "greeter", json!({ "name": name, "namespace": "default", "greeting": "Hi" }))
    });
    let drawing = json!({ "nodes": nodes.collect::<Vec<_>>(), "edges": [] });
    let path = format!("/workflows/{id}/validation");
    let answer = user.post(&path, &drawing).await.expect(200);
    assert_eq!(answer["valid"], true, "{answer}");
}

#[tokio::test]
async fn a_plugin_without_code_is_served_as_it_was_begun() {
    let base = tempfile::tempdir().unwrap();
    says(base.path(), &["new", "greeter", "--lang", "none"]);
    let complaint = complains(base.path(), &["test", "greeter"]);
    assert!(complaint.contains("plugin.uses.missing"), "{complaint}");
    assert!(complaint.contains("`--plugins`"), "{complaint}");
    let plugins = plugins_dir().display().to_string();
    let with = |arguments: &[&str]| {
        let arguments = [arguments, &["--plugins", &plugins]].concat();
        says(base.path(), &arguments)
    };
    assert!(with(&["test", "greeter"]).contains("1 passed, 0 failed"));
    let said = with(&["check", "greeter"]);
    assert!(said.contains("through the component of `resource-template`"), "{said}");
    let tried = with(&["try", "render", "greeter", "--input", "greeter/golden/basic.json"]);
    let tried: Value = serde_json::from_str(&tried).unwrap();
    assert_eq!(tried["ok"]["manifests"][0]["body"]["data"], json!({ "greeting": "Hello" }));
    let (host, user) = served(base.path()).await;
    greets(&user, 40).await;
    host.finish().await;
}

#[tokio::test]
async fn a_plugin_in_javascript_is_built_checked_and_served() {
    let base = tempfile::tempdir().unwrap();
    built_and_checked(base.path(), "javascript");
    let file = base.path().join("greeter/src/plugin.js");
    let source = fs::read_to_string(&file).unwrap();
    let louder = source.replace("data: { greeting }", "data: { greeting: `${greeting}!` }");
    fs::write(&file, louder).unwrap();
    says(base.path(), &["build", "greeter", "--locked"]);
    let complaint = complains(base.path(), &["test", "greeter"]);
    assert!(complaint.contains("1 of 1 golden files"), "{complaint}");
    let input = json!({ "node": { "id": "n", "type": "greeter", "data": { "name": "No" } } });
    fs::write(base.path().join("wrong.json"), input.to_string()).unwrap();
    let tried = says(base.path(), &["try", "validate", "greeter", "--input", "wrong.json"]);
    let tried: Value = serde_json::from_str(&tried).unwrap();
    assert_eq!(tried["ok"][0]["code"], "greeter.name.invalid", "{tried}");
    assert_eq!(tried["ok"][1]["at"], "/greeting", "{tried}");
    // A mistake in the code is told with its text and place.
    fs::write(&file, source.replace("return faults(node);", "return node.nothing.more;")).unwrap();
    says(base.path(), &["build", "greeter", "--locked"]);
    let output = plugin(base.path(), &["try", "validate", "greeter", "--input", "wrong.json"]);
    let (out, err) = texts(&output);
    assert_eq!(output.status.code(), Some(1), "{out}{err}");
    for wanted in ["plugin.internal", "TypeError", "validate"] {
        assert!(out.contains(wanted), "{wanted}: {out}{err}");
    }
    // What cannot be built leaves what was built before.
    fs::write(&file, "export const").unwrap();
    let complaint = complains(base.path(), &["build", "greeter"]);
    assert!(complaint.contains("componentize-qjs failed"), "{complaint}");
    fs::write(&file, &source).unwrap();
    let (host, user) = served(base.path()).await;
    greets(&user, 40).await;
    host.finish().await;
}

/// The only test with Python: it compiles 18 MB.
#[test]
fn a_plugin_in_python_is_built_and_checked() {
    let base = tempfile::tempdir().unwrap();
    built_and_checked(base.path(), "python");
    let requirements = base.path().join("greeter/requirements.txt");
    let pinned = fs::read_to_string(&requirements).unwrap();
    assert!(pinned.contains("componentize-py==") && pinned.contains("--hash=sha256:"));
}

#[test]
fn what_a_build_lacks_is_named() {
    let base = tempfile::tempdir().unwrap();
    let builds = |language: &str, without: &str| {
        let id = format!("{language}-{}", base.path().read_dir().unwrap().count());
        says(base.path(), &["new", &id, "--lang", language]);
        let path = base.path().join(&id).join(without);
        if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.unwrap();
        complains(base.path(), &["build", &id])
    };
    for (language, without, wanted) in [
        ("javascript", "bowsprit", "bowsprit/wit/bowsprit-plugin/0.1` is missing"),
        ("javascript", "src", "\"main\": \"src/plugin.js\""),
        ("javascript", "plugin.toml", "has neither a `plugin.toml`"),
        ("python", "bowsprit", "bowsprit/wit/bowsprit-plugin/0.1` is missing"),
        ("python", "src", "src/plugin.py` is missing"),
    ] {
        let complaint = builds(language, without);
        assert!(complaint.contains(wanted), "{language} without {without}: {complaint}");
    }
    let sdk = base.path().display().to_string();
    let complaint = complains(base.path(), &["new", "x", "--lang", "python", "--sdk", &sdk]);
    assert!(complaint.contains("`--sdk` is for Rust"), "{complaint}");
}
