//! Event streams as response bodies.
//!
//! A body of our own instead of a stream adapter: frames are finished and
//! shared already, and an idle stream is one small struct. Framing is that of
//! the WHATWG HTML standard with LF only and one `data` line, which is all the
//! web frontend's parser understands.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use bowsprit_host_core::events::{Delivery, EventId, Subscription};
use bytes::Bytes;
use futures::future::BoxFuture;
use http_body::Frame;

use crate::streams::Slot;

/// Makes the frame that shows the present state to a reader who missed events.
pub(crate) type Snapshot = Box<dyn Fn() -> BoxFuture<'static, Option<Bytes>> + Send>;

struct EventBody {
    /// What is sent next.
    next: Option<Bytes>,
    subscription: Subscription,
    snapshot: Option<Snapshot>,
    pending: Option<BoxFuture<'static, Option<Bytes>>>,
    ended: bool,
    slot: Slot,
}

/// A frame of event `name`; `data` is JSON on one line.
pub(crate) fn frame(name: &str, data: &str) -> Bytes {
    Bytes::from(format!("event:{name}\ndata:{data}\n\n"))
}

/// The id of the last event a reconnecting reader has seen.
pub(crate) fn last_event_id(headers: &HeaderMap) -> Option<EventId> {
    headers.get("last-event-id")?.to_str().ok()?.parse().ok()
}

/// A stream that begins with `head` and goes on with the subscription, as long
/// as `slot` allows.
pub(crate) fn stream(
    head: Option<Bytes>,
    subscription: Subscription,
    snapshot: Option<Snapshot>,
    slot: Slot,
) -> Response {
    let body = EventBody { next: head, subscription, snapshot, pending: None, ended: false, slot };
    let mut response = Body::new(body).into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE.as_str(), "text/event-stream"),
        (header::CACHE_CONTROL.as_str(), "no-cache"),
        ("x-accel-buffering", "no"),
    ] {
        if let Ok(name) = header::HeaderName::try_from(name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    response
}

impl http_body::Body for EventBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let me = self.get_mut();
        if me.slot.poll_over(cx).is_ready() {
            return Poll::Ready(None);
        }
        loop {
            if let Some(bytes) = me.next.take() {
                return Poll::Ready(Some(Ok(Frame::data(bytes))));
            }
            if me.ended {
                return Poll::Ready(None);
            }
            if let Some(pending) = &mut me.pending {
                let Poll::Ready(snapshot) = pending.as_mut().poll(cx) else {
                    return Poll::Pending;
                };
                me.pending = None;
                me.next = snapshot;
                continue;
            }
            let Poll::Ready(next) = me.subscription.as_mut().poll_next(cx) else {
                return Poll::Pending;
            };
            match next {
                Some(Delivery::Event(bytes)) => me.next = Some(bytes),
                Some(Delivery::Heartbeat) => me.next = Some(Bytes::from_static(b": beat\n\n")),
                Some(Delivery::Resync) => match &me.snapshot {
                    Some(snapshot) => me.pending = Some(snapshot()),
                    None => me.next = Some(frame("resync", "{}")),
                },
                Some(Delivery::Closed) => {
                    me.next = Some(frame("shutdown", "{}"));
                    me.ended = true;
                }
                None => me.ended = true,
            }
        }
    }
}
