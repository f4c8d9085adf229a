//! A package's own golden files are run before it serves.

use std::{fs, path::Path};

use bowsprit_host_core::plugins::{GenerationState, LoadStage, PluginState, Plugins};
use serde_json::{Value, json};

use crate::support::{Host, assert_failure, echoed, plugin};

fn echo(mark: &str) -> crate::support::Folder {
    plugin("one", "echo").asset("mark", mark)
}

#[tokio::test]
async fn every_stage_is_told_with_what_the_golden_files_said() {
    let mut expected = echoed(json!({ "a": 1 }), "1");
    expected["status"] = json!({ "ok": {
        "state": "healthy", "reason": "Exists", "message": "looked at 2026-02-03T00:00:00Z",
        "ready": null, "desired": null, "addresses": [], "findings": [], "card": {}, "marks": {},
    } });
    let everything = json!({
        "input": {"node": {"id": "it", "type": "echo", "data": {"a": 1}},
                  "answers": [{"objects": [{}]}], "at": "2026-02-03T00:00:00Z"},
        "expected": expected,
    });
    let folder = echo("1").golden_text("all.json", &everything.to_string());
    let host = Host::load(|_| {}, |dir| folder.write(&dir.join("one"))).await;

    let [generation] = host.engine.generations("one").expect("known").try_into().expect("one");

    assert_eq!(generation.state, GenerationState::Live, "{generation:#?}");
    let stages: Vec<_> = generation.stages.iter().map(|it| it.stage).collect();
    use LoadStage::{Admit, Compile, Describe, Link, SelfTest};
    assert_eq!(stages, [Admit, Compile, Link, Describe, SelfTest]);
    let test = generation.self_test;
    assert_eq!((test.cases, test.answers, test.failure), (1, 6, None));
}

#[tokio::test]
async fn a_wrong_answer_names_file_function_and_place_and_the_old_one_goes_on() {
    let host = Host::start(|dir| {
        echo("1").golden("view.json", "1").write(&dir.join("one"));
    })
    .await;

    fs::write(host.path("one/assets/mark"), "2").expect("written");
    let report = host.refused("one", "plugin.self-test.failed").await;

    let words = ["golden/view.json", "`public-view`", "`/ok/mark`", "\"1\"", "\"2\""];
    assert_failure(&report, LoadStage::SelfTest, &words);
    assert_eq!(report.state, PluginState::Live);
    let refused = &host.engine.generations("one").expect("known")[0];
    let failure = refused.self_test.failure.as_ref().expect("a failure");
    assert_eq!((failure.file.as_str(), failure.at.as_str()), ("view.json", "/ok/mark"));
    assert_eq!(host.mark("echo").await.as_deref(), Some("1"));

    // Mending the golden file is a change too.
    let right = echo("2").golden("view.json", "2");
    right.swap(&host.path("one"));
    host.until_marked("echo", "2").await;
    host.stop().await;
}

