//! Registration, sign-in and tokens (R5–R8).

use axum::{
    extract::{Request, State},
    http::{Method, StatusCode},
};
use bowsprit_host_core::identity::{Registration, SignedIn, users::UserView};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    ApiState,
    extract::{Auth, Json, bearer},
    problem::Problem,
    table::{Access, Table},
};

pub(super) fn add(table: Table) -> Table {
    table
        .api(Method::POST, "/auth/register", Access::Public, register)
        .api(Method::POST, "/auth/login", Access::Public, login)
        .api(Method::POST, "/auth/refresh", Access::Refresh, refresh)
        .api(Method::POST, "/auth/logout", Access::User, logout)
        .api(Method::GET, "/auth/methods", Access::Public, list_methods)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Register {
    email: String,
    password: SecretString,
    name: String,
    #[serde(default)]
    invite_code: Option<String>,
}

#[derive(Deserialize)]
struct Login {
    email: String,
    password: SecretString,
}

/// A token with its user.
#[derive(Serialize)]
pub(super) struct Session {
    token: String,
    user: UserView,
}

impl From<SignedIn> for Session {
    fn from(it: SignedIn) -> Self {
        Self { token: it.token, user: it.user }
    }
}

async fn register(
    State(state): State<ApiState>,
    Json(body): Json<Register>,
) -> Result<(StatusCode, axum::Json<Session>), Problem> {
    let Register { email, password, name, invite_code } = body;
    let registration = Registration { email, name, password, invite_code };
    let session = state.identity.register(registration).await?.into();
    Ok((StatusCode::CREATED, axum::Json(session)))
}

async fn login(
    State(state): State<ApiState>,
    Json(body): Json<Login>,
) -> Result<axum::Json<Session>, Problem> {
    Ok(axum::Json(state.identity.login(&body.email, body.password).await?.into()))
}

async fn refresh(
    State(state): State<ApiState>,
    request: Request,
) -> Result<axum::Json<Session>, Problem> {
    let (parts, _) = request.into_parts();
    Ok(axum::Json(state.identity.refresh(bearer(&parts)?).await?.into()))
}

async fn logout(
    State(state): State<ApiState>,
    Auth(caller): Auth,
) -> Result<axum::Json<Value>, Problem> {
    state.identity.logout(&caller).await?;
    Ok(axum::Json(json!({ "message": "Signed out" })))
}

async fn list_methods(State(state): State<ApiState>) -> axum::Json<Value> {
    let rules = state.identity.rules();
    axum::Json(json!({
        "builtin": { "enabled": rules.builtin_enabled, "signupEnabled": rules.signup_enabled },
        "providers": state.oauth.offered(),
    }))
}
