//! Imports (R79).

use axum::{
    extract::State,
    http::{Method, StatusCode},
};
use bowsprit_host_core::imports::{ImportAnalysis, ImportRequest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    ApiState,
    extract::{Auth, Json},
    openapi::{Operation, codes_of},
    problem::Problem,
    table::{Access, Table},
};

pub(super) fn add(table: Table) -> Table {
    table.api(Method::POST, "/import/analyze", Access::User, analyze_import).described(
        Operation::new("What a file becomes as a drawing; nothing is stored")
            .takes::<AnalyzeRequest>()
            .answers_shape(StatusCode::OK, analyzed())
            .fails(&["import.source.unsupported", "import.format.unknown", "import.unsupported"])
            .fails(&["workflow.findings", "plugin.busy"])
            .fails(&codes_of("plugin.")),
    )
}

fn analyzed() -> Value {
    let trace = json!({
        "key": "text", "fate": "=converted|=approximated|=rejected|=ignored", "path": "text",
        "line": "integer", "column": "integer", "nodeId?": "text", "at?": "text", "note?": "text",
    });
    let question = json!({ "id": "text", "text": "text", "choices": ["text"], "default?": "text" });
    json!({
        "async": false,
        "analysis": {
            "detectedType": "text", "services": ["any"], "volumes": ["any"], "networks": ["any"],
            "warnings": ["text"],
            "errors": [{ "code": "text", "message": "text", "field?": "text" }],
            "suggestedNodes": ["#WorkflowNode"], "suggestedEdges": ["#WorkflowEdge"],
            "layoutPositions": "object", "needsBuild": "boolean", "traces": [trace],
            "questions": [question], "missingSecrets": [{ "nodeId": "text", "key": "text" }],
            "sealedSecrets": "object",
        },
    })
}

/// What else the contract names (`url`, `branch`, `workflowId`) means nothing
/// for a file.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct AnalyzeRequest {
    source: String,
    #[serde(default)]
    file_content: Option<String>,
    #[serde(default)]
    file_name: Option<String>,
    #[serde(default)]
    namespace: Option<String>,
}

#[derive(Serialize)]
struct Analyzed {
    r#async: bool,
    analysis: ImportAnalysis,
}

async fn analyze_import(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    Json(body): Json<AnalyzeRequest>,
) -> Result<axum::Json<Analyzed>, Problem> {
    let request = ImportRequest {
        source: body.source,
        name: body.file_name,
        content: body.file_content,
        namespace: body.namespace,
    };
    let analysis = state.imports.analyze(&caller, request).await?;
    Ok(axum::Json(Analyzed { r#async: false, analysis }))
}
