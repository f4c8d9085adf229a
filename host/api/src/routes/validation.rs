//! Validation of drawings.

use axum::{
    extract::State,
    http::{Method, StatusCode},
};
use bowsprit_host_core::drafts::Validation;

use super::drafts::{self, Draft};
use crate::{
    ApiState,
    extract::{Auth, PathId, RawBody},
    openapi::Operation,
    problem::Problem,
    table::{Access, Table},
};

const PATH: &str = "/workflows/{id}/validation";

pub(super) fn add(table: Table) -> Table {
    let described = |summary: &'static str| {
        drafts::fails(Operation::new(summary).answers::<Validation>(StatusCode::OK))
    };
    table
        .api(Method::GET, PATH, Access::User, validate_workflow)
        .described(described("Everything that is wrong with a workflow as it is saved"))
        .api(Method::POST, PATH, Access::User, validate_workflow)
        .described(
            described("Everything that is wrong with a drawing; nothing is stored")
                .takes_shape(drafts::shape()),
        )
}

async fn validate_workflow(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    PathId(id): PathId,
    RawBody(body): RawBody,
) -> Result<axum::Json<Validation>, Problem> {
    let draft = Draft::read(&body)?;
    Ok(axum::Json(state.drafts.validate(&caller, id, draft.drawn()).await?))
}
