//! Registration, sign-in and tokens (R5–R8).

use axum::{
    extract::{Request, State},
    http::{Method, StatusCode},
};
use bowsprit_host_core::identity::{Registration, SignedIn, users::UserView};
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    ApiState,
    extract::{Auth, Json, bearer},
    openapi::Operation,
    problem::Problem,
    table::{Access, Table},
};

pub(super) fn add(table: Table) -> Table {
    let tokens = ["auth.token.missing", "auth.token.invalid", "auth.token.expired"];
    table
        .api(Method::POST, "/auth/register", Access::Public, register)
        .described(
            Operation::new("Registers a user; the first becomes administrator")
                .takes::<Register>()
                .answers::<Session>(StatusCode::CREATED)
                .fails(&["auth.builtin.disabled", "auth.signup.disabled", "auth.domain.refused"])
                .fails(&["auth.email.taken", "auth.invite.wrong", "auth.busy"]),
        )
        .api(Method::POST, "/auth/login", Access::Public, login)
        .described(
            Operation::new("Signs in with a password")
                .takes::<Login>()
                .answers::<Session>(StatusCode::OK)
                .fails(&["auth.builtin.disabled", "auth.login.wrong", "auth.busy"]),
        )
        .api(Method::POST, "/auth/refresh", Access::Refresh, refresh)
        .described(
            Operation::new("Exchanges a token, also an expired one, for a new one")
                .answers::<Session>(StatusCode::OK)
                .fails(&tokens)
                .fails(&["not-found"]),
        )
        .api(Method::POST, "/auth/logout", Access::User, logout)
        .described(Operation::new("Ends the session of the token").says_so())
        .api(Method::GET, "/auth/methods", Access::Public, list_methods)
        .described(Operation::new("Lists the ways to sign in").answers_shape(
            StatusCode::OK,
            json!({
                "builtin": {"enabled": "boolean", "signupEnabled": "boolean"},
                "providers": [{"name": "text", "displayName": "text", "icon": "text"}],
            }),
        ))
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Register {
    email: String,
    #[schemars(with = "String")]
    password: SecretString,
    name: String,
    #[serde(default)]
    invite_code: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
struct Login {
    email: String,
    #[schemars(with = "String")]
    password: SecretString,
}

/// A token with its user.
#[derive(Serialize, JsonSchema)]
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
