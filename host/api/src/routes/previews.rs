//! What one node would render.

use axum::{
    extract::State,
    http::{Method, StatusCode},
};
use bowsprit_host_core::drafts::Preview;

use super::drafts::{self, Draft};
use crate::{
    ApiState,
    extract::{Auth, PathNode, RawBody},
    openapi::Operation,
    problem::Problem,
    table::{Access, Table},
};

const PATH: &str = "/workflows/{id}/nodes/{nodeId}/preview";

pub(super) fn add(table: Table) -> Table {
    let described = |summary: &'static str| {
        let operation = Operation::new(summary).answers::<Preview>(StatusCode::OK);
        drafts::fails(operation).fails(&["node.type.unknown"])
    };
    table
        .api(Method::GET, PATH, Access::User, preview_node)
        .described(described("What a saved node would render, values of secrets masked"))
        .api(Method::POST, PATH, Access::User, preview_node)
        .described(
            described("What a node of a drawing would render; nothing is stored")
                .takes_shape(drafts::shape()),
        )
}

async fn preview_node(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    PathNode(id, node): PathNode,
    RawBody(body): RawBody,
) -> Result<axum::Json<Preview>, Problem> {
    let draft = Draft::read(&body)?;
    Ok(axum::Json(state.drafts.preview(&caller, id, &node, draft.drawn()).await?))
}
