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

fn deployment(data: Value) -> Case {
    Case::new(NODE_TYPES, "deployment", data)
}

#[test]
fn an_unfilled_image_is_a_finding_and_nothing_is_rendered() {
    let case = deployment(json!({ "name": "web", "image": "" }));
    assert_eq!(case.found(), ["deployment.image.missing at /image"]);
    assert_eq!(case.render()["invalid-input"], case.validate()["ok"]);
}

#[test]
fn zero_replicas_stay_zero() {
    let case = deployment(json!({ "name": "web", "image": "nginx", "replicas": 0 }));
    assert_eq!(case.manifest("deployment")["spec"]["replicas"], 0);
}

#[test]
fn an_edge_alone_makes_a_configmap_the_environment() {
    let view =
        json!({ "kind": "ConfigMap", "name": "settings", "keys": ["A"], "provides": ["mounts"] });
    let edge = json!({ "id": "n2", "type": "configmap", "view": view });
    let case = deployment(json!({ "name": "web", "image": "nginx" }))
        .with_context(&json!({ "neighbours": [edge] }));
    let pod = &case.manifest("deployment")["spec"]["template"]["spec"];
    assert_eq!(pod["containers"][0]["envFrom"][0]["configMapRef"]["name"], "settings");
    assert_eq!(pod["volumes"], Value::Null);
}

#[test]
fn a_renamed_configmap_is_still_the_one_mounted() {
    let view = json!({ "kind": "ConfigMap", "name": "new", "provides": ["mounts"] });
    let mount = json!({ "type": "configMap", "name": "old", "mountPath": "/c", "nodeId": "n2" });
    let case = deployment(json!({ "name": "web", "image": "nginx", "volumeMounts": [mount] }))
        .with_context(
            &json!({ "neighbours": [{ "id": "n2", "type": "configmap", "view": view }] }),
        );
    let pod = &case.manifest("deployment")["spec"]["template"]["spec"];
    assert_eq!(pod["volumes"][0]["configMap"]["name"], "new");
    assert_eq!(pod["containers"][0]["envFrom"], Value::Null);
}

#[test]
fn a_change_of_settings_read_as_variables_starts_new_pods() {
    let annotations = |mount: Value| {
        let view =
            json!({ "kind": "ConfigMap", "name": "c", "digest": "0f", "provides": ["mounts"] });
        let case = deployment(json!({ "name": "web", "image": "nginx", "volumeMounts": mount }))
            .with_context(
                &json!({ "neighbours": [{ "id": "n2", "type": "configmap", "view": view }] }),
            );
        case.manifest("deployment")["spec"]["template"]["metadata"]["annotations"].clone()
    };
    assert_eq!(annotations(json!([])), json!({ "bowsprit.dev/settings": "c=0f" }));
    let mounted = json!({ "type": "configMap", "name": "c", "mountPath": "/c" });
    assert_eq!(annotations(json!([mounted])), Value::Null);
}

/// The security settings of pod and container.
fn security(data: Value) -> (Value, Value) {
    let pod = deployment(data).manifest("deployment")["spec"]["template"]["spec"].clone();
    (pod["securityContext"].clone(), pod["containers"][0]["securityContext"].clone())
}

#[test]
fn another_user_than_root_gets_the_restricted_standard() {
    let data =
        json!({ "name": "web", "image": "nginx", "podSecurityContext": { "runAsUser": 101 } });
    assert!(deployment(data.clone()).found().is_empty());
    let (pod, container) = security(data);
    assert_eq!(pod, json!({ "runAsUser": 101, "seccompProfile": { "type": "RuntimeDefault" } }));
    let expected = json!({
        "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] }, "runAsNonRoot": true,
    });
    assert_eq!(container, expected);
}

#[test]
fn an_image_that_may_need_root_still_starts_and_is_told_of() {
    let data = json!({ "name": "web", "image": "nginx" });
    let found = deployment(data.clone()).found();
    assert_eq!(found, ["deployment.security.unrestricted at /podSecurityContext"]);
    assert_eq!(security(data).1, json!({ "allowPrivilegeEscalation": false }));
    let privileged =
        json!({ "name": "web", "image": "nginx", "securityContext": { "privileged": true } });
    assert_eq!(security(privileged).1, json!({ "privileged": true }));
}

#[test]
fn a_strategy_that_cannot_work_is_a_finding() {
    let strategy =
        json!({ "type": "Recreate", "rollingUpdate": { "maxSurge": 0, "maxUnavailable": "0%" } });
    let found =
        deployment(json!({ "name": "web", "image": "nginx", "strategy": strategy })).found();
    assert!(
        found.contains(
            &"deployment.strategy.rollingUpdate.recreate at /strategy/rollingUpdate".into()
        )
    );
    let zero = "deployment.strategy.rollingUpdate.maxUnavailable.zero at /strategy/rollingUpdate/maxUnavailable";
    assert!(found.contains(&zero.into()), "{found:?}");
}

