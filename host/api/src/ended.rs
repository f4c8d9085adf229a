//! Streams end with the session that opened them.
//!
//! A request is checked when it begins; a stream goes on for hours. The
//! extractor of callers notes the session here, and an event stream that
//! leaves is cut when that session is over.

use std::{
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{Extensions, header},
    middleware::{self, Next},
    response::Response,
};
use bowsprit_host_core::{access::Caller, id::Id, identity::Identity};
use futures::future::BoxFuture;
use http_body::Frame;

/// Where session and user of a request are noted.
#[derive(Clone, Default)]
struct Noted(Arc<OnceLock<(Id, Id)>>);

/// Notes the session of the request with these extensions.
pub(crate) fn note(extensions: &Extensions, caller: &Caller) {
    if let Some(noted) = extensions.get::<Noted>() {
        // A second caller in one request would be the same one.
        let _ = noted.0.set((caller.session, caller.user));
    }
}

/// Cuts event streams whose session is over.
pub(crate) fn layer(router: Router, identity: Identity) -> Router {
    router.layer(middleware::from_fn_with_state(identity, cut))
}

async fn cut(State(identity): State<Identity>, mut request: Request, next: Next) -> Response {
    let noted = Noted::default();
    request.extensions_mut().insert(noted.clone());
    let response = next.run(request).await;
    let kind = response.headers().get(header::CONTENT_TYPE);
    let streams = kind.is_some_and(|it| it.as_bytes().starts_with(b"text/event-stream"));
    match noted.0.get() {
        Some((session, user)) if streams => {
            let ended = Box::pin(identity.ended(*session, *user));
            response.map(|body| Body::new(Until { body, ended }))
        }
        _ => response,
    }
}

/// A body that ends, at the latest, with a future.
struct Until {
    body: Body,
    ended: BoxFuture<'static, ()>,
}

impl http_body::Body for Until {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.ended.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        Pin::new(&mut self.body).poll_frame(cx)
    }
}
