//! The `service` node type: one address for a workload's pods.

mod ports;
mod target;

use bowsprit_plugin_sdk::shape::{self, Member, Shape};
use bowsprit_plugin_sdk::{
    Context, Descriptor, Direction, Fields, Json, Kind, Manifest, Metadata, Node, NodeType, Object,
    Observation, Order, Report, Seed, State, Status, Watch, connection, edges, handle, kind,
    metadata, normalize, quoted, rules, watch,
};

/// Kinds of Services.
const TYPES: [&str; 4] = ["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"];

/// How long a client stays with its pod unless the data says otherwise.
///
/// Source: `core/v1.DefaultClientIPServiceAffinitySeconds`.
const AFFINITY_SECONDS: i64 = 10_800;

/// Kinds of neighbours to which an edge means something.
const MEANINGFUL: [&str; 4] = ["DaemonSet", "Deployment", "Ingress", "StatefulSet"];

/// Members of every Service with an address in the cluster.
const MEMBERS: &[Member] = &[
    ("externalIPs", Shape::Texts(rules::address)),
    ("ipFamilies", Shape::Texts(rules::anything)),
    ("trafficDistribution", Shape::Text(rules::label_value)),
];

/// Members of load balancers alone.
const BALANCER: &[Member] = &[
    ("allocateLoadBalancerNodePorts", Shape::Flag),
    ("healthCheckNodePort", Shape::Whole(1, 65_535)),
];

/// A core `v1` Service.
#[derive(Debug)]
pub struct Service;

impl NodeType for Service {
    const NAME: &'static str = "service";

    fn describe() -> Descriptor {
        Descriptor {
            title: "Service",
            description: "Gives the pods of a workload one stable address.",
            category: "core",
            icon: "Network",
            tags: &["networking", "load-balancer", "service-discovery"],
            schema_version: 1,
            schema: include_str!("service.schema.json"),
            handles: vec![
                handle("input", Direction::Incoming, &["routes"]),
                handle("output", Direction::Outgoing, &["selects"]),
            ],
            connections: vec![connection("selects", &["*"])],
            produces: vec![own_kind()],
        }
    }

    fn defaults<'a>(_seed: &Seed<'a>, data: &mut Object<'a>) {
        data.set("serviceType", "ClusterIP");
        data.set("targetApp", "");
        data.set("port", 80);
    }

    fn normalize(data: &mut Object<'_>, report: &mut Report) {
        let kind = data.get("type").and_then(Json::as_str).unwrap_or_default();
        if TYPES.contains(&kind) {
            normalize::rename(data, "type", "serviceType");
            return;
        }
        // Some drawings repeat the node's own type there.
        if !matches!(kind.trim(), "" | Self::NAME) {
            report
                .info("type.unknown", format!("{} is no type of a Service.", quoted(kind)))
                .at("/type")
                .suggest("Choose one in `serviceType`.");
        }
        data.remove("type");
    }

    fn public_view<'a>(node: &'a Node<'_>) -> Object<'a> {
        metadata::public_view(node, "Service", &["routes"]).with_filled("ports", ports::view(node))
    }

    fn render<'a>(
        node: &'a Node<'_>,
        context: &'a Context<'_>,
        report: &mut Report,
    ) -> Vec<Manifest<'a>> {
        let metadata = Metadata::read(node, context, rules::service_name, report);
        let fields = node.fields();
        edges::note_meaningless(context, &MEANINGFUL, report);
        let kind = report.optional(fields.choice("serviceType", &TYPES)).unwrap_or("ClusterIP");
        let spec = if kind == "ExternalName" {
            external_name(&fields, report)
        } else {
            let target = target::read(node, context, report);
            let ports = ports::read(&fields, target.port, kind, report);
            let spec = cluster_ip(&fields, kind, report)
                .with_filled("ports", ports)
                .with_filled("selector", target.selector)
                .with("type", kind);
            let spec = affinity(&fields, spec, report);
            outside(&fields, kind, spec, report)
        };
        let manifest = Manifest::new("service", &own_kind(), metadata.object());
        vec![manifest.with("spec", spec).order(Order::Routing)]
    }

    fn observe(node: &Node<'_>, _context: &Context<'_>) -> Vec<Watch> {
        vec![watch(own_kind(), node.own_namespace().map(Into::into), node.name())]
    }

    fn status(_node: &Node<'_>, observation: &Observation<'_>, _report: &mut Report) -> Status {
        match observation.main_object("Service") {
            Ok((object, _)) => observed(object),
            Err(status) => *status,
        }
    }
}

