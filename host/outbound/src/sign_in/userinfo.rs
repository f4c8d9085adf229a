//! Asking a provider about the person an access token was given for.

use bowsprit_host_core::identity::oauth::ProviderError;
use http::{HeaderValue, Request, Response, header};
use serde_json::{Map, Value};

use crate::client::Client;

/// GET with an access token (RFC 6750 §2.1), as JSON.
pub(super) async fn ask(
    client: &Client,
    url: &str,
    token: &str,
) -> Result<Response<Vec<u8>>, ProviderError> {
    let mut bearer = HeaderValue::from_str(&format!("Bearer {token}"))
        .map_err(|_| ProviderError::Untrusted("its access token is not plain text".into()))?;
    bearer.set_sensitive(true);
    let request = Request::get(url)
        .header(header::ACCEPT, "application/json")
        .header(header::AUTHORIZATION, bearer)
        .body(Vec::new())
        .map_err(|it| ProviderError::Untrusted(format!("`{url}` is no URL: {it}")))?;
    client.send(request).await.map_err(|it| ProviderError::Unreachable(it.to_string()))
}

/// The claims of a userinfo endpoint.
pub(super) async fn claims(
    client: &Client,
    url: &str,
    token: &str,
) -> Result<Map<String, Value>, ProviderError> {
    let answer = ask(client, url, token).await?;
    if !answer.status().is_success() {
        let status = answer.status().as_u16();
        return Err(ProviderError::Refused(format!("its userinfo answers status {status}")));
    }
    serde_json::from_slice(answer.body())
        .map_err(|_| ProviderError::Untrusted("its userinfo is not a JSON object".into()))
}
