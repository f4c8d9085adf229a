//! A form from an OpenAPI schema: flat, for forms with plain widgets.
//!
//! A scalar of the schema becomes a field whose id is its path, and so does a
//! list, a map or anything with alternatives, as YAML. Where a kind has more
//! than a form should show, the rest is written into one last field that is
//! laid over what the others say, so that every object can be written.

use std::cmp::Ordering;

use bowsprit_plugin_sdk::{Json, Node, Object, Place, Report, fields, normalize::BOOKKEEPING};
use document::field::{Field, Kind, STANDARD, Shown, standard_properties, title_of};
use document::node_type::merge;

use crate::catalogue::plain;
use crate::schema::{flag, preserves};

/// Most fields of a form, without name, namespace and the last one.
const MOST: usize = 48;
/// How deep below `spec` scalars become fields.
const DEEPEST: usize = 4;
/// Longest description of a field, in characters.
const LONGEST: usize = 300;
/// The last field's name where kinds have a `spec`, and where they have none.
const REST: [&str; 2] = [SPEC, "object"];
/// The part of an object in which wishes are written.
const SPEC: &str = "spec";

/// A form.
#[derive(Debug)]
pub(super) struct Form {
    parts: Vec<Part>,
    /// Whether the last field is laid over `spec` or over the whole object.
    has_spec: bool,
}

/// A field and its place in the object.
#[derive(Debug)]
struct Part {
    path: Vec<String>,
    field: Field,
}

impl Form {
    /// The form of a kind whose objects follow `schema`.
    pub(super) fn of(schema: &Object<'_>) -> Self {
        let mut found = Vec::new();
        let mut path = Vec::new();
        walk(schema, true, &mut path, &mut found);
        let root = schema.get("properties").and_then(Json::as_object);
        let spec = root.and_then(|it| it.get(SPEC)).and_then(Json::as_object);
        let has_spec = spec.is_some_and(|it| matches!(it.text_at(&["type"]), "object" | ""));
        // What is needed comes first, then what lies near the surface.
        sort(&mut found, |a, b| worth(a).cmp(&worth(b)));
        found.truncate(MOST);
        sort(&mut found, |a, b| place(a).cmp(&place(b)));
        Self { parts: found, has_spec }
    }

    fn rest(&self) -> &'static str {
        let [spec, object] = REST;
        if self.has_spec { spec } else { object }
    }

    fn rest_field(&self) -> Field {
        let shown = Shown { widget: "textarea".into(), ..Shown::default() };
        let rest = self.rest();
        let description = format!("More of the {rest}, as YAML; it is laid over the other fields.");
        Field {
            title: Some("More (YAML)".into()),
            description: Some(description),
            shown: Some(shown),
            ..plain(rest.into(), Kind::Tree)
        }
    }

    /// The JSON Schema of the node's data.
    pub(super) fn schema(&self, title: &str, namespaced: bool) -> Json<'static> {
        let mut properties: Object<'static> = Object::new();
        let mut order = 1_i64;
        for (name, mut schema) in standard_properties(namespaced) {
            if STANDARD.iter().take(2).any(|it| *it == name) {
                schema.set("x-form", "text");
                schema.set("x-order", order);
                order = order.saturating_add(1);
            }
            properties.set(name, schema);
        }
        let rest = self.rest_field();
        let fields = self.parts.iter().map(|it| &it.field).chain([&rest]);
        let mut required = vec!["name".to_owned()];
        for field in fields {
            let mut schema = field.schema(Some(order));
            if matches!(field.kind, Kind::Any | Kind::Tree) {
                schema.set("x-read", "yaml");
            }
            properties.set(field.name.clone(), schema);
            required.extend(field.required.then(|| field.name.clone()));
            order = order.saturating_add(1);
        }
        Object::new()
            .with("$schema", "https://json-schema.org/draft/2020-12/schema")
            .with("properties", properties)
            .with("required", required)
            .with("title", title.to_owned())
            .with("type", "object")
            .into()
    }

    /// The object without its head, from a node's data.
    pub(super) fn object<'a>(&self, node: &'a Node<'_>, report: &mut Report) -> Object<'a> {
        let mut whole = match self.has_spec {
            true => nested(&[SPEC.to_owned()], Object::new().into()),
            false => Json::Object(Object::new()),
        };
        for part in &self.parts {
            // What is missing is told by the schema, once the rest is known.
            let field = Field { required: false, default: None, ..part.field.clone() };
            if let Some(value) = field.read(&node.data, &Place::ROOT, report) {
                merge(&mut whole, nested(&part.path, value));
            }
        }
        let rest = self.rest_field();
        if let Some(value) = rest.read(&node.data, &Place::ROOT, report) {
            let value = if self.has_spec { Object::new().with(SPEC, value).into() } else { value };
            merge(&mut whole, value);
        }
        match whole {
            Json::Object(mut object) => {
                STANDARD_PARTS.iter().for_each(|it| drop(object.remove(it)));
                object
            }
            _ => Object::new(),
        }
    }

    /// The field in which a part of the object is written.
    pub(super) fn field_of(&self, path: &[String]) -> String {
        let fits = |it: &&Part| path.starts_with(&it.path) || it.path.starts_with(path);
        let found = self.parts.iter().find(fits).map(|it| it.field.name.as_str());
        found.unwrap_or(self.rest()).to_owned()
    }
}

