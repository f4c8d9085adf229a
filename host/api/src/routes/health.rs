//! Whether the host lives, and whether it wants requests.

use axum::{
    Json,
    extract::State,
    http::{Method, StatusCode},
};
use serde_json::{Value, json};

use crate::{
    ApiState, Readiness,
    openapi::Operation,
    table::{Access, Table},
};

pub(super) fn add(table: Table) -> Table {
    let hello = Operation::new("Says that the host runs")
        .answers_shape(StatusCode::OK, json!({ "message": "text", "status": "=success" }));
    let text = "text/plain";
    table
        .at(Method::GET, "/v1", Access::Public, get_root)
        .described(hello.clone())
        .at(Method::GET, "/v1/", Access::Public, get_root)
        .described(hello)
        .free(Method::GET, "/healthz", get_liveness)
        .described(Operation::new("Whether the host lives").answers_text(StatusCode::OK, text))
        .free(Method::GET, "/readyz", get_readiness)
        .described(
            Operation::new("Whether the host wants requests")
                .answers_text(StatusCode::OK, text)
                .answers_text(StatusCode::SERVICE_UNAVAILABLE, text),
        )
}

async fn get_root() -> Json<Value> {
    Json(json!({ "message": "Bowsprit is running", "status": "success" }))
}

async fn get_liveness() -> &'static str {
    "ok"
}

async fn get_readiness(State(state): State<ApiState>) -> (StatusCode, &'static str) {
    match *state.ready.borrow() {
        Readiness::Ready => (StatusCode::OK, "ready"),
        Readiness::Closed => (StatusCode::SERVICE_UNAVAILABLE, "starting or stopping"),
        Readiness::StoreAway => (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer"),
    }
}
