//! What every request passes on its way in, and every answer on its way out.
//!
//! One layer and one future instead of one for each concern: axum clones and
//! boxes each layer for each request, which costs more than what most of them
//! do.

use std::{any::Any, convert::Infallible, panic::AssertUnwindSafe, sync::Arc, time::Instant};

use axum::{
    Router,
    extract::{MatchedPath, Request},
    http::header,
    response::{IntoResponse as _, Response},
    routing::Route,
};
use bowsprit_host_core::{Error, id::Id};
use futures::FutureExt as _;
use tower::{ServiceExt as _, layer::layer_fn, service_fn};
use tracing::Instrument as _;

use crate::{
    ApiState, Edge, compression, cors::Cors, gate, metrics::Raised, problem::Problem, request_id,
    security,
};

struct Front {
    edge: Edge,
    cors: Cors,
}

/// Puts the front before everything in `router`.
pub(crate) fn layer(router: Router, state: &ApiState) -> Router {
    let cors = Cors::new(&state.limits);
    let front = Arc::new(Front { edge: state.edge.clone(), cors });
    router.layer(layer_fn(move |route: Route| {
        let front = Arc::clone(&front);
        service_fn(move |request| Arc::clone(&front).pass(route.clone(), request))
    }))
}

impl Front {
    /// Gives the request an id, which its answer, its problem and its log line
    /// carry.
    async fn pass(self: Arc<Self>, route: Route, request: Request) -> Result<Response, Infallible> {
        let id = Id::new();
        let accepted = request.headers().get(header::ACCEPT_ENCODING).cloned();
        let mut response = request_id::scope(id, self.answer(route, request, id)).await;
        if let Some(accepted) = accepted {
            response = compression::compressed(response, accepted).await;
        }
        let headers = response.headers_mut();
        request_id::mark(headers, id);
        security::harden(headers);
        Ok(response)
    }

    /// Refuses what foreign pages ask for, and tells browsers what they may do.
    async fn answer(self: Arc<Self>, route: Route, request: Request, id: Id) -> Response {
        if let Err(refused) = self.cors.check(request.headers()) {
            return refused.into_response();
        }
        if !Cors::is_asked(&request) {
            let mut response = self.count(route, request, id).await;
            self.cors.mark(response.headers_mut());
            return response;
        }
        let front = Arc::clone(&self);
        let counted = service_fn(move |request| {
            let (front, route) = (Arc::clone(&front), route.clone());
            async move { Ok(front.count(route, request, id).await) }
        });
        // Boxed for the sake of those who are no browsers.
        Box::pin(self.cors.around(counted, request)).await
    }

    /// Counts the request and its answer, except on routes for probes and
    /// scrapers.
    async fn count(&self, route: Route, request: Request, id: Id) -> Response {
        let metrics = self.edge.metrics();
        let figures = metrics.of(request.extensions().get().map(MatchedPath::as_str));
        if !figures.metered {
            return run(route, request, &figures.pattern, id).await;
        }
        let method = figures.method(metrics, request.method());
        let begun = Instant::now();
        let flying = Raised::new(metrics.in_flight());
        let response = match gate::admit(&self.edge, &request) {
            Ok(()) => run(route, request, &figures.pattern, id).await,
            Err(refused) => refused.into_response(),
        };
        drop(flying);
        method.count(metrics, response.status(), begun.elapsed());
        response
    }
}

/// Runs the handler within a span, and turns a panic into a problem.
async fn run(route: Route, request: Request, pattern: &str, id: Id) -> Response {
    let method = request.method().clone();
    let begun = Instant::now();
    // Under the names of OpenTelemetry's semantic conventions for HTTP. The
    // pattern, not the path: ids are fine in a log, tokens in a query are not.
    let span = tracing::debug_span!(
        target: "bowsprit::request",
        "request",
        otel.name = format!("{method} {pattern}"),
        otel.kind = "server",
        http.request.method = %method,
        http.route = pattern,
        http.response.status_code = tracing::field::Empty,
        request = %id,
    );
    let served = AssertUnwindSafe(route.oneshot(request)).catch_unwind().instrument(span.clone());
    let response = match served.await {
        Ok(Ok(response)) => response,
        Err(panic) => panicked(panic.as_ref()),
    };
    let status = response.status().as_u16();
    span.record("http.response.status_code", status);
    tracing::debug!(
        request = %id,
        %method,
        path = pattern,
        status,
        micros = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX),
        "served"
    );
    response
}

fn panicked(panic: &(dyn Any + Send)) -> Response {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let error = Error::internal(format!("panic: {}", text.unwrap_or_default()));
    Problem::from(error).into_response()
}
