//! How a registry is told who asks: as its challenge wants it, with a token
//! from the place it names, or with name and password.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::{HeaderMap, Request, header};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use url::Url;

use super::OciError;
use crate::client::Client;

/// A user of a registry.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The name.
    pub user: String,
    /// The password or a token in its place.
    pub password: SecretString,
}

impl Credentials {
    fn basic(&self) -> SecretString {
        let pair = format!("{}:{}", self.user, self.password.expose_secret());
        format!("Basic {}", BASE64_STANDARD.encode(pair)).into()
    }
}

/// What `WWW-Authenticate` asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    Basic,
    Bearer { realm: String, service: Option<String>, scope: Option<String> },
}

impl Challenge {
    /// The first challenge of an answer that is understood.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let texts = headers.get_all(header::WWW_AUTHENTICATE).iter();
        texts.filter_map(|it| it.to_str().ok()).find_map(Self::parse)
    }

    fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let (mut realm, mut service, mut scope) = (None, None, None);
        for (key, value) in pairs(rest) {
            match key.to_ascii_lowercase().as_str() {
                "realm" => realm = Some(value),
                "service" => service = Some(value),
                "scope" => scope = Some(value),
                _ => {}
            }
        }
        Some(Self::Bearer { realm: realm?, service, scope })
    }

    /// The value of `Authorization` that meets it; none if it wants a name and
    /// nobody gave one.
    pub(super) async fn meet(
        &self,
        client: &Client,
        credentials: Option<&Credentials>,
    ) -> Result<Option<SecretString>, OciError> {
        let Self::Bearer { realm, service, scope } = self else {
            return Ok(credentials.map(Credentials::basic));
        };
        let wrong = || OciError::Protocol("the place for tokens it names is no URL".to_owned());
        let mut url: Url = realm.parse().map_err(|_| wrong())?;
        for (key, value) in [("service", service), ("scope", scope)] {
            if let Some(value) = value {
                url.query_pairs_mut().append_pair(key, value);
            }
        }
        let mut request = Request::get(url.as_str());
        if let Some(credentials) = credentials {
            request = request.header(header::AUTHORIZATION, credentials.basic().expose_secret());
        }
        let answer = client.send(request.body(Vec::new()).map_err(|_| wrong())?).await?;
        let status = answer.status().as_u16();
        if !answer.status().is_success() {
            return Err(OciError::Denied { status });
        }
        let token: Token = serde_json::from_slice(answer.body())
            .map_err(|_| OciError::Protocol("its answer holds no token".to_owned()))?;
        let token = token.token.or(token.access_token);
        let token = token.ok_or_else(|| OciError::Protocol("its answer holds no token".into()))?;
        Ok(Some(format!("Bearer {}", token.expose_secret()).into()))
    }
}

#[derive(Deserialize)]
struct Token {
    token: Option<SecretString>,
    access_token: Option<SecretString>,
}

/// `a="b,c",d=e`: RFC 9110 §11.2, as far as registries use it.
fn pairs(mut rest: &str) -> Vec<(&str, String)> {
    let mut found = Vec::new();
    while let Some((key, after)) = rest.split_once('=') {
        let (value, left) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => after.split_once(',').unwrap_or((after, "")),
        };
        found.push((key.trim_matches([' ', ',']), value.trim().to_owned()));
        rest = left;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_challenges_registries_send() {
        let bearer = |scope: Option<&str>| Challenge::Bearer {
            realm: "https://auth.example.com/token".into(),
            service: Some("registry.example.com".into()),
            scope: scope.map(str::to_owned),
        };
        for (text, wanted) in [
            ("Basic realm=\"x\"", Some(Challenge::Basic)),
            ("basic", Some(Challenge::Basic)),
            (
                "Bearer realm=\"https://auth.example.com/token\",\
                 service=\"registry.example.com\",scope=\"repository:a/b:pull,push\"",
                Some(bearer(Some("repository:a/b:pull,push"))),
            ),
            (
                "bearer service=registry.example.com, realm=\"https://auth.example.com/token\"",
                Some(bearer(None)),
            ),
            ("Bearer service=\"x\"", None),
            ("Negotiate", None),
            ("", None),
        ] {
            assert_eq!(Challenge::parse(text), wanted, "{text}");
        }
    }
}
