//! Search (R15).

use axum::{
    Json,
    extract::{Query, State},
    http::{Method, StatusCode},
};
use bowsprit_host_core::search::Found;
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
    table.api(Method::GET, "/search", Access::User, search).described(
        Operation::new("Finds workflows, clusters, versions and plugins by a part of their text")
            .reads("q", "the text, literally, whatever its case")
            .answers_shape(
                StatusCode::OK,
                json!({
                    "workflows": [{ "id": "id", "name": "text", "description": "text", "status": "text" }],
                    "resources": ["any"],
                    "clusters": [{ "name": "text", "displayName": "text", "status": "text" }],
                    "versions": [{
                        "workflowId": "id", "workflowName": "text", "version": "integer",
                        "name": "text|null", "tag": "text|null", "description": "text",
                    }],
                    "plugins": [{ "id": "text", "version": "text", "nodeTypes": ["text"] }],
                }),
            ),
    )
}

#[derive(Default, Deserialize)]
struct Sought {
    #[serde(default)]
    q: String,
}

async fn search(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    Query(sought): Query<Sought>,
) -> Result<Json<Found>, Problem> {
    Ok(Json(state.search.find(&caller, &sought.q).await?))
}
