//! Plugins in a real registry, and in one file.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bowsprit_tests::{UNHURRIED, User, cache_dir, skipped_without, unique};
use serde_json::json;

use super::{complains, echo, plugin, says, texts};
use crate::process::{address, binary, signal};

/// The user of the registry that tests have.
const ACCESS: [&str; 4] = ["--user", "bowsprit", "--password", "bowsprit-test"];

/// A key's two halves as files in `base`.
fn key(base: &Path, name: &str) {
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    fs::write(base.join(format!("{name}.key")), pair.serialize_pem()).unwrap();
    fs::write(base.join(format!("{name}.pub")), pair.public_key_pem()).unwrap();
}

fn with_access<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    arguments.iter().chain(&ACCESS).copied().collect()
}

/// Into the folder `pulled`.
fn pull<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let begin = ["pull", more[0], "--into", "pulled", "--replace"];
    with_access(&[begin.as_slice(), &more[1..]].concat())
}

#[test]
fn a_signed_plugin_goes_through_a_registry_and_back() {
    let Some(registry) = skipped_without("BOWSPRIT_TEST_REGISTRY") else { return };
    let base = tempfile::tempdir().unwrap();
    let base = base.path();
    let folder = echo(base, "echo");
    says(base, &["test", "echo", "--update"]);
    key(base, "author");
    key(base, "other");
    let place = format!("{registry}/it/{}", unique());
    let refused = complains(base, &["push", "echo", &place]);
    assert!(refused.contains("401"), "{refused}");
    let pushed = says(base, &with_access(&["push", "echo", &place, "--key", "author.key"]));
    let pinned = pushed.trim();
    let (tagged, digest) = pinned.split_once('@').unwrap();
    assert_eq!(tagged, format!("{place}:1.0.0"));
    // Pushed again, it is the same artifact.
    assert_eq!(says(base, &with_access(&["push", "echo", &place, "--key", "author.key"])), pushed);

    let said = says(base, &pull(&[tagged, "--key", "author.pub"]));
    assert_eq!(said.trim(), format!("{place}@{digest}"));
    for file in ["plugin.toml", "plugin.wasm", "golden/one.json"] {
        let (one, other) = (folder.join(file), base.join("pulled/echo").join(file));
        assert_eq!(fs::read(one).unwrap(), fs::read(other).unwrap(), "{file}");
    }
    says(base, &pull(&[pinned]));
    let nobody = complains(base, &pull(&[tagged]));
    assert!(nobody.contains("nobody vouches"), "{nobody}");
    says(base, &pull(&[tagged, "--unsigned"]));
    let wrong = complains(base, &pull(&[tagged, "--key", "other.pub"]));
    assert!(wrong.contains("signature is not accepted"), "{wrong}");
    let none = complains(base, &pull(&[&format!("{place}:2"), "--unsigned"]));
    assert!(none.contains("the registry has no"), "{none}");
    let taken = complains(base, &with_access(&["pull", pinned, "--into", "pulled"]));
    assert!(taken.contains("there already"), "{taken}");
}

#[test]
fn the_operators_settings_say_what_has_to_vouch_for_a_plugin() {
    let Some(registry) = skipped_without("BOWSPRIT_TEST_REGISTRY") else { return };
    let base = tempfile::tempdir().unwrap();
    let base = base.path();
    let folder = echo(base, "echo");
    says(base, &["test", "echo", "--update"]);
    key(base, "author");
    key(base, "other");
    let place = format!("{registry}/it/{}", unique());
    let pushed = says(base, &with_access(&["push", "echo", &place, "--key", "author.key"]));
    let digest = pushed.trim().split_once('@').unwrap().1.to_owned();
    fs::write(folder.join("README.md"), "changed").unwrap();
    let changed = format!("{place}:changed");
    says(base, &with_access(&["push", "echo", &changed, "--key", "other.key"]));
    let settings = |entry: &str| {
        let text = format!("plugins:\n  sources:\n    - reference: {place}\n      {entry}\n");
        fs::write(base.join("bowsprit.yaml"), text).unwrap();
    };
    let pull = |place: &str| -> Vec<String> {
        let begin = ["pull", place, "--into", "pulled", "--replace", "--config", "bowsprit.yaml"];
        with_access(&begin).iter().map(|it| (*it).to_owned()).collect()
    };
    let run = |place: &str| {
        let arguments = pull(place);
        let output = plugin(base, &arguments.iter().map(String::as_str).collect::<Vec<_>>());
        (output.status.success(), texts(&output).1)
    };
    let first = format!("{place}:1.0.0");
    settings(&format!("key: {}", base.join("author.pub").display()));
    assert!(run(&first).0);
    let (accepted, why) = run(&changed);
    assert!(!accepted && why.contains("private half"), "{why}");
    settings(&format!("digest: {digest}"));
    assert!(run(&first).0);
    // Whatever the tag says, the pinned one comes.
    assert!(run(&changed).0);
    assert!(!fs::read_to_string(base.join("pulled/echo/README.md")).unwrap().contains("changed"));
    settings("key: /nonexistent.pem");
    let (accepted, why) = run(&first);
    assert!(!accepted && why.contains("plugins.sources"), "{why}");
}

