//! Holds every answer a test gets against the API document: a status it does
//! not name, or a body that does not fit, fails the test.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use bowsprit_host_api::document;
use jsonschema::Validator;
use reqwest::{Method, StatusCode};
use serde_json::{Map, Value, json};

/// Compiled schemas by path, method and status; each is used thousands of
/// times.
static COMPILED: LazyLock<Mutex<HashMap<(String, String, u16), Arc<Validator>>>> =
    LazyLock::new(Mutex::default);

/// Panics unless the document promises this answer. `path` is from the
/// server's root; a query is ignored.
pub(crate) fn check(method: &Method, path: &str, status: StatusCode, media: &str, body: &Value) {
    let path = path.split('?').next().unwrap_or(path);
    let what = || format!("{method} {path} answered {status}");
    let Some((pattern, operation)) = operation(method, path) else {
        // Whatever is not there is not there; the gate stands before all.
        assert!([404, 403, 429, 431].contains(&status.as_u16()), "{}: no such route", what());
        return;
    };
    let promised = operation["responses"].get(status.as_str());
    let promised =
        promised.unwrap_or_else(|| panic!("{}: a status the document does not name", what()));
    let Some(contents) = promised.get("content").and_then(Value::as_object) else { return };
    let media = media.split(';').next().unwrap_or_default().trim();
    let content = contents
        .get(media)
        .unwrap_or_else(|| panic!("{} with `{media}`, documented are {contents:?}", what()));
    if media != "application/json" {
        return;
    }
    let key = (pattern.to_owned(), method.to_string(), status.as_u16());
    let validator = compiled(key, &content["schema"]);
    let faults: Vec<String> = validator
        .iter_errors(body)
        .map(|it| format!("at `{}`: {it}", it.instance_path()))
        .collect();
    assert!(faults.is_empty(), "{}, not as documented: {faults:#?}", what());
}

fn compiled(key: (String, String, u16), schema: &Value) -> Arc<Validator> {
    let mut all = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    let validator = all.entry(key).or_insert_with(|| {
        // References lead to the document's components.
        let whole = json!({ "allOf": [schema], "components": document()["components"] });
        Arc::new(jsonschema::validator_for(&whole).expect("the document's schemas compile"))
    });
    Arc::clone(validator)
}

/// The operation of a path that has its parameters filled in.
fn operation(method: &Method, path: &str) -> Option<(&'static str, &'static Map<String, Value>)> {
    let asked: Vec<&str> = path.split('/').collect();
    let paths = document()["paths"].as_object().expect("the document has paths");
    let fitting = paths.iter().filter_map(|(pattern, methods)| {
        let segments: Vec<&str> = pattern.split('/').collect();
        let rest = segments.last().is_some_and(|it| it.starts_with("{*"));
        let long_enough = asked.len() == segments.len() || rest && asked.len() >= segments.len();
        let fits = long_enough
            && segments.iter().zip(&asked).all(|(it, given)| it.starts_with('{') || it == given);
        // A path without parameters wins over one with.
        let literal = segments.iter().filter(|it| !it.starts_with('{')).count();
        fits.then_some((literal, pattern, methods))
    });
    let (_, pattern, methods) = fitting.max_by_key(|it| it.0)?;
    let operation = methods.get(method.as_str().to_lowercase())?.as_object()?;
    Some((pattern, operation))
}
