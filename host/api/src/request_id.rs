//! An id for every request: in its answer, in its log lines, in its problem.

use std::{any::Any, time::Instant};

use axum::{
    Router,
    extract::{MatchedPath, Request},
    http::{HeaderName, HeaderValue},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
};
use bowsprit_host_core::{Error, id::Id};
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument as _;

use crate::{problem::Problem, security};

const HEADER: HeaderName = HeaderName::from_static("x-request-id");

tokio::task_local! {
    static CURRENT: String;
}

/// The id of the request this task serves; empty outside of one.
pub(crate) fn current() -> String {
    CURRENT.try_with(Clone::clone).unwrap_or_default()
}

/// Gives every request an id, logs it, and turns a panic into a problem.
pub(crate) fn layer(router: Router) -> Router {
    router.layer(CatchPanicLayer::custom(panicked)).layer(middleware::from_fn(identify))
}

async fn identify(request: Request, next: Next) -> Response {
    let id = Id::new().to_string();
    let method = request.method().clone();
    // The pattern, not the path: ids are fine in a log, tokens in a query are not.
    let path = request.extensions().get::<MatchedPath>().map(|it| it.as_str().to_owned());
    let path = path.as_deref().unwrap_or("unknown");
    let begun = Instant::now();
    // Under the names of OpenTelemetry's semantic conventions for HTTP.
    let span = tracing::debug_span!(
        target: "bowsprit::request",
        "request",
        otel.name = format!("{method} {path}"),
        otel.kind = "server",
        http.request.method = %method,
        http.route = path,
        http.response.status_code = tracing::field::Empty,
        request = id,
    );
    let served = CURRENT.scope(id.clone(), next.run(request)).instrument(span.clone());
    let mut response = served.await;
    span.record("http.response.status_code", response.status().as_u16());
    tracing::debug!(
        request = id,
        %method,
        path,
        status = response.status().as_u16(),
        micros = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX),
        "served"
    );
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(HEADER, value);
    }
    security::harden(headers);
    response
}

fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let text = panic.downcast_ref::<&str>().copied().map(str::to_owned);
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    Problem::from(Error::internal(format!("panic: {text}"))).into_response()
}
