//! A package's own golden files are run before it serves.

use std::fs;

use bowsprit_host_core::plugins::{GenerationState, LoadStage, PluginState, Plugins};
use serde_json::json;

use crate::support::{Host, assert_failure, plugin};

fn view(mark: &str) -> serde_json::Value {
    json!({ "ok": { "mark": mark, "name": "it" } })
}

fn echo(mark: &str) -> crate::support::Folder {
    plugin("one", "echo").asset("mark", mark)
}

#[tokio::test]
async fn every_stage_is_told_with_what_the_golden_files_said() {
    let everything = json!({
        "input": {"node": {"id": "it", "type": "echo", "data": {"a": 1}},
                  "answers": [{"objects": [{}]}], "at": "2026-02-03T00:00:00Z"},
        "expected": {
            "create": {"ok": {"name": ""}},
            "normalize": {"ok": [{"a": 1}, []]},
            "public-view": view("1"),
            "validate": {"ok": []},
            "render": {"ok": {"findings": [], "manifests": [{
                "body": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "it"},
                         "data": {"echo": "{\"a\":1}", "mark": "1"}},
                "local-id": "map", "on-immutable": "ask", "order": "configuration",
                "prune": "delete", "wait": "existence", "yields": []}]}},
            "observe": {"ok": [{
                "kind": {"group": "", "version": "v1", "kind": "ConfigMap"}, "name": "it",
                "namespace": null, "selector": null, "with-events": false, "with-pods": false}]},
            "status": {"ok": {
                "state": "healthy", "reason": "Exists", "message": "looked at 2026-02-03T00:00:00Z",
                "ready": null, "desired": null, "addresses": [], "findings": [], "card": {},
                "marks": {}}},
        },
    });
    let folder = echo("1").golden_text("all.json", &everything.to_string());
    let host = Host::load(|_| {}, |dir| folder.write(&dir.join("one"))).await;

    let [generation] = host.engine.generations("one").expect("known").try_into().expect("one");

    assert_eq!(generation.state, GenerationState::Live, "{generation:#?}");
    let stages: Vec<_> = generation.stages.iter().map(|it| it.stage).collect();
    assert_eq!(stages, [LoadStage::Compile, LoadStage::Describe, LoadStage::SelfTest]);
    let test = generation.self_test;
    assert_eq!((test.cases, test.answers, test.failure), (1, 7, None));
}

#[tokio::test]
async fn a_wrong_answer_names_file_function_and_place_and_the_old_one_goes_on() {
    let host = Host::start(|dir| {
        echo("1").golden("view.json", "public-view", view("1")).write(&dir.join("one"));
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
    let right = echo("2").golden("view.json", "public-view", view("2"));
    right.swap(&host.path("one"));
    host.until_marked("echo", "2").await;
    host.stop().await;
}

#[tokio::test]
async fn golden_files_that_cannot_be_used_are_refused() {
    let case =
        |input: &str, expected: &str| format!(r#"{{"input":{input},"expected":{expected}}}"#);
    let echo_node = r#"{"node":{"id":"it","type":"echo"}}"#;
    let cases = [
        ("{".to_owned(), "is not JSON"),
        (case("{}", "{}"), "`node` is missing"),
        (case(r#"{"node":{"id":"it","type":"other"}}"#, "{}"), "`other`"),
        (case(echo_node, "[]"), "`expected`"),
        (case(echo_node, r#"{"frobnicate":1}"#), "`expected.frobnicate`"),
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
    let view = r#"{"input":{"node":{"id":"it","type":"echo"}},"expected":{}}"#;
    let fits = Host::load(|_| {}, fill(200, view)).await;
    assert_eq!(fits.report("one").state, PluginState::Live, "{:?}", fits.report("one"));
    let many = Host::load(|_| {}, fill(201, view)).await;
    assert_failure(&many.report("one"), LoadStage::Read, &["more than 200 golden files"]);
    let large = Host::load(|_| {}, fill(2, &" ".repeat(3 << 20))).await;
    assert_failure(&large.report("one"), LoadStage::Read, &["too large"]);

    let slow = Host::load(
        |it| it.self_test_time = std::time::Duration::ZERO,
        |dir| {
            let view = json!({ "ok": { "mark": "1", "name": "it" } });
            echo("1").golden("view.json", "public-view", view).write(&dir.join("one"));
        },
    )
    .await;
    assert_failure(&slow.report("one"), LoadStage::SelfTest, &["longer than they may"]);
}
