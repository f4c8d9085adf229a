//! How an autoscaler is doing.

use bowsprit_plugin_sdk::{Object, Report, State, Status};

/// The status of an autoscaler that exists.
pub(crate) fn status(object: &Object<'_>, report: &mut Report) -> Status {
    let count = |key| object.int_at(&["status", key]).unwrap_or_default();
    let (current, desired) = (count("currentReplicas"), count("desiredReplicas"));
    let (state, reason, message, card) = judge(object, (current, desired), report);
    let bound = |key| object.int_at(&["spec", key]).unwrap_or(1);
    let mut status = Status::new(state, reason, message, card)
        .card("currentReplicas", current)
        .card("desiredReplicas", desired)
        .card("maxReplicas", bound("maxReplicas"))
        .card("minReplicas", bound("minReplicas"));
    status.ready = u32::try_from(current).ok();
    status.desired = u32::try_from(desired).ok();
    status
}

type Told = (State, String, String, &'static str);

fn judge(object: &Object<'_>, (current, desired): (i64, i64), report: &mut Report) -> Told {
    if object.path(&["metadata", "deletionTimestamp"]).is_some() {
        let message = "It is being deleted.".to_owned();
        return (State::Progressing, "Terminating".into(), message, "stable");
    }
    if let Some(condition) = condition(object, "AbleToScale", "False") {
        report
            .error("target", format!("It cannot scale: {}", sentence(condition)))
            .at("/scaleTargetName")
            .suggest("Check that the workload exists and is called like this.");
        return told(State::Degraded, condition, "error");
    }
    if let Some(condition) = condition(object, "ScalingActive", "False") {
        if condition.text_at(&["reason"]) == "ScalingDisabled" {
            let message = "It rests while its workload is scaled to zero.".to_owned();
            return (State::Suspended, "ScalingDisabled".into(), message, "stable");
        }
        report
            .warning("metrics", format!("It has nothing to go by: {}", sentence(condition)))
            .at("/targetCPUUtilization")
            .suggest("Check that the cluster measures pods, and that the pods ask for resources.");
        return told(State::Degraded, condition, "error");
    }
    if current != desired && desired > 0 {
        let message = format!("It goes from {current} to {desired} replicas.");
        return (State::Progressing, "Scaling".into(), message, "scaling");
    }
    if let Some(condition) = condition(object, "ScalingLimited", "True") {
        let reason = condition.text_at(&["reason"]);
        if reason == "TooManyReplicas" {
            let message = format!("It would need more than {desired} replicas, the most allowed.");
            report
                .warning("limited", message.clone())
                .at("/maxReplicas")
                .suggest("Raise `maxReplicas`, or give each pod more.");
            return (State::Degraded, reason.into(), message, "limited");
        }
    }
    let message = format!("It holds {current} replicas.");
    (State::Healthy, "Stable".into(), message, "stable")
}

fn told(state: State, condition: &Object<'_>, card: &'static str) -> Told {
    (state, condition.text_at(&["reason"]).to_owned(), sentence(condition), card)
}

fn sentence(condition: &Object<'_>) -> String {
    bowsprit_plugin_sdk::status::sentence(condition.text_at(&["message"]))
}

fn condition<'o, 'a>(object: &'o Object<'a>, kind: &str, status: &str) -> Option<&'o Object<'a>> {
    let conditions = object.list_at(&["status", "conditions"]);
    let mut conditions = conditions.iter().filter_map(|it| it.as_object());
    conditions.find(|it| it.text_at(&["type"]) == kind && it.text_at(&["status"]) == status)
}
