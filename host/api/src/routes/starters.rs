//! Starters: applications to begin a workflow with.

use axum::{
    extract::{Path, State},
    http::{Method, StatusCode},
    response::Response,
};
use bowsprit_host_core::starters::{StarterEntry, Wish};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::workflows::wrapped;
use crate::{
    ApiState,
    extract::{Auth, Json},
    openapi::Operation,
    problem::Problem,
    table::{Access, Table},
};

pub(super) fn add(table: Table) -> Table {
    table
        .api(Method::GET, "/starters", Access::User, list_starters)
        .described(
            Operation::new("Lists applications to begin with").answers::<List>(StatusCode::OK),
        )
        .api(Method::POST, "/starters/{name}/workflows", Access::User, begin_workflow)
        .described(
            Operation::new("Makes a workflow that begins as one of these applications")
                .takes::<NewWorkflow>()
                .answers_shape(
                    StatusCode::CREATED,
                    json!({ "id": "id", "message": "text", "workflow": "#Workflow" }),
                ),
        )
}

#[derive(Serialize, JsonSchema)]
struct List {
    starters: Vec<StarterEntry>,
}

/// What is left out is as in the starter.
#[derive(Deserialize, JsonSchema)]
struct NewWorkflow {
    cluster_id: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    namespace: Option<String>,
}

async fn list_starters(
    State(state): State<ApiState>,
    Auth(caller): Auth,
) -> Result<axum::Json<List>, Problem> {
    Ok(axum::Json(List { starters: state.starters.list(&caller)? }))
}

async fn begin_workflow(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    Path(starter): Path<String>,
    Json(body): Json<NewWorkflow>,
) -> Result<(StatusCode, Response), Problem> {
    let NewWorkflow { cluster_id: cluster, name, description, namespace } = body;
    let wish = Wish { name, description, cluster, namespace };
    let made = state.starters.begin(&caller, &starter, wish).await?;
    let fields = format!(r#""id":"{}","message":"Workflow created""#, made.id);
    Ok((StatusCode::CREATED, wrapped(&fields, &made)?))
}
