//! The dashboard (R20, R21).

use axum::{
    Json,
    extract::State,
    http::{Method, StatusCode},
    response::Response,
};
use bowsprit_host_core::{dashboard::Stats, workflows::Workflow};
use serde_json::json;

use super::workflows::json_text;
use crate::{
    ApiState,
    extract::{Auth, Parameters},
    openapi::Operation,
    problem::Problem,
    table::{Access, Table},
};

pub(super) fn add(table: Table) -> Table {
    let figure = json!({ "value": "text", "change": "number", "trend": "=up|=down|=neutral" });
    let brief = json!({
        "id": "id", "name": "text", "status": "=draft|=published|=archived", "cluster_id": "text",
        "current_version": "integer", "updated_at": "time",
    });
    table
        .api(Method::GET, "/dashboard/recent-workflows", Access::User, recent_workflows)
        .described(
            Operation::new("Workflows changed last, without what is drawn")
                .reads("limit", "1 to 20; else 5")
                .answers_shape(StatusCode::OK, json!({ "workflows": [brief] })),
        )
        .api(Method::GET, "/dashboard/stats", Access::User, stats)
        .described(Operation::new("Figures of the caller's workflows").answers_shape(
            StatusCode::OK,
            json!({
                "total_workflows": figure, "published_workflows": figure, "total_runs": figure,
                "success_rate": figure,
            }),
        ))
}

async fn recent_workflows(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    parameters: Parameters,
) -> Result<Response, Problem> {
    let limit = parameters.number("limit", 1..=20, 5);
    let recent = state.dashboard.recent(&caller, limit as u32).await?;
    let items: Vec<String> =
        recent.iter().map(Workflow::to_brief_json).collect::<Result<_, _>>()?;
    Ok(json_text(format!(r#"{{"workflows":[{}]}}"#, items.join(","))))
}

async fn stats(State(state): State<ApiState>, Auth(caller): Auth) -> Result<Json<Stats>, Problem> {
    Ok(Json(state.dashboard.stats(&caller).await?))
}
