//! Sign-in through an identity provider: OpenID Connect, or plain OAuth 2.0.
//!
//! The browser is sent to the provider with a state that is remembered here
//! and good once; it comes back with a code, which the provider turns into
//! claims about a person; the person gets an account, and the frontend a code
//! of ours that it exchanges for a token.

mod accounts;
mod claims;
mod pending;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;

use super::{Identity, SignedIn};
use crate::{
    Error, Result,
    access::{Client, Role},
    secrets::KeyRing,
    store::Documents,
};
pub use claims::Claims;
use claims::Person;
use pending::Pending;
pub use pending::{OAUTH_CODES, OAUTH_STATES};

/// An identity provider, as far as protocols go.
#[async_trait]
pub trait IdentityProvider: Send + Sync {
    /// Where a browser begins to sign in.
    async fn authorize_url(&self, attempt: &Attempt) -> Result<String, ProviderError>;

    /// What the provider says of the person who came back with `code`. Only
    /// what it is proven to have said: a token that comes with the answer has
    /// been verified.
    async fn claims(&self, attempt: &Attempt, code: SecretString) -> Result<Claims, ProviderError>;
}

/// One sign-in under way, from both ends.
#[derive(Debug)]
pub struct Attempt {
    /// Comes back with the browser (RFC 6749 §10.12).
    pub state: SecretString,
    /// Comes back inside the `id_token` (OpenID Connect Core §3.1.2.1).
    pub nonce: String,
    /// Proves that whoever redeems the code also asked for it (RFC 7636).
    pub verifier: SecretString,
    /// Where the provider sends the browser.
    pub redirect_uri: String,
}

/// Why a provider did not say who somebody is. The texts hold no secrets.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ProviderError {
    /// It did not answer, or not in time. The text is for the log.
    #[error("no answer: {0}")]
    Unreachable(String),
    /// It answered with an error, which the person is told.
    #[error("refused: {0}")]
    Refused(String),
    /// Its answer may not be believed. The text says why.
    #[error("not acceptable: {0}")]
    Untrusted(String),
}

/// A configured provider.
pub struct Provider {
    /// Its name in URLs and accounts.
    pub name: String,
    /// Its name on the sign-in form.
    pub display_name: String,
    /// The sign-in form's picture; may be empty.
    pub icon: String,
    /// What its claims mean here.
    pub rules: ProviderRules,
    /// How to talk to it.
    pub protocol: Arc<dyn IdentityProvider>,
}

/// What a provider's claims mean here.
#[derive(Debug, Clone)]
pub struct ProviderRules {
    /// The claim that holds the e-mail address, if it is an unusual one.
    pub email_claim: Option<String>,
    /// The claim that holds the shown name, if it is an unusual one.
    pub name_claim: Option<String>,
    /// E-mail domains that may sign in; empty = all. Only verified addresses
    /// count when this is not empty.
    pub allowed_domains: Vec<String>,
    /// Whether people without an account get one.
    pub signup_enabled: bool,
    /// Whether the provider vouches for every address it names, also where it
    /// does not say `email_verified`.
    pub trust_email: bool,
    /// The role of people whose groups say nothing.
    pub default_role: Role,
    /// Roles by group, if the provider decides about roles.
    pub groups: Option<GroupRoles>,
}

/// Roles by the groups a provider puts people in.
#[derive(Debug, Clone)]
pub struct GroupRoles {
    /// The claim that lists groups; dots lead into objects
    /// (`realm_access.roles`).
    pub claim: String,
    /// Roles by group; the most powerful one counts.
    pub roles: BTreeMap<String, Role>,
}

/// A provider as the sign-in form shows it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProviderView {
    name: String,
    display_name: String,
    icon: String,
}

/// What a browser brings back from a provider (RFC 6749 §4.1.2).
#[derive(Debug, Default)]
pub struct Callback {
    /// The state it was sent with.
    pub state: Option<SecretString>,
    /// The code, if all went well.
    pub code: Option<SecretString>,
    /// The error, if not.
    pub error: Option<String>,
    /// The provider's words about it.
    pub error_description: Option<String>,
}

/// Where this host and the frontend are, as browsers see them.
#[derive(Debug, Clone)]
pub struct PublicUrls {
    /// This host.
    pub base: String,
    /// The frontend.
    pub frontend: String,
}

/// The use-cases of sign-in through a provider.
#[derive(Clone)]
pub struct OAuth {
    providers: Arc<Vec<Provider>>,
    identity: Identity,
    pending: Pending,
    urls: PublicUrls,
}

impl OAuth {
    /// Sign-in through `providers` into accounts of `identity`.
    pub fn new(
        store: &Arc<dyn Documents>,
        keys: Arc<KeyRing>,
        identity: Identity,
        providers: Vec<Provider>,
        urls: PublicUrls,
    ) -> Self {
        let pending = Pending::new(store, keys);
        Self { providers: Arc::new(providers), identity, pending, urls }
    }

