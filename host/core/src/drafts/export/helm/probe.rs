//! Which fields of a drawing end up where in its objects.

use std::{collections::HashMap, sync::Arc};

use futures::FutureExt as _;
use serde_json::Value;

use super::{
    differences::{Difference, between},
    escaped,
};
use crate::{
    Error, Result,
    drafts::{
        Draft,
        export::objects::{Source, target},
    },
    node_types::{CallError, Catalogue, Severity},
    parallel::in_order,
    runs::plan::{PARALLEL, Planned, Prepared, Target, rendered},
    variations::others,
};

/// Fields of a node that are tried.
const MOST_FIELDS: usize = 200;
/// Fields that are no values: what an object is called and where it is, is the
/// release's to say.
const IDENTITY: [&str; 2] = ["/name", "/namespace"];
/// Digits of the shortest checksum.
const CHECKSUM: usize = 8;

/// A field that is a value of the chart.
pub(super) struct Parameter {
    /// Id of its node.
    pub(super) node: String,
    /// Where it is in the node's data.
    pub(super) pointer: String,
    pub(super) value: Value,
    /// All the node's data.
    pub(super) data: Value,
    /// Where it ends up.
    pub(super) places: Vec<Place>,
}

/// A place in an object.
#[derive(Debug, PartialEq)]
pub(super) struct Place {
    /// The object, by its place among all.
    pub(super) object: usize,
    pub(super) pointer: String,
    pub(super) how: How,
}

/// What of a field is at a place.
#[derive(Debug, PartialEq)]
pub(super) enum How {
    /// The field itself.
    Whole,
    /// The field as a part of a text.
    Within { before: String, after: String },
    /// A checksum of it.
    Derived,
}

/// The drawing as it is, and the calls that are left.
struct Probe<'a> {
    catalogue: &'a Arc<dyn Catalogue>,
    target: Target<'a>,
    nodes: &'a [Prepared],
    views: &'a HashMap<String, String>,
    /// Places among all objects and the objects, by node.
    objects: HashMap<&'a str, Vec<(usize, &'a Planned)>>,
    /// Who sees each node.
    seen_by: HashMap<&'a str, Vec<&'a Prepared>>,
    calls: usize,
}

/// The fields that are values, in the order of the drawing.
pub(super) async fn parameters(
    source: &Source,
    draft: &Draft,
    calls: usize,
) -> Result<Vec<Parameter>> {
    let mut objects: HashMap<&str, Vec<(usize, &Planned)>> = HashMap::new();
    for (n, object) in source.objects().enumerate() {
        objects.entry(&object.node).or_default().push((n, object));
    }
    let mut seen_by: HashMap<&str, Vec<&Prepared>> = HashMap::new();
    for it in &source.plan.nodes {
        for neighbour in &it.context.neighbours {
            let seeing = seen_by.entry(&neighbour.id).or_default();
            if !seeing.iter().any(|other| other.node.id == it.node.id) {
                seeing.push(it);
            }
        }
    }
    let mut probe = Probe {
        catalogue: &draft.catalogue,
        target: target(draft, &source.given),
        nodes: &source.plan.nodes,
        views: &source.plan.views,
        objects,
        seen_by,
        calls,
    };
    let mut taken = Taken::default();
    let mut parameters = Vec::new();
    for node in probe.nodes {
        let data: Value = serde_json::from_str(&node.node.data).unwrap_or_default();
        let secret = secret_fields(probe.catalogue, &node.node.type_name);
        let is_open =
            |at: &str| !secret.iter().any(|it| at == it || at.starts_with(&format!("{it}/")));
        for (pointer, value) in fields(&data).into_iter().filter(|(at, _)| is_open(at)) {
            let Some(places) = probe.places(node, &data, &pointer, &value).await? else { continue };
            if taken.has_room_for(&places) {
                let (id, data) = (node.node.id.clone(), data.clone());
                parameters.push(Parameter { node: id, pointer, value, data, places });
            }
        }
    }
    Ok(parameters)
}

/// Pointers to the fields of a type that its schema calls secret.
fn secret_fields(catalogue: &Arc<dyn Catalogue>, type_name: &str) -> Vec<String> {
    let schema = catalogue.find(type_name).map(|it| it.descriptor.schema.as_str());
    let schema: Value = schema.and_then(|it| serde_json::from_str(it).ok()).unwrap_or_default();
    let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    let secret = properties.filter(|(_, it)| it.get("x-secret") == Some(&Value::Bool(true)));
    secret.map(|(key, _)| format!("/{}", escaped(key))).collect()
}

