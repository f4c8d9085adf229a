//! Users, for administrators.

use std::collections::HashMap;

use axum::{
    extract::{Query, State},
    http::{Method, StatusCode},
};
use bowsprit_host_core::{
    Error,
    access::{Caller, Role},
    id::Id,
    identity::{
        admin::{AccountChange, UserQuery},
        users::AccountView,
    },
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    ApiState,
    extract::{Admin, Json, Parameters, PathId},
    openapi::Operation,
    problem::Problem,
    table::{Access, Table},
};

pub(super) fn add(table: Table) -> Table {
    let account = json!({
        "id": "id", "email": "text", "name": "text", "role": "=admin|=user", "avatarUrl": "text",
        "createdAt": "time", "authProvider?": "text", "active": "boolean", "deactivatedAt?": "time",
    });
    let changed = |summary| {
        let changed = json!({ "user": account });
        Operation::new(summary).fails(&["auth.last-admin"]).answers_shape(StatusCode::OK, changed)
    };
    table
        .api(Method::GET, "/admin/users", Access::Admin, list_users)
        .described(
            Operation::new("Lists users, oldest first")
                .reads("role", "`admin` or `user`")
                .reads("active", "`true` or `false`")
                .reads("email", "an e-mail address, in any case")
                .reads("limit", "1 to 200; else 50")
                .reads("offset", "from 0")
                .fails(&["request.invalid"])
                .answers_shape(
                    StatusCode::OK,
                    json!({
                        "users": [account], "total": "integer", "limit": "integer",
                        "offset": "integer",
                    }),
                ),
        )
        .api(Method::PUT, "/admin/users/{id}/role", Access::Admin, set_role)
        .described(changed("Gives a user another role").takes::<RoleChange>())
        .api(Method::POST, "/admin/users/{id}/deactivate", Access::Admin, deactivate)
        .described(changed("Shuts an account and ends its sessions"))
        .api(Method::POST, "/admin/users/{id}/reactivate", Access::Admin, reactivate)
        .described(changed("Opens an account again"))
}

#[derive(Serialize)]
struct Page {
    users: Vec<AccountView>,
    total: u64,
    limit: u32,
    offset: u64,
}

#[derive(Deserialize, JsonSchema)]
struct RoleChange {
    role: Role,
}

#[derive(Serialize)]
struct Account {
    user: AccountView,
}

async fn list_users(
    State(state): State<ApiState>,
    Admin(caller): Admin,
    Query(given): Query<HashMap<String, String>>,
    parameters: Parameters,
) -> Result<axum::Json<Page>, Problem> {
    let limit = parameters.number("limit", 1..=200, 50) as u32;
    let offset = parameters.number("offset", 0..=u64::from(u32::MAX), 0);
    let asked = UserQuery { limit, offset, ..wanted(&given)? };
    let (users, total) = state.identity.users(&caller, &asked).await?;
    Ok(axum::Json(Page { users, total, limit, offset }))
}

/// Empty parameters count as not given.
fn wanted(given: &HashMap<String, String>) -> Result<UserQuery, Error> {
    let role = match given.get("role").map_or("", String::as_str) {
        "" => None,
        "admin" => Some(Role::Admin),
        "user" => Some(Role::User),
        _ => return Err(Error::invalid("role", "must be `admin` or `user`")),
    };
    let active = match given.get("active").map_or("", String::as_str) {
        "" => None,
        "true" => Some(true),
        "false" => Some(false),
        _ => return Err(Error::invalid("active", "must be `true` or `false`")),
    };
    let email = given.get("email").filter(|it| !it.is_empty()).cloned();
    Ok(UserQuery { role, active, email, ..UserQuery::default() })
}

async fn set_role(
    State(state): State<ApiState>,
    Admin(caller): Admin,
    PathId(id): PathId,
    Json(body): Json<RoleChange>,
) -> Result<axum::Json<Account>, Problem> {
    change(&state, &caller, id, AccountChange::Role(body.role)).await
}

async fn deactivate(
    State(state): State<ApiState>,
    Admin(caller): Admin,
    PathId(id): PathId,
) -> Result<axum::Json<Account>, Problem> {
    change(&state, &caller, id, AccountChange::Deactivate).await
}

async fn reactivate(
    State(state): State<ApiState>,
    Admin(caller): Admin,
    PathId(id): PathId,
) -> Result<axum::Json<Account>, Problem> {
    change(&state, &caller, id, AccountChange::Reactivate).await
}

async fn change(
    state: &ApiState,
    caller: &Caller,
    id: Id,
    change: AccountChange,
) -> Result<axum::Json<Account>, Problem> {
    let user = state.identity.change_account(caller, id, change).await?;
    Ok(axum::Json(Account { user }))
}
