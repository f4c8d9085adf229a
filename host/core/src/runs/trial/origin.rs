//! Which field of a node a part of its object comes from.
//!
//! Nobody but the node's plugin knows, and the host cannot ask it in words: so
//! it has the node rendered with each field changed, and looks what moves.

use futures::FutureExt as _;
use serde_json::{Map, Value};

use super::Trial;
use crate::{
    node_types::Severity,
    parallel::in_order,
    runs::{
        fields::escaped,
        plan::{PARALLEL, Plan, Planned, Prepared, rendered},
    },
    variations::others,
};

/// Fields of a node that are tried.
const MOST: usize = 64;

impl Trial<'_> {
    /// The field (RFC 6901, into the node's data) that says what is at a place
    /// of an object. `None` if there is none, or more than one.
    pub(super) async fn origin(&self, plan: &Plan, object: &Planned, at: &str) -> Option<String> {
        let node = plan.nodes.iter().find(|it| it.node.id == object.node)?;
        let data: Map<String, Value> = serde_json::from_str(&node.node.data).ok()?;
        let at = nearest(&object.body, at);
        let mut calls = Vec::new();
        for (key, value) in data.iter().filter(|(key, _)| !key.starts_with('_')).take(MOST) {
            let (data, key) = (&data, key.as_str());
            let call = async move {
                self.moves(node, data, (key, value), (object, at)).await.then_some(key)
            };
            calls.push(call.boxed());
        }
        let mut found = in_order(calls, PARALLEL).await.into_iter().flatten();
        let only = found.next().filter(|_| found.next().is_none())?;
        Some(format!("/{}", escaped(only)))
    }

    /// Whether what is at a place becomes something else with a field.
    async fn moves(
        &self,
        node: &Prepared,
        data: &Map<String, Value>,
        (key, value): (&str, &Value),
        (object, at): (&Planned, &str),
    ) -> bool {
        // What is left out may have the same value by default.
        for other in others(value).into_iter().map(Some).chain([None]) {
            let mut changed = data.clone();
            match other {
                Some(other) => changed.insert(key.to_owned(), other),
                None => changed.remove(key),
            };
            let mut node = node.clone();
            node.node.data = Value::Object(changed).to_string();
            let Ok((objects, findings)) = rendered(&node, self.catalogue, self.target).await else {
                continue;
            };
            if findings.iter().any(|it| it.severity >= Severity::Error) {
                continue;
            }
            if let Some(after) = objects.iter().find(|it| it.local_id == object.local_id) {
                return after.body.pointer(at) != object.body.pointer(at);
            }
        }
        false
    }
}

/// The place itself, or the one around it that is there.
fn nearest<'p>(object: &Value, at: &'p str) -> &'p str {
    let mut at = at;
    while object.pointer(at).is_none() {
        let Some((around, _)) = at.rsplit_once('/') else { return "" };
        at = around;
    }
    at
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_missing_is_looked_for_around_it() {
        let object = json!({"spec": {"a": {"b": [1]}}});
        for (at, expected) in [
            ("/spec/a/b/0", "/spec/a/b/0"),
            ("/spec/a/b/7", "/spec/a/b"),
            ("/spec/x/y", "/spec"),
            ("/status/x", ""),
            ("odd", ""),
        ] {
            assert_eq!(nearest(&object, at), expected, "{at}");
        }
    }
}
