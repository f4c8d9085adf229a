//! Where pods may run.

use bowsprit_plugin_sdk::shape::selector::LABELS;
use bowsprit_plugin_sdk::shape::{Form, MOST, Shape};
use bowsprit_plugin_sdk::{Fields, Invalid, Report, rules};

use super::POSITIVE;

/// `core/v1.Toleration`.
pub(crate) static TOLERATION: Form = Form::new(&[
    ("effect", Shape::Choice(&["NoSchedule", "PreferNoSchedule", "NoExecute"])),
    ("key", Shape::Text(rules::label_key)),
    ("operator", Shape::Choice(&["Exists", "Equal"])),
    ("tolerationSeconds", Shape::Whole(-MOST, MOST)),
    ("value", Shape::Text(rules::label_value)),
])
.check(check_toleration);

/// Source: `core/validation.ValidateTolerations`.
fn check_toleration(fields: &Fields<'_, '_>, report: &mut Report) {
    let text = |name| fields.text(name).ok().flatten().unwrap_or_default();
    let mut fault = |name, problem: &str, message: &str, hint: &str| {
        let invalid = Invalid::new(&fields.place().field(name), problem, message).suggest(hint);
        report.required::<()>(Err(invalid));
    };
    if text("operator") == "Exists" && !text("value").is_empty() {
        fault("value", "operator", "`Exists` takes no value.", "Remove it, or choose `Equal`.");
    }
    if text("key").is_empty() && text("operator") != "Exists" {
        fault("operator", "key", "Without a key only `Exists` works.", "Choose `Exists`.");
    }
    if fields.has("tolerationSeconds") && text("effect") != "NoExecute" {
        let message = "Seconds are for the effect `NoExecute` alone.";
        fault("tolerationSeconds", "effect", message, "Choose `NoExecute`, or remove them.");
    }
}

/// `core/v1.TopologySpreadConstraint`.
pub(crate) static SPREAD: Form = Form::new(&[
    ("labelSelector", Shape::One(&LABELS)),
    ("matchLabelKeys", Shape::Texts(rules::label_key)),
    ("maxSkew", POSITIVE),
    ("minDomains", POSITIVE),
    ("nodeAffinityPolicy", Shape::Choice(&["Honor", "Ignore"])),
    ("nodeTaintsPolicy", Shape::Choice(&["Honor", "Ignore"])),
    ("topologyKey", Shape::Text(rules::label_key)),
    ("whenUnsatisfiable", Shape::Choice(&["DoNotSchedule", "ScheduleAnyway"])),
])
.required(&["maxSkew", "topologyKey", "whenUnsatisfiable"]);

/// `core/v1.Affinity`.
pub(crate) static AFFINITY: Form = Form::new(&[
    ("nodeAffinity", Shape::One(&NODE_AFFINITY)),
    ("podAffinity", Shape::One(&POD_AFFINITY)),
    ("podAntiAffinity", Shape::One(&POD_AFFINITY)),
]);

const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";
const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
/// What a preference weighs.
const WEIGHT: Shape = Shape::Whole(1, 100);

static NODE_AFFINITY: Form = Form::new(&[
    (PREFERRED, Shape::Many(&PREFERRED_NODES)),
    (REQUIRED, Shape::One(&NODE_SELECTOR)),
]);

static PREFERRED_NODES: Form =
    Form::new(&[("preference", Shape::One(&NODE_TERM)), ("weight", WEIGHT)])
        .required(&["preference", "weight"]);

static NODE_SELECTOR: Form =
    Form::new(&[("nodeSelectorTerms", Shape::Many(&NODE_TERM))]).required(&["nodeSelectorTerms"]);

static NODE_TERM: Form = Form::new(&[
    ("matchExpressions", Shape::Many(&NODE_REQUIREMENT)),
    ("matchFields", Shape::Many(&NODE_REQUIREMENT)),
]);

static NODE_REQUIREMENT: Form = Form::new(&[
    ("key", Shape::Text(rules::label_key)),
    ("operator", Shape::Choice(&["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"])),
    ("values", Shape::Texts(rules::label_value)),
])
.required(&["key", "operator"]);

static POD_AFFINITY: Form =
    Form::new(&[(PREFERRED, Shape::Many(&PREFERRED_PODS)), (REQUIRED, Shape::Many(&POD_TERM))]);

static PREFERRED_PODS: Form =
    Form::new(&[("podAffinityTerm", Shape::One(&POD_TERM)), ("weight", WEIGHT)])
        .required(&["podAffinityTerm", "weight"]);

static POD_TERM: Form = Form::new(&[
    ("labelSelector", Shape::One(&LABELS)),
    ("matchLabelKeys", Shape::Texts(rules::label_key)),
    ("mismatchLabelKeys", Shape::Texts(rules::label_key)),
    ("namespaceSelector", Shape::One(&LABELS)),
    ("namespaces", Shape::Texts(rules::dns_label)),
    ("topologyKey", Shape::Text(rules::label_key)),
])
.required(&["topologyKey"]);
