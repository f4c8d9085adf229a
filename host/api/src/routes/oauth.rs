//! Sign-in through identity providers (R9–R11).

use axum::{
    extract::{Path, Query, State, rejection::QueryRejection},
    http::{Method, StatusCode, header},
    response::{IntoResponse, Redirect},
};
use bowsprit_host_core::identity::oauth::Callback;
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;

use super::auth::Session;
use crate::{
    ApiState,
    client::Requester,
    extract::Json,
    openapi::{Operation, codes_of},
    problem::Problem,
    table::{Access, Table},
};

pub(super) fn add(table: Table) -> Table {
    table
        .api(Method::GET, "/auth/oauth/{provider}/authorize", Access::Public, authorize)
        .described(
            Operation::new("Sends a browser to an identity provider")
                .answers_nothing(StatusCode::TEMPORARY_REDIRECT)
                .fails(&["dependency.unavailable"])
                .fails(&codes_of("auth.provider")),
        )
        .api(Method::GET, "/auth/oauth/{provider}/callback", Access::Public, callback)
        .described(
            Operation::new("Takes a browser back and sends it to the web frontend")
                .answers_nothing(StatusCode::TEMPORARY_REDIRECT),
        )
        .api(Method::POST, "/auth/oauth/exchange", Access::Public, exchange)
        .described(
            Operation::new("Signs in with the code of a callback")
                .takes::<Exchange>()
                .answers::<Session>(StatusCode::OK)
                .fails(&["auth.oauth.code", "auth.account.deactivated"]),
        )
}

/// What a provider sends a browser back with. All optional: whatever comes, the
/// person is told on the sign-in page.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer {
    state: Option<SecretString>,
    code: Option<SecretString>,
    error: Option<String>,
    error_description: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
struct Exchange {
    #[schemars(with = "String")]
    code: SecretString,
}

async fn authorize(
    State(state): State<ApiState>,
    Path(provider): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    Ok(redirect(&state.oauth.begin(&provider).await?))
}

async fn callback(
    State(state): State<ApiState>,
    Path(provider): Path<String>,
    answer: Result<Query<Answer>, QueryRejection>,
) -> impl IntoResponse {
    let Answer { state: token, code, error, error_description } =
        answer.map(|it| it.0).unwrap_or_default();
    let callback = Callback { state: token, code, error, error_description };
    redirect(&state.oauth.finish(&provider, callback).await)
}

async fn exchange(
    State(state): State<ApiState>,
    Requester(client): Requester,
    Json(body): Json<Exchange>,
) -> Result<impl IntoResponse, Problem> {
    let session: Session = state.oauth.exchange(&body.code, &client).await?.into();
    Ok(([(header::CACHE_CONTROL, "no-store")], axum::Json(session)))
}

/// 307, never from a cache: each address is good once.
fn redirect(url: &str) -> impl IntoResponse + use<> {
    ([(header::CACHE_CONTROL, "no-store")], Redirect::temporary(url))
}
