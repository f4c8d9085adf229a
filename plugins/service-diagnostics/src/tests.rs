//! Golden files, and what must hold for any cluster.

use bowsprit_plugin_sdk::testing::{Patient, diagnostics_golden, noise};
use proptest::prelude::*;
use serde_json::json;

use super::{CHECKS, FIXES};

#[test]
fn golden_files_come_out_as_they_are() {
    diagnostics_golden(CHECKS, FIXES, concat!(env!("CARGO_MANIFEST_DIR"), "/golden")).unwrap();
}

#[test]
fn an_unknown_check_or_fix_is_refused_by_name() {
    let input = json!({ "node": { "id": "n1", "type": "service", "data": {} } });
    let patient = Patient::new(CHECKS, FIXES, &input);
    assert_eq!(patient.diagnose("x"), json!({ "unsupported": "this plugin has no check `x`" }));
    let proposed = patient.propose("x", &json!({}));
    assert_eq!(proposed, json!({ "unsupported": "this plugin has no fix `x`" }));
}

#[test]
fn a_parameter_that_is_no_label_names_the_field() {
    let service = json!({ "kind": "Service", "metadata": { "name": "web" } });
    let input = json!({
        "node": { "id": "n1", "type": "service", "data": { "name": "web" } },
        "answers": { "endpoints-exist": [[service], [], []] },
    });
    let proposed = Patient::new(CHECKS, FIXES, &input)
        .propose("selector-fix", &json!({ "targetApp": "no good!" }));
    assert_eq!(proposed["invalid-input"][0]["at"], "/targetApp");
}

proptest! {
    #[test]
    fn no_object_makes_a_check_fail(seed in any::<u64>()) {
        let object = |kind: &str, n: u64| {
            let (metadata, spec) = (noise(seed.wrapping_add(n)), noise(seed.wrapping_add(n + 1)));
            let (status, endpoints) = (noise(seed.wrapping_add(n + 2)), noise(seed.wrapping_add(n + 3)));
            json!({ "kind": kind, "metadata": metadata, "spec": spec, "status": status, "endpoints": endpoints })
        };
        let (service, slice, pod) = (object("Service", 0), object("EndpointSlice", 10), object("Pod", 20));
        let input = json!({
            "node": { "id": "n1", "type": "service", "data": { "name": noise(seed), "selector": noise(seed) } },
            "answers": { "service-exists": [[service]], "endpoints-exist": [[service], [slice], [pod]] },
        });
        let answered = Patient::new(CHECKS, FIXES, &input).answered(&json!({ "selector-fix": {} }));
        for check in ["service-exists", "endpoints-exist"] {
            prop_assert!(answered["queries"][check].get("ok").is_some(), "{answered}");
            prop_assert!(answered["diagnose"][check].get("ok").is_some(), "{answered}");
        }
        prop_assert!(answered["propose"]["selector-fix"].get("internal").is_none(), "{answered}");
    }
}
