//! Sign-in through identity providers, as the settings describe them.

use std::sync::Arc;

use anyhow::Context as _;
use bowsprit_host_core::{
    identity::{
        Identity,
        oauth::{GroupRoles, IdentityProvider, OAuth, Provider, ProviderRules, PublicUrls},
    },
    secrets::KeyRing,
    store::Documents,
};
use bowsprit_host_outbound::{
    client::Client,
    policy::Policy,
    sign_in::{Endpoints, OAuth2Provider, OidcProvider, Registration},
};

use crate::settings::{self, Protocol, Settings};

/// The providers that are switched on, in the order of the settings.
pub(super) fn oauth(
    settings: &Settings,
    store: &Arc<dyn Documents>,
    keys: Arc<KeyRing>,
    identity: Identity,
) -> anyhow::Result<OAuth> {
    let enabled = settings.auth.providers.iter().filter(|it| it.enabled);
    let providers = enabled.map(provider).collect::<anyhow::Result<Vec<_>>>()?;
    let urls =
        PublicUrls { base: settings.base_url.clone(), frontend: settings.frontend_url.clone() };
    Ok(OAuth::new(store, keys, identity, providers, urls))
}

fn provider(it: &settings::Provider) -> anyhow::Result<Provider> {
    let protocol = protocol(it).with_context(|| format!("identity provider `{}`", it.name))?;
    let groups = it.group_claim.clone();
    let groups = groups.map(|claim| GroupRoles { claim, roles: it.role_mappings.clone() });
    Ok(Provider {
        name: it.name.clone(),
        display_name: it.shown().to_owned(),
        icon: it.icon.clone(),
        rules: ProviderRules {
            email_claim: it.claim_mappings.email.clone(),
            name_claim: it.claim_mappings.name.clone(),
            allowed_domains: it.allowed_domains.clone(),
            signup_enabled: it.signup_enabled,
            trust_email: it.trust_email,
            default_role: it.default_role,
            groups,
        },
        protocol,
    })
}

fn protocol(it: &settings::Provider) -> anyhow::Result<Arc<dyn IdentityProvider>> {
    let client = Client::new(Policy::identity_provider(it.allow_http))?;
    let mut scopes = it.scopes.clone();
    if scopes.is_empty() {
        // Contract §2.4.
        let usual: &[&str] = match it.protocol {
            Protocol::Oidc => &["openid", "profile", "email"],
            Protocol::OAuth2 => &["email"],
        };
        scopes = usual.iter().map(|scope| (*scope).to_owned()).collect();
    }
    let registration = Registration {
        client_id: it.client_id.clone(),
        client_secret: it.client_secret.clone(),
        scopes,
    };
    let needed = |url: &Option<url::Url>| url.clone().context("a URL is missing");
    let issuer = it.issuer_url.as_deref().unwrap_or_default();
    Ok(match it.protocol {
        Protocol::Oidc => Arc::new(OidcProvider::new(registration, issuer, wanted(it), client)?),
        Protocol::OAuth2 => {
            let endpoints = Endpoints {
                authorization: needed(&it.authorization_url)?,
                token: needed(&it.token_url)?,
                userinfo: needed(&it.userinfo_url)?,
            };
            Arc::new(OAuth2Provider::new(registration, endpoints, client))
        }
    })
}

/// The claims sign-in cannot do without: their own names, or, for a path, that
/// of its first step.
fn wanted(it: &settings::Provider) -> Vec<String> {
    let email = it.claim_mappings.email.as_deref();
    let mut paths = vec![email.unwrap_or("email")];
    if email.is_none() && !it.trust_email {
        paths.push("email_verified");
    }
    paths.extend(it.group_claim.as_deref());
    let first = |path: &str| match path.split_once('.') {
        // A URL, as some providers name claims of their own.
        Some((first, _)) if !path.contains("://") => first.to_owned(),
        _ => path.to_owned(),
    };
    paths.into_iter().map(first).collect()
}
