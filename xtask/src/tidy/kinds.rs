//! The host must not know what a Deployment is: plugins do.
//!
//! Code and literals under `host/` are searched for the names of resource
//! kinds; comments and tests may name them.

use super::Finding;
use super::source::{Keep, Source};

/// Words that mean a resource kind wherever they stand.
const KINDS: [&str; 15] = [
    "ConfigMap",
    "CronJob",
    "CustomResourceDefinition",
    "DaemonSet",
    "Deployment",
    "EndpointSlice",
    "HorizontalPodAutoscaler",
    "Ingress",
    "NetworkPolicy",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "PodDisruptionBudget",
    "ReplicaSet",
    "StatefulSet",
    "StorageClass",
];

/// Words that also mean other things; they count as a literal (`"Pod"`) or as
/// a type of the Kubernetes library.
const AMBIGUOUS: [&str; 8] =
    ["Event", "Job", "Lease", "Namespace", "Node", "Pod", "Secret", "Service"];

/// Where a kind may be named after all: a path's beginning, the kinds, why.
const EXCEPTIONS: [(&str, &[&str], &str); 9] = [
    (
        "host/core/src/node_types.rs",
        &["Event", "Pod", "Secret"],
        "what workloads run as, what is said of them, and what must be masked whoever made it",
    ),
    (
        "host/core/src/drafts/export/objects.rs",
        &["Namespace"],
        "an export has the namespaces that a run would create",
    ),
    ("host/core/src/runs/vault.rs", &["Secret"], "values are injected into its `data` only"),
    ("host/cluster/src/", &["Namespace"], "a run creates the namespace it applies to"),
    ("host/cluster/src/", &["Pod", "Event"], "logs, exec and events are mechanics of every pod"),
    ("host/cluster/src/", &["Node"], "metrics and taints of a cluster's nodes"),
    ("host/cluster/src/", &["Secret"], "what a user types at a run is injected, never planned"),
    ("host/cluster/src/", &["CustomResourceDefinition"], "new kinds invalidate the discovery"),
    ("host/cluster/src/", &["Lease"], "one replica at a time watches a cluster"),
];

/// The kinds a file names without an exception.
pub(super) fn named(source: &Source) -> Vec<Finding> {
    if !source.is_rust() || source.is_test() || !source.path.starts_with("host") {
        return Vec::new();
    }
    let text = source.blanked(Keep::CodeAndStrings);
    let text = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let mut findings = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for kind in kinds_in(line).filter(|kind| !is_excepted(source, kind)) {
            let message = format!("names the kind `{kind}`; only plugins know kinds");
            findings.push(source.finding(number + 1, message));
        }
    }
    findings
}

fn kinds_in(line: &str) -> impl Iterator<Item = &'static str> {
    let words: Vec<&str> = line.split(|it: char| !(it.is_alphanumeric() || it == '_')).collect();
    let plain = KINDS.into_iter().filter({
        let words = words.clone();
        move |kind| words.iter().any(|word| word.eq_ignore_ascii_case(kind))
    });
    let library = line.contains("k8s_openapi");
    let ambiguous = AMBIGUOUS.into_iter().filter(move |kind| {
        line.contains(&format!("\"{kind}\"")) || (library && words.contains(kind))
    });
    plain.chain(ambiguous)
}

fn is_excepted(source: &Source, kind: &str) -> bool {
    EXCEPTIONS.iter().any(|(path, kinds, _)| source.path.starts_with(path) && kinds.contains(&kind))
}
