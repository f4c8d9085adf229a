//! Golden files, and what must hold for any input.

use bowsprit_plugin_sdk::testing::{Case, check_descriptors, golden};
use proptest::prelude::*;
use serde_json::{Value, json};

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

/// Every field this type reads, and one it does not.
const FIELDS: &[&str] = &[
    "name",
    "namespace",
    "image",
    "port",
    "env",
    "envKeys",
    "envFrom",
    "resources",
    "labels",
    "annotations",
    "podAnnotations",
    "imagePullPolicy",
    "serviceAccountName",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "version",
    "volumeMounts",
    "volumes",
    "imagePullSecrets",
    "command",
    "args",
    "workingDir",
    "ports",
    "nodeSelector",
    "tolerations",
    "affinity",
    "topologySpreadConstraints",
    "initContainers",
    "sidecars",
    "lifecycle",
    "securityContext",
    "podSecurityContext",
    "priorityClassName",
    "terminationGracePeriodSeconds",
    "hostNetwork",
    "dnsPolicy",
    "dnsConfig",
    "hostAliases",
    "readinessGates",
    "completions",
    "parallelism",
    "backoffLimit",
    "activeDeadlineSeconds",
    "ttlSecondsAfterFinished",
    "restartPolicy",
    "suspend",
    "completionMode",
    "podFailurePolicy",
    "other",
];

proptest! {
    #[test]
    fn no_data_makes_a_function_fail(
        field in proptest::sample::select(FIELDS),
        seed in any::<u64>(),
    ) {
        let data = json!({ "name": "x", "image": "nginx" });
        let kinds = ("Job", "Secret");
        let case = Case::among_noise(NODE_TYPES, "job", kinds, data, (field, seed));
        case.check_invariants().map_err(TestCaseError::fail)?;
    }
}
