//! What a policy lets through.

use bowsprit_plugin_sdk::fields::Invalid;
use bowsprit_plugin_sdk::{Fields, Json, Object, Report};

use crate::peers::Surroundings;

/// A direction, and what things are called in it.
pub(crate) struct Way {
    /// The policy type.
    pub(crate) name: &'static str,
    /// The field of the drawing.
    pub(crate) field: &'static str,
    /// The member of the API.
    pub(crate) member: &'static str,
    /// The list of peers.
    peers: &'static str,
    /// What a rule without peers and ports does.
    open: &'static str,
}

/// Into the pods.
pub(crate) static INGRESS: Way = Way {
    name: "Ingress",
    field: "ingressRules",
    member: "ingress",
    peers: "from",
    open: "This rule lets everything in.",
};

/// Out of the pods.
pub(crate) static EGRESS: Way = Way {
    name: "Egress",
    field: "egressRules",
    member: "egress",
    peers: "to",
    open: "This rule lets everything out.",
};

/// The rules of a direction.
pub(crate) fn read<'a>(
    way: &Way,
    fields: &Fields<'a, '_>,
    surroundings: &Surroundings<'a>,
    report: &mut Report,
) -> Vec<Object<'a>> {
    let mut rules = Vec::new();
    fields.each(way.field, report, |rule, report| {
        let asked = rule.object().list_at(&[way.peers]).len();
        let peers = surroundings.peers(&rule, way.peers, report);
        if asked > 0 && peers.is_empty() {
            // Without its peers the rule would let everybody through.
            return;
        }
        let mut ports = Vec::new();
        rule.each("ports", report, |item, report| ports.extend(port(&item, report)));
        if peers.is_empty() && ports.is_empty() {
            report
                .warning(&format!("{}.open", way.field), way.open)
                .at(rule.place().pointer())
                .suggest("Say whom or which ports it is about, if that is not meant.");
        }
        rules.push(Object::new().with_filled("ports", ports).with_filled(way.peers, peers));
    });
    rules
}

/// An element of `ports`. A row nobody filled in means every port of its
/// protocol.
fn port<'a>(item: &Fields<'a, '_>, report: &mut Report) -> Option<Object<'a>> {
    let protocol = report.required(item.choice("protocol", &["TCP", "UDP", "SCTP"]))?;
    let port = report.required(item.port_or_name("port"))?;
    let end = report.required(item.port("endPort"))?;
    if let Some(end) = end {
        let start = port.as_ref().and_then(Json::as_int);
        if start.is_none_or(|start| start > i64::from(end)) {
            let place = item.place().field("endPort");
            let message = "A range of ports goes from a number to one that is not smaller.";
            let invalid = Invalid::new(&place, "range", message);
            report.required::<()>(Err(invalid.suggest("Fill in `port` with its first number.")));
        }
    }
    let out = Object::new().with_some("endPort", end).with_some("port", port);
    Some(out.with("protocol", protocol.unwrap_or("TCP")))
}

/// Pods that cannot ask for names reach nothing by name.
pub(crate) fn note_no_names(spec: &Object<'_>, report: &mut Report) {
    const DNS: i64 = 53;
    let lets_names = |rule: &Object<'_>| {
        let ports = rule.list_at(&["ports"]);
        let mut ports = ports.iter().filter_map(|it| it.as_object());
        rule.list_at(&["ports"]).is_empty()
            || ports.any(|it| {
                let start = it.int_at(&["port"]);
                let end = it.int_at(&["endPort"]).or(start);
                let covers = start.is_none_or(|it| it <= DNS) && end.is_none_or(|it| it >= DNS);
                covers && it.get("port").is_none_or(|it| it.as_str().is_none())
            })
    };
    let rules = spec.list_at(&["egress"]).iter().filter_map(|it| it.as_object());
    if !rules.into_iter().any(lets_names) {
        report
            .info("egressRules.names", "The pods cannot ask for names: port 53 is closed to them.")
            .at("/egressRules")
            .suggest("Add a rule for port 53, UDP and TCP, if they reach others by name.");
    }
}