#[tokio::test]
async fn golden_files_that_cannot_be_used_are_refused() {
    let case =
        |input: &str, expected: &str| format!(r#"{{"input":{input},"expected":{expected}}}"#);
    let echo_node = r#"{"node":{"id":"it","type":"echo","data":{}}}"#;
    let cases = [
        ("{".to_owned(), "is not JSON"),
        (r#"{"inputs":1}"#.to_owned(), "`inputs`"),
        (case("{}", "{}"), "missing field `node`"),
        (case(r#"{"node":{"id":"it","type":"echo"}}"#, "{}"), "missing field `data`"),
        (case(r#"{"node":{"id":"it","type":"other","data":{}}}"#, "{}"), "`other`"),
        (case(echo_node, "[]"), "`expected`"),
        // Every function has to be there, and no other.
        (case(echo_node, "{}"), "`normalize`"),
        (case(echo_node, r#"{"frobnicate":1}"#), "`frobnicate`"),
    ];
    for (text, word) in cases {
        let folder = echo("1").golden_text("bad.json", &text);
        let host = Host::load(|_| {}, |dir| folder.write(&dir.join("one"))).await;
        let report = host.report("one");
        assert_eq!(report.state, PluginState::Failed);
        assert_failure(&report, LoadStage::SelfTest, &["golden/bad.json", word]);
    }
}

#[tokio::test]
async fn golden_files_are_bounded_in_number_bytes_and_time() {
    let fill = |count: usize, text: &str| {
        let text = text.to_owned();
        move |dir: &std::path::Path| {
            echo("1").golden_text("a.json", &text).write(&dir.join("one"));
            for n in 1..count {
                fs::write(dir.join(format!("one/golden/{n}.json")), &text).expect("written");
            }
        }
    };
    let input = json!({"node": {"id": "it", "type": "echo", "data": {}}});
    let view = json!({"input": input, "expected": echoed(json!({}), "1")}).to_string();
    let view = view.as_str();
    let fits = Host::load(|_| {}, fill(200, view)).await;
    assert_eq!(fits.report("one").state, PluginState::Live, "{:?}", fits.report("one"));
    let many = Host::load(|_| {}, fill(201, view)).await;
    assert_failure(&many.report("one"), LoadStage::Read, &["golden", "more than 200 files"]);
    let large = Host::load(|_| {}, fill(2, &" ".repeat(3 << 20))).await;
    assert_failure(&large.report("one"), LoadStage::Read, &["too large"]);

    let slow = Host::load(
        |it| it.self_test_time = std::time::Duration::ZERO,
        |dir| {
            echo("1").golden("view.json", "1").write(&dir.join("one"));
        },
    )
    .await;
    assert_failure(&slow.report("one"), LoadStage::SelfTest, &["longer than they may"]);
}

/// Copies a plugin that comes with the host, and changes one golden file.
fn spoiled(id: &str, dir: &Path, golden: &str, spoil: impl FnOnce(&mut Value)) {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/dist").join(id);
    copy(&from, &dir.join(id));
    let file = dir.join(id).join("golden").join(golden);
    let text = fs::read_to_string(&file).expect("`cargo xtask plugins build` was run");
    let mut all = serde_json::from_str(&text).expect("JSON");
    spoil(&mut all);
    fs::write(file, all.to_string()).expect("written");
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let place = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &place);
        } else {
            fs::copy(entry.path(), place).expect("copied");
        }
    }
}

#[tokio::test]
async fn importers_and_checks_are_held_against_their_golden_files_too() {
    let load = async |fill: &dyn Fn(&Path)| Host::load(|_| {}, fill).await;
    let host = load(&|dir| {
        spoiled("dotenv", dir, "several.json", |_| {});
        spoiled("service-diagnostics", dir, "missing.json", |_| {});
    })
    .await;
    for (id, least) in [("dotenv", 4), ("service-diagnostics", 10)] {
        let report = host.report(id);
        assert_eq!(report.state, PluginState::Live, "{:?}", report.last_error);
        let test = &host.engine.generations(id).expect("known")[0].self_test;
        assert!(test.cases >= least && test.answers > test.cases, "{id}: {test:?}");
    }

    let host = load(&|dir| {
        spoiled("dotenv", dir, "several.json", |_| {});
        let source = "dotenv/golden/broken/dot.env";
        fs::write(dir.join(source), "FINE=1\n").expect("written");
        let missing = |it: &mut Value| it["expected"]["diagnose"]["service-exists"] = json!({});
        spoiled("service-diagnostics", dir, "missing.json", missing);
    })
    .await;
    let words = ["golden/broken.json", "`analyze`", "/ok/findings/0", "dotenv.line.unreadable"];
    assert_failure(&host.report("dotenv"), LoadStage::SelfTest, &words);
    let words = ["golden/missing.json", "`diagnose`", "/service-exists"];
    assert_failure(&host.report("service-diagnostics"), LoadStage::SelfTest, &words);
}

#[tokio::test]
async fn catalogues_are_held_against_what_a_cluster_serves() {
    let served = json!({"served": [
        {"kind": {"group": "example.dev", "version": "v1", "kind": "Note"}, "plural": "notes",
         "schema": {"type": "object"}},
        {"kind": {"group": "example.dev", "version": "v9", "kind": "Other"}, "plural": "others"},
    ]});
    let note = json!({"group": "example.dev", "version": "v1", "kind": "Note"});
    let made = json!({"ok": {
        "name": "notes", "title": "Note", "description": "Made of a definition.",
        "category": "custom", "icon": "Notebook", "tags": [], "schema-version": 1,
        "schema": {"type": "object"}, "produces": [note],
    }});
    let none = json!({"unsupported": "a definition without a schema"});
    let standing = json!({
        "entry": "almanac", "presence": "installed", "versions": [note], "findings": [],
    });
    let expected = json!({
        "match-cluster": {"ok": [standing]},
        "form": [{"ok": {"type": "object"}}, none],
        "describe-served": [made, none],
    });
    let text = json!({"input": served, "expected": expected}).to_string();
    let right = plugin("almanac", "almanac").golden_text("served.json", &text);
    let host = Host::load(|_| {}, |dir| right.write(&dir.join("almanac"))).await;
    let report = host.report("almanac");
    assert_eq!(report.state, PluginState::Live, "{:?}", report.last_error);

    let wrong = text.replace("\"installed\"", "\"missing\"");
    let wrong = plugin("almanac", "almanac").golden_text("served.json", &wrong);
    let host = Host::load(|_| {}, |dir| wrong.write(&dir.join("almanac"))).await;
    let words = ["golden/served.json", "`match-cluster`", "/ok/0/presence"];
    assert_failure(&host.report("almanac"), LoadStage::SelfTest, &words);
}
