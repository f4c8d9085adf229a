//! Identity providers: OpenID Connect and plain OAuth 2.0.

mod github;
mod oauth2;
mod oidc;
mod tokens;
mod userinfo;

use secrecy::SecretString;
use url::Url;

pub use self::{oauth2::OAuth2Provider, oidc::OidcProvider};

/// What this host is to a provider.
#[derive(Debug, Clone)]
pub struct Registration {
    /// The client id the provider gave us.
    pub client_id: String,
    /// The secret that goes with it.
    pub client_secret: SecretString,
    /// The scopes to ask for.
    pub scopes: Vec<String>,
}

/// The endpoints of a provider without discovery.
#[derive(Debug, Clone)]
pub struct Endpoints {
    /// Where browsers go.
    pub authorization: Url,
    /// Where codes are exchanged.
    pub token: Url,
    /// Where people are described.
    pub userinfo: Url,
}
