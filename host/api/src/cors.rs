//! Which browsers may call (Fetch standard, "CORS protocol").

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderName, HeaderValue, Method, header},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
};
use bowsprit_host_core::Error;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::{EdgeLimits, problem::Problem};

/// Answers preflights, marks answers, and refuses origins that are not
/// allowed, also on requests a browser sends without asking first.
pub(crate) fn layer(router: Router, limits: Arc<EdgeLimits>) -> Router {
    let allowed: Vec<HeaderValue> =
        limits.allowed_origins.iter().filter_map(|it| it.parse().ok()).collect();
    let cors = CorsLayer::new()
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
        .max_age(Duration::from_secs(12 * 3600));
    router.layer(cors).layer(middleware::from_fn_with_state(limits, refuse_foreign))
}

async fn refuse_foreign(
    State(limits): State<Arc<EdgeLimits>>,
    request: Request,
    next: Next,
) -> Response {
    let origin = request.headers().get(header::ORIGIN).and_then(|it| it.to_str().ok());
    let host = request.headers().get(header::HOST).and_then(|it| it.to_str().ok());
    let foreign = origin.is_some_and(|origin| {
        let same = host.is_some_and(|host| {
            origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")) == Some(host)
        });
        !same && !limits.allowed_origins.iter().any(|it| it == origin)
    });
    if foreign {
        let refused = Error::Forbidden {
            code: "cors.origin",
            message: "this origin is not allowed; see the setting `cors_allowed_origins`",
        };
        return Problem::from(refused).into_response();
    }
    next.run(request).await
}
