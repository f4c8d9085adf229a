//! The card of a node without a document: its conditions, and the columns that
//! the definition has for lists.

use bowsprit_plugin_sdk::{Node, Observation, State, Status};

use crate::{columns, judge};

/// How the object is doing.
pub(super) fn status(node: &Node<'_>, observation: &Observation<'_>) -> Status {
    let kind = columns::shown(observation).map_or("", |it| it.text_at(&["kind"]));
    let object = match observation.main_object(kind) {
        Ok((object, _)) => object,
        Err(status) => return *status,
    };
    let status = if object.path(&["metadata", "deletionTimestamp"]).is_some() {
        let message = "It is being deleted.";
        Status::new(State::Progressing, "Terminating", message, "partial")
    } else {
        judge::judge(object, None)
    };
    columns::add(status, node, object)
}
