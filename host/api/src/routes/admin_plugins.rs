//! Plugins, for administrators: what serves, what waits, what went wrong.

use axum::{
    Json,
    extract::{Path, Query, State},
    http::{HeaderMap, Method, StatusCode},
    response::Response,
};
use bowsprit_host_core::plugins::{
    ActivationPage, ComparisonReport, GenerationReport, PluginReport, SwapPolicy, Trial, Validation,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    ApiState,
    extract::{Admin, Json as Body, Parameters, Upload},
    openapi::{Operation, codes_of},
    problem::Problem,
    sse,
    table::{Access, Table},
};

pub(super) fn add(table: Table) -> Table {
    changing(reading(table))
}

fn reading(table: Table) -> Table {
    table
        .api(Method::GET, "/admin/plugins", Access::Admin, list_plugins)
        .described(Operation::new("Lists plugins").answers::<List>(StatusCode::OK))
        .api(Method::GET, "/admin/plugins/stream", Access::Admin, stream_plugins)
        .described(
            Operation::new(
                "Streams lives of plugins: `plugin.generation.live`, `.failed`, `.held`, \
                 `.rolled-back`, `plugin.removed`",
            )
            .streams()
            .fails(&["streams.too-many"]),
        )
        .api(Method::GET, "/admin/plugins/activations", Access::Admin, list_activations)
        .described(
            Operation::new("What became of generations, newest first")
                .reads("plugin", "a plugin's id; else all")
                .reads("before", "`next` of the page before")
                .reads("limit", "1 to 500; else 100")
                .fails(&["request.invalid"])
                .answers::<ActivationPage>(StatusCode::OK),
        )
        .api(Method::GET, "/admin/plugins/{plugin}", Access::Admin, show_plugin)
        .described(Operation::new("Shows a plugin").answers::<Shown>(StatusCode::OK))
        .api(Method::GET, "/admin/plugins/{plugin}/generations", Access::Admin, list_generations)
        .described(
            Operation::new("Lists a plugin's generations, newest first")
                .answers::<Generations>(StatusCode::OK),
        )
        .api(
            Method::GET,
            "/admin/plugins/{plugin}/generations/{digest}/comparison",
            Access::Admin,
            show_comparison,
        )
        .described(
            Operation::new("Shows how a generation answers what its predecessor was asked")
                .answers::<ComparisonReport>(StatusCode::OK),
        )
}

fn changing(table: Table) -> Table {
    let changed = |summary| {
        Operation::new(summary).fails(&codes_of("plugin")).answers::<Shown>(StatusCode::OK)
    };
    table
        .api(Method::POST, "/admin/plugins/validate", Access::Admin, validate)
        .described(
            Operation::new(
                "Takes a packed plugin (a tar archive, `plugin.toml` at its top) through every \
                 stage, and activates nothing",
            )
            .fails(&["request.invalid", "request.too-large"])
            .answers::<Validation>(StatusCode::OK),
        )
        .api(
            Method::POST,
            "/admin/plugins/{plugin}/generations/{digest}/consent",
            Access::Admin,
            consent,
        )
        .described(changed("Lets a waiting generation serve, and grants what it wants"))
        .api(Method::POST, "/admin/plugins/{plugin}/rollback", Access::Admin, roll_back)
        .described(changed("Goes back to an earlier generation").takes::<Rollback>())
        .api(Method::POST, "/admin/plugins/{plugin}/enable", Access::Admin, enable)
        .described(changed("Lets a plugin serve again"))
        .api(Method::POST, "/admin/plugins/{plugin}/disable", Access::Admin, disable)
        .described(changed("Takes a plugin out of the catalogue, also over restarts"))
        .api(Method::POST, "/admin/plugins/{plugin}/reload", Access::Admin, reload)
        .described(changed("Loads what lies in a plugin's folder"))
        .api(Method::PUT, "/admin/plugins/{plugin}/policy", Access::Admin, set_policy)
        .described(changed("Says when new generations take over").takes::<Policy>())
        .api(Method::POST, "/admin/plugins/{plugin}/try", Access::Admin, try_call)
        .described(
            Operation::new("Calls one function of the serving generation")
                .takes::<Attempt>()
                .fails(&["request.invalid"])
                .fails(&codes_of("plugin"))
                .answers::<Trial>(StatusCode::OK),
        )
}

#[derive(Serialize, JsonSchema)]
struct List {
    plugins: Vec<PluginReport>,
}

#[derive(Serialize, JsonSchema)]
struct Shown {
    plugin: PluginReport,
}

#[derive(Serialize, JsonSchema)]
struct Generations {
    generations: Vec<GenerationReport>,
}

