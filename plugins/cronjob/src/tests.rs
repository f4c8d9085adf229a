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
    Case::new(NODE_TYPES, "cronjob", data)
}

#[test]
fn a_schedule_that_never_comes_is_a_finding() {
    for (schedule, expected) in [("0 * * * *", 0), ("0 * * * * *", 1), ("61 * * * *", 1), ("", 1)] {
        let case = case(json!({ "image": "busybox", "schedule": schedule }));
        let found = case.found().into_iter().filter(|it| it.ends_with(" at /schedule"));
        assert_eq!(found.count(), expected, "{schedule}");
    }
}

#[test]
fn a_failed_run_is_told_and_a_later_success_forgets_it() {
    let object = json!({ "kind": "CronJob", "spec": {}, "status": { "lastScheduleTime": "t" } });
    let job = |name: &str, start: &str, end: &str| {
        json!({ "kind": "Job", "metadata": { "name": name },
            "status": { "startTime": start, "conditions": [{ "type": end, "status": "True" }] } })
    };
    let status = |jobs: Value| {
        let case = case(json!({ "image": "busybox", "schedule": "@daily" }));
        case.with_answers(&json!([[object], jobs])).status()["ok"].clone()
    };
    let failed = status(json!([job("a", "1", "Complete"), job("b", "2", "Failed")]));
    assert_eq!(
        (&failed["state"], &failed["card"]["state"]),
        (&json!("degraded"), &json!("active"))
    );
    assert_eq!(failed["reason"], "RunFailed");
    let mended = status(json!([job("b", "2", "Failed"), job("c", "3", "Complete")]));
    assert_eq!(mended["state"], "healthy");
}

/// What becomes of further fields that the canvas shows.
const ROWS: [Becomes; 8] = [
    arrives("/schedule", r#""5 4 * * *""#, "/spec/schedule"),
    arrives("/concurrencyPolicy", r#""Forbid""#, "/spec/concurrencyPolicy"),
    arrives("/suspend", "true", "/spec/suspend"),
    arrives("/successfulJobsHistoryLimit", "0", "/spec/successfulJobsHistoryLimit"),
    arrives("/failedJobsHistoryLimit", "0", "/spec/failedJobsHistoryLimit"),
    arrives("/backoffLimit", "0", "/spec/jobTemplate/spec/backoffLimit"),
    arrives("/restartPolicy", r#""Never""#, "/spec/jobTemplate/spec/template/spec/restartPolicy"),
    arrives("/timeZone", r#""Europe/Berlin""#, "/spec/timeZone"),
];

fn shown() -> Shown<'static> {
    Shown {
        types: NODE_TYPES,
        type_name: "cronjob",
        manifest: "cronjob",
        base: json!({"name": "x", "image": "busybox:1", "schedule": "@daily"}),
        context: json!({}),
        sent: sent(&[
            "/command",
            "/args",
            "/schedule",
            "/concurrencyPolicy",
            "/suspend",
            "/successfulJobsHistoryLimit",
            "/failedJobsHistoryLimit",
            "/backoffLimit",
            "/restartPolicy",
        ]),
        kept: &[KEPT],
        becomes: rows("/spec/jobTemplate/spec/template", 0, &ROWS),
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
        field in proptest::sample::select(fields(NODE_TYPES, "cronjob")),
        seed in any::<u64>(),
    ) {
        let data = json!({ "name": "x", "image": "nginx", "schedule": "@daily" });
        let kinds = ("CronJob", "ConfigMap");
        let case = Case::among_noise(NODE_TYPES, "cronjob", kinds, data, (&field, seed));
        case.check_invariants().map_err(TestCaseError::fail)?;
    }

    #[test]
    fn a_text_arrives_in_its_field_or_is_found_fault_with(seed in any::<u64>()) {
        shown().check_text(seed).map_err(TestCaseError::fail)?;
    }
}
