//! What the host says about itself: the API document, and the documents made
//! from the code.

use std::{path::Path, process::Command};

use bowsprit_host_api::codes;
use bowsprit_host_server::settings_markdown;
use bowsprit_tests::{TestHost, client};
use serde_json::Value;

/// Compares a file of `docs/` with what the code says. `UPDATE_GOLDEN=1`
/// writes it instead.
#[track_caller]
fn is_current(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some_and(|it| it == "1") {
        std::fs::write(&path, text).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    let difference = written.lines().zip(text.lines()).find(|(one, other)| one != other);
    assert!(written == text, "docs/{name} is stale, UPDATE_GOLDEN=1 mends it: {difference:?}");
}

#[test]
fn the_table_of_docs_settings_is_made_from_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/settings.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (before, rest) = text.split_once("<!-- made from the code -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- end -->\n").unwrap();
    let table = settings_markdown();
    let text = format!("{before}<!-- made from the code -->\n{table}<!-- end -->\n{after}");
    is_current("settings.md", &text);
}

#[test]
fn docs_errors_is_made_from_the_code() {
    is_current("errors.md", &codes::to_markdown());
}

#[tokio::test]
async fn the_api_document_is_served_where_old_and_new_clients_look() {
    let host = TestHost::start().await;
    let get = async |path: &str| {
        let answer = client().get(format!("{}{path}", host.origin)).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200, "{path}");
        let media = answer.headers()["content-type"].to_str().unwrap().to_owned();
        (media, answer.text().await.unwrap())
    };
    let (media, json) = get("/v1/api/openapi.json").await;
    assert_eq!(media, "application/json");
    let document: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["paths"]["/v1/api/workflows/{id}"]["get"]["x-access"], "user");
    for path in ["/v1/api-docs", "/v1/api-docs/json"] {
        let (media, yaml) = get(path).await;
        assert_eq!(media, "application/yaml");
        assert!(yaml.lines().any(|it| it == "openapi: \"3.1.0\""), "{path}");
    }
    let head = client().head(format!("{}/v1/api-docs", host.origin)).send().await.unwrap();
    assert_eq!(head.status().as_u16(), 200);
    host.finish().await;
}

/// What a reader of the page sees, once its script has run.
async fn seen(page: &str) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("it/documents/reader.mjs");
    let mut node = Command::new("node");
    node.arg(script).arg(page);
    let output = tokio::task::spawn_blocking(move || node.output().unwrap()).await.unwrap();
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
    serde_json::from_str(&out).unwrap()
}

#[tokio::test]
async fn a_page_shows_every_operation_and_loads_nothing_else() {
    let host = TestHost::with(&[("BOWSPRIT_PLUGINS_DIRS", "")]).await;
    let page = format!("{}/v1/api-docs/html", host.origin);
    let answer = client().get(&page).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
    let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'; script-src 'self'"), "{policy}");
    assert!(!policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"), "{policy}");
    let html = answer.text().await.unwrap();
    // What the policy forbids is not there: the browser would not run it.
    for inline in ["<style", " style=", " onclick", " onload", "://", "<script>"] {
        assert!(!html.contains(inline), "{inline} in {html}");
    }

    let seen = seen(&page).await;
    assert_eq!(seen["asked"], "/v1/api/openapi.json");
    assert!(seen["about"].as_str().unwrap().starts_with("Version "), "{seen}");
    let operations: Vec<&str> =
        seen["all"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    let described = bowsprit_host_api::routes();
    let described: Vec<_> = described.iter().filter(|it| it.is_described()).collect();
    assert_eq!(operations.len(), described.len());
    for route in described {
        let is_of = |it: &&&str| {
            let mut words = it.split('\u{a0}');
            words.next() == Some(route.method.as_str()) && words.next() == Some(route.path.as_str())
        };
        let shown = operations.iter().find(is_of);
        assert!(shown.is_some(), "{} {} is not shown", route.method, route.path);
    }
    let save = operations.iter().find(|it| it.contains("/workflows/{id}/save")).unwrap();
    for part in ["nodes", "workflow.changed", "401"] {
        assert!(save.contains(part), "{part} in {save}");
    }
    assert!(seen["shapes"].to_string().contains("requestId"), "{}", seen["shapes"]);
    let filtered = seen["filtered"].as_array().unwrap();
    assert!(!filtered.is_empty() && filtered.len() < operations.len());
    assert!(filtered.iter().all(|it| it.as_str().unwrap().contains("/clusters")), "{filtered:?}");
    // Nobody else's answers may run anything.
    let other = client().get(format!("{}/v1", host.origin)).send().await.unwrap();
    let policy = &other.headers()["content-security-policy"];
    assert_eq!(policy, "default-src 'none'; frame-ancestors 'none'");
    host.finish().await;
}