#[test]
fn values_from_the_vault_win_over_literals() {
    let case =
        deployment(json!({ "name": "web", "image": "nginx", "env": { "A": "1", "B": "2" } }))
            .with_context(&json!({ "environment-keys": ["B", "C"] }));
    let env = &case.manifest("deployment")["spec"]["template"]["spec"]["containers"][0]["env"];
    let expected = json!([
        { "name": "A", "value": "1" },
        { "name": "B", "value": { "$vault": "env/B" } },
        { "name": "C", "value": { "$vault": "env/C" } },
    ]);
    assert_eq!(*env, expected);
}

#[test]
fn a_node_of_another_type_is_unsupported() {
    let unknown = bowsprit_plugin_sdk::dispatch::Functions::find(NODE_TYPES, "gizmo");
    assert!(matches!(unknown, Err(bowsprit_plugin_sdk::Failure::Unsupported(_))));
}

/// `status` of a Deployment that wants two replicas.
fn observed(status: Value) -> Value {
    let object = json!({
        "kind": "Deployment", "metadata": { "name": "web", "generation": 2 },
        "spec": { "replicas": 2 }, "status": status,
    });
    let case = deployment(json!({ "name": "web", "image": "nginx" }));
    case.with_answers(&json!([[object]])).status()["ok"].clone()
}

#[test]
fn nothing_ready_is_on_its_way_and_not_healthy() {
    let status = observed(json!({ "observedGeneration": 2 }));
    assert_eq!(status["state"], "progressing");
    assert_eq!(status["card"]["state"], "partial");
    assert_eq!(status["card"]["readyReplicas"], 0);
    assert_eq!(status["card"]["replicas"], 2);
}

#[test]
fn a_change_the_cluster_has_not_seen_is_not_healthy() {
    let counts = json!({
        "observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2,
        "availableReplicas": 2,
    });
    assert_eq!(observed(counts)["state"], "progressing");
}

#[test]
fn a_refused_pod_fails_with_the_clusters_reason() {
    let condition = json!({
        "type": "ReplicaFailure", "status": "True", "reason": "FailedCreate",
        "message": "pods \"web\" is forbidden: exceeded quota",
    });
    let status = observed(json!({ "observedGeneration": 2, "conditions": [condition] }));
    assert_eq!(status["state"], "failed");
    assert_eq!(status["card"]["state"], "error");
    assert_eq!(status["reason"], "FailedCreate");
}

#[test]
fn the_descriptor_keeps_the_promises_of_the_contract() {
    check_descriptors(NODE_TYPES).unwrap();
}

proptest! {
    #[test]
    fn no_text_breaks_out_of_its_field(text in any::<String>()) {
        let data = json!({
            "name": "web", "image": "nginx", "env": { "A": text }, "args": [text],
            "annotations": { "a": text },
        });
        let case = deployment(data);
        case.check_invariants().map_err(TestCaseError::fail)?;
        let manifest = case.manifest("deployment");
        let container = &manifest["spec"]["template"]["spec"]["containers"][0];
        prop_assert_eq!(&container["env"][0]["value"], &json!(text));
        prop_assert_eq!(&container["args"][0], &json!(text));
        prop_assert_eq!(&manifest["metadata"]["annotations"]["a"], &json!(text));
        let keys = manifest.as_object().map(|it| it.keys().cloned().collect::<Vec<_>>());
        prop_assert_eq!(keys.unwrap_or_default(), ["apiVersion", "kind", "metadata", "spec"]);
    }
}

/// What becomes of further fields that the canvas shows.
const ROWS: [Becomes; 2] = [
    arrives("/replicas", "0", "/spec/replicas"),
    arrives("/port", "9090", "/spec/template/spec/containers/0/ports/0/containerPort"),
];

fn shown() -> Shown<'static> {
    Shown {
        types: NODE_TYPES,
        type_name: "deployment",
        manifest: "deployment",
        base: json!({"name": "x", "image": "busybox:1"}),
        context: json!({}),
        sent: sent(&["/replicas", "/port", "/labels", "/imagePullSecrets"]),
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
        field in proptest::sample::select(fields(NODE_TYPES, "deployment")),
        seed in any::<u64>(),
    ) {
        let data = json!({ "name": "x", "image": "nginx", "port": 1, "targetApp": "x" });
        let kinds = ("Deployment", "ConfigMap");
        let case = Case::among_noise(NODE_TYPES, "deployment", kinds, data, (&field, seed));
        case.check_invariants().map_err(TestCaseError::fail)?;
    }

    #[test]
    fn a_text_arrives_in_its_field_or_is_found_fault_with(seed in any::<u64>()) {
        shown().check_text(seed).map_err(TestCaseError::fail)?;
    }
}
