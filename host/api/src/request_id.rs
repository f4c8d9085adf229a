//! An id for every request: in its answer, in its log line, in its problem.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use bowsprit_host_core::id::Id;
use tokio::task::futures::TaskLocalFuture;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");

tokio::task_local! {
    static CURRENT: Id;
}

/// The id of the request this task serves; empty outside of one.
pub(crate) fn current() -> String {
    CURRENT.try_with(Id::to_string).unwrap_or_default()
}

/// The request this task works for, if it is one's.
pub fn of_task() -> Option<Id> {
    CURRENT.try_with(|it| *it).ok()
}

/// Work that goes on for the same request as the task that starts it.
pub fn carried<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let id = of_task();
    async move {
        match id {
            Some(id) => CURRENT.scope(id, work).await,
            None => work.await,
        }
    }
}

/// Serves a request under an id.
pub(crate) fn scope<F: Future>(id: Id, served: F) -> TaskLocalFuture<Id, F> {
    CURRENT.scope(id, served)
}

/// Tells the id to whoever asked.
pub(crate) fn mark(headers: &mut HeaderMap, id: Id) {
    if let Ok(value) = HeaderValue::try_from(id.to_string()) {
        headers.insert(HEADER, value);
    }
}
