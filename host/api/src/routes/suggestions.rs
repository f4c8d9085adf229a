//! Suggestions for what is being drawn.

use axum::{
    extract::State,
    http::{Method, StatusCode},
};
use bowsprit_host_core::drafts::{EdgeSuggestions, NameSuggestions, Nameless};

use super::drafts::{self, Draft};
use crate::{
    ApiState,
    extract::{Auth, Parameters, PathId, RawBody},
    openapi::Operation,
    problem::Problem,
    table::{Access, Table},
};

const EDGES: &str = "/workflows/{id}/suggestions/edges";
const NAMES: &str = "/workflows/{id}/suggestions/names";
/// Edges that are suggested unless `limit` says otherwise.
const LIMIT: u64 = 50;

pub(super) fn add(table: Table) -> Table {
    let edges = |summary: &'static str| {
        let operation =
            Operation::new(summary).reads("limit", "most edges, 1 to 500; 50 unless given");
        drafts::fails(operation.answers::<EdgeSuggestions>(StatusCode::OK))
    };
    let names = |summary: &'static str| {
        Operation::new(summary)
            .reads("type", "the new node's type")
            .reads("image", "the image it runs")
            .answers::<NameSuggestions>(StatusCode::OK)
            .fails(&["request.invalid", "request.too-large"])
    };
    table
        .api(Method::GET, EDGES, Access::User, suggest_edges)
        .described(edges("Edges a workflow might want, best first"))
        .api(Method::POST, EDGES, Access::User, suggest_edges)
        .described(edges("Edges a drawing might want, best first").takes_shape(drafts::shape()))
        .api(Method::GET, NAMES, Access::User, suggest_names)
        .described(names("Names for a new node of a workflow"))
        .api(Method::POST, NAMES, Access::User, suggest_names)
        .described(names("Names for a new node of a drawing").takes_shape(drafts::shape()))
}

async fn suggest_edges(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    PathId(id): PathId,
    parameters: Parameters,
    RawBody(body): RawBody,
) -> Result<axum::Json<EdgeSuggestions>, Problem> {
    let draft = Draft::read(&body)?;
    let limit = parameters.number("limit", 1..=500, LIMIT) as usize;
    Ok(axum::Json(state.drafts.edges(&caller, id, draft.drawn(), limit).await?))
}

async fn suggest_names(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    PathId(id): PathId,
    parameters: Parameters,
    RawBody(body): RawBody,
) -> Result<axum::Json<NameSuggestions>, Problem> {
    let draft = Draft::read(&body)?;
    let text = |name: &str| parameters.parsed::<String>(name, "must be a text");
    let wanted = Nameless { type_name: text("type")?, image: text("image")? };
    Ok(axum::Json(state.drafts.names(&caller, id, draft.drawn(), wanted).await?))
}
