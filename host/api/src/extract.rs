//! Taking requests apart: the caller, the body, ids, query numbers.

use std::{collections::HashMap, str::FromStr};

use axum::{
    body::{Body, Bytes, HttpBody as _},
    extract::{FromRequest, FromRequestParts, Path, Request},
    http::{header, request::Parts},
};
use bowsprit_host_core::{Error, access::Caller, id::Id};
use bytes::BytesMut;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout_at};

use crate::{
    ApiState, EdgeLimits,
    client::{ClientAddress, Requester},
    problem::Problem,
};

/// A signed-in caller.
pub(crate) struct Auth(pub(crate) Caller);

impl FromRequestParts<ApiState> for Auth {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let token = bearer(parts)?;
        let trusted = &state.limits.trusted_proxies;
        let ClientAddress(address) = ClientAddress::of(&parts.extensions, &parts.headers, trusted);
        let caller = match state.identity.known(token, address) {
            Some(caller) => caller?,
            None => {
                let Requester(client) = Requester::of(parts, state);
                state.identity.authenticate(token, &client).await?
            }
        };
        state.edge.rates().admit_user(caller.user)?;
        Ok(Self(caller))
    }
}

/// A signed-in administrator; everyone else is refused before their body is
/// looked at.
pub(crate) struct Admin(pub(crate) Caller);

impl FromRequestParts<ApiState> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let Auth(caller) = Auth::from_request_parts(parts, state).await?;
        caller.require_admin()?;
        Ok(Self(caller))
    }
}

/// The bearer token of a request (RFC 6750 §2.1). Only the header counts: a
/// query string ends up in logs.
pub(crate) fn bearer(parts: &Parts) -> Result<&str, Error> {
    let header = parts.headers.get(header::AUTHORIZATION).and_then(|it| it.to_str().ok());
    header.and_then(|it| it.strip_prefix("Bearer ")).filter(|it| !it.is_empty()).ok_or(
        Error::Unauthenticated {
            code: "auth.token.missing",
            message: "sign in first: the request has no bearer token",
        },
    )
}

/// The whole body, up to the configured size; if it is JSON, up to the
/// configured depth.
pub(crate) struct RawBody(pub(crate) Bytes);

impl FromRequest<ApiState> for RawBody {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &ApiState) -> Result<Self, Problem> {
        let bytes = whole(request, state, state.limits.body_bytes).await?;
        let depth = state.limits.json_depth;
        if is_deeper(&bytes, depth) {
            let message = format!("the JSON is nested more than {depth} deep");
            return Err(Problem::refusal("request.too-deep", &message));
        }
        Ok(Self(bytes))
    }
}

/// The whole body of a file that is sent as it is.
pub(crate) struct Upload(pub(crate) Bytes);

impl FromRequest<ApiState> for Upload {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &ApiState) -> Result<Self, Problem> {
        whole(request, state, state.limits.upload_bytes).await.map(Self)
    }
}

/// The whole body, up to `limit` bytes.
async fn whole(request: Request, state: &ApiState, limit: usize) -> Result<Bytes, Problem> {
    let too_large =
        || Error::TooLarge { what: "the request body", limit: format!("{limit} bytes") };
    let body = request.into_body();
    // Said before a byte is read when the client announces its length.
    if body.size_hint().lower() > limit as u64 {
        return Err(too_large().into());
    }
    match read(Limited::new(body, limit), &state.limits).await? {
        Ok(bytes) => Ok(bytes),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large().into()),
        Err(_) => Err(Error::invalid("body", "ended too soon").into()),
    }
}

/// Reads a body that must keep coming.
async fn read(
    mut body: Limited<Body>,
    limits: &EdgeLimits,
) -> Result<Result<Bytes, axum::BoxError>, Problem> {
    let too_slow = |_| Problem::refusal("request.timeout", "the request's body came too slowly");
    let deadline = Instant::now() + limits.body_time;
    // Most bodies come in one piece, which is then not copied.
    let (mut first, mut more) = (Bytes::new(), BytesMut::new());
    loop {
        let patience = deadline.min(Instant::now() + limits.read_time);
        let frame = timeout_at(patience, body.frame()).await.map_err(too_slow)?;
        let data = match frame {
            Some(Ok(frame)) => frame.into_data().unwrap_or_default(),
            Some(Err(error)) => return Ok(Err(error)),
            None if more.is_empty() => return Ok(Ok(first)),
            None => return Ok(Ok(more.freeze())),
        };
        if first.is_empty() {
            first = data;
        } else {
            if more.is_empty() {
                more.extend_from_slice(&first);
            }
            more.extend_from_slice(&data);
        }
    }
}

/// Whether brackets outside of strings are nested deeper than `limit`: some
/// parsers recurse, and parts of a drawing reach plugins as they came.
fn is_deeper(bytes: &[u8], limit: usize) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > limit {
            return true;
        }
    }
    false
}

/// A JSON body. Its content type is not looked at, unknown fields are ignored.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<ApiState> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &ApiState) -> Result<Self, Problem> {
        let RawBody(bytes) = RawBody::from_request(request, state).await?;
        Ok(Self(parse(&bytes)?))
    }
}

