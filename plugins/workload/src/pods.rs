//! What is wrong with a workload's pods.

use bowsprit_plugin_sdk::status::sentence;
use bowsprit_plugin_sdk::{Object, Report, quoted};

/// A trouble that one or more pods have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The cluster's word for it: `CrashLoopBackOff`.
    pub reason: String,
    /// One sentence about the first pod that has it.
    pub message: String,
    /// How many pods have it.
    pub pods: usize,
    /// Whether it keeps the pod from running; else it is only worth knowing.
    pub is_blocking: bool,
    class: Class,
}

/// Kinds of trouble, the one that explains most first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Image,
    Config,
    Memory,
    Crash,
    Schedule,
    Evicted,
    Other,
}

impl Class {
    fn of_reason(reason: &str) -> Self {
        match reason {
            "ErrImagePull"
            | "ImagePullBackOff"
            | "InvalidImageName"
            | "ErrImageNeverPull"
            | "RegistryUnavailable"
            | "ImageInspectError" => Self::Image,
            "CreateContainerConfigError" | "CreateContainerError" => Self::Config,
            "OOMKilled" => Self::Memory,
            "CrashLoopBackOff" | "RunContainerError" | "StartError" | "Error" => Self::Crash,
            "Unschedulable" => Self::Schedule,
            "Evicted" => Self::Evicted,
            _ => Self::Other,
        }
    }

    /// Code, pointer and suggestion of its finding.
    fn finding(self) -> (&'static str, Option<&'static str>, &'static str) {
        match self {
            Self::Image => (
                "pod.image-pull",
                Some("/image"),
                "Check the image's name and tag, and that its registry lets the cluster in.",
            ),
            Self::Config => (
                "pod.config",
                Some("/volumeMounts"),
                "Check that the ConfigMaps and Secrets it uses exist and hold the keys.",
            ),
            Self::Memory => (
                "pod.out-of-memory",
                Some("/resources"),
                "Raise the memory limit, or let the program use less.",
            ),
            Self::Crash => (
                "pod.crash-loop",
                None,
                "Read the container's log, and check command, variables and probes.",
            ),
            Self::Schedule => (
                "pod.unschedulable",
                Some("/resources"),
                "Ask for less, or give the cluster a machine that fits.",
            ),
            Self::Evicted => ("pod.evicted", Some("/resources"), "Ask for what the pod needs."),
            Self::Other => ("pod.waiting", None, "Look at the pod's events."),
        }
    }
}

/// Problems of the pods among `objects`, most telling first. Pods that are
/// being deleted do not count.
pub fn problems(objects: &[Object<'_>]) -> Vec<Problem> {
    let mut all: Vec<Problem> = Vec::new();
    for pod in objects.iter().filter(|it| it.text_at(&["kind"]) == "Pod") {
        if pod.path(&["metadata", "deletionTimestamp"]).is_some() {
            continue;
        }
        let Some(problem) = pod_problem(pod) else { continue };
        let same = |it: &&mut Problem| it.reason == problem.reason && it.class == problem.class;
        match all.iter_mut().find(same) {
            Some(known) => known.pods = known.pods.saturating_add(1),
            None => {
                // Behind those that are as telling.
                let rank = |it: &Problem| (!it.is_blocking, it.class);
                let place = all.iter().position(|it| rank(it) > rank(&problem));
                all.insert(place.unwrap_or(all.len()), problem);
            }
        }
    }
    all
}

/// Adds a finding for each problem.
pub fn report(problems: &[Problem], report: &mut Report) {
    for problem in problems {
        let (code, pointer, suggestion) = problem.class.finding();
        let others = problem.pods.saturating_sub(1);
        let message = match others {
            0 => problem.message.clone(),
            1 => format!("{} One more pod has the same problem.", problem.message),
            more => format!("{} {more} more pods have the same problem.", problem.message),
        };
        let entry = if problem.is_blocking {
            report.error(code, message)
        } else {
            report.warning(code, message)
        };
        let entry = entry.suggest(suggestion);
        if let Some(pointer) = pointer {
            entry.at(pointer);
        }
    }
}

fn pod_problem(pod: &Object<'_>) -> Option<Problem> {
    let name = quoted(pod.text_at(&["metadata", "name"]));
    let phase = pod.text_at(&["status", "phase"]);
    if phase == "Failed" {
        let reason = pod.text_at(&["status", "reason"]);
        // Without a reason of the pod's own, one of its containers has it.
        let ended = container_problem(pod, &name).filter(|_| reason.is_empty());
        if ended.is_some() {
            return ended;
        }
        let reason = if reason.is_empty() { "Failed" } else { reason };
        let why = sentence(pod.text_at(&["status", "message"]));
        return Some(problem(reason, format!("Pod {name} failed: {why}"), true));
    }
    unschedulable(pod, &name).or_else(|| container_problem(pod, &name))
}

fn unschedulable(pod: &Object<'_>, name: &str) -> Option<Problem> {
    let conditions = pod.list_at(&["status", "conditions"]).iter().filter_map(|it| it.as_object());
    let condition = conditions
        .into_iter()
        .find(|it| it.text_at(&["type"]) == "PodScheduled" && it.text_at(&["status"]) == "False")?;
    let reason = condition.text_at(&["reason"]);
    if reason == "SchedulingGated" {
        return None;
    }
    let why = sentence(condition.text_at(&["message"]));
    Some(problem("Unschedulable", format!("No machine takes pod {name}: {why}"), true))
}

fn container_problem(pod: &Object<'_>, name: &str) -> Option<Problem> {
    let lists = ["initContainerStatuses", "containerStatuses"];
    let statuses = lists.into_iter().flat_map(|it| pod.list_at(&["status", it]));
    let problems = statuses.filter_map(|it| status_problem(it.as_object()?, name));
    problems.min_by_key(|it| (!it.is_blocking, it.class))
}

fn status_problem(status: &Object<'_>, pod: &str) -> Option<Problem> {
    let container = quoted(status.text_at(&["name"]));
    let restarts = status.int_at(&["restartCount"]).unwrap_or_default();
    let last = status.text_at(&["lastState", "terminated", "reason"]);
    let waiting = status.text_at(&["state", "waiting", "reason"]);
    let is_waiting = !matches!(waiting, "" | "ContainerCreating" | "PodInitializing");
    if last == "OOMKilled" || status.text_at(&["state", "terminated", "reason"]) == "OOMKilled" {
        let message = format!(
            "Container {container} of pod {pod} ran out of memory and was killed ({restarts} restarts)."
        );
        return Some(problem("OOMKilled", message, is_waiting || !is_ready(status)));
    }
    if is_waiting {
        let why = sentence(status.text_at(&["state", "waiting", "message"]));
        let message =
            format!("Container {container} of pod {pod} does not start ({waiting}): {why}");
        return Some(problem(waiting, message, true));
    }
    let code = status.int_at(&["state", "terminated", "exitCode"]).filter(|it| *it != 0)?;
    let reason = status.text_at(&["state", "terminated", "reason"]);
    let reason = if reason.is_empty() { "Error" } else { reason };
    let message = format!("Container {container} of pod {pod} ended with exit code {code}.");
    Some(problem(reason, message, true))
}

fn is_ready(status: &Object<'_>) -> bool {
    status.path(&["ready"]).and_then(|it| it.as_bool()).unwrap_or_default()
}

fn problem(reason: &str, message: String, is_blocking: bool) -> Problem {
    let class = Class::of_reason(reason);
    Problem { reason: reason.to_owned(), message, pods: 1, is_blocking, class }
}