/// Which generation to go back to.
#[derive(Default, Deserialize, JsonSchema)]
struct Rollback {
    /// Its digest; without it the one that served before.
    #[serde(default)]
    generation: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
struct Policy {
    policy: SwapPolicy,
}

/// A call to be tried.
#[derive(Deserialize, JsonSchema)]
struct Attempt {
    /// As the WIT calls it: `render`.
    function: String,
    /// As `input` of a golden file.
    #[schemars(with = "serde_json::Value")]
    input: Box<RawValue>,
}

#[derive(Deserialize)]
struct Wanted {
    plugin: Option<String>,
}

type Reported = Result<Json<Shown>, Problem>;

async fn list_plugins(
    State(state): State<ApiState>,
    Admin(caller): Admin,
) -> Result<Json<List>, Problem> {
    Ok(Json(List { plugins: state.plugins.list(&caller)? }))
}

async fn stream_plugins(
    State(state): State<ApiState>,
    Admin(caller): Admin,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let slot = state.stream_slot(&caller)?;
    let subscription = state.plugins.subscribe(&caller, sse::last_event_id(&headers))?;
    Ok(sse::stream(Some(sse::frame("connected", "{}")), subscription, None, slot))
}

async fn list_activations(
    State(state): State<ApiState>,
    Admin(caller): Admin,
    Query(wanted): Query<Wanted>,
    parameters: Parameters,
) -> Result<Json<ActivationPage>, Problem> {
    let before = parameters.parsed("before", "must be the number of an entry")?;
    let limit = parameters.number("limit", 1..=500, 100) as u32;
    let plugin = wanted.plugin.as_deref().filter(|it| !it.is_empty());
    Ok(Json(state.plugins.activations(&caller, plugin, before, limit).await?))
}

async fn show_plugin(
    State(state): State<ApiState>,
    Admin(caller): Admin,
    Path(plugin): Path<String>,
) -> Reported {
    shown(state.plugins.report(&caller, &plugin)?)
}

async fn list_generations(
    State(state): State<ApiState>,
    Admin(caller): Admin,
    Path(plugin): Path<String>,
) -> Result<Json<Generations>, Problem> {
    Ok(Json(Generations { generations: state.plugins.generations(&caller, &plugin)? }))
}

async fn show_comparison(
    State(state): State<ApiState>,
    Admin(caller): Admin,
    Path((plugin, digest)): Path<(String, String)>,
) -> Result<Json<ComparisonReport>, Problem> {
    Ok(Json(state.plugins.comparison(&caller, &plugin, &digest)?))
}

async fn validate(
    State(state): State<ApiState>,
    Admin(caller): Admin,
    Upload(packed): Upload,
) -> Result<Json<Validation>, Problem> {
    Ok(Json(state.plugins.validate(&caller, packed).await?))
}

async fn consent(
    State(state): State<ApiState>,
    Admin(caller): Admin,
    Path((plugin, digest)): Path<(String, String)>,
) -> Reported {
    shown(state.plugins.consent(&caller, &plugin, &digest).await?)
}

async fn roll_back(
    State(state): State<ApiState>,
    Admin(caller): Admin,
    Path(plugin): Path<String>,
    Body(wanted): Body<Rollback>,
) -> Reported {
    shown(state.plugins.rollback(&caller, &plugin, wanted.generation.as_deref()).await?)
}

async fn enable(
    State(state): State<ApiState>,
    Admin(caller): Admin,
    Path(plugin): Path<String>,
) -> Reported {
    shown(state.plugins.enable(&caller, &plugin).await?)
}

async fn disable(
    State(state): State<ApiState>,
    Admin(caller): Admin,
    Path(plugin): Path<String>,
) -> Reported {
    shown(state.plugins.disable(&caller, &plugin).await?)
}

async fn reload(
    State(state): State<ApiState>,
    Admin(caller): Admin,
    Path(plugin): Path<String>,
) -> Reported {
    shown(state.plugins.reload(&caller, &plugin).await?)
}

async fn set_policy(
    State(state): State<ApiState>,
    Admin(caller): Admin,
    Path(plugin): Path<String>,
    Body(wanted): Body<Policy>,
) -> Reported {
    shown(state.plugins.set_policy(&caller, &plugin, wanted.policy).await?)
}

async fn try_call(
    State(state): State<ApiState>,
    Admin(caller): Admin,
    Path(plugin): Path<String>,
    Body(attempt): Body<Attempt>,
) -> Result<Json<Trial>, Problem> {
    let Attempt { function, input } = attempt;
    Ok(Json(state.plugins.try_call(&caller, &plugin, &function, input.get()).await?))
}

fn shown(plugin: PluginReport) -> Reported {
    Ok(Json(Shown { plugin }))
}
