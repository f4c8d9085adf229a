//! One shape for everything that goes wrong.
//!
//! `{"error", "message", "code", "field"?, "details"?, "findings"?,
//! "failedCall"?, "requestId"}`: `error` and `message` are the same sentence, because the web
//! frontend reads now one, now the other.

pub mod codes;

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bowsprit_host_core::{
    Error,
    node_types::{Finding, Severity},
    plugins::FailedCall,
};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::request_id;

/// An error on its way to the client. Boxed: every handler's `Result` carries
/// the space for one.
#[derive(Debug)]
pub(crate) struct Problem(Box<Parts>);

#[derive(Debug)]
struct Parts {
    status: StatusCode,
    code: &'static str,
    message: String,
    field: Option<String>,
    details: Option<String>,
    findings: Vec<Finding>,
    retry_after: Option<u64>,
    /// Keys some route's contract adds.
    extra: Map<String, Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    error: &'a str,
    message: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    findings: &'a [Finding],
    request_id: String,
    #[serde(flatten)]
    extra: &'a Map<String, Value>,
}

impl Problem {
    /// Always with `details`, as runs and fixes promise.
    pub(crate) fn detailed(error: Error, details: Option<String>) -> Self {
        let mut problem = Self::from(error);
        let parts = &mut problem.0;
        if parts.details.is_none() {
            parts.details = details.or_else(|| Some(parts.message.clone()));
        }
        problem
    }

    /// A refusal by the edge itself, before any use-case; `code` is one of
    /// [`codes::CODES`] and brings its status.
    pub(crate) fn refusal(code: &'static str, message: &str) -> Self {
        let status = codes::find(code).and_then(|it| StatusCode::from_u16(it.status).ok());
        Self(Box::new(Parts {
            status: status.unwrap_or(StatusCode::BAD_REQUEST),
            code,
            message: message.to_owned(),
            field: None,
            details: None,
            findings: Vec::new(),
            retry_after: None,
            extra: Map::new(),
        }))
    }

    /// With the seconds after which the same request may do.
    #[must_use]
    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after = Some(seconds);
        self
    }

    /// With another status.
    #[must_use]
    pub(crate) fn with_status(mut self, status: StatusCode) -> Self {
        self.0.status = status;
        self
    }

    /// With a key the route's contract adds.
    #[must_use]
    pub(crate) fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.0.extra.insert(key.into(), value.into());
        self
    }
}

/// Seconds after which asking again may help when a dependency is down: the
/// host looks that often whether the store is back.
const OUTAGE_RETRY: u64 = 2;

/// Where an error becomes a status: the only place.
fn status_of(error: &Error) -> StatusCode {
    match error {
        Error::NotFound { .. } | Error::NoSuch { .. } => StatusCode::NOT_FOUND,
        Error::Conflict { .. } | Error::Changed { .. } => StatusCode::CONFLICT,
        Error::Invalid { .. } | Error::Refused { .. } => StatusCode::BAD_REQUEST,
        Error::Findings(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Error::Unauthenticated { .. } => StatusCode::UNAUTHORIZED,
        Error::Forbidden { .. } => StatusCode::FORBIDDEN,
        Error::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        Error::Busy {
            code: "auth.busy" | "auth.throttled" | "plugin.budget.exhausted", ..
        } => StatusCode::TOO_MANY_REQUESTS,
        Error::Busy { .. } | Error::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
        Error::Plugin { .. } | Error::Cluster { .. } | Error::Outside { .. } => {
            StatusCode::BAD_GATEWAY
        }
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let status = status_of(&error);
        if status.is_server_error() && !matches!(error, Error::Cluster { .. }) {
            let cause: &dyn std::error::Error = &error;
            tracing::error!(request = %request_id::current(), error = cause, code = error.code(), "request failed");
        }
        let (code, message) = (error.code(), error.to_string());
        let (mut field, mut details, mut findings, mut retry_after) =
            (None, None, Vec::new(), None);
        let mut extra = Map::new();
        match error {
            Error::Invalid { field: name, .. } => field = Some(name),
            Error::Findings(found) => {
                details = Some(listed(&found));
                findings = found;
            }
            Error::Changed { seen, current } => {
                extra.insert("revisions".into(), json!({ "yours": seen, "current": current }));
            }
            Error::Busy { retry_after: wait, .. } => retry_after = Some(wait.as_secs().max(1)),
            Error::Unavailable { .. } => retry_after = Some(OUTAGE_RETRY),
            Error::Plugin { record: Some(id), .. } => {
                extra.insert("failedCall".into(), FailedCall::path(id).into());
            }
            _ => {}
        }
        Self(Box::new(Parts {
            status,
            code,
            message,
            field,
            details,
            findings,
            retry_after,
            extra,
        }))
    }
}

fn listed(findings: &[Finding]) -> String {
    let lines: Vec<String> = findings
        .iter()
        .filter(|it| it.severity >= Severity::Error)
        .map(|it| match (&it.node, &it.at) {
            (Some(node), Some(at)) => format!("{node}{at}: {}", it.message),
            (Some(node), None) => format!("{node}: {}", it.message),
            (None, _) => it.message.clone(),
        })
        .collect();
    lines.join("\n")
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let parts = *self.0;
        let body = Body {
            error: &parts.message,
            message: &parts.message,
            code: parts.code,
            field: parts.field.as_deref(),
            details: parts.details.as_deref(),
            findings: &parts.findings,
            request_id: request_id::current(),
            extra: &parts.extra,
        };
        let mut response = (parts.status, Json(body)).into_response();
        if let Some(seconds) = parts.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// The answer to an unknown path, or to a method a path does not have.
pub(crate) async fn no_such_route(request: axum::extract::Request) -> Problem {
    Problem::from(Error::not_found(
        "route",
        format!("{} {}", request.method(), request.uri().path()),
    ))
}

#[cfg(test)]
mod tests;
