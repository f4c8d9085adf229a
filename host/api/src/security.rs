//! Headers that tell browsers to expect no page here, but for the one that
//! says what it needs (OWASP, "HTTP Security Response Headers").

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

/// What every answer carries, unless its handler says something else.
static ALWAYS: [(HeaderName, HeaderValue); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    ),
];

/// Adds them. What a handler says stands. Where it says nothing about caching,
/// nobody between us and the caller may keep an answer: it may hold a token.
pub(crate) fn harden(headers: &mut HeaderMap) {
    headers.reserve(ALWAYS.len() + 1);
    for (name, value) in &ALWAYS {
        headers.entry(name).or_insert_with(|| value.clone());
    }
    let caching = headers.entry(header::CACHE_CONTROL);
    caching.or_insert(HeaderValue::from_static("no-store"));
}
