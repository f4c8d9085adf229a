//! What plugins may use for each user, for administrators.

use axum::{
    Json,
    extract::State,
    http::{Method, StatusCode},
};
use bowsprit_host_core::budgets::BudgetReport;
use serde_json::json;

use crate::{
    ApiState,
    extract::Auth,
    openapi::Operation,
    problem::Problem,
    table::{Access, Table},
};

pub(super) fn add(table: Table) -> Table {
    table.api(Method::GET, "/admin/plugins/budgets", Access::Admin, get_budgets).described(
        Operation::new("What plugins used for each user in their present hour").answers_shape(
            StatusCode::OK,
            json!({
                "limits": { "cpuMillis": "integer", "memoryMibSeconds": "integer" },
                "budgets": [{
                    "user": "id", "calls": "integer", "cpuMillis": "integer",
                    "memoryMibSeconds": "integer", "since": "time", "endsInSeconds": "integer",
                    "exhausted": "boolean",
                }],
            }),
        ),
    )
}

async fn get_budgets(
    State(state): State<ApiState>,
    Auth(caller): Auth,
) -> Result<Json<BudgetReport>, Problem> {
    Ok(Json(state.budgets.report(&caller)?))
}
