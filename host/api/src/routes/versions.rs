//! Versions of workflows (R36–R41), and revisions: what a save overwrote.

use axum::{
    extract::{Query, State},
    http::{Method, StatusCode},
    response::Response,
};
use bowsprit_host_core::{
    Error,
    drawing::Comparison,
    versions::{Label, Version},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::workflows::{json_text, wrapped};
use crate::{
    ApiState,
    extract::{Auth, IfMatch, Json, Parameters, PathId, PathNumber},
    openapi::Operation,
    problem::Problem,
    table::{Access, Table},
};

const VERSIONS: &str = "/workflows/{id}/versions";
const VERSION: &str = "/workflows/{id}/versions/{number}";
const REVISIONS: &str = "/workflows/{id}/revisions";
const REVISION: &str = "/workflows/{id}/revisions/{number}";

pub(super) fn add(table: Table) -> Table {
    add_revisions(add_versions(table))
}

fn add_versions(table: Table) -> Table {
    let written = json!({ "message": "text", "version": "#WorkflowVersion" });
    table
        .api(Method::GET, VERSIONS, Access::User, list_versions)
        .described(paged("Lists versions, newest first", "versions", json!("#WorkflowVersion")))
        .api(Method::POST, VERSIONS, Access::User, make_version)
        .described(
            Operation::new("Makes a version of what is drawn now")
                .takes::<LabelBody>()
                .answers_shape(StatusCode::CREATED, written.clone()),
        )
        .api(Method::GET, &format!("{VERSIONS}/compare"), Access::User, compare_versions)
        .described(
            Operation::new("What changed between two versions, by field")
                .reads("v1", "number of the older one")
                .reads("v2", "number of the newer one")
                .answers_shape(StatusCode::OK, compared()),
        )
        .api(Method::GET, VERSION, Access::User, get_version)
        .described(
            Operation::new("One version").answers_shape(StatusCode::OK, json!("#WorkflowVersion")),
        )
        .api(Method::PUT, VERSION, Access::User, label_version)
        .described(
            Operation::new("Names, tags or describes a version")
                .takes::<LabelBody>()
                .answers_shape(StatusCode::OK, written),
        )
        .api(Method::POST, &format!("{VERSION}/restore"), Access::User, restore_version)
        .described(
            Operation::new("Draws a version again, as a new version")
                .fails(&["workflow.changed"])
                .answers_shape(
                    StatusCode::OK,
                    json!({
                        "message": "text", "version": "#WorkflowVersion", "workflow": "#Workflow",
                    }),
                ),
        )
}

fn add_revisions(table: Table) -> Table {
    let whole = json!({
        "id": "id", "workflow_id": "id", "revision": "integer", "name": "text",
        "description": "text", "bytes": "integer", "replaced_at": "time", "replaced_by": "id",
        "nodes": ["#WorkflowNode"], "edges": ["any"],
    });
    let listed = json!({
        "id": "id", "workflow_id": "id", "revision": "integer", "name": "text",
        "description": "text", "bytes": "integer", "replaced_at": "time", "replaced_by": "id",
    });
    table
        .api(Method::GET, REVISIONS, Access::User, list_revisions)
        .described(paged("Lists what was overwritten, newest first", "revisions", listed))
        .api(Method::GET, REVISION, Access::User, get_revision)
        .described(Operation::new("One revision").answers_shape(StatusCode::OK, whole))
        .api(Method::POST, &format!("{REVISION}/restore"), Access::User, restore_revision)
        .described(
            Operation::new("Draws a revision again").fails(&["workflow.changed"]).answers_shape(
                StatusCode::OK,
                json!({ "message": "text", "workflow": "#Workflow" }),
            ),
        )
}

fn paged(summary: &'static str, key: &str, item: Value) -> Operation {
    Operation::new(summary)
        .reads("page", "from 1")
        .reads("limit", "1 to 50; else 10")
        .answers_shape(
            StatusCode::OK,
            json!({ key: [item], "total": "integer", "page": "integer", "limit": "integer" }),
        )
}

fn compared() -> Value {
    let field = json!({ "field": "text", "old?": "any", "new?": "any" });
    let node = json!({
        "node_id": "text", "type": "text", "old_data?": "any", "new_data?": "any",
        "changes?": [field],
    });
    let edge = json!({
        "edge_id": "text", "source": "text", "target": "text", "sourceHandle?": "text",
        "targetHandle?": "text", "changes?": [field],
    });
    json!({
        "from_version": "integer", "to_version": "integer", "added_nodes": [node],
        "removed_nodes": [node], "modified_nodes": [node], "added_edges": [edge],
        "removed_edges": [edge], "modified_edges": [edge],
    })
}

#[derive(Deserialize, JsonSchema)]
struct LabelBody {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    tag: Option<String>,
    #[serde(default)]
    description: Option<String>,
}

impl From<LabelBody> for Label {
    fn from(body: LabelBody) -> Self {
        let LabelBody { name, tag, description } = body;
        Self { name, tag, description }
    }
}

/// Absent and malformed alike are for the handler to refuse.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Pair {
    v1: String,
    v2: String,
}

