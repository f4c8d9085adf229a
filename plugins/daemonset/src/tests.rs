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
    Case::new(NODE_TYPES, "daemonset", data)
}

#[test]
fn machines_without_a_pod_are_counted() {
    let status = json!({
        "observedGeneration": 1, "desiredNumberScheduled": 3, "numberReady": 2,
        "updatedNumberScheduled": 3, "numberAvailable": 2,
    });
    let object = json!({ "kind": "DaemonSet", "metadata": { "generation": 1 }, "status": status });
    let status = case(json!({ "image": "nginx" })).with_answers(&json!([[object]])).status();
    let status = &status["ok"];
    assert_eq!(status["state"], "progressing");
    assert_eq!(status["card"]["state"], "partial");
    assert_eq!(status["card"]["numberReady"], 2);
    assert_eq!(status["card"]["desiredNumberScheduled"], 3);
}

#[test]
fn the_machines_network_brings_its_names_along() {
    let data = json!({ "image": "nginx", "hostNetwork": true, "maxUnavailable": "25%" });
    let spec = &case(data).manifest("daemonset")["spec"];
    assert_eq!(spec["template"]["spec"]["dnsPolicy"], "ClusterFirstWithHostNet");
    let rolling = json!({ "rollingUpdate": { "maxUnavailable": "25%" }, "type": "RollingUpdate" });
    assert_eq!(spec["updateStrategy"], rolling);
}

#[test]
fn a_toleration_that_says_too_much_is_a_finding() {
    let toleration = json!({ "key": "a", "operator": "Exists", "value": "b", "effekt": "x" });
    let found = case(json!({ "image": "nginx", "tolerations": [toleration] })).found();
    assert!(found.contains(&"daemonset.tolerations.value.operator at /tolerations/0/value".into()));
    assert!(found.contains(&"daemonset.tolerations.unknown at /tolerations/0/effekt".into()));
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
    "updateStrategy",
    "maxUnavailable",
    "minReadySeconds",
    "revisionHistoryLimit",
    "other",
];

proptest! {
    #[test]
    fn no_data_makes_a_function_fail(
        field in proptest::sample::select(FIELDS),
        seed in any::<u64>(),
    ) {
        let data = json!({ "name": "x", "image": "nginx" });
        let kinds = ("DaemonSet", "ConfigMap");
        let case = Case::among_noise(NODE_TYPES, "daemonset", kinds, data, (field, seed));
        case.check_invariants().map_err(TestCaseError::fail)?;
    }
}
