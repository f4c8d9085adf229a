//! What is refused before any handler sees it: heads that are too large, and
//! requests that come too often.

use axum::{extract::Request, http::HeaderMap};

use crate::{Edge, EdgeLimits, client::ClientAddress, problem::Problem};

/// Admits a request, or says why not.
pub(crate) fn admit(edge: &Edge, request: &Request) -> Result<(), Problem> {
    let limits = edge.limits();
    let address =
        ClientAddress::of(request.extensions(), request.headers(), &limits.trusted_proxies);
    edge.rates().admit_address(address.0)?;
    check_headers(request.headers(), limits)
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