    /// What the sign-in form offers.
    pub fn offered(&self) -> Vec<ProviderView> {
        let view = |it: &Provider| ProviderView {
            name: it.name.clone(),
            display_name: it.display_name.clone(),
            icon: it.icon.clone(),
        };
        self.providers.iter().map(view).collect()
    }

    /// Begins a sign-in: where to send the browser.
    pub async fn begin(&self, provider: &str) -> Result<String> {
        let provider = self.provider(provider)?;
        let attempt = Attempt {
            state: pending::token(),
            nonce: pending::token().expose_secret().to_owned(),
            verifier: pending::token(),
            redirect_uri: self.redirect_uri(&provider.name),
        };
        // Asked first: a provider that is down leaves nothing behind.
        let url = provider.protocol.authorize_url(&attempt).await;
        let url = url.map_err(|it| provider.failure(it))?;
        self.pending.remember(&provider.name, &attempt).await?;
        Ok(url)
    }

    /// Ends a sign-in: where to send the browser, whether it went well or not.
    pub async fn finish(&self, provider: &str, callback: Callback) -> String {
        let frontend = self.urls.frontend.trim_end_matches('/');
        match self.try_finish(provider, callback).await {
            Ok(code) => {
                format!("{frontend}/auth/callback?code={}", escaped(code.expose_secret()))
            }
            Err(error) => {
                log(provider, &error);
                format!("{frontend}/login?error={}", escaped(&error.to_string()))
            }
        }
    }

    async fn try_finish(&self, name: &str, callback: Callback) -> Result<SecretString> {
        let state = callback.state.ok_or_else(|| refused("the provider sent no state"))?;
        let attempt = self.pending.recall(name, &state, self.redirect_uri(name)).await?;
        let attempt = attempt.ok_or_else(|| {
            refused("it was not begun here, was finished already or took more than 10 minutes")
        })?;
        if let Some(error) = callback.error {
            let words = callback.error_description.unwrap_or_default();
            let text = if words.is_empty() { error } else { format!("{error}: {words}") };
            return Err(self.provider(name)?.failure(ProviderError::Refused(text)));
        }
        let code = callback.code.ok_or_else(|| refused("the provider sent no code"))?;
        let provider = self.provider(name)?;
        let claims = provider.protocol.claims(&attempt, code).await;
        let claims = claims.map_err(|it| provider.failure(it))?;
        let person = Person::read(&claims, &provider.rules)?;
        let user = self.identity.admit(provider, &person).await?;
        self.pending.issue(user).await
    }

    /// Exchanges a code of ours, good once and for 30 seconds, for a session.
    pub async fn exchange(&self, code: &SecretString, client: &Client) -> Result<SignedIn> {
        if code.expose_secret().is_empty() {
            return Err(Error::invalid("code", "must not be empty"));
        }
        let unknown = Error::Unauthenticated {
            code: "auth.oauth.code",
            message: "the sign-in code is unknown, used or too old; sign in again",
        };
        match self.pending.redeem(code).await? {
            Some(user) => self.identity.enter(user, client).await?.ok_or(unknown),
            None => Err(unknown),
        }
    }

    fn provider(&self, name: &str) -> Result<&Provider> {
        let found = self.providers.iter().find(|it| it.name == name);
        found.ok_or_else(|| Error::not_found("identity provider", name))
    }

    fn redirect_uri(&self, provider: &str) -> String {
        let base = self.urls.base.trim_end_matches('/');
        format!("{base}/v1/api/auth/oauth/{provider}/callback")
    }
}

impl Provider {
    /// A provider's failure in words for the person.
    fn failure(&self, error: ProviderError) -> Error {
        let name = &self.display_name;
        let (code, message) = match &error {
            ProviderError::Unreachable(_) => (
                "auth.provider.unreachable",
                format!("{name} does not answer; try again later or sign in another way"),
            ),
            ProviderError::Refused(words) => {
                ("auth.provider.refused", format!("{name} refused: {}", plain(words)))
            }
            ProviderError::Untrusted(problem) => (
                "auth.provider.untrusted",
                format!("the answer of {name} cannot be accepted: {}", plain(problem)),
            ),
        };
        Error::Outside { code, message, source: error.into() }
    }
}

/// An operator can do something about some failures; the rest are people's own.
fn log(provider: &str, error: &Error) {
    let (cause, code): (&dyn std::error::Error, _) = (error, error.code());
    match error {
        Error::Outside { .. } | Error::Unavailable { .. } | Error::Internal(_) => {
            tracing::error!(provider, code, error = cause, "sign-in failed");
        }
        _ => tracing::info!(provider, code, error = cause, "sign-in refused"),
    }
}

fn refused(problem: &str) -> Error {
    Error::Refused {
        code: "auth.oauth.state",
        message: format!("this sign-in cannot be completed: {problem}; sign in again"),
    }
}

/// Somebody else's words, fit to be shown: bounded, on one line.
fn plain(words: &str) -> String {
    let clean = words.chars().map(|it| if it.is_control() { ' ' } else { it });
    clean.take(300).collect::<String>().trim().to_owned()
}

fn escaped(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