#[derive(Serialize)]
struct Compared {
    from_version: i64,
    to_version: i64,
    #[serde(flatten)]
    comparison: Comparison,
}

async fn list_versions(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    PathId(id): PathId,
    parameters: Parameters,
) -> Result<Response, Problem> {
    let (page, limit) = paging(&parameters);
    let answer = state.workflows.versions(&caller, id, page, limit).await?;
    let items: Vec<String> =
        answer.versions.iter().map(Version::to_json).collect::<Result<_, _>>()?;
    let (items, total) = (items.join(","), answer.total);
    Ok(json_text(format!(
        r#"{{"versions":[{items}],"total":{total},"page":{page},"limit":{limit}}}"#
    )))
}

async fn make_version(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    PathId(id): PathId,
    Json(body): Json<LabelBody>,
) -> Result<(StatusCode, Response), Problem> {
    let made = state.workflows.make_version(&caller, id, body.into()).await?;
    Ok((StatusCode::CREATED, labelled("Version created", &made)?))
}

async fn compare_versions(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    PathId(id): PathId,
    Query(pair): Query<Pair>,
) -> Result<axum::Json<Compared>, Problem> {
    let number = |field: &str, text: &str| {
        text.parse().map_err(|_| Error::invalid(field, "must be the number of a version"))
    };
    let (from, to) = (number("v1", &pair.v1)?, number("v2", &pair.v2)?);
    let comparison = state.workflows.compare_versions(&caller, id, from, to).await?;
    Ok(axum::Json(Compared { from_version: from, to_version: to, comparison }))
}

async fn get_version(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    PathNumber(id, number): PathNumber,
) -> Result<Response, Problem> {
    Ok(json_text(state.workflows.version(&caller, id, number).await?.to_json()?))
}

async fn label_version(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    PathNumber(id, number): PathNumber,
    Json(body): Json<LabelBody>,
) -> Result<Response, Problem> {
    let written = state.workflows.label_version(&caller, id, number, body.into()).await?;
    labelled("Version updated", &written)
}

async fn restore_version(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    PathNumber(id, number): PathNumber,
    IfMatch(seen): IfMatch,
) -> Result<Response, Problem> {
    let restored = state.workflows.restore_version(&caller, id, number, seen).await?;
    let (version, workflow) = (restored.0.to_json()?, restored.1);
    wrapped(&format!(r#""message":"Version restored","version":{version}"#), &workflow)
}

async fn list_revisions(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    PathId(id): PathId,
    parameters: Parameters,
) -> Result<axum::Json<Value>, Problem> {
    let (page, limit) = paging(&parameters);
    let answer = state.workflows.revisions(&caller, id, page, limit).await?;
    let (revisions, total) = (answer.revisions, answer.total);
    Ok(axum::Json(json!({ "revisions": revisions, "total": total, "page": page, "limit": limit })))
}

async fn get_revision(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    PathNumber(id, number): PathNumber,
) -> Result<Response, Problem> {
    Ok(json_text(state.workflows.revision(&caller, id, number).await?.to_json()?))
}

async fn restore_revision(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    PathNumber(id, number): PathNumber,
    IfMatch(seen): IfMatch,
) -> Result<Response, Problem> {
    let restored = state.workflows.restore_revision(&caller, id, number, seen).await?;
    wrapped(r#""message":"Revision restored""#, &restored)
}

fn paging(parameters: &Parameters) -> (u64, u32) {
    let limit = parameters.number("limit", 1..=50, 10);
    (parameters.number("page", 1..=u64::from(u32::MAX), 1), limit as u32)
}

fn labelled(message: &str, version: &Version) -> Result<Response, Problem> {
    let version = version.to_json()?;
    Ok(json_text(format!(r#"{{"message":"{message}","version":{version}}}"#)))
}
