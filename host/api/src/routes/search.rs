//! Search (R15).

use axum::{
    Json,
    extract::{Query, State},
    http::Method,
};
use bowsprit_host_core::search::Found;
use serde::Deserialize;

use crate::{
    ApiState,
    extract::Auth,
    problem::Problem,
    table::{Access, Table},
};

pub(super) fn add(table: Table) -> Table {
    table.api(Method::GET, "/search", Access::User, search)
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
