//! The card of a node without a document: its conditions, and the columns that
//! the definition has for lists.

use bowsprit_plugin_sdk::{
    Answer, Json, Node, Object, Observation, State, Status, fields, status::sentence,
};

use crate::judge;

/// Where the host puts the definition's `additionalPrinterColumns`.
const COLUMNS: &str = "$columns";
/// More than this has no room.
const MOST: usize = 6;

/// How the object is doing.
pub(super) fn status(node: &Node<'_>, observation: &Observation<'_>) -> Status {
    let kind = match observation.answers.first() {
        Some(Answer::Objects(objects)) => objects.first().map_or("", |it| it.text_at(&["kind"])),
        _ => "",
    };
    let object = match observation.main_object(kind) {
        Ok((object, _)) => object,
        Err(status) => return *status,
    };
    if object.path(&["metadata", "deletionTimestamp"]).is_some() {
        let message = "It is being deleted.";
        return Status::new(State::Progressing, "Terminating", message, "partial");
    }
    let status = judge::judge(object, None);
    let columns = node.data.list_at(&[COLUMNS]).iter().filter_map(Json::as_object);
    let shown = columns.filter(|it| it.int_at(&["priority"]).unwrap_or_default() == 0);
    let values = shown.filter_map(|it| {
        let value = value_at(object, it.text_at(&["jsonPath"]))?;
        Some((it.text_at(&["name"]).to_owned(), sentence(&fields::scalar(value)?)))
    });
    values.take(MOST).fold(status, |status, (name, value)| {
        status.card(name, value.trim_end_matches('.').to_owned())
    })
}

/// The value at a path of the kind that columns have: `.status.phase`,
/// `.status.conditions[?(@.type=="Ready")].status`.
fn value_at<'o>(object: &'o Object<'_>, path: &str) -> Option<&'o Json<'o>> {
    let mut at: Option<&Json<'_>> = None;
    let mut rest = path.strip_prefix('.')?;
    while !rest.is_empty() {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (key, after) = rest.split_at_checked(end)?;
        at = match at {
            None => object.get(key),
            Some(Json::Object(object)) => object.get(key),
            Some(_) => None,
        };
        at?;
        rest = after;
        if let Some(inner) = rest.strip_prefix('[') {
            let (inside, after) = inner.split_once(']')?;
            let items = at?.elements();
            at = match inside.strip_prefix("?(@.") {
                None => items.get(inside.parse::<usize>().ok()?),
                Some(condition) => {
                    let (key, value) = condition.strip_suffix(')')?.split_once("==")?;
                    let value = value.trim().trim_matches(['"', '\'']);
                    items.iter().find(|it| {
                        it.as_object().is_some_and(|it| it.text_at(&[key.trim()]) == value)
                    })
                }
            };
            rest = after;
        }
        rest = rest.strip_prefix('.').unwrap_or(rest);
    }
    at
}