/// Which places have a field already, and which are checksums.
#[derive(Default)]
struct Taken(HashMap<(usize, String), bool>);

impl Taken {
    /// Whether no two fields meet at one place, but for checksums.
    fn has_room_for(&mut self, places: &[Place]) -> bool {
        let is_free = |it: &Place| {
            let derived = self.0.get(&(it.object, it.pointer.clone()));
            derived.is_none_or(|derived| *derived && it.how == How::Derived)
        };
        let says_itself = places.iter().any(|it| it.how != How::Derived);
        if !says_itself || !places.iter().all(is_free) {
            return false;
        }
        for it in places {
            self.0.insert((it.object, it.pointer.clone()), it.how == How::Derived);
        }
        true
    }
}

impl Probe<'_> {
    /// Where a field ends up; `None` if it is not to be seen, or changes more
    /// than values.
    async fn places(
        &mut self,
        node: &Prepared,
        data: &Value,
        pointer: &str,
        value: &Value,
    ) -> Result<Option<Vec<Place>>> {
        for other in others(value) {
            let mut changed = data.clone();
            let Some(place) = changed.pointer_mut(pointer) else { return Ok(None) };
            *place = other.clone();
            if let Some(places) = self.try_with(node, &changed, (value, &other)).await? {
                return Ok(Some(places).filter(|it| !it.is_empty()));
            }
        }
        Ok(None)
    }

    /// What changes with a node's data; `None` if these data will not do.
    async fn try_with(
        &mut self,
        node: &Prepared,
        data: &Value,
        change: (&Value, &Value),
    ) -> Result<Option<Vec<Place>>> {
        let mut changed = node.clone();
        changed.node.data = data.to_string();
        let Some(concerned) = self.concerned(changed).await? else { return Ok(None) };
        if self.calls < concerned.len() {
            return Ok(None);
        }
        self.calls -= concerned.len();
        let mut calls = Vec::with_capacity(concerned.len());
        for it in &concerned {
            calls.push(rendered(it, self.catalogue, &self.target).boxed());
        }
        let mut places = Vec::new();
        for (it, answer) in concerned.iter().zip(in_order(calls, PARALLEL).await) {
            let (objects, findings) = match answer {
                // What a plugin cannot bear is no value of a chart.
                Err(Error::Plugin { .. }) => return Ok(None),
                other => other?,
            };
            let before = self.objects.get(it.node.id.as_str()).map_or(&[][..], Vec::as_slice);
            let is_wrong = findings.iter().any(|it| it.severity >= Severity::Error);
            if is_wrong || objects.len() != before.len() {
                return Ok(None);
            }
            for after in &objects {
                let same = before.iter().find(|(_, it)| it.local_id == after.local_id);
                let found = same.and_then(|(n, before)| changes(*n, before, after, change));
                let Some(found) = found else { return Ok(None) };
                places.extend(found);
            }
        }
        Ok(Some(places))
    }

    /// The node, and those who see that it shows something else of itself.
    async fn concerned(&mut self, changed: Prepared) -> Result<Option<Vec<Prepared>>> {
        let Some(left) = self.calls.checked_sub(1) else { return Ok(None) };
        self.calls = left;
        let view = match self.catalogue.public_view(&changed.node).await {
            Ok(view) => view,
            Err(CallError::Failed(error)) if !matches!(error, Error::Plugin { .. }) => {
                return Err(error);
            }
            Err(_) => return Ok(None),
        };
        let id = changed.node.id.clone();
        let mut concerned = vec![changed];
        if self.views.get(&id) != Some(&view) {
            for seeing in self.seen_by.get(id.as_str()).into_iter().flatten() {
                let mut seeing = (*seeing).clone();
                for it in seeing.context.neighbours.iter_mut().filter(|it| it.id == id) {
                    it.view.clone_from(&view);
                }
                concerned.push(seeing);
            }
        }
        Ok(Some(concerned))
    }
}

/// What a change of a field has changed in an object; `None` if that is more
/// than the field's own places.
fn changes(
    n: usize,
    before: &Planned,
    after: &Planned,
    (value, other): (&Value, &Value),
) -> Option<Vec<Place>> {
    if before.key != after.key {
        return None;
    }
    // What a Secret holds is no value of a chart, wherever it comes from.
    let holds_secrets = |it: &Difference<'_>| {
        let inside = ["/data/", "/stringData/"].iter().any(|at| it.pointer.starts_with(at));
        inside && before.key.kind.is_secret()
    };
    let place = |it: Difference<'_>| {
        if holds_secrets(&it) {
            return None;
        }
        let how = how(it.before, it.after, value, other)?;
        Some(Place { object: n, pointer: it.pointer, how })
    };
    between(&before.body, &after.body)?.into_iter().map(place).collect()
}

