//! Pods, as far as a Service minds.

use std::borrow::Cow;

use bowsprit_plugin_sdk::{Json, Object, RawObject};

/// Whether a pod may still become an endpoint.
pub(crate) fn is_alive(pod: RawObject<'_>) -> bool {
    let is_over = matches!(&*pod.text_at(&["status", "phase"]), "Succeeded" | "Failed");
    !is_over && pod.path(&["metadata", "deletionTimestamp"]).is_none()
}

/// Whether a pod has all of these labels.
pub(crate) fn has_labels(pod: RawObject<'_>, selector: &[(&str, &str)]) -> bool {
    selector.iter().all(|(key, value)| label(pod, key).is_some_and(|it| it == *value))
}

/// A label of a pod.
pub(crate) fn label<'p>(pod: RawObject<'p>, key: &str) -> Option<Cow<'p, str>> {
    match pod.path(&["metadata", "labels", key]) {
        Some(Json::Text(text)) => Some(text),
        _ => None,
    }
}

/// Whether a pod is ready.
pub(crate) fn is_ready(pod: &Object<'_>) -> bool {
    condition(pod).is_some_and(|it| it.text_at(&["status"]) == "True")
}

/// Why a pod is not ready: what a container waits for, else the condition's
/// reason, else the phase.
pub(crate) fn reason<'p>(pod: &'p Object<'_>) -> &'p str {
    let containers = pod.list_at(&["status", "initContainerStatuses"]).iter();
    let mut containers = containers.chain(pod.list_at(&["status", "containerStatuses"]));
    let waits =
        containers.find_map(|it| match it.as_object()?.text_at(&["state", "waiting", "reason"]) {
            "" | "PodInitializing" => None,
            reason => Some(reason),
        });
    let told = condition(pod).map(|it| it.text_at(&["reason"])).filter(|it| !it.is_empty());
    let phase = match pod.text_at(&["status", "phase"]) {
        "" => "Pending",
        phase => phase,
    };
    waits.or(told).unwrap_or(phase)
}

fn condition<'p, 'a>(pod: &'p Object<'a>) -> Option<&'p Object<'a>> {
    let conditions = pod.list_at(&["status", "conditions"]).iter();
    conditions.filter_map(Json::as_object).find(|it| it.text_at(&["type"]) == "Ready")
}
