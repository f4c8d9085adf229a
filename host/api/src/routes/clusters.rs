//! Clusters (R43–R46, R48, R50–R52).

use std::collections::BTreeMap;

use axum::{
    extract::{Path, State},
    http::{Method, StatusCode},
};
use bowsprit_host_core::{
    Error,
    clusters::{ClusterList, ClusterView, GivenCredentials, NewCluster, StatusView},
};
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    ApiState,
    extract::{Auth, Json},
    openapi::{Operation, codes_of},
    problem::Problem,
    table::{Access, Table},
};

pub(super) fn add(table: Table) -> Table {
    let named = json!({ "message": "text", "cluster": "text" });
    table
        .api(Method::POST, "/clusters", Access::User, create_cluster)
        .described(
            Operation::new("Adds a cluster")
                .takes::<CreateCluster>()
                .answers_shape(
                    StatusCode::CREATED,
                    json!({ "message": "text", "status": "text", "cluster": "#ClusterView" }),
                )
                .fails(&["cluster.name.taken"]),
        )
        .api(Method::GET, "/clusters", Access::User, list_clusters)
        .described(Operation::new("Lists clusters").answers::<ClusterList>(StatusCode::OK))
        .api(Method::GET, "/clusters/default", Access::User, get_default_cluster)
        .described(
            Operation::new("The default cluster")
                .answers::<ClusterView>(StatusCode::OK)
                .fails(&["not-found"]),
        )
        .api(Method::GET, "/clusters/{name}", Access::User, get_cluster)
        .described(Operation::new("One cluster").answers::<ClusterView>(StatusCode::OK))
        .api(Method::GET, "/clusters/{name}/status", Access::User, get_cluster_status)
        .described(
            Operation::new("Whether a cluster answered when it was last asked")
                .answers::<StatusView>(StatusCode::OK),
        )
        .api(Method::PUT, "/clusters/{name}/default", Access::User, set_default_cluster)
        .described(
            Operation::new("Makes a cluster the default")
                .answers_shape(StatusCode::OK, named.clone()),
        )
        .api(Method::POST, "/clusters/{name}/test", Access::User, test_cluster)
        .described(
            Operation::new("Asks a cluster whether it answers")
                .answers_shape(
                    StatusCode::OK,
                    json!({ "message": "text", "cluster": "text", "status": "=connected" }),
                )
                .fails_with(StatusCode::SERVICE_UNAVAILABLE, &codes_of("cluster."))
                .fails(&["cluster.auth.unsupported"]),
        )
        .api(Method::DELETE, "/clusters/{name}", Access::User, delete_cluster)
        .described(Operation::new("Removes a cluster").answers_shape(StatusCode::OK, named))
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct CreateCluster {
    name: String,
    #[serde(default)]
    display_name: Option<String>,
    #[serde(default)]
    description: Option<String>,
    server: String,
    auth_type: String,
    #[serde(default)]
    credentials: Option<CredentialsBody>,
    #[serde(default)]
    single_node: Option<bool>,
    #[serde(default)]
    labels: Option<BTreeMap<String, String>>,
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
struct CredentialsBody {
    #[schemars(with = "Option<String>")]
    kubeconfig: Option<SecretString>,
    context: Option<String>,
    #[schemars(with = "Option<String>")]
    token: Option<SecretString>,
    #[schemars(with = "Option<String>")]
    client_cert_data: Option<SecretString>,
    #[schemars(with = "Option<String>")]
    client_key_data: Option<SecretString>,
    ca_data: Option<String>,
    namespace: Option<String>,
    insecure: Option<bool>,
}

impl From<CredentialsBody> for GivenCredentials {
    fn from(body: CredentialsBody) -> Self {
        Self {
            kubeconfig: body.kubeconfig,
            context: body.context,
            token: body.token,
            client_certificate: body.client_cert_data,
            client_key: body.client_key_data,
            certificate_authority: body.ca_data,
            namespace: body.namespace,
            insecure: body.insecure.unwrap_or_default(),
        }
    }
}

async fn create_cluster(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    Json(body): Json<CreateCluster>,
) -> Result<(StatusCode, axum::Json<Value>), Problem> {
    let new = NewCluster {
        name: body.name,
        display_name: body.display_name.unwrap_or_default(),
        description: body.description.unwrap_or_default(),
        server: body.server,
        auth_type: body.auth_type.parse()?,
        credentials: body.credentials.unwrap_or_default().into(),
        single_node: body.single_node.unwrap_or_default(),
        labels: body.labels.unwrap_or_default(),
    };
    let cluster = state.clusters.create(&caller, new).await?;
    let status = cluster.status;
    // The frontend looks for the status at the top and for the rest below.
    let answer = json!({ "message": "Cluster added", "status": status, "cluster": cluster });
    Ok((StatusCode::CREATED, axum::Json(answer)))
}

async fn list_clusters(
    State(state): State<ApiState>,
    Auth(caller): Auth,
) -> Result<axum::Json<ClusterList>, Problem> {
    Ok(axum::Json(state.clusters.list(&caller).await?))
}

async fn get_default_cluster(
    State(state): State<ApiState>,
    Auth(caller): Auth,
) -> Result<axum::Json<ClusterView>, Problem> {
    Ok(axum::Json(state.clusters.default(&caller).await?))
}

async fn get_cluster(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    Path(name): Path<String>,
) -> Result<axum::Json<ClusterView>, Problem> {
    Ok(axum::Json(state.clusters.get(&caller, &name).await?))
}

async fn get_cluster_status(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    Path(name): Path<String>,
) -> Result<axum::Json<StatusView>, Problem> {
    Ok(axum::Json(state.clusters.status(&caller, &name).await?))
}

async fn set_default_cluster(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    Path(name): Path<String>,
) -> Result<axum::Json<Value>, Problem> {
    state.clusters.set_default(&caller, &name).await?;
    Ok(axum::Json(json!({ "message": "Default cluster set", "cluster": name })))
}

async fn test_cluster(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    Path(name): Path<String>,
) -> Result<axum::Json<Value>, Problem> {
    match state.clusters.test(&caller, &name).await {
        Ok(()) => Ok(axum::Json(
            json!({ "message": "The cluster answers", "cluster": name, "status": "connected" }),
        )),
        Err(error) => {
            // Never 502, which the contract has as 503 here.
            let of_cluster = matches!(error, Error::Cluster { .. });
            let problem = Problem::from(error);
            let problem = if of_cluster {
                problem.with_status(StatusCode::SERVICE_UNAVAILABLE)
            } else {
                problem
            };
            Err(problem.with("cluster", name).with("status", "failed"))
        }
    }
}

async fn delete_cluster(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    Path(name): Path<String>,
) -> Result<axum::Json<Value>, Problem> {
    state.clusters.delete(&caller, &name).await?;
    Ok(axum::Json(json!({ "message": "Cluster removed", "cluster": name })))
}
