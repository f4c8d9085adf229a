//! Invite settings for administrators (R16–R19).

use axum::{
    extract::State,
    http::{Method, StatusCode},
};
use bowsprit_host_core::identity::invites::InviteView;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    ApiState,
    extract::{Admin, Json},
    openapi::Operation,
    problem::Problem,
    table::{Access, Table},
};

pub(super) fn add(table: Table) -> Table {
    let code = json!({ "inviteCode": "text" });
    table
        .api(Method::GET, "/settings/invite-code", Access::Admin, get_invite_code)
        .described(Operation::new("The invite code").answers_shape(StatusCode::OK, code.clone()))
        .api(Method::POST, "/settings/generate-invite-code", Access::Admin, generate_invite_code)
        .described(Operation::new("Makes a new invite code").answers_shape(StatusCode::OK, code))
        .api(Method::GET, "/settings/regenerate-setting", Access::Admin, get_regenerate_setting)
        .described(Operation::new("The invite settings").answers::<InviteView>(StatusCode::OK))
        .api(Method::PUT, "/settings/regenerate-setting", Access::Admin, set_regenerate_setting)
        .described(
            Operation::new("Sets whether a code is good for one registration only")
                .takes::<RegenerateSetting>()
                .answers_shape(StatusCode::OK, json!({ "regenerateAfterSignup": "boolean" })),
        )
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct RegenerateSetting {
    #[serde(default)]
    regenerate_after_signup: bool,
}

async fn get_invite_code(
    State(state): State<ApiState>,
    Admin(caller): Admin,
) -> Result<axum::Json<Value>, Problem> {
    let invite = state.identity.invites().view(&caller).await?;
    Ok(axum::Json(json!({ "inviteCode": invite.invite_code, "expiresAt": invite.expires_at })))
}

async fn generate_invite_code(
    State(state): State<ApiState>,
    Admin(caller): Admin,
) -> Result<axum::Json<Value>, Problem> {
    let invite = state.identity.invites().renew(&caller).await?;
    Ok(axum::Json(json!({ "inviteCode": invite.invite_code, "expiresAt": invite.expires_at })))
}

async fn get_regenerate_setting(
    State(state): State<ApiState>,
    Admin(caller): Admin,
) -> Result<axum::Json<InviteView>, Problem> {
    Ok(axum::Json(state.identity.invites().view(&caller).await?))
}

async fn set_regenerate_setting(
    State(state): State<ApiState>,
    Admin(caller): Admin,
    Json(body): Json<RegenerateSetting>,
) -> Result<axum::Json<Value>, Problem> {
    let on = body.regenerate_after_signup;
    let invite = state.identity.invites().set_regenerate(&caller, on).await?;
    Ok(axum::Json(json!({ "regenerateAfterSignup": invite.regenerate_after_signup })))
}