fn own_kind() -> Kind {
    kind("", "v1", "Service")
}

/// A name for a host outside the cluster: no pods, no ports.
fn external_name<'a>(fields: &Fields<'a, '_>, report: &mut Report) -> Object<'a> {
    let name = report.required(fields.required_text_by("externalName", rules::dns_subdomain));
    Object::new().with_some("externalName", name).with("type", "ExternalName")
}

/// Addresses inside the cluster.
fn cluster_ip<'a>(fields: &Fields<'a, '_>, kind: &str, report: &mut Report) -> Object<'a> {
    let is_flagged = report.optional(fields.flag("headless")).unwrap_or_default();
    let is_none = report.optional(fields.text("clusterIP")).is_some_and(|it| it == "None");
    let mut spec = Object::new();
    if is_flagged || is_none {
        spec.set("clusterIP", "None");
        if kind != "ClusterIP" {
            report
                .error("headless.type", "Only a Service of type `ClusterIP` can be headless.")
                .at("/headless")
                .suggest("Choose the type `ClusterIP`, or turn `headless` off.");
        }
    }
    if report.optional(fields.flag("publishNotReadyAddresses")).unwrap_or_default() {
        spec.set("publishNotReadyAddresses", true);
    }
    let policies = ["SingleStack", "PreferDualStack", "RequireDualStack"];
    let policy = report.optional(fields.choice("ipFamilyPolicy", &policies));
    let mut spec = spec.with_some("ipFamilyPolicy", policy);
    shape::copy(fields, MEMBERS, &mut spec, report);
    check_families(fields, policy, report);
    spec
}

/// Two versions of IP need a policy that allows two.
///
/// Source: `core/validation.ValidateServiceClusterIPsRelatedFields`.
fn check_families(fields: &Fields<'_, '_>, policy: Option<&str>, report: &mut Report) {
    let families = fields.texts("ipFamilies").unwrap_or_default();
    for (index, family) in families.iter().enumerate() {
        if !matches!(family.trim(), "IPv4" | "IPv6") {
            report
                .error("ipFamilies.invalid", "There are two versions of IP.")
                .at(format!("/ipFamilies/{index}"))
                .suggest("Choose `IPv4`, `IPv6` or both.");
        }
    }
    if families.len() > 1 && matches!(policy, None | Some("SingleStack")) {
        report
            .error("ipFamilies.single", "With one stack there is one version of IP.")
            .at("/ipFamilies")
            .suggest("Choose the policy `PreferDualStack`, or keep one version.");
    }
}

/// Whether a client keeps its pod.
fn affinity<'a>(fields: &Fields<'a, '_>, spec: Object<'a>, report: &mut Report) -> Object<'a> {
    let affinity = report.optional(fields.choice("sessionAffinity", &["None", "ClientIP"]));
    let seconds = report.optional(fields.whole("sessionAffinityTimeout", 1..=86_400));
    let Some(affinity) = affinity else { return spec };
    let spec = spec.with("sessionAffinity", affinity);
    if affinity == "None" {
        return spec;
    }
    let timeout = Object::new().with("timeoutSeconds", seconds.unwrap_or(AFFINITY_SECONDS));
    spec.with("sessionAffinityConfig", Object::new().with("clientIP", timeout))
}

