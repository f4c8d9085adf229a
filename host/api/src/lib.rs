//! HTTP: routes, extractors, one shape for problems, event streams.
//!
//! Handlers take a request apart, call one use-case and put the answer
//! together. Decisions are made in `core`.

mod client;
mod cors;
mod ended;
mod extract;
mod gate;
mod limits;
mod metrics;
mod openapi;
mod problem;
mod rate_limit;
mod readiness;
mod request_id;
mod routes;
mod security;
pub mod serve;
mod sse;
mod streams;
mod table;

use std::sync::{Arc, LazyLock};

use axum::Router;
use bowsprit_host_core::{
    audit::Audit,
    clusters::Clusters,
    dashboard::Dashboard,
    diagnoses::Diagnoses,
    identity::{Identity, oauth::OAuth},
    imports::Imports,
    notifications::Notifications,
    palette::Palette,
    search::Search,
    workflows::Workflows,
};
pub use limits::{Edge, EdgeLimits};
use openapi::ApiDocument;
pub use problem::codes;
pub use rate_limit::Rate;
pub use readiness::Readiness;
pub use table::{Access, Route};
use tower_http::{
    CompressionLevel,
    compression::{
        CompressionLayer, Predicate as _,
        predicate::{DefaultPredicate, SizeAbove},
    },
};

/// Shorter answers are sent as they are: a packet is a packet.
const LEAST_COMPRESSED: u64 = 1024;

/// What handlers work with: use-cases, no adapters.
#[derive(Clone)]
pub struct ApiState {
    /// People.
    pub identity: Identity,
    /// People who come from identity providers.
    pub oauth: OAuth,
    /// Drawings.
    pub workflows: Workflows,
    /// What is wrong with what they became.
    pub diagnoses: Diagnoses,
    /// Drawings of what people already have.
    pub imports: Imports,
    /// What is found among a caller's things.
    pub search: Search,
    /// How they stand.
    pub dashboard: Dashboard,
    /// Where they run.
    pub clusters: Clusters,
    /// Notes to users.
    pub notifications: Notifications,
    /// What can be drawn.
    pub palette: Palette,
    /// Who did what.
    pub audit: Audit,
    /// Whether the host is ready for requests.
    pub ready: tokio::sync::watch::Receiver<Readiness>,
    /// Bounds at the edge.
    pub limits: Arc<EdgeLimits>,
    /// What is counted there.
    pub edge: Edge,
}

/// The whole API.
pub fn router(state: ApiState) -> Router {
    let (limits, edge) = (Arc::clone(&state.limits), state.edge.clone());
    let (metered, free) = routes::table().into_routers();
    let metered = ended::layer(metered.with_state(state.clone()), state.identity.clone());
    let metered = gate::layer(metered, edge.clone());
    let metered = metrics::layer(metered, edge);
    let router = compressed(metered.merge(free.with_state(state)));
    request_id::layer(cors::layer(router, limits))
}

/// Event streams are never compressed: their reader waits for each frame.
fn compressed(router: Router) -> Router {
    let worthwhile = DefaultPredicate::new().and(SizeAbove::new(LEAST_COMPRESSED));
    let layer = CompressionLayer::new().quality(CompressionLevel::Fastest);
    router.layer(layer.compress_when(worthwhile))
}

/// Every route with its access rule, for documents and tests.
pub fn routes() -> Vec<Route> {
    routes::table().into_routes()
}

/// The API document, made once.
static DOCUMENT: LazyLock<ApiDocument> = LazyLock::new(|| ApiDocument::of(&routes()));

/// The API document (OpenAPI 3.1).
pub fn document() -> &'static serde_json::Value {
    &DOCUMENT.value
}
