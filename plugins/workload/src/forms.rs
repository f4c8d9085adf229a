//! Parts of a pod that are taken over in the shape the API gives them.
//!
//! Each form names the members and rules of `core/v1`, so that a misspelled
//! field is told at its place instead of by the API server.

pub(crate) mod checks;
pub(crate) mod container;
pub(crate) mod scheduling;
pub(crate) mod security;
pub(crate) mod volume;

use bowsprit_plugin_sdk::rules;
use bowsprit_plugin_sdk::shape::{Form, MOST, Member, Shape};

/// Any text.
pub(crate) const TEXT: Shape = Shape::Text(rules::anything);
/// A number of seconds or times, zero included.
pub(crate) const COUNT: Shape = Shape::Whole(0, MOST);
/// A number of at least one.
pub(crate) const POSITIVE: Shape = Shape::Whole(1, MOST);
/// The name of an object.
pub(crate) const NAME: Shape = Shape::Text(rules::dns_subdomain);

/// Members of the pod itself that have a form or rule of their own.
pub(crate) const POD: &[Member] = &[
    ("affinity", Shape::One(&scheduling::AFFINITY)),
    ("automountServiceAccountToken", Shape::Flag),
    ("dnsConfig", Shape::One(&DNS_CONFIG)),
    ("dnsPolicy", Shape::Choice(&["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"])),
    ("enableServiceLinks", Shape::Flag),
    ("hostAliases", Shape::Many(&HOST_ALIAS)),
    ("hostIPC", Shape::Flag),
    ("hostNetwork", Shape::Flag),
    ("hostPID", Shape::Flag),
    ("hostname", Shape::Text(rules::dns_label)),
    ("preemptionPolicy", Shape::Choice(&["PreemptLowerPriority", "Never"])),
    ("priorityClassName", NAME),
    ("readinessGates", Shape::Many(&READINESS_GATE)),
    ("runtimeClassName", NAME),
    ("schedulerName", TEXT),
    ("serviceAccountName", NAME),
    ("setHostnameAsFQDN", Shape::Flag),
    ("shareProcessNamespace", Shape::Flag),
    ("subdomain", Shape::Text(rules::dns_label)),
    ("terminationGracePeriodSeconds", COUNT),
    ("tolerations", Shape::Many(&scheduling::TOLERATION)),
    ("topologySpreadConstraints", Shape::Many(&scheduling::SPREAD)),
];

static DNS_CONFIG: Form = Form::new(&[
    ("nameservers", Shape::Texts(rules::address)),
    ("options", Shape::Many(&DNS_OPTION)),
    ("searches", Shape::Texts(rules::anything)),
]);

static DNS_OPTION: Form = Form::new(&[("name", TEXT), ("value", TEXT)]).required(&["name"]);

static HOST_ALIAS: Form = Form::new(&[
    ("hostnames", Shape::Texts(rules::dns_subdomain)),
    ("ip", Shape::Text(rules::address)),
])
.required(&["ip"]);

static READINESS_GATE: Form =
    Form::new(&[("conditionType", Shape::Text(rules::label_key))]).required(&["conditionType"]);
