//! Headers that tell browsers to expect no page here, but for the one that
//! says what it needs (OWASP, "HTTP Security Response Headers").

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

/// What every answer carries, unless its handler says something else.
const ALWAYS: [(HeaderName, &str); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
];

/// Adds them. What a handler says stands. Where it says nothing about caching,
/// nobody between us and the caller may keep an answer: it may hold a token.
pub(crate) fn harden(headers: &mut HeaderMap) {
    for (name, value) in ALWAYS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    let caching = headers.entry(header::CACHE_CONTROL);
    caching.or_insert(HeaderValue::from_static("no-store"));
}
