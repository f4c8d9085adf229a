//! Reading what a provider says of a person.

use serde_json::{Map, Value};

use super::ProviderRules;
use crate::{Error, Result, access::Role, identity::users::is_email};

/// Claims about a person: the JSON object of an `id_token` or a userinfo answer.
#[derive(Debug, Clone, Default)]
pub struct Claims(pub Map<String, Value>);

/// The claims that may hold an e-mail address, in order (contract §2.4).
const EMAIL: [&str; 3] = ["email", "mail", "preferred_username"];
/// The claims that may hold a name, in order.
const NAME: [&str; 4] = ["name", "display_name", "preferred_username", "given_name"];

/// A person as a provider describes them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Person {
    /// The provider's own, stable id of them.
    pub(super) subject: String,
    /// E-mail address.
    pub(super) email: String,
    /// Whether the provider vouches for the address.
    pub(super) email_verified: bool,
    /// Shown name.
    pub(super) name: String,
    /// The role their groups give them.
    pub(super) role: Role,
}

impl Person {
    /// Reads `claims` as `rules` say; refuses people who may not sign in.
    pub(super) fn read(claims: &Claims, rules: &ProviderRules) -> Result<Self> {
        let subject = claims.subject().ok_or_else(|| Error::Refused {
            code: "auth.provider.no-subject",
            message: "the identity provider names no user id (`sub` or `id`)".into(),
        })?;
        let (email, email_verified) = claims.email(rules).ok_or_else(|| Error::Refused {
            code: "auth.provider.no-email",
            message: "the identity provider names no e-mail address; its scopes or \
                      `claim_mappings.email` must be set so that it does"
                .into(),
        })?;
        check_domain(&email, email_verified, rules)?;
        let name = claims
            .name(rules)
            .unwrap_or_else(|| email.split('@').next().unwrap_or_default().to_owned());
        Ok(Self { subject, email, email_verified, name, role: claims.role(rules) })
    }
}

impl Claims {
    /// The value at `path`. A claim whose own name holds dots (a URL, say) is
    /// found before the path is taken apart.
    fn at(&self, path: &str) -> Option<&Value> {
        if let Some(value) = self.0.get(path) {
            return Some(value);
        }
        let mut steps = path.split('.');
        let first = self.0.get(steps.next()?)?;
        steps.try_fold(first, |value, step| value.get(step))
    }

    fn text(&self, path: &str) -> Option<String> {
        let text = self.at(path)?.as_str()?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// Plain OAuth 2.0 has no `sub`; there it is usually a number in `id`.
    fn subject(&self) -> Option<String> {
        self.text("sub").or_else(|| self.text("id")).or_else(|| {
            let id = self.at("id")?.as_number()?;
            Some(id.to_string())
        })
    }

    /// The address, and whether the provider vouches for it. `email_verified`
    /// speaks of `email` alone (OpenID Connect Core §5.1): an address from
    /// another claim may be anything the person typed.
    fn email(&self, rules: &ProviderRules) -> Option<(String, bool)> {
        let names = rules.email_claim.as_deref().into_iter().chain(EMAIL);
        let mut found = names.filter_map(|name| Some((name, self.text(name)?)));
        let (name, email) = found.find(|(_, email)| is_email(email))?;
        let verified = match self.0.get("email_verified") {
            Some(Value::Bool(it)) => *it,
            // Some providers send it as text.
            Some(Value::String(it)) => it == "true",
            _ => false,
        };
        Some((email, rules.trust_email || (verified && name == "email")))
    }

    fn name(&self, rules: &ProviderRules) -> Option<String> {
        let mut names = rules.name_claim.as_deref().into_iter().chain(NAME);
        names.find_map(|name| self.text(name))
    }

    /// The most powerful role of the person's groups, else the default.
    fn role(&self, rules: &ProviderRules) -> Role {
        let Some(groups) = &rules.groups else { return rules.default_role };
        let claimed = match self.at(&groups.claim) {
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(one)) => vec![one.as_str()],
            _ => Vec::new(),
        };
        let roles: Vec<Role> =
            claimed.iter().filter_map(|it| groups.roles.get(*it)).copied().collect();
        if roles.contains(&Role::Admin) {
            Role::Admin
        } else {
            roles.first().copied().unwrap_or(rules.default_role)
        }
    }
}

/// A domain only counts if somebody has checked that the address is theirs.
fn check_domain(email: &str, verified: bool, rules: &ProviderRules) -> Result<()> {
    let allowed = &rules.allowed_domains;
    if allowed.is_empty() {
        return Ok(());
    }
    let domain = email.rsplit_once('@').map_or("", |(_, domain)| domain);
    if !allowed.iter().any(|it| it.eq_ignore_ascii_case(domain)) {
        return Err(Error::Forbidden {
            code: "auth.domain.refused",
            message: "this e-mail domain may not sign in here",
        });
    }
    if verified { Ok(()) } else { Err(unverified()) }
}

/// The refusal of an address nobody vouches for.
pub(super) fn unverified() -> Error {
    Error::Forbidden {
        code: "auth.email.unverified",
        message: "the identity provider does not say that this e-mail address is verified; \
                  verify it there, then sign in again",
    }
}
