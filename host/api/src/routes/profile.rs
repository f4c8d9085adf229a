//! The caller's own account (R12–R14) and sessions.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{Method, StatusCode},
};
use bowsprit_host_core::identity::{sessions::SessionView, users::UserView};
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    ApiState,
    client::Requester,
    extract::{Auth, Json, PathId},
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
        .api(Method::PUT, "/profile/password", Access::User, change_password)
        .described(
            Operation::new("Changes the caller's password, which ends their other sessions")
                .takes::<PasswordChange>()
                .fails(&["auth.password.none", "auth.password.changed", "auth.busy"])
                .fails(&["auth.throttled", "not-found"])
                .says_so(),
        )
        .api(Method::GET, "/profile/sessions", Access::User, list_sessions)
        .described(
            Operation::new("Lists the caller's sessions")
                .answers_shape(StatusCode::OK, json!({ "sessions": ["object"] })),
        )
        .api(Method::DELETE, "/profile/sessions", Access::User, end_other_sessions)
        .described(Operation::new("Ends the caller's other sessions").says_so())
        .api(Method::DELETE, "/profile/sessions/{id}", Access::User, end_session)
        .described(Operation::new("Ends one session of the caller").says_so())
}

#[derive(Serialize, JsonSchema)]
struct Profile {
    user: Arc<UserView>,
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
    Ok(axum::Json(Profile { user: state.identity.rename(&caller, &body.name).await?.into() }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct PasswordChange {
    #[schemars(with = "String")]
    current_password: SecretString,
    #[schemars(with = "String")]
    new_password: SecretString,
}

#[derive(Serialize)]
struct Sessions {
    sessions: Vec<SessionView>,
}

async fn change_password(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    Requester(client): Requester,
    Json(body): Json<PasswordChange>,
) -> Result<axum::Json<Value>, Problem> {
    let PasswordChange { current_password, new_password } = body;
    state.identity.change_password(&caller, &client, current_password, new_password).await?;
    Ok(axum::Json(json!({ "message": "Password changed; other sessions are signed out" })))
}

async fn list_sessions(
    State(state): State<ApiState>,
    Auth(caller): Auth,
) -> Result<axum::Json<Sessions>, Problem> {
    Ok(axum::Json(Sessions { sessions: state.identity.sessions(&caller).await? }))
}

async fn end_other_sessions(
    State(state): State<ApiState>,
    Auth(caller): Auth,
) -> Result<axum::Json<Value>, Problem> {
    state.identity.logout_others(&caller).await?;
    Ok(axum::Json(json!({ "message": "Other sessions are signed out" })))
}

async fn end_session(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    PathId(id): PathId,
) -> Result<axum::Json<Value>, Problem> {
    state.identity.end_session(&caller, id).await?;
    Ok(axum::Json(json!({ "message": "Session signed out" })))
}
