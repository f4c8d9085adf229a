//! What an autoscaler goes by, and how fast.

use bowsprit_plugin_sdk::shape::selector::LABELS;
use bowsprit_plugin_sdk::shape::{self, Form, MOST, Shape};
use bowsprit_plugin_sdk::{Fields, Invalid, Json, Neighbour, Object, Report, quoted, rules};

/// The longest a decision may be held back: an hour.
///
/// Source: `autoscaling/validation.MaxStabilizationWindowSeconds`.
const LONGEST_WINDOW: i64 = 3_600;

/// Metrics from the two simple fields and from the list `metrics`.
pub(crate) fn read<'a>(
    fields: &Fields<'a, '_>,
    workload: Option<&Neighbour<'_>>,
    report: &mut Report,
) -> Vec<Object<'a>> {
    let mut metrics = Vec::new();
    for (field, resource) in
        [("targetCPUUtilization", "cpu"), ("targetMemoryUtilization", "memory")]
    {
        let Some(percent) = report.optional(fields.whole(field, 1..=MOST)) else { continue };
        note_request(field, resource, workload, report);
        let target = Object::new().with("averageUtilization", percent).with("type", "Utilization");
        let resource = Object::new().with("name", resource).with("target", target);
        metrics.push(Object::new().with("resource", resource).with("type", "Resource"));
    }
    fields.each("metrics", report, |item, report| metrics.push(METRIC.read(&item, report)));
    if metrics.is_empty() && !report.has_errors() {
        report
            .error("targetCPUUtilization.missing", "Nothing says when to add pods.")
            .at("/targetCPUUtilization")
            .suggest("Fill in how busy the pods should be, such as 80.");
    }
    metrics
}

/// A share of what is asked for needs something that is asked for.
fn note_request(
    field: &'static str,
    resource: &str,
    workload: Option<&Neighbour<'_>>,
    report: &mut Report,
) {
    let Some(workload) = workload else { return };
    let requests = workload.view.list_at(&["requests"]);
    if requests.iter().filter_map(Json::as_str).any(|it| it == resource) {
        return;
    }
    let name = quoted(workload.name());
    let message = format!("{name} asks for no `{resource}`, so a share of it cannot be measured.");
    report
        .warning(&format!("{field}.no-request"), message)
        .at(format!("/{field}"))
        .suggest(format!("Fill in `resources.requests.{resource}` of {name}."));
}

/// `behavior`: as the API has it, else from the two simple fields.
pub(crate) fn behavior<'a>(fields: &Fields<'a, '_>, report: &mut Report) -> Object<'a> {
    let mut window = |name| report.optional(fields.whole(name, 0..=LONGEST_WINDOW));
    let (down, up) = (window("scaleDownStabilization"), window("scaleUpStabilization"));
    let mut behavior = shape::object(fields, "behavior", &BEHAVIOR, report).unwrap_or_default();
    let policy = |kind: &'static str, value: i64| {
        Object::new().with("periodSeconds", 15).with("type", kind).with("value", value)
    };
    if let Some(seconds) = down.filter(|_| behavior.get("scaleDown").is_none()) {
        let rules = Object::new()
            .with("policies", vec![policy("Percent", 100)])
            .with("stabilizationWindowSeconds", seconds);
        behavior.set("scaleDown", rules);
    }
    if let Some(seconds) = up.filter(|_| behavior.get("scaleUp").is_none()) {
        let rules = Object::new()
            .with("policies", vec![policy("Percent", 100), policy("Pods", 4)])
            .with("selectPolicy", "Max")
            .with("stabilizationWindowSeconds", seconds);
        behavior.set("scaleUp", rules);
    }
    behavior
}

