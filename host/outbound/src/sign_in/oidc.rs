//! OpenID Connect: discovery, and an `id_token` that is believed only when
//! everything about it is right.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64_URL};
use bowsprit_host_core::identity::oauth::{Attempt, Claims, IdentityProvider, ProviderError};
use moka::future::Cache;
use openidconnect::{
    AccessToken, AccessTokenHash, AuthType, AuthorizationCode, ClaimsVerificationError, ClientId,
    ClientSecret, CsrfToken, DiscoveryError, EndpointMaybeSet, EndpointNotSet, EndpointSet,
    IssuerUrl, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl,
    Scope, TokenResponse as _,
    core::{
        CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreIdToken, CoreProviderMetadata,
    },
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};

use super::{Registration, tokens, userinfo};
use crate::client::{Client, NoAnswer};

/// How long a provider's description and keys are believed. A key that is not
/// among them is looked for at once.
const DISCOVERED: Duration = Duration::from_secs(3600);

/// A provider that speaks OpenID Connect.
pub struct OidcProvider {
    issuer: IssuerUrl,
    registration: Registration,
    /// Claims worth asking userinfo for when the `id_token` lacks them.
    wanted: Vec<String>,
    client: Client,
    /// What is being asked for is asked for once, however many wait; a failure
    /// is told to all of them and not kept.
    discovered: Cache<(), Arc<CoreProviderMetadata>>,
}

type Protocol = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

impl OidcProvider {
    /// The provider at `issuer`, reached through `client`; an issuer is compared
    /// to the letter, so it is a text. `wanted` names top-level claims that
    /// userinfo is asked for where the `id_token` does not have them.
    pub fn new(
        registration: Registration,
        issuer: &str,
        wanted: Vec<String>,
        client: Client,
    ) -> Result<Self, url::ParseError> {
        let issuer = IssuerUrl::new(issuer.to_owned())?;
        let discovered = Cache::builder().max_capacity(1).time_to_live(DISCOVERED).build();
        Ok(Self { issuer, registration, wanted, client, discovered })
    }

    async fn discover(&self) -> Result<Arc<CoreProviderMetadata>, ProviderError> {
        let asked = async {
            let found =
                CoreProviderMetadata::discover_async(self.issuer.clone(), &self.client).await;
            found.map(Arc::new).map_err(undiscovered)
        };
        self.discovered.try_get_with((), asked).await.map_err(|it| (*it).clone())
    }

    fn protocol(
        &self,
        metadata: &CoreProviderMetadata,
        attempt: &Attempt,
    ) -> Result<Protocol, ProviderError> {
        let redirect = RedirectUrl::new(attempt.redirect_uri.clone());
        let redirect = redirect
            .map_err(|_| ProviderError::Untrusted("`base_url` makes no redirect URL".into()))?;
        let id = ClientId::new(self.registration.client_id.clone());
        let secret = self.registration.client_secret.expose_secret().to_owned();
        let protocol = CoreClient::from_provider_metadata(
            metadata.clone(),
            id,
            Some(ClientSecret::new(secret)),
        );
        Ok(protocol.set_redirect_uri(redirect).set_auth_type(auth_type(metadata)))
    }

    /// The claims of an `id_token` whose signature, issuer, audience, time, nonce
    /// and access token are right. Keys may have been rotated since they were
    /// read: they are read anew once.
    async fn verified(
        &self,
        token: &CoreIdToken,
        access: &AccessToken,
        attempt: &Attempt,
        protocol: Protocol,
    ) -> Result<Map<String, Value>, ProviderError> {
        let nonce = Nonce::new(attempt.nonce.clone());
        let refused = match verify(token, access, &nonce, &protocol) {
            Err(ClaimsVerificationError::SignatureVerification(_)) => {
                self.discovered.invalidate(&()).await;
                let metadata = self.discover().await?;
                let protocol = self.protocol(&metadata, attempt)?;
                verify(token, access, &nonce, &protocol)
            }
            other => other,
        };
        refused.map_err(|it| ProviderError::Untrusted(format!("its id_token: {}", why(&it))))?;
        payload(&token.to_string())
    }
}

#[async_trait]
impl IdentityProvider for OidcProvider {
    async fn authorize_url(&self, attempt: &Attempt) -> Result<String, ProviderError> {
        let metadata = self.discover().await?;
        let protocol = self.protocol(&metadata, attempt)?;
        let verifier = PkceCodeVerifier::new(attempt.verifier.expose_secret().to_owned());
        let state = CsrfToken::new(attempt.state.expose_secret().to_owned());
        let nonce = Nonce::new(attempt.nonce.clone());
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        // `openid` is always asked for.
        let scopes = self.registration.scopes.iter().filter(|it| *it != "openid");
        let request = protocol
            .authorize_url(flow, || state, || nonce)
            .add_scopes(scopes.cloned().map(Scope::new))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        Ok(request.url().0.into())
    }

