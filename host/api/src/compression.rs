//! Answers that are long enough are sent compressed to those who accept it.

use std::{convert::Infallible, future::ready};

use axum::{
    body::{Body, HttpBody as _},
    http::{self, HeaderValue, header},
    response::Response,
};
use tower::{ServiceExt as _, service_fn};
use tower_http::{CompressionLevel, compression::Compression};

/// Shorter answers are sent as they are: a packet is a packet.
const LEAST: u64 = 1024;

/// The answer, compressed if it is worth it and `accepted`, the request's
/// `Accept-Encoding`, has it.
pub(crate) async fn compressed(response: Response, accepted: HeaderValue) -> Response {
    if response.size_hint().exact().is_some_and(|it| it <= LEAST) || stays(&response) {
        return response;
    }
    // What compresses is a service around one that answers; ours has answered.
    let answered =
        service_fn(|it: http::Request<Response>| ready(Ok::<_, Infallible>(it.into_body())));
    let mut request = http::Request::new(response);
    request.headers_mut().insert(header::ACCEPT_ENCODING, accepted);
    let compression = Compression::new(answered).quality(CompressionLevel::Fastest);
    match compression.oneshot(request).await {
        Ok(response) => response.map(Body::new),
    }
}

/// Whoever reads an event stream waits for each frame; an archive is compressed
/// already.
fn stays(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE);
    let is = |media: &[u8]| kind.is_some_and(|it| it.as_bytes().starts_with(media));
    is(b"text/event-stream") || is(b"application/gzip")
}
