//! Registration, sign-in and tokens (R5–R8).

use axum::{
    extract::State,
    http::{Method, StatusCode, request::Parts},
};
use bowsprit_host_core::identity::{
    Login, Registration, SignedIn, oauth::ProviderView, users::UserView,
};
use schemars::JsonSchema;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    ApiState,
    client::Requester,
    extract::{Auth, Json, RawBody, bearer, parse},
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
                .fails(&["auth.email.taken", "auth.invite.wrong", "auth.busy", "auth.throttled"]),
        )
        .api(Method::POST, "/auth/login", Access::Public, login)
        .described(
            Operation::new("Signs in with a password")
                .takes::<Credentials>()
                .answers::<Session>(StatusCode::OK)
                .fails(&[
                    "auth.builtin.disabled",
                    "auth.login.wrong",
                    "auth.busy",
                    "auth.throttled",
                ])
                .fails(&["auth.account.deactivated"]),
        )
        .api(Method::POST, "/auth/refresh", Access::Refresh, refresh)
        .described(
            Operation::new("Exchanges a token, also an expired one, for a new one")
                .answers::<Session>(StatusCode::OK)
                .fails(&tokens)
                .fails(&["auth.refresh.reused", "auth.refresh.separate", "auth.session.over"])
                .fails(&["not-found", "request.too-large", "request.too-deep", "request.timeout"]),
        )
        .api(Method::POST, "/auth/logout", Access::User, logout)
        .described(Operation::new("Ends the session of the token").says_so())
        .api(Method::POST, "/auth/logout-all", Access::User, logout_all)
        .described(Operation::new("Ends all sessions of the caller").says_so())
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
#[serde(rename_all = "camelCase")]
struct Credentials {
    email: String,
    #[schemars(with = "String")]
    password: SecretString,
    /// Whether the client wants refresh tokens. The web frontend does not.
    #[serde(default)]
    refresh_token: bool,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Rotation {
    #[schemars(with = "String")]
    refresh_token: SecretString,
}

/// A token with its user.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Session {
    token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    /// Seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in: Option<u64>,
    user: UserView,
}

impl From<SignedIn> for Session {
    fn from(it: SignedIn) -> Self {
        let expires_in = it.refresh.as_ref().map(|it| it.expires_in.as_secs());
        let refresh_token = it.refresh.map(|it| it.token);
        Self { token: it.token, refresh_token, expires_in, user: it.user }
    }
}

async fn register(
    State(state): State<ApiState>,
    Requester(client): Requester,
    Json(body): Json<Register>,
) -> Result<(StatusCode, axum::Json<Session>), Problem> {
    let Register { email, password, name, invite_code } = body;
    let registration = Registration { email, name, password, invite_code };
    let session = state.identity.register(registration, &client).await?.into();
    Ok((StatusCode::CREATED, axum::Json(session)))
}

async fn login(
    State(state): State<ApiState>,
    Requester(client): Requester,
    Json(body): Json<Credentials>,
) -> Result<axum::Json<Session>, Problem> {
    let Credentials { email, password, refresh_token } = body;
    let login = Login { email, password, refresh_token };
    Ok(axum::Json(state.identity.login(login, &client).await?.into()))
}

/// With a refresh token in the body, or else with the bearer token: then the
/// body says nothing, whatever it is.
async fn refresh(
    State(state): State<ApiState>,
    Requester(client): Requester,
    parts: Parts,
    RawBody(body): RawBody,
) -> Result<axum::Json<Session>, Problem> {
    let session = match parse::<Rotation>(&body) {
        Ok(it) => state.identity.rotate(it.refresh_token.expose_secret()).await?,
        Err(_) => state.identity.refresh(bearer(&parts)?, &client).await?,
    };
    Ok(axum::Json(session.into()))
}

async fn logout(
    State(state): State<ApiState>,
    Auth(caller): Auth,
) -> Result<axum::Json<Value>, Problem> {
    state.identity.logout(&caller).await?;
    Ok(axum::Json(json!({ "message": "Signed out" })))
}

async fn logout_all(
    State(state): State<ApiState>,
    Auth(caller): Auth,
) -> Result<axum::Json<Value>, Problem> {
    state.identity.logout_all(&caller).await?;
    Ok(axum::Json(json!({ "message": "Signed out everywhere" })))
}

#[derive(Serialize)]
struct Methods {
    builtin: Builtin,
    providers: Vec<ProviderView>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Builtin {
    enabled: bool,
    signup_enabled: bool,
}

async fn list_methods(State(state): State<ApiState>) -> axum::Json<Methods> {
    let rules = state.identity.rules();
    let builtin = Builtin { enabled: rules.builtin_enabled, signup_enabled: rules.signup_enabled };
    axum::Json(Methods { builtin, providers: state.oauth.offered() })
}
