//! `bowsprit plugin`, as an author types it.

mod compiled;
mod languages;
mod operator;
mod registry;
mod remote;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use bowsprit_tests::{code_cache_dir, copy_folder, guests_dir};
use serde_json::{Value, json};

use crate::process::binary;

/// `bowsprit plugin …` in a folder; what it says is read as text.
fn plugin(folder: &Path, arguments: &[&str]) -> Output {
    author(folder, arguments).output().unwrap()
}

/// `bowsprit plugin …` in a folder, about to begin.
fn author(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.arg("plugin").args(arguments).current_dir(folder).stdin(Stdio::null());
    // A developer's own settings are not the test's.
    for name in ["BOWSPRIT_HOST", "BOWSPRIT_TOKEN", "BOWSPRIT_CONFIG", "BOWSPRIT_PLUGINS_DIRS"] {
        command.env_remove(name);
    }
    command.env("BOWSPRIT_CODE_CACHE", code_cache_dir()).env("DOCKER_CONFIG", folder);
    command
}

/// What it prints; it has to succeed.
#[track_caller]
fn says(folder: &Path, arguments: &[&str]) -> String {
    let output = plugin(folder, arguments);
    let (out, err) = texts(&output);
    assert!(output.status.success(), "{arguments:?}: {out}{err}");
    out
}

/// What it complains of; it has to fail.
#[track_caller]
fn complains(folder: &Path, arguments: &[&str]) -> String {
    let output = plugin(folder, arguments);
    let (out, err) = texts(&output);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {out}{err}");
    err
}

fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

/// A guest with a golden file that has no expectations yet.
fn echo(base: &Path, name: &str) -> PathBuf {
    let folder = base.join(name);
    copy_folder(&guests_dir().join("echo"), &folder);
    fs::create_dir_all(folder.join("golden")).unwrap();
    let input = json!({
        "node": { "id": "n1", "type": "echo", "data": { "a": 1 } },
        "answers": [[{ "kind": "ConfigMap" }]],
    });
    let golden = json!({ "input": input, "expected": {} });
    fs::write(folder.join("golden/one.json"), golden.to_string()).unwrap();
    folder
}

fn set_asset(folder: &Path, name: &str, text: &str) {
    fs::create_dir_all(folder.join("assets")).unwrap();
    fs::write(folder.join("assets").join(name), text).unwrap();
}

