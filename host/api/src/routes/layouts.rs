//! Places on the canvas.

use axum::{
    extract::State,
    http::{Method, StatusCode},
};
use bowsprit_host_core::drafts::Layout;
use serde_json::json;

use super::drafts::Draft;
use crate::{
    ApiState,
    extract::{Auth, PathId, RawBody},
    openapi::Operation,
    problem::Problem,
    table::{Access, Table},
};

const PATH: &str = "/workflows/{id}/layout";

pub(super) fn add(table: Table) -> Table {
    let node = json!({ "id": "text" });
    let edge = json!({ "source": "text", "target": "text" });
    table
        .api(Method::GET, PATH, Access::User, lay_out_workflow)
        .described(
            Operation::new("Places for the nodes of a workflow; nothing is moved")
                .answers::<Layout>(StatusCode::OK),
        )
        .api(Method::POST, PATH, Access::User, lay_out_workflow)
        .described(
            Operation::new("Places for the nodes of a drawing, which needs none yet")
                .takes_shape(json!({ "nodes?": [node], "edges?": [edge] }))
                .answers::<Layout>(StatusCode::OK),
        )
}

async fn lay_out_workflow(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    PathId(id): PathId,
    RawBody(body): RawBody,
) -> Result<axum::Json<Layout>, Problem> {
    let draft = Draft::read(&body)?;
    Ok(axum::Json(state.drafts.layout(&caller, id, draft.drawn()).await?))
}
