//! Which browsers may call (Fetch standard, "CORS protocol").

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    response::Response,
};
use bowsprit_host_core::Error;
use tower::{Layer as _, Service, ServiceExt as _};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::{EdgeLimits, problem::Problem};

/// The answer depends on these headers of the request, if it has them.
static VARY: HeaderValue = HeaderValue::from_static(
    "origin, access-control-request-method, access-control-request-headers",
);

/// What the settings allow.
pub(crate) struct Cors {
    allowed: Vec<String>,
    layer: CorsLayer,
}

impl Cors {
    pub(crate) fn new(limits: &EdgeLimits) -> Self {
        let allowed = limits.allowed_origins.clone();
        let layer = layer(allowed.iter().filter_map(|it| it.parse().ok()).collect());
        Self { allowed, layer }
    }

    /// Refuses origins that are not allowed, also on requests a browser sends
    /// without asking first.
    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let Some(origin) = headers.get(header::ORIGIN).and_then(|it| it.to_str().ok()) else {
            return Ok(());
        };
        let host = headers.get(header::HOST).and_then(|it| it.to_str().ok());
        let same = host.is_some_and(|host| {
            origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")) == Some(host)
        });
        if same || self.allowed.iter().any(|it| it == origin) {
            return Ok(());
        }
        Err(Problem::from(Error::Forbidden {
            code: "cors.origin",
            message: "this origin is not allowed; see the setting `cors_allowed_origins`",
        }))
    }

    /// Whether a request is one of the CORS protocol.
    pub(crate) fn is_asked(request: &Request) -> bool {
        request.headers().contains_key(header::ORIGIN) || request.method() == Method::OPTIONS
    }

    /// Answers preflights, and marks the answers of `service` to other
    /// requests.
    pub(crate) async fn around<S>(&self, service: S, request: Request) -> Response
    where
        S: Service<Request, Response = Response, Error = Infallible, Future: Send> + Send,
    {
        match self.layer.layer(service).oneshot(request).await {
            Ok(response) => response,
        }
    }

    /// Marks the answer to a request that is none of the protocol: to a cache
    /// it is not the answer to one that is.
    pub(crate) fn mark(&self, headers: &mut HeaderMap) {
        headers.append(header::VARY, VARY.clone());
    }
}

fn layer(allowed: Vec<HeaderValue>) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(allowed))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::PATCH])
        .allow_headers([
            header::ORIGIN,
            header::CONTENT_TYPE,
            header::ACCEPT,
            header::AUTHORIZATION,
            header::IF_MATCH,
            HeaderName::from_static("last-event-id"),
        ])
        .expose_headers([
            header::CONTENT_LENGTH,
            header::ETAG,
            header::RETRY_AFTER,
            HeaderName::from_static("x-request-id"),
        ])
        .allow_credentials(true)
        .max_age(Duration::from_secs(12 * 3600))
}
