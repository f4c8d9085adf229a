//! What was handed to a component, as golden files write it.

use serde_json::{Map, Value, json};

use crate::{
    bindings::v0_1::{diagnostics, node_types as wit, types},
    cases::answers::embedded,
};

pub(crate) fn node(it: &types::Node) -> Value {
    json!({ "id": it.id, "type": it.type_, "data": embedded(&it.data) })
}

pub(crate) fn context(it: &wit::Context) -> Value {
    let schemas = it.schemas.iter().map(|(of, schema)| json!([kind(of), embedded(schema)]));
    let mut all = Map::new();
    all.insert("namespace".into(), it.namespace.clone().into());
    all.insert("neighbours".into(), it.neighbours.iter().map(neighbour).collect());
    all.insert("names".into(), embedded(&it.names));
    all.insert("environment-keys".into(), it.environment_keys.clone().into());
    all.insert("secret-keys".into(), it.secret_keys.clone().into());
    all.insert("pull-secrets".into(), it.pull_secrets.clone().into());
    all.insert("identity-labels".into(), json!(it.identity_labels));
    all.insert("schemas".into(), schemas.collect());
    if let Some(cluster) = &it.cluster {
        all.insert("cluster".into(), embedded(cluster));
    }
    Value::Object(all)
}

fn neighbour(it: &wit::Neighbour) -> Value {
    let direction = match it.direction {
        types::Direction::Incoming => "incoming",
        types::Direction::Outgoing => "outgoing",
    };
    json!({
        "edge": it.edge, "direction": direction, "own-handle": it.own_handle,
        "other-handle": it.other_handle, "id": it.id, "type": it.type_,
        "view": embedded(&it.view),
    })
}

pub(crate) fn kind(it: &types::Kind) -> Value {
    json!({ "group": it.group, "version": it.version, "kind": it.kind })
}

pub(crate) fn answers(all: &[types::Answer]) -> Value {
    let answer = |it: &types::Answer| match it {
        types::Answer::Objects(all) => {
            json!({ "objects": all.iter().map(|it| embedded(it)).collect::<Value>() })
        }
        types::Answer::Forbidden(why) => json!({ "forbidden": why }),
        types::Answer::Unavailable(why) => json!({ "unavailable": why }),
    };
    all.iter().map(answer).collect()
}

/// As far as a plugin remembers by it.
pub(crate) fn status(it: &wit::NodeStatus) -> Value {
    let state = match it.state {
        wit::State::Unknown => "unknown",
        wit::State::Pending => "pending",
        wit::State::Progressing => "progressing",
        wit::State::Healthy => "healthy",
        wit::State::Degraded => "degraded",
        wit::State::Failed => "failed",
        wit::State::Completed => "completed",
        wit::State::Suspended => "suspended",
        wit::State::Deleted => "deleted",
    };
    json!({
        "state": state, "reason": it.reason, "message": it.message, "ready": it.ready,
        "desired": it.desired, "addresses": it.addresses, "card": embedded(&it.card),
        "marks": embedded(&it.marks),
    })
}

pub(crate) fn snapshot(it: &diagnostics::Snapshot) -> Value {
    json!({ "answers": answers(&it.answers), "taken-at": it.taken_at })
}

#[cfg(test)]
mod tests {
    use bowsprit_host_core::node_types::{Context, EdgeDirection, Neighbour, Node};

    use super::*;
    use crate::{cases::Case, convert::inputs};

    #[test]
    fn what_was_sent_can_be_tried_again() {
        let neighbour = Neighbour {
            edge: "e".into(),
            direction: EdgeDirection::Outgoing,
            own_handle: Some("h".into()),
            other_handle: None,
            id: "m".into(),
            type_name: "u".into(),
            view: r#"{"x":1}"#.into(),
        };
        let sent = Context {
            namespace: "ns".into(),
            neighbours: vec![neighbour],
            identity_labels: vec![("a".into(), "b".into())],
            schemas: vec![(bowsprit_host_core::node_types::Kind::pod(), "{}".into())],
            cluster: Some("{}".into()),
            ..Context::default()
        };
        let data = r#"{"a":1}"#.to_owned();
        let asked = Node { id: "n".into(), type_name: "t".into(), data };
        let input = json!({
            "node": node(&inputs::node(&asked)), "context": context(&inputs::context(&sent)),
        });
        let case = Case::read(&input).expect("a case");
        assert_eq!(case.sent(), (&asked, &sent));
    }
}
