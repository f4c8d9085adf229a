//! The dashboard (R20, R21).

use axum::{Json, extract::State, http::Method, response::Response};
use bowsprit_host_core::{dashboard::Stats, workflows::Workflow};

use super::workflows::json_text;
use crate::{
    ApiState,
    extract::{Auth, Numbers},
    problem::Problem,
    table::{Access, Table},
};

pub(super) fn add(table: Table) -> Table {
    table.api(Method::GET, "/dashboard/recent-workflows", Access::User, recent_workflows).api(
        Method::GET,
        "/dashboard/stats",
        Access::User,
        stats,
    )
}

async fn recent_workflows(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    numbers: Numbers,
) -> Result<Response, Problem> {
    let limit = numbers.get("limit", 1..=20, 5);
    let recent = state.dashboard.recent(&caller, limit as u32).await?;
    let items: Vec<String> =
        recent.iter().map(Workflow::to_brief_json).collect::<Result<_, _>>()?;
    Ok(json_text(format!(r#"{{"workflows":[{}]}}"#, items.join(","))))
}

async fn stats(State(state): State<ApiState>, Auth(caller): Auth) -> Result<Json<Stats>, Problem> {
    Ok(Json(state.dashboard.stats(&caller).await?))
}
