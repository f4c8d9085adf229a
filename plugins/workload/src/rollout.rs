//! How far a workload is on its way to what is wanted.

use bowsprit_plugin_sdk::status::sentence;
use bowsprit_plugin_sdk::{Object, Report, State, Status};

use crate::pods::{self, Problem};

/// The counters and conditions of a workload, whatever its kind.
#[derive(Debug, Clone, Default)]
pub struct Rollout {
    /// Replicas that are wanted.
    pub desired: i64,
    /// Replicas that are ready.
    pub ready: i64,
    /// The controller has not seen the latest change yet.
    pub is_stale: bool,
    /// All replicas are of the latest version and no older ones are left.
    pub is_current: bool,
    /// The object is being deleted.
    pub is_terminating: bool,
    /// Why the controller cannot go on: reason and message.
    pub blocked: Option<(String, String)>,
    /// What the card calls `ready` and `desired`.
    pub card: [&'static str; 2],
    /// What is counted: `replicas`.
    pub unit: &'static str,
}

impl Rollout {
    /// Reads what all workloads have in common; `is_current` is left to the
    /// kind.
    pub fn read(object: &Object<'_>) -> Self {
        let generation = object.int_at(&["metadata", "generation"]);
        let observed = object.int_at(&["status", "observedGeneration"]);
        Self {
            desired: object.int_at(&["spec", "replicas"]).unwrap_or(1),
            ready: object.int_at(&["status", "readyReplicas"]).unwrap_or_default(),
            is_stale: observed < generation,
            is_current: false,
            is_terminating: object.path(&["metadata", "deletionTimestamp"]).is_some(),
            blocked: blocked(object),
            card: ["readyReplicas", "replicas"],
            unit: "replicas",
        }
    }

    /// The status this adds up to, with findings for the pods' problems.
    pub fn status(&self, objects: &[Object<'_>], report: &mut Report) -> Status {
        let problems = pods::problems(objects);
        pods::report(&problems, report);
        if let Some((reason, message)) = &self.blocked {
            report.error(code_of(reason), message.clone());
        }
        let (state, reason, message) = self.judge(&problems);
        let card = match state {
            State::Healthy => "healthy",
            State::Failed => "error",
            _ => "partial",
        };
        let [ready, desired] = self.card;
        let mut status = Status::new(state, reason, message, card)
            .card(ready, self.ready)
            .card(desired, self.desired);
        status.ready = u32::try_from(self.ready).ok();
        status.desired = u32::try_from(self.desired).ok();
        status
    }

    /// Whether everything that is wanted is there and ready.
    pub fn is_complete(&self) -> bool {
        self.is_current && self.ready >= self.desired
    }

    fn judge(&self, problems: &[Problem]) -> (State, String, String) {
        let (ready, desired) = (self.ready, self.desired);
        let count = format!("{ready} of {desired} {} are ready.", self.unit);
        if self.is_terminating {
            return told(State::Progressing, "Terminating", "It is being deleted.");
        }
        if self.is_stale {
            return told(State::Progressing, "Pending", "The cluster has not begun with it yet.");
        }
        if self.is_complete() && desired == 0 {
            return told(State::Healthy, "ScaledToZero", "It is scaled to zero.");
        }
        if self.is_complete() {
            return (State::Healthy, "Available".into(), count);
        }
        let blocking = problems.iter().find(|it| it.is_blocking);
        let trouble = blocking
            .map(|it| (it.reason.clone(), it.message.clone()))
            .or_else(|| self.blocked.clone());
        match trouble {
            Some((reason, message)) if ready > 0 => {
                (State::Degraded, reason, format!("{count} {message}"))
            }
            Some((reason, message)) if desired > 0 => (State::Failed, reason, message),
            _ if desired == 0 => {
                told(State::Progressing, "ScalingDown", "It is being scaled to zero.")
            }
            _ => (State::Progressing, "Progressing".into(), count),
        }
    }
}

fn told(state: State, reason: &str, message: &str) -> (State, String, String) {
    (state, reason.to_owned(), message.to_owned())
}

/// Conditions by which a controller says that it cannot go on.
fn blocked(object: &Object<'_>) -> Option<(String, String)> {
    let conditions = object.list_at(&["status", "conditions"]);
    conditions.iter().filter_map(|it| it.as_object()).find_map(|condition| {
        let reason = condition.text_at(&["reason"]);
        let is_true = condition.text_at(&["status"]) == "True";
        let stuck = match condition.text_at(&["type"]) {
            "ReplicaFailure" => is_true,
            "Progressing" => reason == "ProgressDeadlineExceeded",
            _ => false,
        };
        let message = sentence(condition.text_at(&["message"]));
        stuck.then(|| (reason.to_owned(), message))
    })
}

fn code_of(reason: &str) -> &'static str {
    match reason {
        "ProgressDeadlineExceeded" => "rollout.deadline",
        _ => "rollout.pods-refused",
    }
}