/// `autoscaling/v2.MetricSpec`.
static METRIC: Form = Form::new(&[
    ("containerResource", Shape::One(&CONTAINER_RESOURCE)),
    ("external", Shape::One(&EXTERNAL)),
    ("object", Shape::One(&OBJECT)),
    ("pods", Shape::One(&PODS)),
    ("resource", Shape::One(&RESOURCE)),
    ("type", Shape::Choice(&["ContainerResource", "External", "Object", "Pods", "Resource"])),
])
.required(&["type"])
.one_of(&["containerResource", "external", "object", "pods", "resource"])
.check(check_metric);

/// The source has to be the one the type names.
fn check_metric(fields: &Fields<'_, '_>, report: &mut Report) {
    let Ok(Some(kind)) = fields.text("type") else { return };
    let mut letters = kind.chars();
    let first = letters.next().map(|it| it.to_ascii_lowercase());
    let member: String = first.into_iter().chain(letters).collect();
    if !fields.has(&member) {
        let place = fields.place().field("type");
        let message = format!("A metric of type {} needs `{member}`.", quoted(&kind));
        report.required::<()>(Err(Invalid::new(&place, "source", message)));
    }
}

static RESOURCE: Form =
    Form::new(&[("name", Shape::Text(rules::label_key)), ("target", Shape::One(&TARGET))])
        .required(&["name", "target"]);

static CONTAINER_RESOURCE: Form = Form::new(&[
    ("container", Shape::Text(rules::dns_label)),
    ("name", Shape::Text(rules::label_key)),
    ("target", Shape::One(&TARGET)),
])
.required(&["container", "name", "target"]);

static PODS: Form =
    Form::new(&[("metric", Shape::One(&IDENTIFIER)), ("target", Shape::One(&TARGET))])
        .required(&["metric", "target"]);

static EXTERNAL: Form =
    Form::new(&[("metric", Shape::One(&IDENTIFIER)), ("target", Shape::One(&TARGET))])
        .required(&["metric", "target"]);

static OBJECT: Form = Form::new(&[
    ("describedObject", Shape::One(&REFERENCE)),
    ("metric", Shape::One(&IDENTIFIER)),
    ("target", Shape::One(&TARGET)),
])
.required(&["describedObject", "metric", "target"]);

static IDENTIFIER: Form =
    Form::new(&[("name", Shape::Text(rules::anything)), ("selector", Shape::One(&LABELS))])
        .required(&["name"]);

static REFERENCE: Form = Form::new(&[
    ("apiVersion", Shape::Text(rules::anything)),
    ("kind", Shape::Text(rules::anything)),
    ("name", Shape::Text(rules::anything)),
])
.required(&["kind", "name"]);

static TARGET: Form = Form::new(&[
    ("averageUtilization", Shape::Whole(1, MOST)),
    ("averageValue", Shape::Text(rules::quantity)),
    ("type", Shape::Choice(&["AverageValue", "Utilization", "Value"])),
    ("value", Shape::Text(rules::quantity)),
])
.required(&["type"])
.one_of(&["averageUtilization", "averageValue", "value"]);

/// `autoscaling/v2.HorizontalPodAutoscalerBehavior`.
static BEHAVIOR: Form = Form::new(&[
    ("scaleDown", Shape::One(&SCALING_RULES)),
    ("scaleUp", Shape::One(&SCALING_RULES)),
]);

static SCALING_RULES: Form = Form::new(&[
    ("policies", Shape::Many(&POLICY)),
    ("selectPolicy", Shape::Choice(&["Max", "Min", "Disabled"])),
    ("stabilizationWindowSeconds", Shape::Whole(0, LONGEST_WINDOW)),
    ("tolerance", Shape::Text(rules::quantity)),
]);

/// Source: `autoscaling/validation.validateScalingPolicy`.
static POLICY: Form = Form::new(&[
    ("periodSeconds", Shape::Whole(1, 1_800)),
    ("type", Shape::Choice(&["Percent", "Pods"])),
    ("value", Shape::Whole(1, MOST)),
])
.required(&["periodSeconds", "type", "value"]);
