//! The caller's own account (R12, R13).

use axum::{
    extract::State,
    http::{Method, StatusCode},
};
use bowsprit_host_core::identity::users::UserView;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    ApiState,
    extract::{Auth, Json},
    openapi::Operation,
    problem::Problem,
    table::{Access, Table},
};

pub(super) fn add(table: Table) -> Table {
    table
        .api(Method::GET, "/profile", Access::User, get_profile)
        .described(
            Operation::new("The caller's account")
                .answers::<Profile>(StatusCode::OK)
                .fails(&["not-found"]),
        )
        .api(Method::PUT, "/profile", Access::User, update_profile)
        .described(
            Operation::new("Renames the caller")
                .takes::<ProfileChange>()
                .answers::<Profile>(StatusCode::OK)
                .fails(&["not-found"]),
        )
}

#[derive(Serialize, JsonSchema)]
struct Profile {
    user: UserView,
}

#[derive(Deserialize, JsonSchema)]
struct ProfileChange {
    name: String,
}

async fn get_profile(
    State(state): State<ApiState>,
    Auth(caller): Auth,
) -> Result<axum::Json<Profile>, Problem> {
    Ok(axum::Json(Profile { user: state.identity.profile(&caller).await? }))
}

async fn update_profile(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    Json(body): Json<ProfileChange>,
) -> Result<axum::Json<Profile>, Problem> {
    Ok(axum::Json(Profile { user: state.identity.rename(&caller, &body.name).await? }))
}
