//! The API document (OpenAPI 3.1), made from the table of routes.
//!
//! A route says what it takes and answers with an [`Operation`]; what every
//! route may answer (too fast, too large, not signed in) follows from its
//! access rule. Tests hold every answer against the document.

mod shape;

use std::collections::BTreeMap;

use axum::http::{Method, StatusCode};
use bytes::Bytes;
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use crate::{
    problem::codes,
    table::{Access, Route},
};

/// What a route takes and answers.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    summary: &'static str,
    query: Vec<(&'static str, &'static str)>,
    body: Option<Content>,
    answers: Vec<(StatusCode, Content)>,
    /// Codes of its own, by status where it is not the code's usual one.
    fails: Vec<(Option<StatusCode>, &'static str)>,
}

type Typed = fn(&mut SchemaGenerator) -> Value;

#[derive(Debug, Clone)]
enum Content {
    Type(Typed),
    Shape(Value),
    Text(&'static str),
    Empty,
}

impl Operation {
    /// An operation that does what `summary` says, in a few words.
    pub(crate) fn new(summary: &'static str) -> Self {
        Self { summary, query: Vec::new(), body: None, answers: Vec::new(), fails: Vec::new() }
    }

    /// It reads this query parameter.
    #[must_use]
    pub(crate) fn reads(mut self, name: &'static str, about: &'static str) -> Self {
        self.query.push((name, about));
        self
    }

    /// It takes this body.
    #[must_use]
    pub(crate) fn takes<T: JsonSchema>(mut self) -> Self {
        self.body = Some(Content::Type(typed::<T>));
        self
    }

    /// It takes a body of this shape.
    #[must_use]
    pub(crate) fn takes_shape(mut self, shape: Value) -> Self {
        self.body = Some(Content::Shape(shape));
        self
    }

    /// It answers with this type.
    #[must_use]
    pub(crate) fn answers<T: JsonSchema>(self, status: StatusCode) -> Self {
        self.answers_with(status, Content::Type(typed::<T>))
    }

    /// It answers with this shape.
    #[must_use]
    pub(crate) fn answers_shape(self, status: StatusCode, shape: Value) -> Self {
        self.answers_with(status, Content::Shape(shape))
    }

    /// It answers with a sentence: `{"message"}`.
    #[must_use]
    pub(crate) fn says_so(self) -> Self {
        self.answers_shape(StatusCode::OK, json!({ "message": "text" }))
    }

    /// It answers with text of this media type.
    #[must_use]
    pub(crate) fn answers_text(self, status: StatusCode, media: &'static str) -> Self {
        self.answers_with(status, Content::Text(media))
    }

    /// It answers with an event stream.
    #[must_use]
    pub(crate) fn streams(self) -> Self {
        self.answers_text(StatusCode::OK, "text/event-stream")
    }

    /// It answers without a body (a redirect, 204).
    #[must_use]
    pub(crate) fn answers_nothing(self, status: StatusCode) -> Self {
        self.answers_with(status, Content::Empty)
    }

    /// It fails with these codes, each with its usual status.
    #[must_use]
    pub(crate) fn fails(mut self, codes: &[&'static str]) -> Self {
        self.fails.extend(codes.iter().map(|it| (None, *it)));
        self
    }

    /// It fails with these codes and a status of its own.
    #[must_use]
    pub(crate) fn fails_with(mut self, status: StatusCode, codes: &[&'static str]) -> Self {
        self.fails.extend(codes.iter().map(|it| (Some(status), *it)));
        self
    }

    fn answers_with(mut self, status: StatusCode, content: Content) -> Self {
        self.answers.push((status, content));
        self
    }
}

/// Codes of everything that has to do with clusters and plugins.
pub(crate) fn codes_of(area: &str) -> Vec<&'static str> {
    let of = |it: &&codes::Code| it.status == 502 && it.code.starts_with(area);
    codes::CODES.iter().filter(of).map(|it| it.code).collect()
}

fn typed<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    generator.subschema_for::<T>().to_value()
}

/// The document in its forms.
pub(crate) struct ApiDocument {
    /// As it is.
    pub(crate) value: Value,
    /// As JSON.
    pub(crate) json: Bytes,
    /// As YAML.
    pub(crate) yaml: Bytes,
}

impl ApiDocument {
    /// The document of these routes.
    pub(crate) fn of(routes: &[Route]) -> Self {
        let value = document_of(routes);
        Self { json: value.to_string().into(), yaml: to_yaml(&value).into(), value }
    }
}

/// YAML with the two upper levels on lines of their own; below them JSON,
/// which YAML 1.2 contains.
fn to_yaml(document: &Value) -> String {
    let mut text = String::new();
    for (key, value) in document.as_object().into_iter().flatten() {
        let Some(fields) = value.as_object().filter(|it| !it.is_empty()) else {
            text.push_str(&format!("{key}: {value}\n"));
            continue;
        };
        text.push_str(&format!("{key}:\n"));
        for (name, value) in fields {
            text.push_str(&format!("  {}: {value}\n", Value::from(name.as_str())));
        }
    }
    text
}

fn document_of(routes: &[Route]) -> Value {
    let settings = SchemaSettings::draft2020_12()
        .with(|it| it.definitions_path = "/components/schemas".into())
        .for_serialize();
    let mut answers = settings.into_generator();
    let inline = SchemaSettings::draft2020_12().with(|it| it.inline_subschemas = true);
    let mut requests = inline.for_deserialize().into_generator();
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for route in routes {
        let Some(operation) = &route.operation else { continue };
        let described = describe(route, operation, &mut answers, &mut requests);
        let method = route.method.as_str().to_lowercase();
        paths.entry(&route.path).or_default().insert(method, described);
    }
    let finding = typed::<bowsprit_host_core::node_types::Finding>(&mut answers);
    let mut schemas = answers.take_definitions(true);
    schemas.extend(shape::components().into_iter().map(|(name, it)| (name.to_owned(), it)));
    schemas.insert("Problem".into(), problem(&finding));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Bowsprit",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
        },
    })
}

