//! What refused applies mean. The answers are recorded from a
//! kube-apiserver 1.36.3, shortened where they list every field of a pod.

use bowsprit_host_core::error::Error;
use serde_json::json;

use super::*;

fn refused(answer: Value) -> Result<Applied> {
    refusal(&serde_json::from_value(answer).unwrap())
}

fn invalid(kind: &str, message: &str, field: &str, reason: &str) -> Result<Applied> {
    refused(json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": format!("{kind} \"x\" is invalid: {field}: {message}"), "reason": "Invalid",
        "details": {"name": "x", "kind": kind, "causes": [
            {"reason": reason, "message": message, "field": field}]}, "code": 422}))
}

#[test]
fn lists_who_owns_what_in_a_conflict() {
    let applied = refused(json!({"kind": "Status", "apiVersion": "v1", "metadata": {},
    "status": "Failure", "reason": "Conflict", "code": 409,
    "message": "Apply failed with 2 conflicts: …",
    "details": {"causes": [
        {"reason": "FieldManagerConflict", "message": "conflict with \"kubectl \\\"q\\\"\"", "field": ".data.a"},
        {"reason": "FieldManagerConflict", "message": "conflict with \"hpa\" using autoscaling/v1", "field": ".spec.replicas"},
    ]}}));

    let conflict =
        |manager: &str, field: &str| FieldConflict { manager: manager.into(), field: field.into() };
    assert_eq!(
        applied.unwrap(),
        Applied::Conflict(vec![
            conflict("kubectl \"q\"", ".data.a"),
            conflict("hpa", ".spec.replicas")
        ])
    );
}

#[test]
fn takes_a_conflict_without_fields_for_a_refusal() {
    let error = refused(
        json!({"code": 409, "reason": "Conflict", "message": "please apply your changes to the latest version"}),
    );
    assert!(matches!(error, Err(Error::Cluster { code: "cluster.refused", .. })), "{error:?}");
}

#[test]
fn recognises_fields_that_cannot_be_changed() {
    for (kind, message, field, reason) in [
        (
            "Deployment.apps",
            r#"Invalid value: {"matchLabels":{"app":"y"}}: field is immutable"#,
            "spec.selector",
            "FieldValueInvalid",
        ),
        (
            "StatefulSet.apps",
            "Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
            "spec",
            "FieldValueForbidden",
        ),
        (
            "Service",
            r#"Invalid value: ["10.96.7.8"]: may not change once set"#,
            "spec.clusterIPs[0]",
            "FieldValueInvalid",
        ),
        (
            "PersistentVolumeClaim",
            "Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n@@ -10,7 +10,7 @@\n",
            "spec",
            "FieldValueForbidden",
        ),
    ] {
        let applied = invalid(kind, message, field, reason).unwrap();
        let Applied::Immutable(sentence) = applied else { panic!("{applied:?}") };
        assert!(sentence.starts_with(&format!("`{field}`: ")), "{sentence}");
        assert!(!sentence.contains('\n'), "{sentence}");
    }
}

#[test]
fn leaves_whole_pod_templates_out_of_its_sentences() {
    let message = format!(
        r#"Invalid value: {{"Spec":{{"Env":[{{"Name":"P","Value":"geheim"}}],"x":"{}"}}}}: field is immutable"#,
        "x".repeat(500)
    );
    let applied = invalid("Job.batch", &message, "spec.template", "FieldValueInvalid").unwrap();
    assert_eq!(applied, Applied::Immutable("`spec.template`: field is immutable".into()));
}

#[test]
fn keeps_short_values_that_explain_a_mistake() {
    let message = "Invalid value: \"Bad_Name\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.' (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
    let applied =
        invalid("Deployment.apps", message, "metadata.name", "FieldValueInvalid").unwrap();
    assert_eq!(applied, Applied::Invalid(format!("`metadata.name`: {message}")));
}

#[test]
fn takes_an_object_that_is_also_wrong_otherwise_for_invalid() {
    let applied = refused(
        json!({"code": 422, "reason": "Invalid", "message": "…", "details": {"causes": [
            {"reason": "FieldValueInvalid", "message": "Invalid value: 1: field is immutable", "field": "spec.a"},
            {"reason": "FieldValueRequired", "message": "Required value", "field": "spec.b"},
        ]}}),
    );
    assert_eq!(
        applied.unwrap(),
        Applied::Invalid(
            "`spec.a`: Invalid value: 1: field is immutable; `spec.b`: Required value".into()
        )
    );
}

#[test]
fn takes_a_field_the_schema_does_not_have_for_invalid() {
    let message = "failed to create typed patch object (/b; /v1, Kind=ConfigMap): .dat: field not declared in schema";
    let applied = refused(json!({"kind": "Status", "apiVersion": "v1", "metadata": {},
        "status": "Failure", "message": message, "code": 500}));
    assert_eq!(applied.unwrap(), Applied::Invalid(message.into()));
}

#[test]
fn tells_who_judges_objects_from_who_judges_people() {
    let message = "admission webhook \"w\" denied the request: not on Fridays";
    let applied = refused(json!({"code": 403, "reason": "Forbidden", "message": message}));
    assert_eq!(applied.unwrap(), Applied::Invalid(message.into()));
    let message = "notes.t.dev \"n\" is forbidden: User \"u\" cannot patch resource";
    let applied = refused(json!({"code": 403, "reason": "Forbidden", "message": message}));
    assert_eq!(applied.unwrap_err().code(), "cluster.forbidden");
}

#[test]
fn passes_on_what_no_object_can_help() {
    for (code, expected) in
        [(401, "cluster.unauthorized"), (403, "cluster.forbidden"), (429, "cluster.busy")]
    {
        assert_eq!(refused(json!({"code": code})).unwrap_err().code(), expected);
    }
}
