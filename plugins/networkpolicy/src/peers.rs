//! Whom a rule is about.

use bowsprit_plugin_sdk::fields::Invalid;
use bowsprit_plugin_sdk::shape::{self, Form, Shape, selector};
use bowsprit_plugin_sdk::{Context, Fields, Json, Neighbour, Node, Object, Report, edges, rules};

/// The label by which every namespace can be selected.
///
/// Source: `core/v1.LabelMetadataName`.
const NAMESPACE_LABEL: &str = "kubernetes.io/metadata.name";

/// Connected workloads, each edge by itself.
pub(crate) fn workloads<'a>(context: &'a Context<'a>) -> impl Iterator<Item = &'a Neighbour<'a>> {
    context.neighbours.iter().filter(|it| edges::WORKLOADS.contains(&it.kind()))
}

/// The labels of a workload's pods.
pub(crate) fn selector_of<'a>(neighbour: &'a Neighbour<'a>) -> Option<&'a Object<'a>> {
    let selector = neighbour.view.get("selector").and_then(Json::as_object)?;
    (!selector.is_empty()).then_some(selector)
}

/// Whether an edge ends at the handle of a rule.
pub(crate) fn is_at_rule(node: &Node<'_>, neighbour: &Neighbour<'_>) -> bool {
    let Some(handle) = neighbour.own_handle else { return false };
    let lists = ["ingressRules", "egressRules"].map(|it| node.data.list_at(&[it]));
    let mut rules = lists.into_iter().flatten().filter_map(|it| it.as_object());
    rules.any(|it| it.text_at(&["id"]) == handle)
}

/// What surrounds the policy.
pub(crate) struct Surroundings<'a> {
    context: &'a Context<'a>,
    namespace: String,
}

impl<'a> Surroundings<'a> {
    /// Around `node`.
    pub(crate) fn new(node: &Node<'_>, context: &'a Context<'_>) -> Self {
        Self { context, namespace: node.namespace(context).into_owned() }
    }

    /// The peers of a rule: those of the list, the connected ones as they are
    /// called now, and workloads connected at the rule that the list lacks.
    pub(crate) fn peers(
        &self,
        rule: &Fields<'a, '_>,
        list: &'static str,
        report: &mut Report,
    ) -> Vec<Object<'a>> {
        let mut peers: Vec<Object<'a>> = Vec::new();
        let mut listed: Vec<&'a str> = Vec::new();
        rule.each(list, report, |peer, report| {
            let id = peer.object().text_at(&["_linkedWorkload"]);
            let linked = workloads(self.context).find(|it| !id.is_empty() && it.id == id);
            match linked {
                Some(linked) => {
                    listed.push(linked.id);
                    peers.extend(self.workload(linked));
                }
                None => peers.extend(self.peer(&peer, report)),
            }
        });
        let handle = rule.object().text_at(&["id"]);
        for neighbour in workloads(self.context) {
            let is_here = neighbour.own_handle == Some(handle) && !handle.is_empty();
            if is_here && !listed.contains(&neighbour.id) {
                listed.push(neighbour.id);
                peers.extend(self.workload(neighbour).filter(|it| !peers.contains(it)));
            }
        }
        peers
    }

    /// A connected workload as a peer.
    fn workload(&self, neighbour: &'a Neighbour<'a>) -> Option<Object<'a>> {
        let labels = selector_of(neighbour)?.clone();
        let peer = Object::new().with("podSelector", Object::new().with("matchLabels", labels));
        let theirs = neighbour.namespace(self.context.namespace);
        if theirs.is_empty() || theirs == self.namespace {
            return Some(peer);
        }
        let labels = Object::new().with(NAMESPACE_LABEL, theirs);
        Some(peer.with("namespaceSelector", Object::new().with("matchLabels", labels)))
    }

    /// A peer of the list. Its `type` says which of its members counts, since
    /// the canvas keeps those of other types; without one, all of them do.
    fn peer(&self, peer: &Fields<'a, '_>, report: &mut Report) -> Option<Object<'a>> {
        let types = ["podSelector", "namespaceSelector", "ipBlock", "podAndNamespace"];
        let kind = report.required(peer.choice("type", &types))?;
        let counts = |member: &str| match kind {
            Some("podAndNamespace") => member != "ipBlock",
            Some(kind) => kind == member,
            None => peer.has(member),
        };
        let mut out = Object::new();
        for member in ["podSelector", "namespaceSelector"] {
            if counts(member) {
                out.set(member, selector::read(peer, member, report));
            }
        }
        if counts("ipBlock") {
            if !out.is_empty() {
                let message = "A range of addresses stands alone.";
                let invalid = Invalid::new(peer.place(), "alternatives", message);
                report.required::<()>(Err(invalid.suggest("Make two peers of it.")));
            }
            let block = shape::object(peer, "ipBlock", &IP_BLOCK, report);
            if block.is_none() {
                let place = peer.place().field("ipBlock");
                report.required::<()>(Err(Invalid::missing(&place)));
            }
            out.set("ipBlock", block?);
        }
        if out.is_empty() {
            let message = "This peer says nothing about whom it means.";
            let invalid = Invalid::new(peer.place(), "empty", message);
            report.required::<()>(Err(invalid.suggest("Choose what it selects, or remove it.")));
            return None;
        }
        Some(out)
    }
}

/// `networking/v1.IPBlock`.
static IP_BLOCK: Form =
    Form::new(&[("cidr", Shape::Text(rules::cidr)), ("except", Shape::Texts(rules::cidr))])
        .required(&["cidr"])
        .check(check_exceptions);

/// Source: `networking/validation.ValidateIPBlock`.
fn check_exceptions(fields: &Fields<'_, '_>, report: &mut Report) {
    let Ok(Some(range)) = fields.text("cidr") else { return };
    let list = fields.place().field("except");
    for (index, except) in fields.texts("except").unwrap_or_default().iter().enumerate() {
        if rules::lies_within(except.trim(), &range) == Some(false) {
            let place = list.item(index);
            let message = format!("`{except}` is no smaller part of `{range}`.");
            let invalid = Invalid::new(&place, "outside", message);
            report.required::<()>(Err(invalid.suggest("Except a range inside the other one.")));
        }
    }
}
