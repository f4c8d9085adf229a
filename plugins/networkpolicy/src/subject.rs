//! Which pods a policy is about.
//!
//! Workloads connected at the handle `output` win over the label that the
//! canvas copied when the edge was drawn. A selector of the user's own, which
//! says more than that label, wins over everything.

use bowsprit_plugin_sdk::metadata::APP_LABEL;
use bowsprit_plugin_sdk::shape::selector;
use bowsprit_plugin_sdk::{Context, Json, Node, Object, Report, edges, json};

use crate::peers;

/// The policy's `podSelector`. Empty selects every pod of the namespace.
pub(crate) fn read<'a>(
    node: &'a Node<'_>,
    context: &'a Context<'_>,
    report: &mut Report,
) -> Object<'a> {
    let own = selector::read(&node.fields(), "podSelector", report);
    let mut subjects: Vec<&'a Object<'a>> = Vec::new();
    let namespace = node.namespace(context);
    for neighbour in peers::workloads(context) {
        if peers::is_at_rule(node, neighbour) {
            continue;
        }
        let Some(selector) = peers::selector_of(neighbour) else { continue };
        if !subjects.contains(&selector) {
            edges::check_namespace(neighbour, &namespace, context, "/namespace", report);
            subjects.push(selector);
        }
    }
    if !is_a_copy(&own) {
        return own;
    }
    match subjects.as_slice() {
        [] => own,
        [one] => Object::new().with("matchLabels", (*one).clone()),
        several => all_of(several, report),
    }
}

/// Whether a selector may be what the canvas wrote: nothing, or the one label.
fn is_a_copy(selector: &Object<'_>) -> bool {
    let labels = selector.path(&["matchLabels"]).and_then(Json::as_object);
    let is_label = labels.is_none_or(|it| it.len() == 1 && it.get(APP_LABEL).is_some());
    is_label && selector.get("matchExpressions").is_none()
}

/// One selector for several workloads, which differ in the label `app`.
fn all_of<'a>(subjects: &[&'a Object<'a>], report: &mut Report) -> Object<'a> {
    let mut values: Vec<&'a str> = Vec::new();
    for selector in subjects {
        match selector.get(APP_LABEL).and_then(Json::as_str) {
            Some(value) if selector.len() == 1 => values.push(value),
            _ => {
                report
                    .error("podSelector.several", "One policy cannot cover all of the workloads.")
                    .at("/podSelector")
                    .suggest("Add a policy for each of them.");
            }
        }
    }
    let values = json::sorted(values);
    let requirement = Object::new()
        .with("key", APP_LABEL)
        .with("operator", "In")
        .with("values", Json::List(values));
    Object::new().with("matchExpressions", vec![requirement])
}
