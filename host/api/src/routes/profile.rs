//! The caller's own account (R12–R14) and sessions.

use axum::{extract::State, http::Method};
use bowsprit_host_core::identity::{sessions::SessionView, users::UserView};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    ApiState,
    client::Requester,
    extract::{Auth, Json, PathId},
    problem::Problem,
    table::{Access, Table},
};

pub(super) fn add(table: Table) -> Table {
    table
        .api(Method::GET, "/profile", Access::User, get_profile)
        .api(Method::PUT, "/profile", Access::User, update_profile)
        .api(Method::PUT, "/profile/password", Access::User, change_password)
        .api(Method::GET, "/profile/sessions", Access::User, list_sessions)
        .api(Method::DELETE, "/profile/sessions", Access::User, end_other_sessions)
        .api(Method::DELETE, "/profile/sessions/{id}", Access::User, end_session)
}

#[derive(Serialize)]
struct Profile {
    user: UserView,
}

#[derive(Deserialize)]
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

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PasswordChange {
    current_password: SecretString,
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
