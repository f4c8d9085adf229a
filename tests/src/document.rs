//! Holds every answer a test gets against the API document: a status it does
//! not name, or a body that does not fit, fails the test.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use bowsprit_host_api::{Route, document};
use jsonschema::Validator;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// Compiled schemas by path, method and status; each is used thousands of
/// times.
/// By path, method and status.
type Validators = HashMap<(String, String, u16), Arc<Validator>>;

static COMPILED: LazyLock<Mutex<Validators>> = LazyLock::new(Mutex::default);

/// Panics unless the document promises this answer. `path` is from the
/// server's root; a query is ignored.
pub(crate) fn check(method: &Method, path: &str, status: StatusCode, media: &str, body: &Value) {
    let path = path.split('?').next().unwrap_or(path);
    let what = || format!("{method} {path} answered {status}");
    let Some(route) = route(method, path) else {
        // Whatever is not there is not there; the gate stands before all.
        assert!([404, 403, 429, 431].contains(&status.as_u16()), "{}: no such route", what());
        return;
    };
    if !route.is_described() {
        // A unit test of `host/api` names it.
        return;
    }
    let operation = &document()["paths"][&route.path][method.as_str().to_lowercase()];
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
    let key = (route.path.clone(), method.to_string(), status.as_u16());
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

/// The route that answers a path, which has its parameters filled in.
fn route(method: &Method, path: &str) -> Option<&'static Route> {
    static ROUTES: LazyLock<Vec<Route>> = LazyLock::new(bowsprit_host_api::routes);
    let asked: Vec<&str> = path.split('/').collect();
    let literals = |it: &Route| it.path.split('/').filter(|it| !it.starts_with('{')).count();
    let fits = |it: &&Route| {
        let segments: Vec<&str> = it.path.split('/').collect();
        let rest = segments.last().is_some_and(|it| it.starts_with("{*"));
        let long_enough = asked.len() == segments.len() || rest && asked.len() >= segments.len();
        it.method == *method
            && long_enough
            && segments.iter().zip(&asked).all(|(it, given)| it.starts_with('{') || it == given)
    };
    // A path without parameters wins over one with.
    ROUTES.iter().filter(fits).max_by_key(|it| literals(it))
}