/// Parses JSON; the error names the field.
pub(crate) fn parse<'de, T: serde::Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, Error> {
    if bytes.is_empty() {
        return Err(Error::invalid("body", "must be a JSON object, but is empty"));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let is_whole = matches!(path.as_str(), "." | "?");
        if let Some(name) = missing(error.inner()) {
            let field = if is_whole { name } else { format!("{path}.{name}") };
            return Error::invalid(field, "is missing");
        }
        let field = if is_whole { "body".to_owned() } else { path };
        Error::invalid(field, problem_of(error.inner()))
    })?;
    reader.end().map_err(|_| Error::invalid("body", "must be one JSON value"))?;
    Ok(value)
}

/// The field that is not there, if that is what is wrong.
fn missing(error: &serde_json::Error) -> Option<String> {
    let text = error.to_string();
    let (name, _) = text.strip_prefix("missing field `")?.split_once('`')?;
    Some(name.to_owned())
}

/// What is wrong with a body, without the value that was found: it may be a
/// secret in the wrong place.
fn problem_of(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.split_once(", expected ") {
        Some((_, expected)) if error.is_data() => format!("must be {expected}"),
        None if error.is_data() => {
            format!("is not as expected at line {} column {}", error.line(), error.column())
        }
        _ => format!("is not as expected: {text}"),
    }
}

/// The id in a path with one parameter.
pub(crate) struct PathId(pub(crate) Id);

impl FromRequestParts<ApiState> for PathId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|_| Error::invalid("id", "must be 24 hexadecimal digits"))?;
        Ok(Self(text.parse()?))
    }
}

/// The workflow revision that `If-Match` names, if any (RFC 9110 §13.1.1);
/// `*` names none in particular.
pub(crate) struct IfMatch(pub(crate) Option<i64>);

impl FromRequestParts<ApiState> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &ApiState) -> Result<Self, Problem> {
        let Some(header) = parts.headers.get(header::IF_MATCH) else { return Ok(Self(None)) };
        let text = header.to_str().unwrap_or_default().trim();
        if text == "*" {
            return Ok(Self(None));
        }
        // A proxy that compresses makes a tag weak; it names the same.
        let tag = text.strip_prefix("W/").unwrap_or(text);
        let number = tag.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
        let number = number.and_then(|it| it.parse().ok());
        let number = number.ok_or_else(|| {
            Error::invalid("If-Match", "must be the `ETag` of an earlier answer, or `*`")
        })?;
        Ok(Self(Some(number)))
    }
}

/// The id and the node in a path with these two parameters.
pub(crate) struct PathNode(pub(crate) Id, pub(crate) String);

impl FromRequestParts<ApiState> for PathNode {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let path = Path::<(String, String)>::from_request_parts(parts, state).await;
        let Path((id, node)) = path.map_err(|_| Error::invalid("nodeId", "must be UTF-8"))?;
        Ok(Self(id.parse()?, node))
    }
}

/// The id and the number in a path with these two parameters.
pub(crate) struct PathNumber(pub(crate) Id, pub(crate) i64);

impl FromRequestParts<ApiState> for PathNumber {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let Path((id, number)) =
            Path::<(String, String)>::from_request_parts(parts, state)
                .await
                .map_err(|_| Error::invalid("id", "must be 24 hexadecimal digits"))?;
        let number = number.parse().map_err(|_| Error::invalid("number", "must be a number"))?;
        Ok(Self(id.parse()?, number))
    }
}

/// Query parameters, read one by one: what somebody else adds does no harm.
pub(crate) struct Parameters(HashMap<String, String>);

impl FromRequestParts<ApiState> for Parameters {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let query =
            axum::extract::Query::<HashMap<String, String>>::from_request_parts(parts, state);
        Ok(Self(query.await.map(|it| it.0).unwrap_or_default()))
    }
}

impl Parameters {
    /// The parameter if it is not empty and can be read; an error that names
    /// it if it cannot.
    pub(crate) fn parsed<T: FromStr>(
        &self,
        name: &str,
        accepted: &str,
    ) -> Result<Option<T>, Error> {
        let given = self.0.get(name).filter(|it| !it.is_empty());
        given.map(|it| it.parse().map_err(|_| Error::invalid(name, accepted))).transpose()
    }

    /// The parameter if it is a number in `range`, else `default` (contract
    /// §1.6).
    pub(crate) fn number(
        &self,
        name: &str,
        range: std::ops::RangeInclusive<u64>,
        default: u64,
    ) -> u64 {
        let given = self.0.get(name).and_then(|it| it.parse().ok());
        given.filter(|it| range.contains(it)).unwrap_or(default)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_brackets_that_are_not_text() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(!is_deeper(nested(64).as_bytes(), 64));
        assert!(is_deeper(nested(65).as_bytes(), 64));
        assert!(!is_deeper(nested(2).repeat(100).as_bytes(), 64));
        assert!(!is_deeper(br#"{"a":"[[[[[\"[[[[[","b":"\\"}"#, 4));
        assert!(is_deeper(br#"{"a":"\\","b":[[[[]]]]}"#, 4));
    }
}
