//! What the definitions of clusters make possible: plugins whose operator is
//! there, and node types of custom resources.

use axum::{
    Json,
    extract::{Path, State},
    http::{Method, StatusCode},
};
use bowsprit_host_core::{
    custom_kinds::{CustomNodeType, CustomResource},
    operators::ClusterPlugin,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    ApiState,
    extract::Auth,
    openapi::{Operation, codes_of},
    problem::Problem,
    table::{Access, Table},
};

pub(super) fn add(table: Table) -> Table {
    let fails = [codes_of("cluster."), vec!["cluster.auth.unsupported"]].concat();
    let offers = [fails.clone(), codes_of("plugin."), OFFERS.to_vec()].concat();
    table
        .api(Method::GET, "/clusters/{name}/plugins", Access::User, list_plugins)
        .described(
            Operation::new("Lists plugins with whether the cluster has what they need")
                .answers::<Plugins>(StatusCode::OK)
                .fails(&fails),
        )
        .api(Method::GET, "/clusters/{name}/custom-resources", Access::User, list_resources)
        .described(
            Operation::new("Lists the custom resources of a cluster")
                .answers::<Resources>(StatusCode::OK)
                .fails(&fails),
        )
        .api(
            Method::POST,
            "/clusters/{name}/custom-resources/{resource}/enable",
            Access::User,
            enable_resource,
        )
        .described(
            Operation::new("Makes a custom resource a node type in the caller's palette")
                .answers::<Enabled>(StatusCode::OK)
                .fails(&offers),
        )
        .api(Method::GET, "/custom-resources", Access::User, list_own)
        .described(
            Operation::new("Lists the caller's node types of custom resources")
                .answers::<Own>(StatusCode::OK),
        )
        .api(Method::DELETE, "/custom-resources/{nodeType}", Access::User, withdraw)
        .described(
            Operation::new("Takes a node type of a custom resource out of the caller's palette")
                .says_so(),
        )
}

/// How making a node type can fail besides.
const OFFERS: &[&str] = &[
    "custom-resource.undescribed",
    "plugin.budget.exhausted",
    "plugin.busy",
    "plugin.name.taken",
    "request.too-large",
    "workflow.findings",
];

#[derive(Serialize, JsonSchema)]
struct Plugins {
    plugins: Vec<ClusterPlugin>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Resources {
    custom_resources: Vec<CustomResource>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Enabled {
    message: &'static str,
    node_type: CustomNodeType,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Own {
    node_types: Vec<CustomNodeType>,
}

async fn list_plugins(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    Path(name): Path<String>,
) -> Result<Json<Plugins>, Problem> {
    Ok(Json(Plugins { plugins: state.operators.on(&caller, &name).await? }))
}

async fn list_resources(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    Path(name): Path<String>,
) -> Result<Json<Resources>, Problem> {
    Ok(Json(Resources { custom_resources: state.custom_kinds.on(&caller, &name).await? }))
}

async fn enable_resource(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    Path((cluster, resource)): Path<(String, String)>,
) -> Result<Json<Enabled>, Problem> {
    let node_type = state.custom_kinds.offer(&caller, &cluster, &resource).await?;
    Ok(Json(Enabled { message: "Custom resource enabled", node_type }))
}

async fn list_own(State(state): State<ApiState>, Auth(caller): Auth) -> Result<Json<Own>, Problem> {
    Ok(Json(Own { node_types: state.custom_kinds.mine(&caller).await? }))
}

async fn withdraw(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    Path(name): Path<String>,
) -> Result<Json<Value>, Problem> {
    state.custom_kinds.withdraw(&caller, &name).await?;
    Ok(Json(json!({ "message": "Custom resource disabled" })))
}
