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
    "schedule",
    "concurrencyPolicy",
    "successfulJobsHistoryLimit",
    "failedJobsHistoryLimit",
    "startingDeadlineSeconds",
    "timeZone",
    "other",
];

proptest! {
    #[test]
    fn no_data_makes_a_function_fail(
        field in proptest::sample::select(FIELDS),
        seed in any::<u64>(),
    ) {
        let data = json!({ "name": "x", "image": "nginx", "schedule": "@daily" });
        let kinds = ("CronJob", "ConfigMap");
        let case = Case::among_noise(NODE_TYPES, "cronjob", kinds, data, (field, seed));
        case.check_invariants().map_err(TestCaseError::fail)?;
    }
}