#[test]
fn check_says_in_plain_words_what_a_plugin_is_wants_and_costs() {
    let base = tempfile::tempdir().unwrap();
    echo(base.path(), "echo");
    says(base.path(), &["test", "echo", "--update"]);
    let said = says(base.path(), &["check", "echo"]);
    for wanted in [
        "echo 1.0.0: Echo",
        "bowsprit:plugin/node-types@0.1.0",
        "bowsprit:plugin/assets@0.1.0",
        "to create, change and remove ConfigMap (v1)",
        "node type echo (data in version 1)",
        "250 ms, 64 MiB of memory",
        "1 of 1 files met",
        "render",
    ] {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
}

#[test]
fn check_fails_on_whatever_a_host_refuses() {
    let base = tempfile::tempdir().unwrap();
    let folder = echo(base.path(), "echo");
    fs::remove_dir_all(folder.join("golden")).unwrap();
    let toml = fs::read_to_string(folder.join("plugin.toml")).unwrap();
    let wasm = fs::read(folder.join("plugin.wasm")).unwrap();
    let write = |toml: &str, wasm: &[u8]| {
        fs::write(folder.join("plugin.toml"), toml).unwrap();
        fs::write(folder.join("plugin.wasm"), wasm).unwrap();
    };
    for (toml, wasm, code) in [
        (toml.replace("title", "titel"), wasm.as_slice(), "plugin.toml.invalid"),
        (toml.replace("\"0.1\"", "\"9.1\""), &wasm, "plugin.toml.invalid"),
        (toml.replace("v1/ConfigMap", "v1/Secret"), &wasm, "plugin.produces.not-wanted"),
        (toml.clone(), b"\0asm\x01\0\0\0", "plugin.component.is-module"),
        (toml.clone(), &wasm[..wasm.len() / 2], "plugin.component.malformed"),
    ] {
        write(&toml, wasm);
        let complaint = complains(base.path(), &["check", "echo"]);
        assert!(complaint.contains(code), "{code}: {complaint}");
    }
    write(&toml, &wasm);
    set_asset(&folder, "names", "Not Kebab");
    assert!(complains(base.path(), &["check", "echo"]).contains("plugin.invalid-output"));
    assert!(complains(base.path(), &["check", "nothing"]).contains("no plugin's folder"));
    fs::write(folder.join("plugin.toml"), b"id = \"\xff\"").unwrap();
    let complaint = complains(base.path(), &["check", "echo"]);
    assert!(complaint.contains("echo/plugin.toml is not UTF-8"), "{complaint}");
    fs::remove_file(folder.join("plugin.toml")).unwrap();
    fs::create_dir(folder.join("plugin.toml")).unwrap();
    let complaint = complains(base.path(), &["check", "echo"]);
    assert!(complaint.contains("plugin.toml is not a regular file"), "{complaint}");
    fs::write(base.path().join("echo.tar"), "").unwrap();
    let complaint = complains(base.path(), &["check", "echo.tar"]);
    assert!(complaint.contains("is a file") && complaint.contains("tar"), "{complaint}");
}

#[test]
fn check_fails_on_a_name_that_another_plugin_has() {
    let base = tempfile::tempdir().unwrap();
    echo(base.path(), "mine");
    fs::remove_dir_all(base.path().join("mine/golden")).unwrap();
    let other = echo(&base.path().join("theirs"), "other");
    let with = ["check", "mine", "--plugins", "theirs"];
    says(base.path(), &with);
    let toml = fs::read_to_string(other.join("plugin.toml")).unwrap();
    fs::write(other.join("plugin.toml"), toml.replace("id = \"echo\"", "id = \"other\"")).unwrap();
    let complaint = complains(base.path(), &with);
    for wanted in ["plugin.name.taken", "`echo`", "`other`"] {
        assert!(complaint.contains(wanted), "{wanted}: {complaint}");
    }
    says(base.path(), &["check", "mine"]);
}

#[test]
fn test_names_file_function_and_place_of_a_difference() {
    let base = tempfile::tempdir().unwrap();
    let folder = echo(base.path(), "echo");
    let complaint = plugin(base.path(), &["test", "echo"]);
    assert!(texts(&complaint).0.contains("one.json: FAILED"), "{complaint:?}");
    let complaint = complains(base.path(), &["pack", "echo"]);
    assert!(complaint.contains("one.json is not met"), "{complaint}");
    assert!(says(base.path(), &["test", "echo", "--update"]).contains("one.json: written"));
    assert!(says(base.path(), &["test", "echo"]).contains("1 passed, 0 failed"));
    let golden: Value =
        serde_json::from_slice(&fs::read(folder.join("golden/one.json")).unwrap()).unwrap();
    let mark = "/expected/render/ok/manifests/0/body/data/mark";
    assert_eq!(golden.pointer(mark).unwrap(), "none");
    set_asset(&folder, "mark", "new");
    let output = plugin(base.path(), &["test", "echo"]);
    let (out, err) = texts(&output);
    assert_eq!(output.status.code(), Some(1));
    let line = "/render/ok/manifests/0/body/data/mark: \"none\" became \"new\"";
    assert!(out.contains(line) && err.contains("1 of 1 golden files"), "{out}{err}");
    fs::write(folder.join("golden/one.json"), "{\"input\": {\"nodes\": 1}}").unwrap();
    let complaint = complains(base.path(), &["test", "echo"]);
    assert!(complaint.contains("one.json") && complaint.contains("nodes"), "{complaint}");
    let open = "{\"input\": {\"node\": {\"id\": \"n\", \"type\": \"echo\", \"data\": {}}}}";
    fs::write(folder.join("golden/one.json"), open).unwrap();
    let (out, _) = texts(&plugin(base.path(), &["test", "echo"]));
    assert!(out.contains("  has no `expected` yet") && out.contains("--update"), "{out}");
    fs::remove_file(folder.join("golden/one.json")).unwrap();
    assert!(complains(base.path(), &["test", "echo"]).contains("no golden files"));
}

#[test]
fn try_runs_one_function_and_says_what_it_cost() {
    let base = tempfile::tempdir().unwrap();
    echo(base.path(), "echo");
    let output = plugin(base.path(), &["try", "render", "echo", "--input", "echo/golden/one.json"]);
    let (out, err) = texts(&output);
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(answer["ok"]["manifests"][0]["body"]["data"]["echo"], "{\"a\":1}");
    assert!(err.starts_with("render: ") && err.contains(" ms, "), "{err}");
    let described: Value =
        serde_json::from_str(&says(base.path(), &["try", "describe", "echo"])).unwrap();
    assert_eq!(described["ok"][0]["schema"], json!({ "type": "object" }));
    let complaint = complains(base.path(), &["try", "status", "echo"]);
    assert!(complaint.contains("--input"), "{complaint}");
    assert_eq!(plugin(base.path(), &["try", "dance", "echo"]).status.code(), Some(2));
    let misbehave = guests_dir().join("misbehave").display().to_string();
    let input = json!({ "node": { "id": "n", "type": "misbehave", "data": { "do": "trap" } } });
    fs::write(base.path().join("trap.json"), input.to_string()).unwrap();
    let output = plugin(base.path(), &["try", "render", &misbehave, "--input", "trap.json"]);
    let (out, err) = texts(&output);
    assert_eq!(output.status.code(), Some(1), "{out}{err}");
    assert!(out.contains("plugin.trap") && err.contains("the call broke"), "{out}{err}");
}

#[test]
fn diff_says_what_an_upgrade_would_change() {
    let base = tempfile::tempdir().unwrap();
    let (_, new) = (echo(base.path(), "old"), echo(base.path(), "new"));
    let said = says(base.path(), &["diff", "old", "new", "--exit-code"]);
    assert_eq!(said, "0 of 1 golden inputs are answered differently\n");
    let toml = fs::read_to_string(new.join("plugin.toml")).unwrap();
    let toml = toml.replace("1.0.0", "1.1.0").replace("[\"v1/", "[\"v1/Secret\", \"v1/");
    fs::write(new.join("plugin.toml"), toml).unwrap();
    set_asset(&new, "mark", "new");
    set_asset(&new, "schema", r#"{"type":"object","title":"x"}"#);
    let said = says(base.path(), &["diff", "old", "new"]);
    for wanted in [
        "version: 1.0.0 became 1.1.0",
        "wants more: to create, change and remove Secret (v1)",
        "node types /echo/schema/title: \"x\" is new",
        "one.json /render/ok/manifests/0/body/data/mark: \"none\" became \"new\"",
        "1 of 1 golden inputs are answered differently",
    ] {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
    assert!(complains(base.path(), &["diff", "old", "new", "--exit-code"]).contains("differ"));
}

#[test]
fn a_plugin_without_code_is_built_packed_and_needs_what_it_uses() {
    let base = tempfile::tempdir().unwrap();
    let folder = base.path().join("greeter");
    fs::create_dir_all(&folder).unwrap();
    let toml = "id = \"greeter\"\nversion = \"0.1.0\"\napi = \"0.1\"\nkind = \"node-types\"\n\
                uses = \"echo\"\ntitle = \"G\"\ndescription = \"G.\"\nlicense = \"MIT\"\n\
                [wants]\nproduces = [\"v1/ConfigMap\"]\n";
    fs::write(folder.join("plugin.toml"), toml).unwrap();
    set_asset(&folder, "names", "greeter");
    says(base.path(), &["build", "greeter", "--out", "out"]);
    assert!(base.path().join("out/greeter/assets/names").is_file());
    let complaint = complains(base.path(), &["check", "greeter"]);
    assert!(complaint.contains("plugin.uses.missing"), "{complaint}");
    let guests = guests_dir().display().to_string();
    let said = says(base.path(), &["check", "out/greeter", "--plugins", &guests]);
    assert!(said.contains("through the component of `echo`"), "{said}");
    let pack = |out: &str| {
        says(base.path(), &["pack", "greeter", "--plugins", &guests, "--out", out]);
        fs::read(base.path().join(out)).unwrap()
    };
    fs::write(folder.join("notes.txt"), "not part of it").unwrap();
    let (first, second) = (pack("a.tar"), pack("b.tar"));
    assert_eq!(first, second);
    assert!(!first.windows(9).any(|it| it == b"notes.txt"));
}

#[test]
fn new_leaves_alone_what_is_there_and_names_what_it_makes() {
    let base = tempfile::tempdir().unwrap();
    fs::create_dir(base.path().join("taken")).unwrap();
    fs::write(base.path().join("taken/x"), "mine").unwrap();
    assert!(complains(base.path(), &["new", "taken"]).contains("not empty"));
    assert_eq!(fs::read_dir(base.path().join("taken")).unwrap().count(), 1);
    assert!(complains(base.path(), &["new", "Not_Kebab"]).contains("lower-case"));
    says(base.path(), &["new", "nice-words"]);
    let text = |file: &str| fs::read_to_string(base.path().join("nice-words").join(file)).unwrap();
    assert!(text("plugin.toml").contains("id = \"nice-words\"\n"));
    assert!(text("src/lib.rs").contains("pub struct NiceWords;"));
    assert!(text("plugin.toml").contains("title = \"Nice words\"\n"));
    assert!(text(".gitignore").contains("/dist"));
    assert!(text(".cargo/config.toml").contains("compress-relocations"));
    let sdk = text("bowsprit/sdk/rust/Cargo.toml");
    assert!(sdk.contains("wit-bindgen") && !sdk.contains("workspace"), "{sdk}");
    assert!(base.path().join("nice-words/bowsprit/wit/bowsprit-plugin/0.1/types.wit").is_file());
    let complaint = complains(base.path(), &["check", "nice-words"]);
    assert!(complaint.contains("bowsprit plugin build nice-words"), "{complaint}");
    let left = fs::read_dir(base.path()).unwrap().count();
    assert_eq!(left, 2, "nothing is left beside it");
}

#[test]
fn dev_puts_each_change_where_a_host_looks() {
    let base = tempfile::tempdir().unwrap();
    let folder = base.path().join("greeter");
    let toml = "id = \"greeter\"\nversion = \"0.1.0\"\napi = \"0.1\"\nkind = \"node-types\"\n\
                uses = \"echo\"\ntitle = \"G\"\ndescription = \"G.\"\nlicense = \"MIT\"\n\
                [wants]\nproduces = [\"v1/ConfigMap\"]\n";
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("plugin.toml"), toml).unwrap();
    set_asset(&folder, "names", "greeter");
    let guests = guests_dir().display().to_string();
    let once = ["dev", "greeter", "--into", "live", "--plugins", &guests, "--once"];
    assert!(says(base.path(), &once).contains("wrote `greeter`"));
    let mut child = author(base.path(), &once[..once.len() - 1])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    assert!(lines.next().unwrap().unwrap().contains("1 unchanged"));
    let mut notes = std::io::BufRead::lines(std::io::BufReader::new(child.stderr.take().unwrap()));
    assert!(notes.next().unwrap().unwrap().contains("watching"));
    // What a host would refuse stays out of its sight, also for its golden files.
    let (aside, golden) = (base.path().join("aside"), folder.join("golden"));
    fs::create_dir_all(&aside).unwrap();
    let input = json!({ "node": { "id": "n1", "type": "greeter", "data": {} } });
    let text = json!({ "input": input, "expected": { "validate": { "ok": ["wrong"] } } });
    fs::write(aside.join("one.json"), text.to_string()).unwrap();
    fs::rename(&aside, &golden).unwrap();
    assert!(notes.next().unwrap().unwrap().contains("one.json is not met"));
    assert!(notes.next().unwrap().unwrap().contains("watching"));
    assert!(complains(base.path(), &once).contains("one.json is not met"));
    assert!(!base.path().join("live/greeter/golden").exists());
    fs::rename(&golden, &aside).unwrap();
    assert!(lines.next().unwrap().unwrap().contains("1 unchanged"));
    assert!(notes.next().unwrap().unwrap().contains("watching"));
    fs::write(folder.join("plugin.toml"), toml.replace("\"0.1\"", "\"7\"")).unwrap();
    assert!(notes.next().unwrap().unwrap().contains("plugin.toml.invalid"));
    assert!(notes.next().unwrap().unwrap().contains("watching"));
    assert_eq!(fs::read_to_string(base.path().join("live/greeter/plugin.toml")).unwrap(), toml);
    fs::write(folder.join("plugin.toml"), toml.replace("\"G\"", "\"H\"")).unwrap();
    assert!(lines.next().unwrap().unwrap().contains("wrote `greeter`"));
    child.kill().unwrap();
    child.wait().unwrap();
}
