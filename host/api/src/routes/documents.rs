//! What the host says about itself: figures (R1), the API document (R2, R3)
//! and a page that shows it.

use axum::{
    extract::State,
    http::{HeaderName, Method, StatusCode, header},
};
use bowsprit_host_core::Error;
use bytes::Bytes;

use crate::{ApiState, DOCUMENT, openapi::Operation, problem::Problem, table::Table};

type Typed<T> = ([(HeaderName, &'static str); 1], T);

pub(super) fn add(table: Table) -> Table {
    let yaml = |summary| Operation::new(summary).answers_text(StatusCode::OK, "application/yaml");
    let json = Operation::new("The API document")
        .answers_shape(StatusCode::OK, serde_json::json!({ "openapi": "text" }));
    table
        .free(Method::GET, "/metrics", get_metrics)
        .described(
            Operation::new("Figures for Prometheus").answers_text(StatusCode::OK, "text/plain"),
        )
        .free(Method::GET, "/v1/api/openapi.json", get_openapi)
        .described(json)
        .free(Method::GET, "/v1/api-docs", get_docs)
        .described(yaml("The API document as YAML"))
        .free(Method::GET, "/v1/api-docs/json", get_docs)
        .described(yaml("The API document as YAML, where older clients look for it"))
        .free(Method::GET, "/v1/api-docs/html", get_page)
        .described(file("A page that shows the API document", "text/html"))
        .free(Method::GET, "/v1/api-docs/page.js", get_script)
        .described(file("What the page does", "text/javascript"))
        .free(Method::GET, "/v1/api-docs/page.css", get_style)
        .described(file("How the page looks", "text/css"))
}

fn file(summary: &'static str, media: &'static str) -> Operation {
    Operation::new(summary).answers_text(StatusCode::OK, media)
}

/// What the page may load: its own script, its own style, and the document.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

async fn get_page() -> ([(HeaderName, &'static str); 2], &'static str) {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, PAGE_POLICY),
    ];
    (headers, include_str!("documents/page.html"))
}

async fn get_script() -> Typed<&'static str> {
    let media = "text/javascript; charset=utf-8";
    ([(header::CONTENT_TYPE, media)], include_str!("documents/page.js"))
}

async fn get_style() -> Typed<&'static str> {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("documents/page.css"))
}

async fn get_metrics(State(state): State<ApiState>) -> Result<Typed<Vec<u8>>, Problem> {
    let text = state.edge.metrics().to_text().map_err(Error::internal)?;
    // Version of the text format, as Prometheus' own exposition says it.
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text))
}

async fn get_openapi() -> Typed<Bytes> {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT.json.clone())
}

async fn get_docs() -> Typed<Bytes> {
    ([(header::CONTENT_TYPE, "application/yaml")], DOCUMENT.yaml.clone())
}
