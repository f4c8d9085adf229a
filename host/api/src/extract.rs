//! Taking requests apart: the caller, the body, ids, query numbers.

use std::collections::HashMap;

use axum::{
    body::{Bytes, HttpBody as _},
    extract::{FromRequest, FromRequestParts, Path, Request},
    http::{header, request::Parts},
};
use bowsprit_host_core::{Error, access::Caller, id::Id};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use crate::{ApiState, client::Requester, ended, problem::Problem};

/// A signed-in caller.
pub(crate) struct Auth(pub(crate) Caller);

impl FromRequestParts<ApiState> for Auth {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let Requester(client) = Requester::of(parts, state);
        let caller = state.identity.authenticate(bearer(parts)?, &client).await?;
        ended::note(&parts.extensions, &caller);
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

/// The whole body, up to the configured size.
pub(crate) struct RawBody(pub(crate) Bytes);

impl FromRequest<ApiState> for RawBody {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &ApiState) -> Result<Self, Problem> {
        let limit = state.limits.body_bytes;
        let too_large =
            || Error::TooLarge { what: "the request body", limit: format!("{limit} bytes") };
        let body = request.into_body();
        // Said before a byte is read when the client announces its length.
        if body.size_hint().lower() > limit as u64 {
            return Err(too_large().into());
        }
        match Limited::new(body, limit).collect().await {
            Ok(collected) => Ok(Self(collected.to_bytes())),
            Err(error) if error.is::<LengthLimitError>() => Err(too_large().into()),
            Err(_) => Err(Error::invalid("body", "ended too soon").into()),
        }
    }
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
        let field = if matches!(path.as_str(), "." | "?") { "body".to_owned() } else { path };
        Error::invalid(field, format!("is not as expected: {}", error.inner()))
    })?;
    reader.end().map_err(|_| Error::invalid("body", "must be one JSON value"))?;
    Ok(value)
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

/// Query parameters that are numbers within a range; anything else counts as
/// not given (contract §1.6).
pub(crate) struct Numbers(HashMap<String, String>);

impl FromRequestParts<ApiState> for Numbers {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let query =
            axum::extract::Query::<HashMap<String, String>>::from_request_parts(parts, state);
        Ok(Self(query.await.map(|it| it.0).unwrap_or_default()))
    }
}

impl Numbers {
    /// The parameter if it is a number in `range`, else `default`.
    pub(crate) fn get(
        &self,
        name: &str,
        range: std::ops::RangeInclusive<u64>,
        default: u64,
    ) -> u64 {
        let given = self.0.get(name).and_then(|it| it.parse().ok());
        given.filter(|it| range.contains(it)).unwrap_or(default)
    }
}
