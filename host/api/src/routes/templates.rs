//! The palette (R42).

use axum::{
    extract::State,
    http::{Method, StatusCode},
    response::Response,
};
use serde_json::json;

use super::workflows::json_text;
use crate::{
    ApiState,
    extract::Auth,
    openapi::Operation,
    problem::Problem,
    table::{Access, Table},
};

pub(super) fn add(table: Table) -> Table {
    let parameter = json!({
        "name": "text", "label": "text", "description": "text", "type": "text",
        "required": "boolean", "default?": "any", "min?": "any", "max?": "any",
        "options?": [{ "value": "text", "label": "text" }],
    });
    let entry = json!({
        "id": "text", "name": "text", "displayName": "text", "category": "text",
        "description": "text", "icon": "text", "version": "text", "tags": ["text"],
        "usageFrequency": "text", "difficulty": "text", "dependencies": ["text"],
        "parameters": [parameter], "isPlugin?": "boolean", "pluginId?": "text",
    });
    table.api(Method::GET, "/templates", Access::User, list_templates).described(
        Operation::new("Lists the caller's palette")
            .answers_shape(StatusCode::OK, json!({ "templates": [entry] })),
    )
}

async fn list_templates(
    State(state): State<ApiState>,
    Auth(caller): Auth,
) -> Result<Response, Problem> {
    let entries = state.palette.entries(&caller).await?;
    Ok(json_text(format!(r#"{{"templates":{entries}}}"#)))
}
