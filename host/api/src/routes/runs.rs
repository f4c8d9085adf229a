//! Runs and the live status of a workflow (R30, R31, R35).

use std::collections::BTreeMap;

use axum::{
    extract::State,
    http::{HeaderMap, Method, StatusCode},
    response::{IntoResponse as _, Response},
};
use bowsprit_host_core::{
    access::Caller,
    events::Envelope,
    id::Id,
    runs::{Finished, Run, RunView, Trigger},
    workflows::Workflow,
};
use bytes::Bytes;
use futures::FutureExt as _;
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use crate::{
    ApiState,
    extract::{Auth, Parameters, PathId, RawBody, parse},
    openapi::{Operation, codes_of},
    problem::Problem,
    sse,
    table::{Access, Table},
};

pub(super) fn add(table: Table) -> Table {
    table
        .api(Method::POST, "/workflows/{id}/run", Access::User, run_workflow)
        .described(
            Operation::new("Runs a published workflow; waits up to 25 s for its end")
                .takes::<RunRequest>()
                .answers_shape(StatusCode::OK, started(json!("=completed|=running")))
                .answers_shape(StatusCode::ACCEPTED, started(json!("=running")))
                .fails(&["workflow.not-published", "workflow.run.active", "workflow.findings"])
                .fails(&["run.apply-failed", "plugin.busy", "plugin.budget.exhausted"])
                .fails(&["cluster.auth.unsupported"])
                .fails(&codes_of("cluster."))
                .fails(&codes_of("plugin.")),
        )
        .api(Method::GET, "/workflows/{id}/runs", Access::User, list_runs)
        .described(
            Operation::new("Lists runs, newest first")
                .reads("limit", "1 to 100; else 10")
                .answers::<RunList>(StatusCode::OK),
        )
        .api(Method::GET, "/workflows/{id}/status/stream", Access::User, stream_status)
        .described(
            Operation::new("Streams statuses: `metadata`, `node_update`, `workflow_sync`")
                .streams()
                .fails(&["streams.too-many"]),
        )
}

fn started(status: Value) -> Value {
    json!({
        "message": "text", "run_id": "id", "status": status, "logs": ["text"],
        "findings?": ["#Finding"],
    })
}

type RunList = BTreeMap<&'static str, Vec<RunView>>;

type Values = BTreeMap<String, BTreeMap<String, SecretString>>;

#[derive(Default, Deserialize, JsonSchema)]
struct RunRequest {
    #[serde(default)]
    trigger_data: TriggerData,
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
struct TriggerData {
    #[schemars(with = "Option<BTreeMap<String, BTreeMap<String, String>>>")]
    secrets: Option<Values>,
    #[schemars(with = "Option<BTreeMap<String, BTreeMap<String, String>>>")]
    env_vars: Option<Values>,
}

async fn run_workflow(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    PathId(id): PathId,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<Response, Problem> {
    let detailed = |error| Problem::detailed(error, None);
    let request =
        if body.is_empty() { RunRequest::default() } else { parse(&body).map_err(detailed)? };
    let TriggerData { secrets, env_vars } = request.trigger_data;
    let trigger =
        Trigger { secrets: secrets.unwrap_or_default(), environment: env_vars.unwrap_or_default() };
    let started = state.workflows.run(&caller, id, trigger).await.map_err(detailed)?;
    if wants_no_wait(&headers) {
        let answer = json!({ "message": "Run started", "run_id": started.id, "status": "running", "logs": [] });
        return Ok((StatusCode::ACCEPTED, axum::Json(answer)).into_response());
    }
    let finished = tokio::time::timeout(state.limits.patience, started.finished).await;
    match finished {
        Ok(Ok(finished)) => answer(finished),
        // The run goes on; its progress is on the stream.
        Ok(Err(_)) | Err(_) => {
            let logs = ["the run goes on in the background"];
            Ok(axum::Json(json!({ "message": "Run is still going on", "run_id": started.id, "status": "running", "logs": logs })).into_response())
        }
    }
}

/// `Prefer: respond-async` (RFC 7240 §4.1).
fn wants_no_wait(headers: &HeaderMap) -> bool {
    let prefer = headers.get("prefer").and_then(|it| it.to_str().ok()).unwrap_or_default();
    prefer.split(',').any(|it| it.trim().eq_ignore_ascii_case("respond-async"))
}

fn answer(finished: Finished) -> Result<Response, Problem> {
    let Finished { run, failure, findings } = finished;
    let Run { id, logs, .. } = run;
    let Some(error) = failure else {
        let body = json!({
            "message": "Workflow executed",
            "run_id": id,
            "status": "completed",
            "logs": logs,
            "findings": findings,
        });
        return Ok(axum::Json(body).into_response());
    };
    let details = Some(error.to_string());
    Err(Problem::detailed(error, details).with("run_id", id.to_string()).with("logs", logs))
}

async fn list_runs(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    PathId(id): PathId,
    parameters: Parameters,
) -> Result<axum::Json<RunList>, Problem> {
    let limit = parameters.number("limit", 1..=100, 10);
    let runs = state.workflows.runs(&caller, id, limit as u32).await?;
    Ok(axum::Json(BTreeMap::from([("runs", runs)])))
}

async fn stream_status(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    PathId(id): PathId,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let slot = state.stream_slot(&caller)?;
    let after = sse::last_event_id(&headers);
    let (workflow, subscription) = state.workflows.subscribe(&caller, id, after).await?;
    // Whoever comes back gets what they missed; everyone else the whole.
    let head = match after {
        Some(_) => None,
        None => Some(sse::frame("metadata", &workflow.to_json()?)),
    };
    let snapshot: sse::Snapshot =
        Box::new(move || sync_frame(state.clone(), caller.clone(), id).boxed());
    Ok(sse::stream(head, subscription, Some(snapshot), slot))
}

/// All statuses at once, for a reader who missed events.
async fn sync_frame(state: ApiState, caller: Caller, id: Id) -> Option<Bytes> {
    let workflow = state.workflows.get(&caller, id).await.ok()?;
    let data = nodes_of(&workflow)?;
    let envelope = Envelope::of_workflow(id, "workflow_sync", data);
    Some(sse::frame("workflow_sync", &serde_json::to_string(&envelope).ok()?))
}

fn nodes_of(workflow: &Workflow) -> Option<Box<RawValue>> {
    RawValue::from_string(format!("{{{}}}", workflow.drawing.fields())).ok()
}
