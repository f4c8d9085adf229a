//! The `ingress` node type: a way in from outside, by host and path.

mod backend;
mod routes;
mod tls;

use bowsprit_plugin_sdk::{
    Context, Descriptor, Direction, Handle, Json, Kind, Manifest, Metadata, Node, NodeType, Object,
    Observation, Order, Report, Seed, State, Status, Watch, connection, edges, handle, kind,
    metadata, normalize, rules, watch,
};

/// Kinds of neighbours to which an edge means something.
const MEANINGFUL: [&str; 2] = ["Secret", "Service"];

/// A `networking.k8s.io/v1` Ingress.
#[derive(Debug)]
pub struct Ingress;

impl NodeType for Ingress {
    const NAME: &'static str = "ingress";

    fn describe() -> Descriptor {
        let path = handle("", Direction::Outgoing, &["routes"]);
        Descriptor {
            title: "Ingress",
            description: "Leads requests from outside to Services, by host and path.",
            category: "networking",
            icon: "Globe",
            tags: &["networking", "http", "routing", "tls"],
            schema_version: 2,
            schema: include_str!("ingress.schema.json"),
            handles: vec![
                handle("main", Direction::Incoming, &["mounts"]),
                Handle { per_item: Some("/paths".into()), at_most: Some(1), ..path },
            ],
            connections: vec![connection("routes", &["*"])],
            produces: vec![own_kind()],
        }
    }

    fn defaults<'a>(seed: &Seed<'a>, data: &mut Object<'a>) {
        let path = Object::new()
            .with("id", format!("path-{}", seed.id))
            .with("path", "/")
            .with("pathType", "Prefix");
        data.set("host", "");
        data.set("paths", vec![path]);
        data.set("ingressClassName", "nginx");
    }

    fn normalize(data: &mut Object<'_>, _report: &mut Report) {
        adopt_single_path(data);
        normalize::rename(data, "ingressClass", "ingressClassName");
    }

    fn public_view<'a>(node: &'a Node<'_>) -> Object<'a> {
        metadata::public_view(node, "Ingress", &[]).with_filled("hosts", routes::hosts(node))
    }

    fn render<'a>(
        node: &'a Node<'_>,
        context: &'a Context<'_>,
        report: &mut Report,
    ) -> Vec<Manifest<'a>> {
        let metadata = Metadata::read(node, context, rules::dns_subdomain, report);
        edges::note_meaningless(context, &MEANINGFUL, report);
        let fields = node.fields();
        let class = report.optional(fields.text_by("ingressClassName", rules::dns_subdomain));
        note_second_class(node, class.is_some(), report);
        let mut backends = backend::Backends::new(node, context);
        let default = backends.default(&fields, report);
        let routes = routes::read(&fields, &mut backends, default.is_some(), report);
        backends.note_unused(report);
        let tls = tls::read(node, context, &routes.hosts, report);
        let spec = Object::new()
            .with_some("defaultBackend", default)
            .with_some("ingressClassName", class)
            .with_filled("rules", routes.rules)
            .with_filled("tls", tls);
        let manifest = Manifest::new("ingress", &own_kind(), metadata.object());
        vec![manifest.with("spec", spec).order(Order::Routing)]
    }

    fn observe(node: &Node<'_>, _context: &Context<'_>) -> Vec<Watch> {
        vec![watch(own_kind(), node.own_namespace().map(Into::into), node.name())]
    }

    fn status(_node: &Node<'_>, observation: &Observation<'_>, _report: &mut Report) -> Status {
        match observation.main_object("Ingress") {
            Ok((object, _)) => observed(object),
            Err(status) => *status,
        }
    }
}

fn own_kind() -> Kind {
    kind("networking.k8s.io", "v1", "Ingress")
}

/// Older drawings have one path, in fields of the node itself.
fn adopt_single_path(data: &mut Object<'_>) {
    let members = ["path", "pathType", "serviceName", "servicePort"];
    let old: Vec<_> =
        members.into_iter().filter_map(|it| data.remove(it).map(|value| (it, value))).collect();
    let has_paths = data.get("paths").is_some_and(|it| !it.elements().is_empty());
    if old.is_empty() || has_paths {
        return;
    }
    let path: Object<'_> = old.into_iter().collect();
    data.set("paths", Json::List(vec![path.into()]));
}

/// Source: `networking/validation.ValidateIngressCreate`.
fn note_second_class(node: &Node<'_>, has_class: bool, report: &mut Report) {
    let annotation = node.data.path(&["annotations", "kubernetes.io/ingress.class"]);
    if has_class && annotation.is_some() {
        report
            .error("ingressClassName.twice", "The class is named by an annotation as well.")
            .at("/annotations/kubernetes.io~1ingress.class")
            .suggest("Remove the annotation.");
    }
}

/// The status of an Ingress that exists.
fn observed(object: &Object<'_>) -> Status {
    let entries = object.list_at(&["status", "loadBalancer", "ingress"]);
    let find = |member: &str| {
        let mut entries = entries.iter().filter_map(|it| it.as_object());
        let found = entries.find_map(|it| it.get(member).and_then(Json::as_str));
        found.unwrap_or_default().to_owned()
    };
    let (ip, host_name) = (find("ip"), find("hostname"));
    let address = if ip.is_empty() { host_name.clone() } else { ip.clone() };
    let rules = object.list_at(&["spec", "rules"]);
    let (state, reason, message, card) =
        if object.path(&["metadata", "deletionTimestamp"]).is_some() {
            (State::Progressing, "Terminating", "It is being deleted.".to_owned(), "pending")
        } else if address.is_empty() {
            let message = waiting(object.text_at(&["spec", "ingressClassName"]));
            (State::Progressing, "AddressPending", message, "pending")
        } else {
            (State::Healthy, "Ready", format!("It is reachable at {address}."), "healthy")
        };
    let count = u32::try_from(rules.len()).unwrap_or(u32::MAX);
    let mut status = Status::new(state, reason, message, card)
        .card("loadBalancerHostname", host_name)
        .card("loadBalancerIP", ip)
        .card("rulesCount", count);
    status.addresses = addresses(object, &address);
    status
}

fn waiting(class: &str) -> String {
    match class {
        "" => "It waits for a controller to give it an address; it names no class.".to_owned(),
        class => format!("It waits for a controller of the class `{class}` to give it an address."),
    }
}

/// URLs of the hosts, and the address behind them.
fn addresses(object: &Object<'_>, address: &str) -> Vec<String> {
    let tls = object.list_at(&["spec", "tls"]).iter().filter_map(|it| it.as_object());
    let secure: Vec<&str> =
        tls.flat_map(|it| it.list_at(&["hosts"])).filter_map(Json::as_str).collect();
    let rules = object.list_at(&["spec", "rules"]).iter().filter_map(|it| it.as_object());
    let hosts = rules.map(|it| it.text_at(&["host"])).filter(|it| !it.is_empty());
    let url = |host: &str| {
        let scheme = if secure.contains(&host) { "https" } else { "http" };
        format!("{scheme}://{host}")
    };
    let address = Some(address.to_owned()).filter(|it| !it.is_empty());
    hosts.map(url).chain(address).collect()
}

bowsprit_plugin_sdk::export_node_types!(Ingress);

#[cfg(test)]
mod tests;