/// Members of an object that are not the user's to say here.
const STANDARD_PARTS: [&str; 4] = ["apiVersion", "kind", "metadata", "status"];

/// By a comparison of one type, so that there is one sort.
fn sort(parts: &mut [Part], order: fn(&Part, &Part) -> Ordering) {
    parts.sort_unstable_by(order);
}

/// What a form should rather have; the smaller, the better.
fn worth(part: &Part) -> (bool, usize, bool, &[String]) {
    let field = &part.field;
    let is_text =
        matches!(field.kind, Kind::Any) && field.shown.as_ref().is_some_and(Shown::is_area);
    (!field.required, part.path.len().max(2), is_text, &part.path)
}

/// Where it is shown.
fn place(part: &Part) -> (bool, &[String]) {
    (!part.field.required, &part.path)
}

/// `value` at the end of a path.
fn nested<'a>(path: &[String], value: Json<'a>) -> Json<'a> {
    path.iter().rev().fold(value, |value, key| Object::new().with(key.clone(), value).into())
}

fn walk(schema: &Object<'_>, needed: bool, path: &mut Vec<String>, found: &mut Vec<Part>) {
    let Some(properties) = schema.get("properties").and_then(Json::as_object) else { return };
    let required = schema.list_at(&["required"]);
    for (key, property) in properties.iter() {
        let top = path.is_empty();
        if top && STANDARD_PARTS.contains(&key) {
            continue;
        }
        let Some(property) = property.as_object() else { continue };
        // An object without a spec is of no use, whatever the schema says.
        let listed = required.iter().any(|it| it.as_str() == Some(key));
        let needed = needed && (listed || (top && key == SPEC));
        path.push(key.to_owned());
        if expands(property, path) {
            walk(property, needed, path, found);
        } else if usable(path) {
            found.push(Part { path: path.clone(), field: field(property, path, needed) });
        }
        path.pop();
    }
}

/// Whether members of an object become fields of their own.
fn expands(schema: &Object<'_>, path: &[String]) -> bool {
    let has = |key: &str| schema.get(key).is_some();
    let filled = schema.path(&["properties"]).and_then(Json::as_object);
    filled.is_some_and(|it| !it.is_empty())
        && path.len() < DEEPEST
        && path.last().is_some_and(|it| !it.contains('.'))
        && !preserves(schema)
        && !has("additionalProperties")
        && !has("oneOf")
        && !has("anyOf")
}

/// Whether a path can be the name of a field of the node.
fn usable(path: &[String]) -> bool {
    match path {
        [] => false,
        [only] => {
            let taken = BOOKKEEPING.contains(&only.as_str()) || STANDARD.contains(&only.as_str());
            !taken && !REST.contains(&only.as_str()) && !only.starts_with(['_', '$'])
        }
        [first, ..] => !first.starts_with(['_', '$']),
    }
}

fn field(schema: &Object<'_>, path: &[String], required: bool) -> Field {
    let (kind, widget, options) = kind(schema);
    let default = schema.get("default");
    let default = match default {
        Some(it @ (Json::List(_) | Json::Object(_))) => Some(it.to_text()),
        Some(it) => fields::scalar(it).map(|it| it.into_owned()),
        None => None,
    };
    let default = default.filter(|it| !it.trim().is_empty());
    let shown = Shown { widget: widget.into(), placeholder: None, options, default };
    let below = path.strip_prefix(&[SPEC.to_owned()]).unwrap_or(path);
    let title: Vec<_> = below.iter().map(|it| title_of(it)).collect();
    let title = title.join(" › ");
    let description = described(schema);
    Field {
        title: Some(title),
        description: (!description.is_empty()).then_some(description),
        required,
        shown: Some(shown),
        ..plain(path.join("."), kind)
    }
}

/// The kind of a field, its widget and its choices.
fn kind(schema: &Object<'_>) -> (Kind, &'static str, Vec<String>) {
    let texts = |items: &[Json<'_>]| -> Vec<String> {
        items.iter().filter_map(fields::scalar).map(|it| it.into_owned()).collect()
    };
    let choices = texts(schema.list_at(&["enum"]));
    let none = Vec::new();
    if flag(schema, "x-kubernetes-int-or-string") {
        return (Kind::Any, "text", none);
    }
    let free = (None, None);
    match schema.text_at(&["type"]) {
        "string" if !choices.is_empty() => (Kind::Select(choices.clone()), "select", choices),
        "string" => (Kind::text().multiline(), "text", none),
        "integer" => (Kind::Whole { least: free.0, most: free.1 }, "number", none),
        "number" => (Kind::Decimal { least: None, most: None }, "number", none),
        "boolean" => (Kind::Flag, "select", ["true", "false"].map(str::to_owned).to_vec()),
        _ => (Kind::Any, "textarea", none),
    }
}

/// The description, with the rules that the server checks.
fn described(schema: &Object<'_>) -> String {
    let text = schema.text_at(&["description"]);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut text: String = match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    };
    let rules = schema.list_at(&["x-kubernetes-validations"]).iter().filter_map(Json::as_object);
    let messages = rules.map(|it| it.text_at(&["message"])).filter(|it| !it.is_empty());
    for message in messages.take(3) {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str("The server checks: ");
        text.push_str(&bowsprit_plugin_sdk::status::sentence(message));
    }
    text
}
