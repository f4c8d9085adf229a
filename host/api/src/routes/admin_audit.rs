//! The audit log for administrators.

use axum::{
    Json,
    extract::State,
    http::{Method, StatusCode},
};
use bowsprit_host_core::audit::{AuditFilter, AuditPage};
use serde_json::json;

use crate::{
    ApiState,
    extract::{Auth, Parameters},
    openapi::Operation,
    problem::Problem,
    table::{Access, Table},
};

pub(super) fn add(table: Table) -> Table {
    table.api(Method::GET, "/admin/audit", Access::Admin, list_entries).described(
        Operation::new("Who did what, newest first")
            .reads("actor", "a user's id")
            .reads("action", "the name of an action")
            .reads("object", "an id or a name")
            .reads("since", "RFC 3339 time")
            .reads("until", "RFC 3339 time, not included")
            .reads("before", "number of an entry: `next` of the page before")
            .reads("limit", "1 to 500; else 100")
            .fails(&["request.invalid"])
            .answers_shape(
                StatusCode::OK,
                json!({
                    "entries": [{
                        "number": "integer", "at": "time", "actor?": "id", "address?": "text",
                        "action": "text", "kind": "text", "object": "text", "detail?": "text",
                        "previous": "text", "hash": "text",
                    }],
                    "next?": "integer",
                }),
            ),
    )
}

async fn list_entries(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    query: Parameters,
) -> Result<Json<AuditPage>, Problem> {
    let filter = AuditFilter {
        actor: query.parsed("actor", "must be a user's id")?,
        action: query.parsed("action", "must be the name of an action")?,
        object: query.parsed("object", "must be an id or a name")?,
        since: query.parsed("since", "must be an RFC 3339 time")?,
        until: query.parsed("until", "must be an RFC 3339 time")?,
        before: query.parsed("before", "must be the number of an entry")?,
    };
    let limit = query.number("limit", 1..=500, 100);
    Ok(Json(state.audit.page(&caller, filter, limit as u32).await?))
}
