//! What plugins write, and calls of them that broke, for administrators.

use axum::{
    Json,
    extract::{Path, Query, State},
    http::{HeaderMap, Method, StatusCode},
    response::Response,
};
use bowsprit_host_core::{
    Error,
    id::Id,
    plugins::{FailedCall, FailedCallSummary, LogLevel, LogLine},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    ApiState,
    extract::{Admin, Parameters},
    openapi::Operation,
    problem::Problem,
    sse,
    table::{Access, Table},
};

/// Lines answered without `limit`, and at most.
const LINES: u64 = 100;
const MOST_LINES: u64 = 500;

pub(super) fn add(table: Table) -> Table {
    table
        .api(Method::GET, "/admin/plugins/{plugin}/logs", Access::Admin, list_lines)
        .described(
            Operation::new("The last lines of a plugin's log, oldest first")
                .reads("level", "`debug`, `info`, `warn` or `error`: lines that matter at least so")
                .reads("limit", "1 to 500; else 100")
                .fails(&["request.invalid"])
                .answers::<Lines>(StatusCode::OK),
        )
        .api(Method::GET, "/admin/plugins/{plugin}/logs/stream", Access::Admin, stream_lines)
        .described(
            Operation::new("Streams a plugin's log: `plugin.log`, one event for each line")
                .streams()
                .fails(&["streams.too-many"]),
        )
        .api(Method::GET, "/admin/plugins/failed-calls", Access::Admin, list_failed)
        .described(
            Operation::new("The last calls of plugins that broke, newest first")
                .reads("plugin", "a plugin's id; else all")
                .answers::<FailedCalls>(StatusCode::OK),
        )
        .api(Method::GET, "/admin/plugins/failed-calls/{id}", Access::Admin, show_failed)
        .described(
            Operation::new(
                "Shows a call that broke: generation, masked input, log lines. Kept in memory, \
                 the last 50 of a plugin and 200 in all",
            )
            .fails(&["request.invalid"])
            .answers::<Failed>(StatusCode::OK),
        )
}

#[derive(Serialize, JsonSchema)]
struct Lines {
    lines: Vec<LogLine>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct FailedCalls {
    failed_calls: Vec<FailedCallSummary>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Failed {
    failed_call: FailedCall,
}

#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    level: String,
    #[serde(default)]
    plugin: String,
}

async fn list_lines(
    State(state): State<ApiState>,
    Admin(caller): Admin,
    Path(plugin): Path<String>,
    Query(wanted): Query<Wanted>,
    parameters: Parameters,
) -> Result<Json<Lines>, Problem> {
    let least = match wanted.level.as_str() {
        "" => LogLevel::Debug,
        word => LogLevel::parse(word)
            .ok_or_else(|| Error::invalid("level", "must be `debug`, `info`, `warn` or `error`"))?,
    };
    let limit = parameters.number("limit", 1..=MOST_LINES, LINES) as usize;
    Ok(Json(Lines { lines: state.plugins.log(&caller, &plugin, least, limit)? }))
}

async fn stream_lines(
    State(state): State<ApiState>,
    Admin(caller): Admin,
    Path(plugin): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let slot = state.stream_slot(&caller)?;
    let subscription = state.plugins.follow_log(&caller, &plugin, sse::last_event_id(&headers))?;
    Ok(sse::stream(Some(sse::frame("connected", "{}")), subscription, None, slot))
}

async fn list_failed(
    State(state): State<ApiState>,
    Admin(caller): Admin,
    Query(wanted): Query<Wanted>,
) -> Result<Json<FailedCalls>, Problem> {
    let plugin = Some(wanted.plugin.as_str()).filter(|it| !it.is_empty());
    Ok(Json(FailedCalls { failed_calls: state.plugins.failed_calls(&caller, plugin)? }))
}

async fn show_failed(
    State(state): State<ApiState>,
    Admin(caller): Admin,
    Path(id): Path<String>,
) -> Result<Json<Failed>, Problem> {
    let id: Id = id.parse()?;
    Ok(Json(Failed { failed_call: state.plugins.failed_call(&caller, id)? }))
}