/// The shape of `crate::problem`.
fn problem(finding: &Value) -> Value {
    json!({
        "type": "object",
        "properties": {
            "error": { "type": "string", "description": "A sentence for people." },
            "message": { "type": "string", "description": "The same sentence." },
            "code": { "type": "string", "description": "Stable; see docs/errors.md." },
            "field": { "type": "string", "description": "What to mend." },
            "details": { "type": "string" },
            "findings": { "type": "array", "items": finding },
            "failedCall": {
                "type": "string",
                "description": "Where administrators find what a plugin was asked and wrote.",
            },
            "requestId": { "type": "string", "description": "As in the host's log." },
        },
        "required": ["error", "message", "code", "requestId"],
    })
}

fn describe(
    route: &Route,
    operation: &Operation,
    answers: &mut SchemaGenerator,
    requests: &mut SchemaGenerator,
) -> Value {
    let in_path = parameters(&route.path).map(|name| {
        json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } })
    });
    let in_query = operation.query.iter().map(|(name, about)| {
        json!({ "name": name, "in": "query", "description": about, "schema": { "type": "string" } })
    });
    let mut responses: BTreeMap<String, Value> = BTreeMap::new();
    for (status, content) in &operation.answers {
        responses.insert(status.as_str().into(), content.response(*status, answers));
    }
    for (status, codes) in failures(route, operation) {
        responses.entry(status.to_string()).or_insert_with(|| failure(status, &codes));
    }
    let security = match route.access {
        Access::Public => json!([]),
        Access::Refresh | Access::User | Access::Admin => json!([{ "token": [] }]),
    };
    let mut described = json!({
        "summary": operation.summary,
        "parameters": in_path.chain(in_query).collect::<Vec<_>>(),
        "responses": responses,
        "security": security,
        "x-access": format!("{:?}", route.access).to_lowercase(),
    });
    if let (Some(body), Some(fields)) = (&operation.body, described.as_object_mut()) {
        let content = body.media(requests);
        fields.insert("requestBody".into(), json!({ "content": content }));
    }
    described
}

fn parameters(path: &str) -> impl Iterator<Item = &str> {
    let segments = path.split('/').filter_map(|it| it.strip_prefix('{')?.strip_suffix('}'));
    segments.map(|it| it.trim_start_matches('*'))
}

/// What can go wrong on a route, by status.
fn failures(route: &Route, operation: &Operation) -> BTreeMap<u16, Vec<&'static str>> {
    let mut all: BTreeMap<u16, Vec<&'static str>> = BTreeMap::new();
    let mut add = |status: Option<StatusCode>, code: &'static str| {
        let usual = codes::find(code).map_or(500, |it| it.status);
        let list = all.entry(status.map_or(usual, |it| it.as_u16())).or_default();
        if !list.contains(&code) {
            list.push(code);
        }
    };
    let everywhere = ["cors.origin", "request.headers-too-large", "internal", "secret.unreadable"];
    everywhere.into_iter().for_each(|it| add(None, it));
    if route.metered {
        add(None, "rate.exceeded");
    }
    if route.access != Access::Public {
        let doors =
            ["auth.token.missing", "auth.token.invalid", "auth.token.expired", "auth.session.over"];
        doors.into_iter().for_each(|it| add(None, it));
        add(None, "dependency.unavailable");
    }
    if route.access == Access::Admin {
        add(None, "auth.admin-only");
    }
    if operation.body.is_some() {
        let bodies =
            ["request.invalid", "request.too-deep", "request.too-large", "request.timeout"];
        bodies.into_iter().for_each(|it| add(None, it));
        add(None, "dependency.unavailable");
    }
    if parameters(&route.path).next().is_some() {
        ["request.invalid", "not-found"].into_iter().for_each(|it| add(None, it));
    }
    // Somebody else may have been quicker, whatever is changed.
    if route.method != Method::GET {
        add(None, "store.conflict");
    }
    operation.fails.iter().for_each(|(status, code)| add(*status, code));
    all
}

fn failure(status: u16, codes: &[&'static str]) -> Value {
    let reason = StatusCode::from_u16(status).ok().and_then(|it| it.canonical_reason());
    let code = json!({ "properties": { "code": { "enum": codes } } });
    let schema = json!({ "allOf": [{ "$ref": "#/components/schemas/Problem" }, code] });
    json!({
        "description": reason.unwrap_or("Failed"),
        "content": { "application/json": { "schema": schema } },
    })
}

impl Content {
    fn response(&self, status: StatusCode, generator: &mut SchemaGenerator) -> Value {
        let description = status.canonical_reason().unwrap_or("Done");
        match self {
            Self::Empty => json!({ "description": description }),
            content => json!({ "description": description, "content": content.media(generator) }),
        }
    }

    fn media(&self, generator: &mut SchemaGenerator) -> Value {
        match self {
            Self::Type(typed) => json!({ "application/json": { "schema": typed(generator) } }),
            Self::Shape(it) => json!({ "application/json": { "schema": shape::schema(it) } }),
            Self::Text(media) => json!({ *media: { "schema": { "type": "string" } } }),
            Self::Empty => json!({}),
        }
    }
}

#[cfg(test)]
mod tests;