    async fn claims(&self, attempt: &Attempt, code: SecretString) -> Result<Claims, ProviderError> {
        let metadata = self.discover().await?;
        let protocol = self.protocol(&metadata, attempt)?;
        let verifier = PkceCodeVerifier::new(attempt.verifier.expose_secret().to_owned());
        let answer = protocol
            .exchange_code(AuthorizationCode::new(code.expose_secret().to_owned()))
            .map_err(|_| ProviderError::Untrusted("it has no token endpoint".into()))?
            .set_pkce_verifier(verifier)
            .request_async(&self.client)
            .await
            .map_err(tokens::failure)?;
        let access = answer.access_token();
        let mut claims = match answer.id_token() {
            Some(token) => self.verified(token, access, attempt, protocol).await?,
            None => Map::new(),
        };
        let lacking = claims.is_empty() || self.wanted.iter().any(|it| !claims.contains_key(it));
        if let Some(url) = metadata.userinfo_endpoint().filter(|_| lacking) {
            let more = userinfo::claims(&self.client, url.as_str(), access.secret()).await?;
            merge(&mut claims, more)?;
        }
        if claims.contains_key("sub") {
            return Ok(Claims(claims));
        }
        Err(ProviderError::Untrusted("it gives neither an id_token nor a userinfo endpoint".into()))
    }
}

/// The way a token endpoint wants to be told the secret; RFC 6749 §2.3.1 asks
/// all of them to support the first.
fn auth_type(metadata: &CoreProviderMetadata) -> AuthType {
    let Some(methods) = metadata.token_endpoint_auth_methods_supported() else {
        return AuthType::BasicAuth;
    };
    let basic = methods.contains(&CoreClientAuthMethod::ClientSecretBasic);
    let post = methods.contains(&CoreClientAuthMethod::ClientSecretPost);
    if post && !basic { AuthType::RequestBody } else { AuthType::BasicAuth }
}

fn verify(
    token: &CoreIdToken,
    access: &AccessToken,
    nonce: &Nonce,
    protocol: &Protocol,
) -> Result<(), ClaimsVerificationError> {
    let verifier = protocol.id_token_verifier();
    let claims = token.claims(&verifier, nonce)?;
    let Some(expected) = claims.access_token_hash() else { return Ok(()) };
    let unsigned = ClaimsVerificationError::SignatureVerification;
    let algorithm = token.signing_alg().map_err(unsigned)?;
    let key = token.signing_key(&verifier).map_err(unsigned)?;
    let actual = AccessTokenHash::from_token(access, algorithm, key)
        .map_err(|it| ClaimsVerificationError::Other(it.to_string()))?;
    if actual == *expected {
        return Ok(());
    }
    Err(ClaimsVerificationError::Other("it belongs to another access token".into()))
}

/// A verification's failure in words; the library's own repeat what the token
/// says, at length.
fn why(error: &ClaimsVerificationError) -> &str {
    match error {
        ClaimsVerificationError::Expired(_) => "it has expired",
        ClaimsVerificationError::InvalidAudience(_) => "it is meant for somebody else",
        ClaimsVerificationError::InvalidIssuer(_) => "it comes from another issuer",
        ClaimsVerificationError::InvalidNonce(_) => "it belongs to another sign-in",
        ClaimsVerificationError::InvalidSubject(_) => "it is about somebody else",
        ClaimsVerificationError::SignatureVerification(_) => "its signature is not the provider's",
        ClaimsVerificationError::Other(problem) => problem,
        _ => "it is not one we can check",
    }
}

/// Everything a verified `id_token` claims, also what the library has no names
/// for.
fn payload(token: &str) -> Result<Map<String, Value>, ProviderError> {
    let bytes = token.split('.').nth(1).and_then(|it| BASE64_URL.decode(it).ok());
    bytes
        .and_then(|it| serde_json::from_slice(&it).ok())
        .ok_or_else(|| ProviderError::Untrusted("its id_token holds no claims".into()))
}

/// Adds what userinfo says to what the `id_token` says, which counts first. Both
/// must be about the same person (OpenID Connect Core §5.3.2).
fn merge(claims: &mut Map<String, Value>, more: Map<String, Value>) -> Result<(), ProviderError> {
    let Some(subject) = more.get("sub").filter(|it| it.is_string()) else {
        return Err(ProviderError::Untrusted("its userinfo names no `sub`".into()));
    };
    if claims.get("sub").is_some_and(|it| it != subject) {
        return Err(ProviderError::Untrusted("its userinfo is about somebody else".into()));
    }
    for (name, value) in more {
        claims.entry(name).or_insert(value);
    }
    Ok(())
}

fn undiscovered(error: DiscoveryError<NoAnswer>) -> ProviderError {
    match error {
        DiscoveryError::Request(NoAnswer::Refused { url, refusal }) => {
            ProviderError::Untrusted(format!("its endpoint `{url}` {refusal}"))
        }
        DiscoveryError::Request(cause) => ProviderError::Unreachable(cause.to_string()),
        DiscoveryError::Response(status, _, _) if status.is_server_error() => {
            ProviderError::Unreachable(format!("discovery answers status {}", status.as_u16()))
        }
        DiscoveryError::Response(status, _, _) => ProviderError::Untrusted(format!(
            "discovery answers status {}; is `issuer_url` right?",
            status.as_u16()
        )),
        DiscoveryError::Parse(error) => ProviderError::Untrusted(format!(
            "its discovery document is not as expected at `{}`",
            error.path()
        )),
        other => ProviderError::Untrusted(format!("discovery: {other}")),
    }
}
