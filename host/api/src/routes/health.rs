//! Whether the host lives, and whether it wants requests.

use axum::{
    Json,
    extract::State,
    http::{Method, StatusCode},
};
use serde_json::{Value, json};

use crate::{
    ApiState, Readiness,
    table::{Access, Table},
};

pub(super) fn add(table: Table) -> Table {
    table
        .at(Method::GET, "/v1", Access::Public, get_root)
        .at(Method::GET, "/v1/", Access::Public, get_root)
        .at(Method::GET, "/healthz", Access::Public, get_liveness)
        .at(Method::GET, "/readyz", Access::Public, get_readiness)
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
