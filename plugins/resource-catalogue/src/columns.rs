//! What a definition shows of its objects in lists, on the card of a node.
//!
//! Source: `additionalPrinterColumns` of
//! `apiextensions-apiserver/pkg/apis/apiextensions/v1`; paths are kubectl's
//! `JSONPath` as far as the definitions of `tests/crds` use it.

use bowsprit_plugin_sdk::{
    Answer, Json, Node, Object, Observation, Status, fields, status::sentence,
};
use document::definition::RESERVED;

/// Where the host puts the columns: a list of `name`, `type`, `jsonPath` and
/// `priority`.
const COLUMNS: &str = "$columns";
/// More than this has no room.
const MOST: usize = 6;

/// The object that a node shows first: the one its columns are about.
pub(crate) fn shown<'o>(observation: &'o Observation<'_>) -> Option<&'o Object<'o>> {
    match observation.answers.first()? {
        Answer::Objects(objects) => objects.first(),
        _ => None,
    }
}

/// Adds the columns of an object to a status. Those that lists show only when
/// they are wide (`priority`) are left out, and those without a value.
pub(crate) fn add(status: Status, node: &Node<'_>, object: &Object<'_>) -> Status {
    let columns = node.data.list_at(&[COLUMNS]).iter().filter_map(Json::as_object);
    let wanted = columns.filter(|it| {
        let is_narrow = it.int_at(&["priority"]).unwrap_or_default() == 0;
        is_narrow && !RESERVED.contains(&it.text_at(&["name"]))
    });
    let values = wanted.filter_map(|it| {
        let found = values_at(object, it.text_at(&["jsonPath"]));
        let texts: Vec<_> = found.into_iter().filter_map(fields::scalar).collect();
        (!texts.is_empty()).then(|| (it.text_at(&["name"]).to_owned(), sentence(&texts.join(", "))))
    });
    values.take(MOST).fold(status, |status, (name, value)| {
        status.card(name, value.trim_end_matches('.').to_owned())
    })
}

/// The values at a path: `.status.phase`, `.metadata.annotations.a\.b/c`,
/// `.status.conditions[?(@.type=="Ready")].status`, `.spec.ports[*].name`.
fn values_at<'o>(object: &'o Object<'_>, path: &str) -> Vec<&'o Json<'o>> {
    let Some(mut steps) = steps(path).map(IntoIterator::into_iter) else { return Vec::new() };
    let Some(Step::Member(first)) = steps.next() else { return Vec::new() };
    let mut found: Vec<&Json<'_>> = object.get(&first).into_iter().collect();
    for step in steps {
        found = found.into_iter().flat_map(|it| step.from(it)).collect();
    }
    found
}

/// A step of a path.
enum Step {
    Member(String),
    Item(usize),
    All,
    /// Items of which a member has this text.
    Those(String, String),
}

impl Step {
    fn from<'o>(&self, value: &'o Json<'o>) -> Vec<&'o Json<'o>> {
        match self {
            Self::Member(key) => value.as_object().and_then(|it| it.get(key)).into_iter().collect(),
            Self::Item(at) => value.elements().get(*at).into_iter().collect(),
            Self::All => value.elements().iter().collect(),
            Self::Those(key, text) => {
                let is =
                    |it: &&Json<'_>| it.as_object().is_some_and(|it| it.text_at(&[key]) == text);
                value.elements().iter().filter(is).collect()
            }
        }
    }
}

/// The steps of a path; `None` if it has some that nobody uses in columns.
fn steps(path: &str) -> Option<Vec<Step>> {
    let mut rest = path;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let (inside, after) = inner.split_once(']')?;
            steps.push(bracketed(inside)?);
            rest = after;
        } else {
            let (key, after) = member(rest.strip_prefix('.')?)?;
            steps.push(Step::Member(key));
            rest = after;
        }
    }
    Some(steps)
}

/// A name up to the next step; `\.` is a dot in it.
fn member(text: &str) -> Option<(String, &str)> {
    let mut key = String::new();
    let mut characters = text.char_indices();
    while let Some((at, it)) = characters.next() {
        match it {
            '\\' => key.push(characters.next()?.1),
            '.' | '[' => return text.get(at..).map(|rest| (key, rest)),
            it => key.push(it),
        }
    }
    Some((key, ""))
}

fn bracketed(inside: &str) -> Option<Step> {
    if matches!(inside, "*" | ":" | "0:") {
        return Some(Step::All);
    }
    if let Some(condition) = inside.strip_prefix("?(@.") {
        let (key, text) = condition.strip_suffix(')')?.split_once("==")?;
        let text = text.trim().trim_matches(['"', '\'']);
        return Some(Step::Those(key.trim().to_owned(), text.to_owned()));
    }
    if let Ok(at) = inside.parse() {
        return Some(Step::Item(at));
    }
    let key = inside.strip_prefix('\'')?.strip_suffix('\'')?;
    Some(Step::Member(key.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(path: &str) -> Vec<String> {
        let object = Object::parse(
            r#"{
                "metadata": { "annotations": { "x.dev/size": "L" } },
                "spec": { "ports": [{ "name": "a" }, { "name": "b" }], "odd key": 1 },
                "status": { "phase": "Bound", "conditions": [
                    { "type": "Other", "status": "False" }, { "type": "Ready", "status": "True" }
                ] }
            }"#,
        )
        .unwrap();
        let found = values_at(&object, path);
        found.into_iter().filter_map(fields::scalar).map(|it| it.into_owned()).collect()
    }

    #[test]
    fn paths_are_those_of_columns() {
        assert_eq!(at(".status.phase"), ["Bound"]);
        for condition in [r#"?(@.type=="Ready")"#, "?(@.type == 'Ready')"] {
            assert_eq!(at(&format!(".status.conditions[{condition}].status")), ["True"]);
        }
        assert_eq!(at(".metadata.annotations.x\\.dev/size"), ["L"]);
        assert_eq!(at(".metadata.annotations['x.dev/size']"), ["L"]);
        assert_eq!(at(".spec.ports[*].name"), ["a", "b"]);
        assert_eq!(at(".spec.ports[1].name"), ["b"]);
        assert_eq!(at(".spec['odd key']"), ["1"]);
        for nothing in [
            "",
            ".",
            "status",
            ".status.none",
            ".spec.ports[9].name",
            ".spec.ports[",
            ".spec[?(x)]",
        ] {
            assert!(at(nothing).is_empty(), "{nothing}");
        }
    }
}
