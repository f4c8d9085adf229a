//! Workflows (R22–R29).

use axum::{
    extract::State,
    http::{HeaderValue, Method, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use bowsprit_host_core::{
    Error,
    runs::Removal,
    workflows::{Status, Workflow, WorkflowChange},
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use crate::{
    ApiState,
    extract::{Auth, IfMatch, Json, PathId, RawBody, parse},
    openapi::Operation,
    problem::Problem,
    table::{Access, Table},
};

pub(super) fn add(table: Table) -> Table {
    add_changes(add_reads(table))
}

fn add_reads(table: Table) -> Table {
    table
        .api(Method::POST, "/workflows", Access::User, create_workflow)
        .described(Operation::new("Makes a workflow").takes::<NewWorkflow>().answers_shape(
            StatusCode::CREATED,
            json!({
                "id": "id",
                "message": "text",
                "workflow": {
                    "id": "id", "name": "text", "description": "text", "status": "=draft",
                    "created_at": "time",
                },
            }),
        ))
        .api(Method::GET, "/workflows", Access::User, list_workflows)
        .described(
            Operation::new("Lists workflows, last changed first")
                .answers_shape(StatusCode::OK, json!({ "workflows": ["#Workflow"] })),
        )
        .api(Method::GET, "/workflows/{id}", Access::User, get_workflow)
        .described(Operation::new("One workflow").answers_shape(StatusCode::OK, json!("#Workflow")))
}

fn add_changes(table: Table) -> Table {
    let done = json!({ "message": "text", "warning?": "text" });
    table
        .api(Method::PUT, "/workflows/{id}", Access::User, update_workflow)
        .described(
            Operation::new("Changes parts of a workflow")
                .fails(&["workflow.changed"])
                .takes_shape(json!({
                    "name?": "text", "description?": "text", "status?": "text",
                    "nodes?": ["#WorkflowNode"], "edges?": ["#WorkflowEdge"],
                }))
                .answers_shape(StatusCode::OK, json!("#Workflow")),
        )
        .api(Method::DELETE, "/workflows/{id}", Access::User, delete_workflow)
        .described(
            Operation::new("Deletes a workflow and what it applied")
                .answers_shape(StatusCode::OK, done.clone()),
        )
        .api(Method::POST, "/workflows/{id}/save", Access::User, save_workflow)
        .described(
            Operation::new("Saves what is drawn")
                .fails(&["workflow.changed"])
                .takes_shape(
                    json!({ "nodes": ["#WorkflowNode"], "edges": ["#WorkflowEdge"], "description?": "text" }),
                )
                .answers_shape(
                    StatusCode::OK,
                    json!({ "message": "text", "workflow": "#Workflow", "warning?": "text" }),
                ),
        )
        .api(Method::PUT, "/workflows/{id}/status", Access::User, set_workflow_status)
        .described(
            Operation::new("Publishes, archives or reopens a workflow")
                .takes::<NewStatus>()
                .answers_shape(StatusCode::OK, done),
        )
        .api(Method::POST, "/workflows/{id}/clone", Access::User, clone_workflow)
        .described(Operation::new("Copies a workflow").takes::<Clone>().answers_shape(
            StatusCode::CREATED,
            json!({ "id": "id", "message": "text", "workflow": "#Workflow" }),
        ))
}

#[derive(Deserialize, JsonSchema)]
struct NewWorkflow {
    name: String,
    #[serde(default)]
    description: Option<String>,
    cluster_id: String,
}

#[derive(Deserialize)]
struct Update<'a> {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    status: Option<String>,
    #[serde(borrow, default)]
    nodes: Option<&'a RawValue>,
    #[serde(borrow, default)]
    edges: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Save<'a> {
    #[serde(borrow, default)]
    nodes: Option<&'a RawValue>,
    #[serde(borrow, default)]
    edges: Option<&'a RawValue>,
    #[serde(default)]
    description: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
struct Clone {
    name: String,
}

#[derive(Deserialize, JsonSchema)]
struct NewStatus {
    status: String,
}

async fn create_workflow(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    Json(body): Json<NewWorkflow>,
) -> Result<(StatusCode, axum::Json<Value>), Problem> {
    let description = body.description.unwrap_or_default();
    let made = state.workflows.create(&caller, body.name, description, body.cluster_id).await?;
    let answer = json!({
        "id": made.id,
        "message": "Workflow created",
        "workflow": {
            "id": made.id,
            "name": made.name,
            "description": made.description,
            "status": made.status,
            "created_at": made.created_at,
        },
    });
    Ok((StatusCode::CREATED, axum::Json(answer)))
}

async fn list_workflows(
    State(state): State<ApiState>,
    Auth(caller): Auth,
) -> Result<Response, Problem> {
    let workflows = state.workflows.list(&caller).await?;
    let items: Vec<String> = workflows.iter().map(Workflow::to_json).collect::<Result<_, _>>()?;
    Ok(json_text(format!(r#"{{"workflows":[{}]}}"#, items.join(","))))
}

async fn get_workflow(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    PathId(id): PathId,
) -> Result<Response, Problem> {
    bare(&state.workflows.get(&caller, id).await?)
}

async fn update_workflow(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    PathId(id): PathId,
    IfMatch(seen): IfMatch,
    RawBody(body): RawBody,
) -> Result<Response, Problem> {
    let Update { name, description, status, nodes, edges } = parse(&body)?;
    let status = status.map(|it| it.parse()).transpose()?;
    let change = WorkflowChange {
        name,
        description,
        status,
        nodes: nodes.filter(given),
        edges: edges.filter(given),
    };
    bare(&state.workflows.update(&caller, id, change, seen).await?)
}

async fn clone_workflow(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    PathId(id): PathId,
    Json(body): Json<Clone>,
) -> Result<(StatusCode, Response), Problem> {
    let made = state.workflows.clone_of(&caller, id, body.name).await?;
    let fields = format!(r#""id":"{}","message":"Workflow cloned""#, made.id);
    Ok((StatusCode::CREATED, wrapped(&fields, &made)?))
}

async fn delete_workflow(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    PathId(id): PathId,
) -> Result<axum::Json<Value>, Problem> {
    let removal = state.workflows.delete(&caller, id).await?;
    Ok(axum::Json(removed(&state, "Workflow deleted", Some(removal)).await))
}

async fn save_workflow(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    PathId(id): PathId,
    IfMatch(seen): IfMatch,
    RawBody(body): RawBody,
) -> Result<Response, Problem> {
    let Save { nodes, edges, description } = parse(&body)?;
    let missing = |field| Error::invalid(field, "is missing; send `[]` for none");
    let nodes = nodes.filter(given).ok_or_else(|| missing("nodes"))?;
    let edges = edges.filter(given).ok_or_else(|| missing("edges"))?;
    let drawn = (nodes, edges);
    let (saved, removal) = state.workflows.save(&caller, id, drawn, description, seen).await?;
    let answer = removed(&state, "Workflow saved", removal).await.to_string();
    let fields = answer.strip_prefix('{').and_then(|it| it.strip_suffix('}'));
    wrapped(fields.unwrap_or_default(), &saved)
}

async fn set_workflow_status(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    PathId(id): PathId,
    Json(body): Json<NewStatus>,
) -> Result<axum::Json<Value>, Problem> {
    let status: Status = body.status.parse()?;
    let removal = state.workflows.set_status(&caller, id, status).await?;
    Ok(axum::Json(removed(&state, "Workflow status updated", removal).await))
}

/// A workflow by itself, with its `ETag`.
fn bare(workflow: &Workflow) -> Result<Response, Problem> {
    Ok(tagged(workflow, json_text(workflow.to_json()?)))
}

/// An object of these fields with the workflow as one more, and its `ETag`.
pub(super) fn wrapped(fields: &str, workflow: &Workflow) -> Result<Response, Problem> {
    let text = format!(r#"{{{fields},"workflow":{}}}"#, workflow.to_json()?);
    Ok(tagged(workflow, json_text(text)))
}

fn tagged(workflow: &Workflow, mut response: Response) -> Response {
    if let Ok(tag) = HeaderValue::try_from(format!("\"{}\"", workflow.revision)) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// JSON that is text already.
pub(super) fn json_text(text: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

/// `null` counts as not given.
fn given(value: &&RawValue) -> bool {
    value.get() != "null"
}

/// The answer to something that removes objects: waits for the removal as
/// long as a client would, and says what could not be removed.
async fn removed(state: &ApiState, message: &str, removal: Option<Removal>) -> Value {
    let mut answer = json!({ "message": message });
    let Some(removal) = removal else { return answer };
    let warning = match tokio::time::timeout(state.limits.patience, removal).await {
        Ok(Ok(warnings)) => warnings.join("; "),
        Ok(Err(_)) => "the removal of objects broke off; archive again to repeat it".into(),
        Err(_) => "objects are still being removed in the background".into(),
    };
    if !warning.is_empty()
        && let Some(fields) = answer.as_object_mut()
    {
        fields.insert("warning".into(), warning.into());
    }
    answer
}
