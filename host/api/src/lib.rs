//! HTTP: routes, extractors, one shape for problems, event streams.
//!
//! Handlers take a request apart, call one use-case and put the answer
//! together. Decisions are made in `core`.

mod client;
mod compression;
mod cors;
mod extract;
mod front;
mod gate;
mod limits;
mod metrics;
mod openapi;
mod problem;
mod rate_limit;
mod readiness;
pub mod request_id;
mod routes;
mod security;
pub mod serve;
mod sse;
mod streams;
mod table;

use std::{
    ops::Deref,
    sync::{Arc, LazyLock},
};

use axum::Router;
use bowsprit_host_core::{
    access::Caller,
    audit::Audit,
    budgets::Budgets,
    clusters::Clusters,
    custom_kinds::CustomKinds,
    dashboard::Dashboard,
    diagnoses::Diagnoses,
    drafts::Drafts,
    identity::{Identity, oauth::OAuth},
    imports::Imports,
    notifications::Notifications,
    operators::Operators,
    palette::Palette,
    plugins::PluginAdmin,
    search::Search,
    starters::Starters,
    workflows::Workflows,
};
pub use limits::{Edge, EdgeLimits};
use openapi::ApiDocument;
use problem::Problem;
pub use problem::codes;
pub use rate_limit::Rate;
pub use readiness::Readiness;
use streams::Slot;
pub use table::{Access, Route};

/// What handlers work with. One pointer: axum clones it several times for each
/// request, and each open stream keeps one.
#[derive(Clone)]
pub struct ApiState(Arc<UseCases>);

impl Deref for ApiState {
    type Target = UseCases;

    fn deref(&self) -> &UseCases {
        &self.0
    }
}

impl From<UseCases> for ApiState {
    fn from(parts: UseCases) -> Self {
        Self(Arc::new(parts))
    }
}

/// The use-cases, no adapters, and what the edge needs.
pub struct UseCases {
    /// People.
    pub identity: Identity,
    /// People who come from identity providers.
    pub oauth: OAuth,
    /// Drawings.
    pub workflows: Workflows,
    /// Drawings to begin with.
    pub starters: Starters,
    /// What is asked about them before they run.
    pub drafts: Drafts,
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
    /// Which operators they have.
    pub operators: Operators,
    /// What else they define.
    pub custom_kinds: CustomKinds,
    /// Notes to users.
    pub notifications: Notifications,
    /// What can be drawn.
    pub palette: Palette,
    /// What plugins do and may do.
    pub plugins: PluginAdmin,
    /// What plugins use for each user.
    pub budgets: Budgets,
    /// Who did what.
    pub audit: Audit,
    /// Whether the host is ready for requests.
    pub ready: tokio::sync::watch::Receiver<Readiness>,
    /// Bounds at the edge.
    pub limits: Arc<EdgeLimits>,
    /// What is counted there.
    pub edge: Edge,
}

impl UseCases {
    /// Room for one more event stream of the caller.
    fn stream_slot(&self, caller: &Caller) -> Result<Slot, Problem> {
        let over = self.identity.ended(caller.session, caller.user);
        self.edge.streams().open(caller, over)
    }
}

/// The whole API.
pub fn router(state: ApiState) -> Router {
    let router = routes::table().into_router().with_state(state.clone());
    front::layer(router, &state)
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