fn how(before: &Value, after: &Value, value: &Value, other: &Value) -> Option<How> {
    if before == value && after == other {
        return Some(How::Whole);
    }
    let (before, after) = before.as_str().zip(after.as_str())?;
    let (value, other) = (text(value), text(other));
    let mut at = after.match_indices(&other);
    if let (Some((start, _)), None) = (at.next(), at.next()) {
        let (left, rest) = after.split_at_checked(start)?;
        let right = rest.strip_prefix(other.as_str())?;
        if before == format!("{left}{value}{right}") {
            return Some(How::Within { before: left.to_owned(), after: right.to_owned() });
        }
    }
    is_checksum(before.as_bytes(), after.as_bytes()).then_some(How::Derived)
}

/// Whether two texts differ only within one run of hexadecimal digits that is
/// long enough for a checksum.
fn is_checksum(before: &[u8], after: &[u8]) -> bool {
    let differs = |(a, b): (&u8, &u8)| a != b;
    let first = before.iter().zip(after).position(differs);
    let last = before.iter().zip(after).rposition(differs);
    let Some((first, last)) = first.zip(last).filter(|_| before.len() == after.len()) else {
        return false;
    };
    let digits = |bytes: &[u8]| bytes.iter().take_while(|it| it.is_ascii_hexdigit()).count();
    let (left, rest) = before.split_at(first);
    let left = left.iter().rev().take_while(|it| it.is_ascii_hexdigit()).count();
    let run = digits(rest);
    let covers =
        first + run > last && after.get(first..=last).is_some_and(|it| digits(it) == it.len());
    covers && left + run >= CHECKSUM
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Texts, numbers and truth values of a node's data, with their pointers.
fn fields(data: &Value) -> Vec<(String, Value)> {
    fn walk(value: &Value, at: String, found: &mut Vec<(String, Value)>) {
        if found.len() >= MOST_FIELDS || IDENTITY.contains(&at.as_str()) {
            return;
        }
        match value {
            Value::Object(fields) => {
                for (key, value) in fields.iter().filter(|(key, _)| !key.starts_with('_')) {
                    walk(value, format!("{at}/{}", escaped(key)), found);
                }
            }
            Value::Array(items) => {
                for (n, value) in items.iter().enumerate() {
                    walk(value, format!("{at}/{n}"), found);
                }
            }
            Value::Null => {}
            scalar => found.push((at, scalar.clone())),
        }
    }
    let mut found = Vec::new();
    walk(data, String::new(), &mut found);
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(before: &str, after: &str, value: Value, other: Value) -> Option<How> {
        how(&json!(before), &json!(after), &value, &other)
    }

    #[test]
    fn a_field_is_found_whole_within_a_text_or_as_a_checksum() {
        assert_eq!(how(&json!(2), &json!(3), &json!(2), &json!(3)), Some(How::Whole));
        assert_eq!(told("a", "ax", json!("a"), json!("ax")), Some(How::Whole));
        let within =
            |before: &str, after: &str| How::Within { before: before.into(), after: after.into() };
        assert_eq!(told("port=80!", "port=81!", json!(80), json!(81)), Some(within("port=", "!")));
        assert_eq!(told("80", "81", json!(80), json!(81)), Some(within("", "")));
        assert_eq!(told("0123abcd", "9876fedc", json!("a"), json!("ax")), Some(How::Derived));
        let (before, after) = ("x=0123abcd,y=01", "x=0123ab00,y=01");
        assert_eq!(told(before, after, json!("a"), json!("ax")), Some(How::Derived));
        for (before, after) in
            [("x=0123", "x=4567"), ("0123abcd", "0123abcg"), ("beef x dead", "feed x face")]
        {
            assert_eq!(told(before, after, json!("a"), json!("ax")), None, "{before}");
        }
        // Something else has changed: the field is no value.
        assert_eq!(told("a", "b", json!("c"), json!("cx")), None);
        assert_eq!(told("ax a", "ax ax", json!("a"), json!("ax")), None, "twice");
    }

    #[test]
    fn names_and_notes_are_no_fields() {
        let data = json!({"name": "x", "namespace": "y", "_status": {"a": 1}, "a": [{"name": "z"}], "n": null});
        assert_eq!(fields(&data), [("/a/0/name".to_owned(), json!("z"))]);
    }
}
