//! Whether the Service leads anywhere, and if not, why.

use bowsprit_plugin_sdk::diagnostics::{
    self, Check, CheckDescription, Objects, Query, Snapshot, Verdict,
};
use bowsprit_plugin_sdk::{Json, Node, Object, RawObject, Report, kind, quoted};

use crate::fix::{self, SelectorFix};
use crate::{pods, service};

/// The label by which `EndpointSlices` say whose they are.
///
/// Source: `discovery/v1.LabelServiceName`.
const SERVICE_NAME: &str = "kubernetes.io/service-name";
/// Slices of one Service that are looked at; each holds up to 1000 endpoints.
const MOST_SLICES: u32 = 50;
/// Pods of the namespace that are looked at: what the host allows.
const MOST_PODS: u32 = 500;
/// Pods that are named in one sentence.
const MOST_NAMED: usize = 5;

/// The check `endpoints-exist`. Its answers are the Service, its slices and the
/// namespace's pods.
#[derive(Debug)]
pub(crate) struct EndpointsExist;

impl Check for EndpointsExist {
    const ID: &'static str = "endpoints-exist";

    fn describe() -> CheckDescription {
        CheckDescription {
            title: "The Service has endpoints",
            node_types: &["service"],
            docs: "Counts the ready endpoints behind the Service. Without one every connection to \
                   it fails; the pods tell why there is none.",
        }
    }

    fn queries(node: &Node<'_>) -> Vec<Query> {
        let namespace = service::namespace(node);
        let slices = kind("discovery.k8s.io", "v1", "EndpointSlice");
        let mine = format!("{SERVICE_NAME}={}", node.name());
        vec![
            service::query(node),
            diagnostics::selected(slices, Some(&namespace), &mine, MOST_SLICES),
            diagnostics::all(kind("", "v1", "Pod"), Some(&namespace), MOST_PODS),
        ]
    }

    fn diagnose(_node: &Node<'_>, snapshot: &Snapshot<'_>, report: &mut Report) -> Verdict {
        let (found, slices) = match (snapshot.objects(0), snapshot.objects(1)) {
            (Ok(found), Ok(slices)) => (found, slices),
            (Err(why), _) | (_, Err(why)) => return Verdict::Skipped(why),
        };
        let Some(service) = found.first().map(RawObject::parse) else {
            return Verdict::Skipped("The Service is not in the cluster.".into());
        };
        if service.text_at(&["spec", "type"]) == "ExternalName" {
            let how = "It is a name for a host outside the cluster and needs no endpoints.";
            return Verdict::Passed(how.into());
        }
        match ready_endpoints(slices) {
            0 => {}
            1 => return Verdict::Passed("One endpoint is ready.".into()),
            count => return Verdict::Passed(format!("{count} endpoints are ready.")),
        }
        match snapshot.objects(2) {
            Ok(pods) => explain(&service, pods, report),
            Err(why) => {
                let message = format!("No endpoint is ready. Why cannot be told: {why}");
                report.error("none", message);
            }
        }
        Verdict::Found
    }
}

/// Addresses that get traffic. An endpoint that says nothing about it counts as
/// ready (`discovery/v1.EndpointConditions`).
fn ready_endpoints(slices: Objects<'_>) -> usize {
    let is_ready = |it: &&Object<'_>| {
        let ready = it.path(&["conditions", "ready"]).and_then(Json::as_bool);
        ready.unwrap_or(true)
    };
    let addresses = |slice: RawObject<'_>| -> usize {
        let endpoints = slice.list_at(&["endpoints"]);
        let ready = endpoints.iter().filter_map(Json::as_object).filter(is_ready);
        ready.map(|it| it.list_at(&["addresses"]).len()).sum()
    };
    slices.iter().map(addresses).sum()
}

/// Says why no endpoint is ready.
fn explain(service: &Object<'_>, pods: Objects<'_>, report: &mut Report) {
    let selector = service::selector(service);
    if selector.is_empty() {
        let message = "The Service has no selector, so no pod becomes an endpoint of it.";
        let entry = report.error("selector-empty", message).at("/targetApp");
        entry.suggest("Connect it to a workload.").fixed_by(SelectorFix::NAME);
        return;
    }
    let matched = pods.iter().filter(|it| pods::has_labels(*it, &selector));
    let matched: Vec<_> = matched.filter(|it| pods::is_alive(*it)).map(RawObject::parse).collect();
    if matched.is_empty() {
        let labels: Vec<_> = selector.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let message = format!("No pod has the labels {}.", quoted(&labels.join(",")));
        let suggestion = match fix::choose(service, pods.iter()) {
            Some(app) => {
                format!("There are pods with the label {}.", quoted(&format!("app={app}")))
            }
            None => "Run the workload it is meant for, or correct `targetApp`.".to_owned(),
        };
        let entry = report.error("selector-matches-nothing", message).at("/targetApp");
        entry.suggest(suggestion).fixed_by(SelectorFix::NAME);
        return;
    }
    let count = matched.len();
    let waiting: Vec<_> = matched.iter().filter(|it| !pods::is_ready(it)).collect();
    if waiting.len() < count {
        let message = "Pods are ready, but the cluster has not made endpoints of them.";
        report.warning("pending", message).suggest(
            "Wait some seconds. If it stays, check that `targetPort` is a port of the container.",
        );
        return;
    }
    let named = waiting.iter().take(MOST_NAMED);
    let named =
        named.map(|it| format!("{} ({})", it.text_at(&["metadata", "name"]), pods::reason(it)));
    let mut named: Vec<_> = named.collect();
    if count > MOST_NAMED {
        named.push(format!("{} more", count - MOST_NAMED));
    }
    let message = format!("No pod is ready of {count} that match: {}.", named.join(", "));
    report.error("pods-not-ready", message).suggest("Read the logs and events of these pods.");
}
