//! Diagnoses of nodes and their fixes (R32–R34).

use std::collections::HashMap;

use axum::{
    extract::{FromRequestParts, Path, Query, State},
    http::{Method, StatusCode, request::Parts},
};
use bowsprit_host_core::{
    Error,
    diagnoses::{Diagnosis, FixRequest, FixTemplate, Parameters},
    id::Id,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    ApiState,
    extract::{Auth, Json},
    openapi::{Operation, codes_of},
    problem::Problem,
    table::{Access, Table},
};

const NODE: &str = "/workflows/{id}/nodes/{nodeId}";

pub(super) fn add(table: Table) -> Table {
    let fails = |operation: Operation| {
        let own =
            ["diagnostics.none", "workflow.findings", "plugin.busy", "cluster.auth.unsupported"];
        operation.fails(&own).fails(&codes_of("cluster.")).fails(&codes_of("plugin."))
    };
    let object = json!({
        "kind": "text", "name": "text", "namespace?": "text", "operation": "=updated", "uid": "text",
    });
    let applied = json!({
        "success": true, "message": "text", "fixType": "text", "mode": "=auto|=manual",
        "result": { "applied_resources": [object], "errors?": ["text"], "failed": "boolean" },
    });
    table
        .api(Method::GET, &format!("{NODE}/diagnostics"), Access::User, diagnose_node)
        .described(fails(
            Operation::new("Runs all checks of a node in its cluster")
                .answers::<Diagnosis>(StatusCode::OK),
        ))
        .api(Method::GET, &format!("{NODE}/fix-template/{{fixType}}"), Access::User, show_fix)
        .described(fails(
            Operation::new("What a fix would change")
                .reads("parameters", "a JSON object, as the fix's `parameters` says; else `{}`")
                .answers::<FixTemplate>(StatusCode::OK)
                .fails(&["diagnostics.fix.unsupported", "request.invalid", "request.too-large"]),
        ))
        .api(Method::POST, &format!("{NODE}/fix"), Access::User, apply_fix)
        .described(fails(
            Operation::new("Applies a fix, and runs the checks again")
                .takes::<FixBody>()
                .answers_shape(StatusCode::OK, applied)
                .fails(&["diagnostics.fix.unsupported", "diagnostics.fix.foreign"])
                .fails(&["diagnostics.fix.conflict", "workflow.run.active", "workflow.changed"]),
        ))
}

/// The parameters of a path below a node.
struct At {
    workflow: Id,
    node: String,
    fix: String,
}

impl FromRequestParts<ApiState> for At {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let path = Path::<HashMap<String, String>>::from_request_parts(parts, state).await;
        let Path(mut path) = path.map_err(|_| Error::invalid("nodeId", "must be UTF-8"))?;
        let mut take = |name: &str| path.remove(name).unwrap_or_default();
        Ok(Self { workflow: take("id").parse()?, node: take("nodeId"), fix: take("fixType") })
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct FixBody {
    fix_type: String,
    yaml: String,
    #[serde(default)]
    mode: Mode,
    /// As the template was asked for.
    #[serde(default)]
    parameters: Option<serde_json::Map<String, Value>>,
}

#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    parameters: String,
}

#[derive(Debug, Default, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Mode {
    /// The template as it is.
    #[default]
    Auto,
    /// The user's version of it.
    Manual,
}

impl Mode {
    fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Manual => "manual",
        }
    }
}

async fn diagnose_node(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    at: At,
) -> Result<axum::Json<Diagnosis>, Problem> {
    Ok(axum::Json(state.diagnoses.diagnose(&caller, at.workflow, &at.node).await?))
}

async fn show_fix(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    at: At,
    Query(wanted): Query<Wanted>,
) -> Result<axum::Json<FixTemplate>, Problem> {
    let fix = (at.fix.as_str(), &Parameters::parse(&wanted.parameters)?);
    Ok(axum::Json(state.diagnoses.template(&caller, at.workflow, &at.node, fix).await?))
}

async fn apply_fix(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    at: At,
    Json(body): Json<FixBody>,
) -> Result<axum::Json<Value>, Problem> {
    let (fix, mode) = (body.fix_type, body.mode.word());
    let parameters = body.parameters.map(|it| Value::Object(it).to_string()).unwrap_or_default();
    let applied = async {
        let parameters = Parameters::parse(&parameters)?;
        let request = FixRequest { fix: fix.clone(), yaml: body.yaml, parameters };
        state.diagnoses.apply(&caller, at.workflow, &at.node, request).await
    };
    let applied = applied.await;
    let applied = applied.map_err(|error| {
        Problem::detailed(error, None).with("fixType", fix.as_str()).with("mode", mode)
    })?;
    let (message, result) = (applied.message, applied.result);
    Ok(axum::Json(json!({
        "success": true, "message": message, "result": result, "fixType": fix, "mode": mode,
    })))
}
