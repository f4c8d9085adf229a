//! Golden files, and what must hold for any input.

use bowsprit_plugin_sdk::testing::{
    Becomes, Case, Shown, arrives, check_descriptors, fields, golden,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use workload::testing::{KEPT, rows, sent};

use super::NODE_TYPES;

#[test]
fn golden_files_come_out_as_they_are() {
    golden(NODE_TYPES, concat!(env!("CARGO_MANIFEST_DIR"), "/golden")).unwrap();
}

#[test]
fn the_descriptor_keeps_the_promises_of_the_contract() {
    check_descriptors(NODE_TYPES).unwrap();
}

/// A node called `x` with this data.
fn case(mut data: Value) -> Case {
    data["name"] = json!("x");
    Case::new(NODE_TYPES, "job", data)
}

#[test]
fn zeros_are_kept() {
    let data = json!({ "image": "busybox", "backoffLimit": 0, "ttlSecondsAfterFinished": 0 });
    let spec = &case(data).manifest("job")["spec"];
    assert_eq!(spec["backoffLimit"], 0);
    assert_eq!(spec["ttlSecondsAfterFinished"], 0);
    assert_eq!(spec["template"]["spec"]["restartPolicy"], "Never");
}

#[test]
fn a_change_runs_anew_because_jobs_cannot_change() {
    let rendered = case(json!({ "image": "busybox" })).render();
    assert_eq!(rendered["ok"]["manifests"][0]["on-immutable"], "replace");
}

fn observed(status: Value) -> Value {
    let object = json!({ "kind": "Job", "spec": { "completions": 2 }, "status": status });
    case(json!({ "image": "busybox" })).with_answers(&json!([[object]])).status()["ok"].clone()
}

#[test]
fn conditions_say_how_it_ended() {
    let condition = |kind| json!({ "conditions": [{ "type": kind, "status": "True", "reason": "R", "message": "m" }] });
    let states = |it: Value| (it["state"].clone(), it["card"]["state"].clone());
    assert_eq!(states(observed(condition("Complete"))), (json!("completed"), json!("healthy")));
    assert_eq!(states(observed(condition("Failed"))), (json!("failed"), json!("error")));
    assert_eq!(states(observed(condition("Suspended"))), (json!("suspended"), json!("pending")));
    let running = observed(json!({ "active": 1, "succeeded": 1 }));
    assert_eq!(states(running.clone()), (json!("progressing"), json!("running")));
    assert_eq!(running["message"], "1 of 2 completions are done.");
    let again = observed(json!({ "active": 1, "failed": 1 }));
    assert_eq!(states(again), (json!("degraded"), json!("partial")));
}

#[test]
fn a_job_that_was_cleaned_up_stays_completed() {
    let previous = json!({ "state": "completed" });
    let data = json!({ "image": "busybox", "ttlSecondsAfterFinished": 10 });
    let gone = case(data).with_answers(&json!([[]])).with_previous(&previous).status();
    assert_eq!(gone["ok"]["state"], "completed");
    let gone = case(json!({ "image": "busybox" })).with_answers(&json!([[]]));
    assert_eq!(gone.with_previous(&previous).status()["ok"]["state"], "deleted");
}

/// What becomes of further fields that the canvas shows.
const ROWS: [Becomes; 6] = [
    arrives("/completions", "3", "/spec/completions"),
    arrives("/parallelism", "2", "/spec/parallelism"),
    arrives("/backoffLimit", "0", "/spec/backoffLimit"),
    arrives("/activeDeadlineSeconds", "60", "/spec/activeDeadlineSeconds"),
    arrives("/ttlSecondsAfterFinished", "0", "/spec/ttlSecondsAfterFinished"),
    arrives("/restartPolicy", r#""OnFailure""#, "/spec/template/spec/restartPolicy"),
];

fn shown() -> Shown<'static> {
    Shown {
        types: NODE_TYPES,
        type_name: "job",
        manifest: "job",
        base: json!({"name": "x", "image": "busybox:1"}),
        context: json!({}),
        sent: sent(&[
            "/command",
            "/args",
            "/completions",
            "/parallelism",
            "/backoffLimit",
            "/activeDeadlineSeconds",
            "/ttlSecondsAfterFinished",
            "/restartPolicy",
        ]),
        kept: &[KEPT],
        becomes: rows("/spec/template", 0, &ROWS),
    }
}

#[test]
fn every_field_the_canvas_shows_is_honoured() {
    let table = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/plugins/frontend-fields.md");
    shown().check(table).unwrap();
}

proptest! {
    #[test]
    fn no_data_makes_a_function_fail(
        field in proptest::sample::select(fields(NODE_TYPES, "job")),
        seed in any::<u64>(),
    ) {
        let data = json!({ "name": "x", "image": "nginx" });
        let kinds = ("Job", "Secret");
        let case = Case::among_noise(NODE_TYPES, "job", kinds, data, (&field, seed));
        case.check_invariants().map_err(TestCaseError::fail)?;
    }

    #[test]
    fn a_text_arrives_in_its_field_or_is_found_fault_with(seed in any::<u64>()) {
        shown().check_text(seed).map_err(TestCaseError::fail)?;
    }
}
