//! How a `CronJob` is doing: when it ran last, and how that ended.

use bowsprit_plugin_sdk::{Answer, Object, Observation, Report, State, Status, quoted};
use workload::pods;

/// The status of a `CronJob` that exists.
pub(crate) fn status(
    object: &Object<'_>,
    objects: &[Object<'_>],
    observation: &Observation<'_>,
    report: &mut Report,
) -> Status {
    let active = object.list_at(&["status", "active"]).len();
    let last = object.text_at(&["status", "lastScheduleTime"]).to_owned();
    let success = object.text_at(&["status", "lastSuccessfulTime"]).to_owned();
    let is_suspended = object.path(&["spec", "suspend"]).and_then(|it| it.as_bool());
    let failed = last_failed(observation);
    // Pods that ended tell of runs that are over.
    let running: Vec<_> = objects.iter().filter(|it| !is_over(it)).cloned().collect();
    let problems = pods::problems(&running);
    pods::report(&problems, report);
    let problem = problems.into_iter().find(|it| it.is_blocking);
    let (state, reason, message, card) = if is_suspended == Some(true) {
        (State::Suspended, "Suspended".into(), "It is suspended.".into(), "suspended")
    } else if let Some(problem) = problem {
        (State::Degraded, problem.reason, problem.message, "active")
    } else if let Some(job) = failed {
        let message = format!("Its last run {} failed.", quoted(&job));
        report
            .warning("run.failed", message.clone())
            .suggest("Read the log of the run's pods, and check command and variables.");
        (State::Degraded, "RunFailed".into(), message, "active")
    } else if active > 0 {
        (State::Healthy, "Running".into(), format!("{active} of its Jobs are running."), "active")
    } else if last.is_empty() {
        (State::Healthy, "Scheduled".into(), "It waits for its first time.".into(), "active")
    } else {
        (State::Healthy, "Scheduled".into(), format!("It ran last at {last}."), "active")
    };
    let active = u32::try_from(active).unwrap_or(u32::MAX);
    let mut status = Status::new(state, reason, message, card).card("activeJobs", active);
    for (name, time) in [("lastScheduleTime", last), ("lastSuccessfulTime", success)] {
        if !time.is_empty() {
            status = status.card(name, time);
        }
    }
    status
}

fn is_over(object: &Object<'_>) -> bool {
    matches!(object.text_at(&["status", "phase"]), "Failed" | "Succeeded")
}

/// The Job that started last, if it failed. Times of the API compare as texts.
fn last_failed(observation: &Observation<'_>) -> Option<String> {
    let Some(Answer::Objects(objects)) = observation.answers.get(1) else { return None };
    let jobs = objects.iter().filter(|it| it.text_at(&["kind"]) == "Job");
    let last = jobs.max_by_key(|it| it.text_at(&["status", "startTime"]).to_owned())?;
    let conditions = last.list_at(&["status", "conditions"]).iter().filter_map(|it| it.as_object());
    let mut failures = conditions
        .filter(|it| it.text_at(&["type"]) == "Failed" && it.text_at(&["status"]) == "True");
    failures.next().map(|_| last.text_at(&["metadata", "name"]).to_owned())
}
