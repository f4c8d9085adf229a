//! `auth.providers`: the identity providers people may sign in through.
//!
//! Each entry has the reference's keys, in any case, and a few of ours.
//! Secrets may stay out of the file: `BOWSPRIT_AUTH_PROVIDERS_<NAME>_CLIENT_ID`
//! and `…_CLIENT_SECRET` win over it, and `BOWSPRIT_AUTH_PROVIDERS` can hold
//! the whole list as JSON.

use std::collections::{BTreeMap, BTreeSet};

use bowsprit_host_core::access::Role;
use bowsprit_host_outbound::policy::Policy;
use config::{Value, ValueKind};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use url::Url;

use super::SettingError;

/// The key of the list.
pub(super) const KEY: &str = "auth.providers";
/// What the variables of single entries begin with, without our prefix.
pub(super) const VARIABLES: &str = "AUTH_PROVIDERS_";

/// An identity provider.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// Its name in URLs and accounts.
    pub name: String,
    /// Its name on the sign-in form; `name` if absent.
    pub display_name: Option<String>,
    /// The protocol.
    #[serde(rename = "type")]
    pub protocol: Protocol,
    /// Whether it is offered.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// The client id it gave this host.
    #[serde(default)]
    pub client_id: String,
    /// The secret that goes with it.
    #[serde(default)]
    pub client_secret: SecretString,
    /// OpenID Connect: where discovery begins. As written: whether it ends in
    /// `/` counts.
    pub issuer_url: Option<String>,
    /// OAuth 2.0: where browsers go.
    pub authorization_url: Option<Url>,
    /// OAuth 2.0: where codes are exchanged.
    pub token_url: Option<Url>,
    /// OAuth 2.0: where people are described.
    pub userinfo_url: Option<Url>,
    /// Scopes to ask for; empty = what the protocol needs.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Claims with unusual names.
    #[serde(default)]
    pub claim_mappings: ClaimMappings,
    /// E-mail domains that may sign in; empty = all.
    #[serde(default)]
    pub allowed_domains: Vec<String>,
    /// Whether people without an account get one.
    #[serde(default = "yes")]
    pub signup_enabled: bool,
    /// Whether every address it names counts as verified.
    #[serde(default)]
    pub trust_email: bool,
    /// Role of people whose groups say nothing.
    #[serde(default = "user")]
    pub default_role: Role,
    /// The claim that lists groups.
    pub group_claim: Option<String>,
    /// Roles by group.
    #[serde(default)]
    pub role_mappings: BTreeMap<String, Role>,
    /// The sign-in form's picture.
    #[serde(default)]
    pub icon: String,
    /// Whether its URLs may be `http://` on other machines.
    #[serde(default)]
    pub allow_http: bool,
}

/// How a provider is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// OpenID Connect, with discovery.
    Oidc,
    /// OAuth 2.0 with a userinfo endpoint.
    OAuth2,
}

/// Claims with unusual names; dots lead into objects.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimMappings {
    /// The claim with the e-mail address.
    pub email: Option<String>,
    /// The claim with the shown name.
    pub name: Option<String>,
}

fn yes() -> bool {
    true
}

fn user() -> Role {
    Role::User
}

/// Makes one form of the list's many, adds what the variables of single
/// entries say, and checks it. Answers the variables that name no entry.
pub(super) fn settle(
    list: Option<&mut Value>,
    variables: Vec<(String, String)>,
) -> Result<Vec<String>, SettingError> {
    let Some(ValueKind::Array(entries)) = list.map(|it| &mut it.kind) else {
        return Ok(variables.into_iter().map(|(name, _)| name).collect());
    };
    *entries = std::mem::take(entries).into_iter().map(lowered).collect();
    let mut unknown = Vec::new();
    for (variable, text) in variables {
        let place = entries.iter_mut().find_map(|it| {
            let ValueKind::Table(fields) = &mut it.kind else { return None };
            let key = named_by(&variable, &fields.get("name")?.to_string())?;
            Some((fields, key))
        });
        match place {
            Some((fields, key)) => {
                fields.insert(key.to_owned(), Value::new(None, text));
            }
            None => unknown.push(variable),
        }
    }
    check(entries)?;
    Ok(unknown)
}

/// The names of the listed tables; the rest of an entry may be secret.
pub(super) fn shown(list: &Value) -> String {
    let ValueKind::Array(entries) = &list.kind else { return String::new() };
    let names: Vec<String> = entries.iter().map(name_of).collect();
    format!("[{}]", names.join(", "))
}

/// The key that `variable` sets of the entry `name`.
fn named_by(variable: &str, name: &str) -> Option<&'static str> {
    let name = name.to_uppercase().replace('-', "_");
    let rest = variable.strip_prefix(VARIABLES)?.strip_prefix(&name)?;
    match rest {
        "_CLIENT_ID" => Some("client_id"),
        "_CLIENT_SECRET" => Some("client_secret"),
        _ => None,
    }
}

