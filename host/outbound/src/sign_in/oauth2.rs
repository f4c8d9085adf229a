//! Plain OAuth 2.0: endpoints from the settings, people from userinfo.

use async_trait::async_trait;
use bowsprit_host_core::identity::oauth::{Attempt, Claims, IdentityProvider, ProviderError};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet,
    EndpointSet, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, TokenResponse as _,
    TokenUrl, basic::BasicClient,
};
use secrecy::{ExposeSecret as _, SecretString};

use super::{Endpoints, Registration, github, tokens, userinfo};
use crate::client::Client;

/// A provider that speaks OAuth 2.0 alone, such as GitHub.
#[derive(Debug)]
pub struct OAuth2Provider {
    registration: Registration,
    endpoints: Endpoints,
    client: Client,
}

type Protocol =
    BasicClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

impl OAuth2Provider {
    /// A provider with these endpoints, reached through `client`.
    pub fn new(registration: Registration, endpoints: Endpoints, client: Client) -> Self {
        Self { registration, endpoints, client }
    }

    fn protocol(&self, attempt: &Attempt) -> Result<Protocol, ProviderError> {
        let redirect = RedirectUrl::new(attempt.redirect_uri.clone());
        let redirect = redirect
            .map_err(|_| ProviderError::Untrusted("`base_url` makes no redirect URL".into()))?;
        let secret = self.registration.client_secret.expose_secret().to_owned();
        Ok(BasicClient::new(ClientId::new(self.registration.client_id.clone()))
            .set_client_secret(ClientSecret::new(secret))
            // In the body: what GitHub documents and the others accept.
            .set_auth_type(AuthType::RequestBody)
            .set_auth_uri(AuthUrl::from_url(self.endpoints.authorization.clone()))
            .set_token_uri(TokenUrl::from_url(self.endpoints.token.clone()))
            .set_redirect_uri(redirect))
    }
}

#[async_trait]
impl IdentityProvider for OAuth2Provider {
    async fn authorize_url(&self, attempt: &Attempt) -> Result<String, ProviderError> {
        let verifier = PkceCodeVerifier::new(attempt.verifier.expose_secret().to_owned());
        let state = CsrfToken::new(attempt.state.expose_secret().to_owned());
        let protocol = self.protocol(attempt)?;
        let request = protocol
            .authorize_url(|| state)
            .add_scopes(self.registration.scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        Ok(request.url().0.into())
    }

    async fn claims(&self, attempt: &Attempt, code: SecretString) -> Result<Claims, ProviderError> {
        let protocol = self.protocol(attempt)?;
        let verifier = PkceCodeVerifier::new(attempt.verifier.expose_secret().to_owned());
        let answer = protocol
            .exchange_code(AuthorizationCode::new(code.expose_secret().to_owned()))
            .set_pkce_verifier(verifier)
            .request_async(&self.client)
            .await
            .map_err(tokens::failure)?;
        let token = answer.access_token().secret();
        let url = &self.endpoints.userinfo;
        let mut claims = userinfo::claims(&self.client, url.as_str(), token).await?;
        if let Some(list) = github::addresses_url(url) {
            github::add_address(&self.client, &list, token, &mut claims).await?;
        }
        Ok(Claims(claims))
    }
}