#[test]
fn a_bundle_is_one_file_for_a_site_without_a_registry() {
    let base = tempfile::tempdir().unwrap();
    let base = base.path();
    echo(base, "echo");
    says(base, &["test", "echo", "--update"]);
    key(base, "author");
    key(base, "other");
    let place = "registry.example.com/team/echo";
    let push = ["push", "echo", place, "--key", "author.key", "--to-bundle", "echo.bundle"];
    says(base, &push);
    let first = fs::read(base.join("echo.bundle")).unwrap();
    let pull = |more: &[&str]| {
        let begin = ["pull", "--from-bundle", "echo.bundle", "--into", "pulled", "--replace"];
        plugin(base, &[begin.as_slice(), more].concat())
    };
    assert!(pull(&["--key", "author.pub"]).status.success());
    assert!(base.join("pulled/echo/plugin.wasm").is_file());
    for (more, wanted) in [(vec![], "nobody vouches"), (vec!["--key", "other.pub"], "private half")]
    {
        let output = pull(&more);
        assert_eq!(output.status.code(), Some(1));
        assert!(texts(&output).1.contains(wanted), "{wanted}: {output:?}");
    }
    // A byte of the component, somewhere in the middle.
    let mut changed = first.clone();
    let at = changed.windows(4).rposition(|it| it == b"\0asm").unwrap() + 100;
    changed[at] ^= 1;
    fs::write(base.join("echo.bundle"), changed).unwrap();
    let output = pull(&["--key", "author.pub"]);
    assert!(texts(&output).1.contains("changed or damaged"), "{output:?}");
    fs::write(base.join("echo.bundle"), &first[..first.len() / 2]).unwrap();
    assert_eq!(pull(&["--key", "author.pub"]).status.code(), Some(1));
    fs::write(base.join("echo.bundle"), "no archive").unwrap();
    assert_eq!(pull(&["--unsigned"]).status.code(), Some(1));
}

/// The binary, serving with these sources, as whoever `docker login` knows.
fn host(base: &Path, sources: &str) -> Child {
    fs::write(base.join("host.yaml"), format!("plugins:\n  sources:{sources}\n")).unwrap();
    Command::new(binary())
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir", "data", "--config", "host.yaml"])
        .current_dir(base)
        .env("BOWSPRIT_PLUGINS_CACHE_DIR", cache_dir())
        .env("DOCKER_CONFIG", base)
        .env_remove("BOWSPRIT_PLUGINS_DIRS")
        .envs(UNHURRIED)
        .stdout(Stdio::piped())
        .stderr(fs::File::create(base.join("host.log")).unwrap())
        .spawn()
        .unwrap()
}

/// Ends it; what it logged.
async fn log_of(base: &Path, mut child: Child) -> String {
    signal(&child, "TERM");
    let ended = tokio::task::spawn_blocking(move || child.wait().unwrap()).await.unwrap();
    let log = fs::read_to_string(base.join("host.log")).unwrap();
    assert!(ended.success(), "{log}");
    log
}

/// Waits until the host's log says something.
async fn until_logged(base: &Path, words: &str) {
    let logged = async {
        while !fs::read_to_string(base.join("host.log")).unwrap().contains(words) {
            tokio::task::yield_now().await;
        }
    };
    let logged = tokio::time::timeout(std::time::Duration::from_secs(60), logged).await;
    logged.unwrap_or_else(|_| panic!("never logged `{words}`"));
}

#[tokio::test]
async fn a_host_installs_what_its_settings_pin_and_serves_on_without_a_registry() {
    let Some(registry) = skipped_without("BOWSPRIT_TEST_REGISTRY") else { return };
    let base = tempfile::tempdir().unwrap();
    let base = base.path();
    echo(base, "echo");
    says(base, &["test", "echo", "--update"]);
    let place = format!("{registry}/it/{}", unique());
    let pushed = says(base, &with_access(&["push", "echo", &place]));
    let digest = pushed.trim().split_once('@').unwrap().1.to_owned();
    let auth = BASE64_STANDARD.encode("bowsprit:bowsprit-test");
    let login = json!({ "auths": { registry: { "auth": auth } } });
    fs::write(base.join("config.json"), login.to_string()).unwrap();
    let source = |digest: &str| format!("\n    - reference: {place}\n      digest: {digest}");

    // Nobody has the other one: the host starts, says so, and serves the first.
    let nobodys = format!("sha256:{}", "00".repeat(32));
    let mut child = host(base, &format!("{}{}", source(&nobodys), source(&digest)));
    let admin = User::register(&address(&mut child), "admin@example.com", None).await;
    until_logged(base, "plugin installed").await;
    let mut events = admin.events("/admin/plugins/stream", None).await;
    while admin.get("/admin/plugins/echo").await.status != 200 {
        events.next().await.expect("an event of the plugin");
    }
    let log = log_of(base, child).await;
    let said = log.lines().find(|it| it.contains("plugin not installed")).expect("a warning");
    assert!(said.contains("the host goes on without") && said.contains(&nobodys), "{said}");

    // What is there needs no registry.
    fs::write(base.join("config.json"), "{}").unwrap();
    let mut child = host(base, &source(&digest));
    let admin = admin.at(&address(&mut child));
    let plugin = &admin.get("/admin/plugins/echo").await.expect(200)["plugin"];
    assert_eq!(plugin["state"], "live");
    assert!(plugin["source"].as_str().unwrap().ends_with(&digest["sha256:".len()..]), "{plugin}");
    let log = log_of(base, child).await;
    assert!(!log.contains("plugin not installed"), "{log}");

    // What is not listed any more goes.
    let mut child = host(base, " []");
    let admin = admin.at(&address(&mut child));
    admin.get("/admin/plugins/echo").await.expect_problem(404, "not-found");
    log_of(base, child).await;
}