/// The same with keys in lower case, except the names of groups, and without
/// what is empty: templates of configurations are full of that.
fn lowered(value: Value) -> Value {
    let origin = value.origin().map(str::to_owned);
    let kind = match value.kind {
        ValueKind::Table(fields) => {
            let said = fields.into_iter().filter(|(_, it)| match &it.kind {
                ValueKind::String(text) => !text.trim().is_empty(),
                kind => *kind != ValueKind::Nil,
            });
            let fields = said.map(|(key, value)| {
                let key = key.to_lowercase();
                let value = if key == "role_mappings" { value } else { lowered(value) };
                (key, value)
            });
            ValueKind::Table(fields.collect())
        }
        other => other,
    };
    Value::new(origin.as_ref(), kind)
}

fn check(entries: &[Value]) -> Result<(), SettingError> {
    let mut names = BTreeSet::new();
    for (n, entry) in entries.iter().enumerate() {
        let wrong = |name: &str, problem: String| SettingError::Provider {
            entry: if name.is_empty() { format!("number {}", n + 1) } else { format!("`{name}`") },
            problem,
        };
        let provider: Provider =
            entry.clone().try_deserialize().map_err(|it| wrong(&name_of(entry), it.to_string()))?;
        provider.check().map_err(|problem| wrong(&provider.name, problem))?;
        // Variables and, on some systems, people do not tell case apart.
        if !names.insert(provider.name.to_uppercase().replace('-', "_")) {
            return Err(wrong(&provider.name, "has the name of another one".into()));
        }
    }
    Ok(())
}

fn name_of(entry: &Value) -> String {
    match &entry.kind {
        ValueKind::Table(fields) => {
            // What a repository of plugins is known by is its place.
            let name = fields.get("name").or_else(|| fields.get("reference"));
            name.map(Value::to_string).unwrap_or_default()
        }
        _ => String::new(),
    }
}

impl Provider {
    /// What the sign-in form calls it.
    pub fn shown(&self) -> &str {
        self.display_name.as_deref().unwrap_or(&self.name)
    }

    /// Whether it can work, as far as can be said without asking it. One that
    /// is switched off may be incomplete.
    fn check(&self) -> Result<(), String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if self.name.is_empty() || self.name.len() > 64 || !self.name.chars().all(plain) {
            return Err("its `name` must be 1 to 64 letters, digits, `-` or `_`: it becomes part \
                        of URLs"
                .into());
        }
        for (key, url) in self.urls()? {
            let Some(url) = url else { continue };
            let refused = Policy::identity_provider(self.allow_http).check(&url);
            refused.map_err(|it| format!("its `{key}` {it} (or set `allow_http`)"))?;
            if url.query().is_some() && key == "issuer_url" || url.fragment().is_some() {
                return Err(format!("its `{key}` must have neither query nor fragment"));
            }
        }
        if self.group_claim.is_none() && !self.role_mappings.is_empty() {
            return Err("its `role_mappings` need a `group_claim` that lists groups".into());
        }
        if self.enabled { self.check_complete() } else { Ok(()) }
    }

    fn check_complete(&self) -> Result<(), String> {
        if self.client_id.is_empty() {
            return Err("its `client_id` is missing; register this host there to get one".into());
        }
        if self.client_secret.expose_secret().is_empty() {
            let name = self.name.to_uppercase().replace('-', "_");
            return Err(format!(
                "its `client_secret` is missing; set it here or as \
                 {}{VARIABLES}{name}_CLIENT_SECRET",
                super::sources::PREFIX
            ));
        }
        let needed: &[&str] = match self.protocol {
            Protocol::Oidc => &["issuer_url"],
            Protocol::OAuth2 => &["authorization_url", "token_url", "userinfo_url"],
        };
        let urls = self.urls()?;
        let missing = urls.iter().find(|(key, url)| needed.contains(key) && url.is_none());
        missing.map_or(Ok(()), |(key, _)| {
            Err(format!("its `{key}` is missing; a provider of this type needs it"))
        })
    }

    fn urls(&self) -> Result<[(&'static str, Option<Url>); 4], String> {
        let issuer = self.issuer_url.as_deref().map(Url::parse).transpose();
        let issuer = issuer.map_err(|it| format!("its `issuer_url` is no URL: {it}"))?;
        Ok([
            ("issuer_url", issuer),
            ("authorization_url", self.authorization_url.clone()),
            ("token_url", self.token_url.clone()),
            ("userinfo_url", self.userinfo_url.clone()),
        ])
    }
}

#[cfg(test)]
mod tests;
