//! What is handed to a component.

use bowsprit_host_core::{catalogues, diagnostics, node_types as core};

use crate::bindings::v0_1::{catalogue, diagnostics as wit_diagnostics, node_types as wit, types};

pub(crate) fn node(from: &core::Node) -> types::Node {
    types::Node { id: from.id.clone(), type_: from.type_name.clone(), data: from.data.clone() }
}

pub(crate) fn context(from: &core::Context) -> wit::Context {
    wit::Context {
        namespace: from.namespace.clone(),
        cluster: from.cluster.clone(),
        neighbours: from.neighbours.iter().map(neighbour).collect(),
        names: from.names.as_json().to_owned(),
        environment_keys: from.environment_keys.clone(),
        secret_keys: from.secret_keys.clone(),
        pull_secrets: from.pull_secrets.clone(),
        identity_labels: from.identity_labels.clone(),
        schemas: from.schemas.iter().map(|(of, schema)| (kind(of), schema.to_string())).collect(),
    }
}

fn neighbour(from: &core::Neighbour) -> types::Neighbour {
    types::Neighbour {
        edge: from.edge.clone(),
        direction: match from.direction {
            core::EdgeDirection::Incoming => types::Direction::Incoming,
            core::EdgeDirection::Outgoing => types::Direction::Outgoing,
        },
        own_handle: from.own_handle.clone(),
        other_handle: from.other_handle.clone(),
        id: from.id.clone(),
        type_: from.type_name.clone(),
        view: from.view.clone(),
    }
}

pub(crate) fn kind(from: &core::Kind) -> types::Kind {
    types::Kind {
        group: from.group.clone(),
        version: from.version.clone(),
        kind: from.kind.clone(),
    }
}

pub(crate) fn answer(from: &core::Answer) -> types::Answer {
    match from {
        core::Answer::Objects(all) => {
            types::Answer::Objects(all.iter().map(|it| it.to_string()).collect())
        }
        core::Answer::Forbidden(why) => types::Answer::Forbidden(why.clone()),
        core::Answer::Unavailable(why) => types::Answer::Unavailable(why.clone()),
    }
}

pub(crate) fn status(from: &core::NodeStatus) -> wit::NodeStatus {
    wit::NodeStatus {
        state: match from.state {
            core::State::Unknown => wit::State::Unknown,
            core::State::Pending => wit::State::Pending,
            core::State::Progressing => wit::State::Progressing,
            core::State::Healthy => wit::State::Healthy,
            core::State::Degraded => wit::State::Degraded,
            core::State::Failed => wit::State::Failed,
            core::State::Completed => wit::State::Completed,
            core::State::Suspended => wit::State::Suspended,
            core::State::Deleted => wit::State::Deleted,
        },
        reason: from.reason.clone(),
        message: from.message.clone(),
        ready: from.ready,
        desired: from.desired,
        addresses: from.addresses.clone(),
        findings: from.findings.iter().map(finding).collect(),
        card: from.card.clone(),
        marks: from.marks.clone(),
    }
}

pub(crate) fn finding(from: &core::Finding) -> types::Finding {
    types::Finding {
        code: from.code.clone(),
        severity: match from.severity {
            core::Severity::Info => types::Severity::Info,
            core::Severity::Warning => types::Severity::Warning,
            core::Severity::Error => types::Severity::Error,
            core::Severity::Blocker => types::Severity::Blocker,
        },
        message: from.message.clone(),
        node: from.node.clone(),
        at: from.at.clone(),
        suggestion: from.suggestion.clone(),
        fixes: from.fixes.clone(),
    }
}

pub(crate) fn snapshot(from: &diagnostics::Snapshot) -> wit_diagnostics::Snapshot {
    wit_diagnostics::Snapshot {
        answers: from.answers.iter().map(answer).collect(),
        taken_at: from.taken_at.clone(),
    }
}

pub(crate) fn served(from: &catalogues::Served) -> catalogue::Served {
    catalogue::Served {
        kind: kind(&from.kind),
        plural: from.plural.clone(),
        namespaced: from.namespaced,
        schema: from.schema.clone(),
        columns: from.columns.clone(),
    }
}
