//! What is refused before any handler sees it: heads that are too large, and
//! requests that come too often.

use axum::{
    Router,
    extract::{Request, State},
    http::HeaderMap,
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
};

use crate::{Edge, EdgeLimits, client::ClientAddress, problem::Problem};

/// Puts the gate before everything in `router`.
pub(crate) fn layer(router: Router, edge: Edge) -> Router {
    router.layer(middleware::from_fn_with_state(edge, admit))
}

async fn admit(State(edge): State<Edge>, request: Request, next: Next) -> Response {
    let limits = edge.limits();
    let address =
        ClientAddress::of(request.extensions(), request.headers(), &limits.trusted_proxies);
    let admitted = edge
        .rates()
        .admit_address(address.0)
        .and_then(|()| check_headers(request.headers(), limits));
    match admitted {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

/// A flood beyond twice these bounds the server loop refuses by itself, with
/// an empty 431.
fn check_headers(headers: &HeaderMap, limits: &EdgeLimits) -> Result<(), Problem> {
    let (count, bytes) = (limits.header_count, limits.header_bytes);
    let size: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    let excess = if headers.len() > count {
        format!("the request has more than {count} headers")
    } else if size > bytes {
        format!("the request's headers are longer than {bytes} bytes")
    } else {
        return Ok(());
    };
    Err(Problem::refusal("request.headers-too-large", &excess))
}
