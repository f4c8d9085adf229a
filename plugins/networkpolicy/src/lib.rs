//! The `networkpolicy` node type: who may talk to whom.

mod peers;
mod rule;
mod subject;

use bowsprit_plugin_sdk::{
    Context, Descriptor, Direction, Handle, Kind, Manifest, Metadata, Node, NodeType, Object,
    Observation, Order, Report, Seed, State, Status, Watch, connection, edges, handle, kind,
    metadata, quoted, rules, watch,
};

/// A `networking.k8s.io/v1` `NetworkPolicy`.
#[derive(Debug)]
pub struct NetworkPolicy;

impl NodeType for NetworkPolicy {
    const NAME: &'static str = "networkpolicy";

    fn describe() -> Descriptor {
        let rule = |list: &str| Handle {
            per_item: Some(list.into()),
            ..handle("", Direction::Outgoing, &["selects"])
        };
        Descriptor {
            title: "Network Policy",
            description: "Says which pods may talk to which others.",
            category: "core",
            icon: "Shield",
            tags: &["networking", "security", "isolation", "firewall"],
            schema_version: 1,
            schema: include_str!("networkpolicy.schema.json"),
            handles: vec![
                handle("output", Direction::Outgoing, &["selects"]),
                Handle { id: "ingress-".into(), ..rule("/ingressRules") },
                Handle { id: "egress-".into(), ..rule("/egressRules") },
            ],
            connections: vec![connection("selects", &["*"])],
            produces: vec![own_kind()],
        }
    }

    fn defaults<'a>(_seed: &Seed<'a>, data: &mut Object<'a>) {
        data.set("podSelector", Object::new());
        data.set("policyTypes", vec!["Ingress"]);
    }

    fn public_view<'a>(node: &'a Node<'_>) -> Object<'a> {
        metadata::public_view(node, "NetworkPolicy", &[])
    }

    fn render<'a>(
        node: &'a Node<'_>,
        context: &'a Context<'_>,
        report: &mut Report,
    ) -> Vec<Manifest<'a>> {
        let metadata = Metadata::read(node, context, rules::dns_subdomain, report);
        edges::note_meaningless(context, &edges::WORKLOADS, report);
        let types = policy_types(node, report);
        let surroundings = peers::Surroundings::new(node, context);
        let mut spec = Object::new()
            .with("podSelector", subject::read(node, context, report))
            .with("policyTypes", types.clone());
        for way in [&rule::INGRESS, &rule::EGRESS] {
            let rules = rule::read(way, &node.fields(), &surroundings, report);
            if types.contains(&way.name) {
                spec = spec.with_filled(way.member, rules);
            } else if !rules.is_empty() {
                note_ignored(way, report);
            }
        }
        if types.contains(&"Egress") {
            rule::note_no_names(&spec, report);
        }
        // In force before the first pod starts, not after.
        let manifest = Manifest::new("policy", &own_kind(), metadata.object())
            .with("spec", spec)
            .order(Order::Configuration);
        vec![manifest]
    }

    fn observe(node: &Node<'_>, _context: &Context<'_>) -> Vec<Watch> {
        vec![watch(own_kind(), node.own_namespace().map(Into::into), node.name())]
    }

    fn status(_node: &Node<'_>, observation: &Observation<'_>, _report: &mut Report) -> Status {
        let object = match observation.main_object("NetworkPolicy") {
            Ok((object, _)) => object,
            Err(status) => return *status,
        };
        if object.path(&["metadata", "deletionTimestamp"]).is_some() {
            let message = "It is being deleted.";
            return Status::new(State::Progressing, "Terminating", message, "active");
        }
        let count = |list| object.list_at(&["spec", list]).len();
        let rules = count("ingress").saturating_add(count("egress"));
        let message = match rules {
            0 => "It lets nothing through, if the cluster's network enforces policies.".to_owned(),
            1 => "It has one rule, in force if the cluster's network enforces policies.".to_owned(),
            _ => {
                format!(
                    "It has {rules} rules, in force if the cluster's network enforces policies."
                )
            }
        };
        Status::new(State::Healthy, "Active", message, "active")
    }
}

fn own_kind() -> Kind {
    kind("networking.k8s.io", "v1", "NetworkPolicy")
}

/// `policyTypes`; those that have rules when the field is absent.
fn policy_types(node: &Node<'_>, report: &mut Report) -> Vec<&'static str> {
    let fields = node.fields();
    let mut types: Vec<&'static str> = Vec::new();
    let given = report.required(fields.texts("policyTypes")).unwrap_or_default();
    for (index, word) in given.iter().enumerate() {
        match ["Ingress", "Egress"].into_iter().find(|it| *it == word.trim()) {
            Some(known) if !types.contains(&known) => types.push(known),
            Some(_) => {}
            None => {
                let message = format!("{} is not a direction.", quoted(word));
                report
                    .error("policyTypes.invalid", message)
                    .at(format!("/policyTypes/{index}"))
                    .suggest("Choose `Ingress`, `Egress` or both.");
            }
        }
    }
    if !fields.has("policyTypes") {
        types.push("Ingress");
        if !node.data.list_at(&["egressRules"]).is_empty() {
            types.push("Egress");
        }
    } else if given.is_empty() {
        report
            .error("policyTypes.missing", "Nothing says which direction it is about.")
            .at("/policyTypes")
            .suggest("Choose `Ingress`, `Egress` or both.");
    }
    types
}

fn note_ignored(way: &rule::Way, report: &mut Report) {
    let message = format!("`{}` is left out: the policy is not about {}.", way.field, way.name);
    report
        .warning(&format!("{}.unused", way.field), message)
        .at(format!("/{}", way.field))
        .suggest(format!("Add `{}` to `policyTypes`, or remove the rules.", way.name));
}

bowsprit_plugin_sdk::export_node_types!(NetworkPolicy);

#[cfg(test)]
mod tests;
