//! What refused trials mean. The answers are those of a kube-apiserver 1.36.3,
//! shortened.

use serde_json::json;

use super::*;

fn told_of(answer: Value) -> Result<Trial> {
    verdict(&serde_json::from_value(answer).unwrap())
}

fn objection(at: &str, message: &str) -> Objection {
    let at = Some(at.to_owned()).filter(|it| !it.is_empty());
    Objection { at, message: message.into() }
}

#[test]
fn each_cause_is_an_objection_at_its_field() {
    let found = told_of(
        json!({"code": 422, "reason": "Invalid", "message": "…", "details": {"causes": [
            {"reason": "FieldValueInvalid", "message": "Invalid value: 3: copies are even", "field": "spec.copies"},
            {"reason": "FieldValueRequired", "message": "Required value", "field": "spec.pages[0].text"},
        ]}}),
    );
    let why = vec![
        objection("/spec/copies", "`spec.copies`: Invalid value: 3: copies are even"),
        objection("/spec/pages/0/text", "`spec.pages[0].text`: Required value"),
    ];
    assert_eq!(found.unwrap(), Trial::Refused { immutable: false, why });
}

#[test]
fn what_cannot_be_changed_is_told_apart() {
    let found = told_of(
        json!({"code": 422, "reason": "Invalid", "message": "…", "details": {"causes": [
            {"reason": "FieldValueInvalid", "message": "Invalid value: \"b\": size is immutable", "field": "spec.size"},
        ]}}),
    );
    assert!(matches!(found.unwrap(), Trial::Refused { immutable: true, .. }));
}

#[test]
fn a_field_the_schema_does_not_have_is_named() {
    let message = "failed to create typed patch object (n/x; t.dev/v1, Kind=Note): .spec.odd: field not declared in schema";
    let found = told_of(json!({"code": 500, "message": message}));
    let why = vec![objection("/spec/odd", message)];
    assert_eq!(found.unwrap(), Trial::Refused { immutable: false, why });
}

#[test]
fn what_a_trial_cannot_tell_is_unknown() {
    for answer in [
        json!({"code": 404, "reason": "NotFound", "message": "namespaces \"n\" not found",
            "details": {"name": "n", "kind": "namespaces"}}),
        json!({"code": 404, "message": "the server could not find the requested resource"}),
        json!({"code": 400, "message": "admission webhook \"w\" does not support dry run"}),
        json!({"code": 409, "reason": "Conflict", "message": "please apply your changes to the latest version"}),
    ] {
        assert_eq!(told_of(answer.clone()).unwrap(), Trial::Unknown, "{answer}");
    }
    let busy = told_of(json!({"code": 429})).unwrap_err();
    assert_eq!(busy.code(), "cluster.busy");
}

#[test]
fn a_webhook_and_an_owner_are_heard() {
    let message = "admission webhook \"w\" denied the request: not on Fridays";
    let found = told_of(json!({"code": 403, "reason": "Forbidden", "message": message}));
    assert_eq!(found.unwrap(), Trial::Denied(vec![objection("", message)]));
    let found = told_of(
        json!({"code": 409, "reason": "Conflict", "message": "…", "details": {"causes": [
            {"reason": "FieldManagerConflict", "message": "conflict with \"hpa\" using v1", "field": ".spec.copies"},
        ]}}),
    );
    let why = vec![objection("/spec/copies", "`.spec.copies` is owned by `hpa`")];
    assert_eq!(found.unwrap(), Trial::Refused { immutable: false, why });
}

#[test]
fn fields_become_pointers() {
    for (field, expected) in [
        ("spec.ports[0].name", Some("/spec/ports/0/name")),
        (".spec.a", Some("/spec/a")),
        ("metadata.annotations[x.dev/y]", Some("/metadata/annotations/x.dev~1y")),
        (".spec.list[name=\"x\"].image", Some("/spec/list")),
        ("<nil>", None),
        ("", None),
        ("spec.a[0", None),
    ] {
        assert_eq!(pointer(field).as_deref(), expected, "{field}");
    }
}
