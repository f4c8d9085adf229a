//! How much of the clusters is used (R110, R111).

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Query, State},
    http::{Method, StatusCode},
};
use bowsprit_host_core::clusters::{Overview, ResourceRow};
use serde::Deserialize;
use serde_json::json;

use crate::{
    ApiState,
    extract::Auth,
    openapi::Operation,
    problem::Problem,
    table::{Access, Table},
};

pub(super) fn add(table: Table) -> Table {
    table
        .api(Method::GET, "/metrics/overview", Access::User, overview)
        .described(
            Operation::new("How much of each cluster is used").answers_shape(
                StatusCode::OK,
                json!({ "clusters": ["object"], "totals": "object" }),
            ),
        )
        .api(Method::GET, "/metrics/resources", Access::User, resources)
        .described(
            Operation::new("How much each resource uses")
                .reads("cluster", "the name of a cluster; all if absent")
                .answers_shape(StatusCode::OK, json!({ "resources": ["object"] })),
        )
}

#[derive(Deserialize)]
struct Narrowed {
    #[serde(default)]
    cluster: Option<String>,
}

async fn overview(
    State(state): State<ApiState>,
    Auth(caller): Auth,
) -> Result<Json<Overview>, Problem> {
    Ok(Json(state.clusters.usage(&caller).await?))
}

async fn resources(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    Query(narrowed): Query<Narrowed>,
) -> Result<Json<BTreeMap<&'static str, Vec<ResourceRow>>>, Problem> {
    let cluster = narrowed.cluster.as_deref().filter(|it| !it.is_empty());
    let rows = state.clusters.resource_rows(&caller, cluster).await?;
    Ok(Json(BTreeMap::from([("resources", rows)])))
}