/// How the Service is reached from outside the cluster.
fn outside<'a>(
    fields: &Fields<'a, '_>,
    kind: &str,
    spec: Object<'a>,
    report: &mut Report,
) -> Object<'a> {
    let policy = report.optional(fields.choice("externalTrafficPolicy", &["Cluster", "Local"]));
    let internal = report.optional(fields.choice("internalTrafficPolicy", &["Cluster", "Local"]));
    let ip = report.optional(fields.text_by("loadBalancerIP", rules::address));
    let class = report.optional(fields.text_by("loadBalancerClass", rules::label_key));
    let ranges = report.required(fields.texts_by("loadBalancerSourceRanges", rules::cidr));
    let ranges = ranges.unwrap_or_default();
    let spec = spec.with_some("internalTrafficPolicy", internal);
    let spec = match policy {
        Some(policy) if kind != "ClusterIP" => spec.with("externalTrafficPolicy", policy),
        Some(_) => {
            note_unused("externalTrafficPolicy", report);
            spec
        }
        None => spec,
    };
    if kind == "LoadBalancer" {
        let mut spec = spec;
        shape::copy(fields, BALANCER, &mut spec, report);
        check_health_port(fields, policy, report);
        return spec
            .with_some("loadBalancerClass", class)
            .with_some("loadBalancerIP", ip)
            .with_filled("loadBalancerSourceRanges", ranges);
    }
    for (field, _) in BALANCER.iter().filter(|(field, _)| fields.has(field)) {
        note_unused(field, report);
    }
    for (field, is_set) in [
        ("loadBalancerIP", ip.is_some()),
        ("loadBalancerClass", class.is_some()),
        ("loadBalancerSourceRanges", !ranges.is_empty()),
    ] {
        if is_set {
            note_unused(field, report);
        }
    }
    spec
}

/// Source: `core/validation.validateServiceExternalTrafficPolicy`.
fn check_health_port(fields: &Fields<'_, '_>, policy: Option<&str>, report: &mut Report) {
    if fields.has("healthCheckNodePort") && policy != Some("Local") {
        report
            .error("healthCheckNodePort.policy", "Only a Service with local traffic has that port.")
            .at("/healthCheckNodePort")
            .suggest("Remove it, or set `externalTrafficPolicy` to `Local`.");
    }
}

fn note_unused(field: &'static str, report: &mut Report) {
    let message = format!("`{field}` has no meaning for this type of Service and is left out.");
    report.info(&format!("{field}.unused"), message).at(format!("/{field}"));
}

/// The status of a Service that exists.
fn observed(object: &Object<'_>) -> Status {
    let cluster_ip = object.text_at(&["spec", "clusterIP"]).to_owned();
    let node_port = object.list_at(&["spec", "ports"]).first();
    let node_port = node_port.and_then(|it| it.as_object()?.int_at(&["nodePort"]));
    let ingress = object.list_at(&["status", "loadBalancer", "ingress"]);
    let outside = ingress.iter().filter_map(|it| it.as_object()).find_map(|it| {
        let address = [it.text_at(&["ip"]), it.text_at(&["hostname"])];
        address.into_iter().find(|it| !it.is_empty()).map(str::to_owned)
    });
    let kind = object.text_at(&["spec", "type"]);
    let (state, reason, message, card) = match (kind, &outside) {
        _ if object.path(&["metadata", "deletionTimestamp"]).is_some() => {
            (State::Progressing, "Terminating", "It is being deleted.".to_owned(), "partial")
        }
        ("LoadBalancer", None) => (
            State::Progressing,
            "LoadBalancerPending",
            "It waits for the address of a load balancer.".to_owned(),
            "partial",
        ),
        ("LoadBalancer", Some(address)) => {
            (State::Healthy, "Ready", format!("It is reachable at {address}."), "healthy")
        }
        _ => (State::Healthy, "Ready", "It is in the cluster.".to_owned(), "healthy"),
    };
    let addresses = outside.iter().cloned();
    let inside = Some(cluster_ip.clone()).filter(|it| !matches!(it.as_str(), "" | "None"));
    let mut status = Status::new(state, reason, message, card)
        .card("clusterIP", cluster_ip)
        .card("externalIP", outside.clone().unwrap_or_default());
    if let Some(port) = node_port {
        status = status.card("nodePort", port);
    }
    status.addresses = addresses.chain(inside).collect();
    status
}

bowsprit_plugin_sdk::export_node_types!(Service);

#[cfg(test)]
mod tests;
