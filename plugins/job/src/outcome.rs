//! How a Job is doing.

use bowsprit_plugin_sdk::status::sentence;
use bowsprit_plugin_sdk::{Object, Report, State, Status};
use workload::pods;

/// The status of a Job that exists.
pub(crate) fn status(object: &Object<'_>, objects: &[Object<'_>], report: &mut Report) -> Status {
    let count = |key| object.int_at(&["status", key]).unwrap_or_default();
    let (active, succeeded, failed) = (count("active"), count("succeeded"), count("failed"));
    let wanted = object.int_at(&["spec", "completions"]).unwrap_or(1);
    let progress = format!("{succeeded} of {wanted} completions are done.");
    let (state, reason, message, card) = match condition(object) {
        _ if object.path(&["metadata", "deletionTimestamp"]).is_some() => {
            told(State::Progressing, "Terminating", "It is being deleted.", "partial")
        }
        Some(("Complete", _)) => (State::Completed, "Completed".into(), progress, "healthy"),
        Some(("Failed", condition)) => {
            note_problems(objects, report);
            let reason = condition.text_at(&["reason"]).to_owned();
            let message = sentence(condition.text_at(&["message"]));
            report
                .error("failed", format!("The Job failed: {message}"))
                .suggest("Read the pods' logs, mend the cause and run the workflow again.");
            (State::Failed, reason, message, "error")
        }
        Some(("Suspended", _)) => {
            told(State::Suspended, "Suspended", "It is suspended.", "pending")
        }
        _ => running(objects, (active, failed), progress, report),
    };
    let mut status = Status::new(state, reason, message, card)
        .card("active", active)
        .card("failed", failed)
        .card("succeeded", succeeded);
    status.ready = u32::try_from(succeeded).ok();
    status.desired = u32::try_from(wanted).ok();
    status
}

type Told = (State, String, String, &'static str);

fn told(state: State, reason: &str, message: &str, card: &'static str) -> Told {
    (state, reason.to_owned(), message.to_owned(), card)
}

fn running(
    objects: &[Object<'_>],
    (active, failed): (i64, i64),
    progress: String,
    report: &mut Report,
) -> Told {
    let problems = note_problems(objects, report);
    if let Some(problem) = problems.into_iter().find(|it| it.is_blocking) {
        return (State::Degraded, problem.reason, problem.message, "partial");
    }
    if failed > 0 {
        let message = format!("{failed} pods failed and it tries again. {progress}");
        return (State::Degraded, "Retrying".into(), message, "partial");
    }
    let reason = if active > 0 { "Running" } else { "Starting" };
    (State::Progressing, reason.into(), progress, "running")
}

/// Tells what is wrong with the pods that matter: all of them.
fn note_problems(objects: &[Object<'_>], report: &mut Report) -> Vec<pods::Problem> {
    let problems = pods::problems(objects);
    pods::report(&problems, report);
    problems
}

/// The condition that says how it ended, or that it waits.
fn condition<'o, 'a>(object: &'o Object<'a>) -> Option<(&'static str, &'o Object<'a>)> {
    let conditions = object.list_at(&["status", "conditions"]);
    ["Complete", "Failed", "Suspended"].into_iter().find_map(|kind| {
        let mut conditions = conditions.iter().filter_map(|it| it.as_object());
        let found = conditions
            .find(|it| it.text_at(&["type"]) == kind && it.text_at(&["status"]) == "True")?;
        Some((kind, found))
    })
}
