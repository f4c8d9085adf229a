//! Old data comes out in its current shape.

use super::{common, drop_placeholders, rename};
use crate::{Object, Report};

#[test]
fn bookkeeping_and_nulls_are_dropped_and_names_trimmed() {
    let mut data = Object::parse(
        r#"{"_linkedSecrets":[],"_status":{},"id":"n","name":" web ","parameters":{},"port":null,
            "resources":{"limits":{"cpu":null}},"hasValidationError":true,"templateId":"core/x"}"#,
    )
    .unwrap();
    common(&mut data);
    assert_eq!(data.to_text(), r#"{"name":"web","resources":{"limits":{}}}"#);
}

#[test]
fn placeholders_are_dropped_with_a_note() {
    let mut data = Object::parse(r#"{"data":{"_new_1":"","A":"1"}}"#).unwrap();
    let mut report = Report::new("configmap", "n");
    drop_placeholders(&mut data, "data", &mut report);
    assert_eq!(data.to_text(), r#"{"data":{"A":"1"}}"#);
    assert_eq!(report.into_findings()[0].code, "configmap.data.placeholder-dropped");
}

#[test]
fn a_renamed_field_does_not_replace_a_filled_one() {
    let mut data = Object::parse(r#"{"type":"NodePort","serviceType":"ClusterIP"}"#).unwrap();
    rename(&mut data, "type", "serviceType");
    assert_eq!(data.to_text(), r#"{"serviceType":"ClusterIP"}"#);
    let mut data = Object::parse(r#"{"type":"NodePort","serviceType":""}"#).unwrap();
    rename(&mut data, "type", "serviceType");
    assert_eq!(data.to_text(), r#"{"serviceType":"NodePort"}"#);
}
