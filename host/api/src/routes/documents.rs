//! What the host says about itself: figures (R1) and the API document (R2,
//! R3).

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
