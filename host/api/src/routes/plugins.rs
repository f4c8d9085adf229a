//! Plugins as people choose them (R73–R78).

use axum::{
    Json,
    extract::{Path, State},
    http::{Method, StatusCode},
    response::Response,
};
use serde_json::{Value, json};

use super::workflows::json_text;
use crate::{
    ApiState,
    extract::Auth,
    openapi::Operation,
    problem::Problem,
    table::{Access, Table},
};

pub(super) fn add(table: Table) -> Table {
    let list = |item: Value| json!({ "plugins": [item] });
    let single = json!({ "plugin": plugin(&[]), "enabled": "boolean" });
    let listed = plugin(&[("enabled", "boolean"), ("enabledAt?", "time")]);
    table
        .api(Method::GET, "/plugins", Access::User, list_plugins)
        .described(
            Operation::new("Lists plugins with what they are to the caller")
                .answers_shape(StatusCode::OK, list(listed)),
        )
        .api(Method::GET, "/plugins/enabled", Access::User, list_enabled)
        .described(
            Operation::new("Lists the plugins in the caller's palette")
                .answers_shape(StatusCode::OK, list(plugin(&[]))),
        )
        .api(Method::GET, "/plugins/categories", Access::User, list_categories)
        .described(
            Operation::new("Lists the categories of plugins")
                .answers_shape(StatusCode::OK, json!({ "categories": ["text"] })),
        )
        .api(Method::GET, "/plugins/{plugin}", Access::User, get_plugin)
        .described(Operation::new("One plugin").answers_shape(StatusCode::OK, single))
        .api(Method::POST, "/plugins/{plugin}/enable", Access::User, enable)
        .described(Operation::new("Puts a plugin into the caller's palette").says_so())
        .api(Method::POST, "/plugins/{plugin}/disable", Access::User, disable)
        .described(Operation::new("Takes a plugin out of the caller's palette").says_so())
}

/// The shape of a plugin, with more keys.
fn plugin(more: &[(&str, &str)]) -> Value {
    let field = json!({
        "id": "text", "label": "text", "type": "=text|=number|=select|=textarea",
        "required": "boolean", "default?": "text", "options?": ["text"], "placeholder?": "text",
    });
    let node_type = json!({
        "name": "text", "displayName": "text", "description": "text", "category": "text",
        "fields": [field],
    });
    let mut shape = json!({
        "id": "text", "name": "text", "displayName": "text", "description": "text",
        "category": "text", "version": "text", "crdGroup": "text", "crdKinds": ["text"],
        "nodeTypes": [node_type], "install?": "text",
    });
    if let Some(keys) = shape.as_object_mut() {
        keys.extend(more.iter().map(|(key, shape)| ((*key).to_owned(), Value::from(*shape))));
    }
    shape
}

async fn list_plugins(
    State(state): State<ApiState>,
    Auth(caller): Auth,
) -> Result<Response, Problem> {
    let plugins = state.palette.plugins(&caller).await?;
    Ok(json_text(format!(r#"{{"plugins":{plugins}}}"#)))
}

async fn list_enabled(
    State(state): State<ApiState>,
    Auth(caller): Auth,
) -> Result<Response, Problem> {
    let plugins = state.palette.enabled(&caller).await?;
    Ok(json_text(format!(r#"{{"plugins":{plugins}}}"#)))
}

async fn list_categories(State(state): State<ApiState>, Auth(_): Auth) -> Json<Value> {
    Json(json!({ "categories": state.palette.categories() }))
}

async fn get_plugin(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let (plugin, enabled) = state.palette.plugin(&caller, &id).await?;
    Ok(json_text(format!(r#"{{"plugin":{plugin},"enabled":{enabled}}}"#)))
}

async fn enable(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    state.palette.turn(&caller, &id, true).await?;
    Ok(Json(json!({ "message": "Plugin enabled" })))
}

async fn disable(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    state.palette.turn(&caller, &id, false).await?;
    Ok(Json(json!({ "message": "Plugin disabled" })))
}
