//! HTTP: routes, extractors, one shape for problems, event streams.
//!
//! Handlers take a request apart, call one use-case and put the answer
//! together. Decisions are made in `core`.

mod cors;
mod extract;
mod problem;
mod readiness;
mod request_id;
mod routes;
pub mod serve;
mod sse;
mod table;

use std::{sync::Arc, time::Duration};

use axum::Router;
use bowsprit_host_core::{
    clusters::Clusters, identity::Identity, notifications::Notifications, palette::Palette,
    workflows::Workflows,
};
pub use readiness::Readiness;
pub use table::{Access, Route};

/// What handlers work with: use-cases, no adapters.
#[derive(Clone)]
pub struct ApiState {
    /// People.
    pub identity: Identity,
    /// Drawings.
    pub workflows: Workflows,
    /// Where they run.
    pub clusters: Clusters,
    /// Notes to users.
    pub notifications: Notifications,
    /// What can be drawn.
    pub palette: Palette,
    /// Whether the host is ready for requests.
    pub ready: tokio::sync::watch::Receiver<Readiness>,
    /// Bounds at the edge.
    pub limits: Arc<EdgeLimits>,
}

/// Bounds on requests.
#[derive(Debug, Clone)]
pub struct EdgeLimits {
    /// Bytes of a request body.
    pub body_bytes: usize,
    /// Origins of browsers that may call; exact matches.
    pub allowed_origins: Vec<String>,
    /// How long a run, save, archive or delete may keep its caller waiting.
    /// The web frontend gives up after 30 s.
    pub patience: Duration,
}

impl Default for EdgeLimits {
    fn default() -> Self {
        Self {
            body_bytes: 8 << 20,
            allowed_origins: vec!["http://localhost:3001".into()],
            patience: Duration::from_secs(25),
        }
    }
}

/// The whole API.
pub fn router(state: ApiState) -> Router {
    let limits = Arc::clone(&state.limits);
    let router = routes::table().into_router().with_state(state);
    let router = router.fallback(problem::no_such_route);
    let router = cors::layer(router, limits);
    request_id::layer(router)
}

/// Every route with its access rule, for documents and tests.
pub fn routes() -> Vec<Route> {
    routes::table().routes().to_vec()
}
