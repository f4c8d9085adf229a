//! What the host says about itself: the API document, and the documents made
//! from the code.

use std::path::Path;

use bowsprit_host_api::codes;
use bowsprit_host_server::settings_markdown;
use bowsprit_tests::{TestHost, client};

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
