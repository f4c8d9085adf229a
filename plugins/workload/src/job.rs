//! What Jobs and the Jobs of a `CronJob` have in common.

use bowsprit_plugin_sdk::shape::{self, Form, MOST, Member, Shape};
use bowsprit_plugin_sdk::{Fields, Invalid, Object, Report, rules};

use crate::PodTemplate;

/// Kinds of neighbours to which an edge means something.
pub const MEANINGFUL: [&str; 4] = ["ConfigMap", "NetworkPolicy", "PersistentVolumeClaim", "Secret"];

/// A number of at least one.
const POSITIVE: Shape = Shape::Whole(1, MOST);
/// A number that may be zero.
const COUNT: Shape = Shape::Whole(0, MOST);

/// Members of a Job's `spec` beside its pods.
const MEMBERS: &[Member] = &[
    ("activeDeadlineSeconds", POSITIVE),
    ("backoffLimit", COUNT),
    ("backoffLimitPerIndex", COUNT),
    ("completionMode", Shape::Choice(&["NonIndexed", "Indexed"])),
    ("completions", POSITIVE),
    ("maxFailedIndexes", COUNT),
    ("parallelism", POSITIVE),
    ("podFailurePolicy", Shape::One(&FAILURE_POLICY)),
    ("podReplacementPolicy", Shape::Choice(&["TerminatingOrFailed", "Failed"])),
    ("ttlSecondsAfterFinished", COUNT),
];

/// The `spec` of a Job whose pods restart by `policy` unless the data says
/// otherwise. Zeros are kept.
pub fn spec<'a>(
    fields: &Fields<'a, '_>,
    pod: PodTemplate<'a>,
    policy: &'static str,
    report: &mut Report,
) -> Object<'a> {
    let given = report.optional(fields.choice("restartPolicy", &["Never", "OnFailure"]));
    let policy = given.unwrap_or(policy);
    let mut spec = Object::new();
    shape::copy(fields, MEMBERS, &mut spec, report);
    check(fields, policy, report);
    note_sidecars(fields, report);
    spec.with("template", pod.with("restartPolicy", policy).template)
}

/// `suspend`, which a `CronJob` has for itself.
pub fn suspend<'a>(fields: &Fields<'a, '_>, spec: Object<'a>, report: &mut Report) -> Object<'a> {
    match report.optional(fields.flag("suspend")) {
        Some(true) => spec.with("suspend", true),
        _ => spec,
    }
}

/// Source: `batch/validation.ValidateJobSpec`.
fn check(fields: &Fields<'_, '_>, policy: &str, report: &mut Report) {
    let mut fault = |name: &str, problem: &str, message: &str, hint: &str| {
        let invalid = Invalid::new(&fields.place().field(name), problem, message).suggest(hint);
        report.required::<()>(Err(invalid));
    };
    let is_indexed = fields.text("completionMode").ok().flatten().is_some_and(|it| it == "Indexed");
    if is_indexed && !fields.has("completions") {
        let message = "An indexed Job needs to know how many completions there are.";
        fault("completions", "missing", message, "Fill in `completions`.");
    }
    for name in ["backoffLimitPerIndex", "maxFailedIndexes"] {
        if fields.has(name) && !is_indexed {
            let message = format!("`{name}` is for indexed Jobs.");
            fault(name, "indexed", &message, "Choose the completion mode `Indexed`.");
        }
    }
    if fields.has("podFailurePolicy") && policy != "Never" {
        let message = "With a failure policy pods must not restart.";
        fault("restartPolicy", "failure-policy", message, "Choose `Never`.");
    }
}

/// A container that never ends keeps a Job from ending.
fn note_sidecars(fields: &Fields<'_, '_>, report: &mut Report) {
    if fields.list("sidecars").is_ok_and(|mut it| it.next().is_some()) {
        report
            .warning("sidecars.endless", "The Job ends only when its sidecars end by themselves.")
            .at("/sidecars")
            .suggest("Put them into `initContainers` with the restart policy `Always`.");
    }
}

static FAILURE_POLICY: Form =
    Form::new(&[("rules", Shape::Many(&FAILURE_RULE))]).required(&["rules"]);

static FAILURE_RULE: Form = Form::new(&[
    ("action", Shape::Choice(&["FailJob", "FailIndex", "Ignore", "Count"])),
    ("onExitCodes", Shape::One(&EXIT_CODES)),
    ("onPodConditions", Shape::Many(&POD_CONDITION)),
])
.required(&["action"])
.one_of(&["onExitCodes", "onPodConditions"]);

static EXIT_CODES: Form = Form::new(&[
    ("containerName", Shape::Text(rules::dns_label)),
    ("operator", Shape::Choice(&["In", "NotIn"])),
    ("values", Shape::Wholes(0, 255)),
])
.required(&["operator", "values"]);

static POD_CONDITION: Form = Form::new(&[
    ("status", Shape::Choice(&["True", "False", "Unknown"])),
    ("type", Shape::Text(rules::label_key)),
])
.required(&["type"]);
