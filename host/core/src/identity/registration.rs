//! Coming in: the first user becomes administrator, later ones are invited.

use std::time::Duration;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::{
    CLAIMS, Identity, SignedIn,
    users::{User, is_email},
};
use crate::{
    Error, Result,
    access::{Client, Role},
    audit::{Action, Actor, Object},
    id::Id,
    store::{Collection, Record, StoreError},
    time::Timestamp,
};

pub(super) const FIRST_ADMIN: &str = "first-admin";
/// A claim whose user is still missing after this long belongs to a
/// registration that died between its two writes, unless the host is told
/// otherwise.
pub const CLAIM_LIFE: Duration = Duration::from_secs(30);

/// A request to register.
pub struct Registration {
    /// E-mail address.
    pub email: String,
    /// Shown name.
    pub name: String,
    /// Password.
    pub password: SecretString,
    /// Invite code; not needed by the first user.
    pub invite_code: Option<String>,
}

/// Marks the one user who became administrator by being first.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct FirstAdmin {
    pub(super) user_id: Id,
    pub(super) at: Timestamp,
}

impl Record for FirstAdmin {
    const COLLECTION: &'static Collection = &CLAIMS;

    fn key(&self) -> String {
        FIRST_ADMIN.into()
    }

    fn restore_key(&mut self, _id: &str) {}
}

impl Identity {
    /// Adds a user and signs them in. The first one becomes administrator,
    /// exactly one however many ask at once.
    pub async fn register(&self, mut asked: Registration, client: &Client) -> Result<SignedIn> {
        if !self.rules.builtin_enabled || !self.rules.signup_enabled {
            return Err(Error::Forbidden {
                code: "auth.signup.disabled",
                message: "registration is switched off",
            });
        }
        asked.email = asked.email.trim().to_owned();
        if !is_email(&asked.email) {
            return Err(Error::invalid("email", "must be an e-mail address"));
        }
        self.check_password("password", &asked.password)?;
        asked.name = asked.name.trim().to_owned();
        if asked.name.is_empty() {
            return Err(Error::invalid("name", "must not be empty"));
        }
        self.check_domain(&asked.email)?;
        if self.by_email(&asked.email.to_lowercase()).await?.is_some() {
            return Err(email_taken());
        }
        let id = Id::new();
        let first = self.claim_first_admin(id).await?;
        let added = self.add(id, first, asked, client).await;
        if first && added.is_err() {
            self.first_admin.remove(FIRST_ADMIN).await?;
        }
        let user = added?;
        let object = Object::new("user", user.id).detail(user.email.clone());
        self.audit.record(Actor::of(user.id, client), Action::Registered, object).await;
        self.begin(&user, client, false).await
    }

    async fn add(&self, id: Id, first: bool, asked: Registration, client: &Client) -> Result<User> {
        let code = asked.invite_code.as_deref();
        if !first {
            self.check_invite(code, client).await?;
        }
        // Hashed before the code is used: a busy host must not eat a code.
        let password = self.passwords.hash(asked.password).await?;
        if !first {
            self.invites.redeem(code).await?;
        }
        let role = if first { Role::Admin } else { Role::User };
        let user = User { password, ..User::new(id, asked.email, asked.name, role) };
        match self.users.insert(user).await {
            Ok(stored) => Ok(stored.value),
            Err(StoreError::Taken("users_email")) => Err(email_taken()),
            Err(other) => Err(other.into()),
        }
    }

    /// Refuses wrong codes before anything costs time, and counts guesses: a
    /// code has a million forms.
    async fn check_invite(&self, code: Option<&str>, client: &Client) -> Result<()> {
        self.throttle.admit_address(client)?;
        let checked = self.invites.check(code).await;
        let guessed = code.is_some_and(|it| !it.is_empty());
        if guessed && matches!(checked, Err(Error::Forbidden { .. })) {
            self.throttle.fail_address(client);
        }
        checked
    }

    /// Whether `user` is the first one. A unique document decides.
    pub(super) async fn claim_first_admin(&self, user: Id) -> Result<bool> {
        let claim = FirstAdmin { user_id: user, at: Timestamp::now() };
        let Some(existing) = self.first_admin.get(FIRST_ADMIN).await? else {
            return match self.first_admin.insert(claim).await {
                Ok(_) => Ok(true),
                Err(StoreError::Taken(_)) => Ok(false),
                Err(other) => Err(other.into()),
            };
        };
        let abandoned = Timestamp::now().since(existing.at) >= self.rules.claim_life
            && self.users.get(&existing.user_id.to_string()).await?.is_none();
        if !abandoned {
            return Ok(false);
        }
        match self.first_admin.replace(existing.with(claim)).await {
            Ok(_) => Ok(true),
            Err(StoreError::Stale(_) | StoreError::Missing) => Ok(false),
            Err(other) => Err(other.into()),
        }
    }

    /// Gives back the claim to be first of a registration that died before
    /// its user was there: for a host that has its store to itself and lets
    /// nobody in yet. Others wait until it counts as abandoned.
    pub async fn end_abandoned_claim(&self) -> Result<()> {
        let Some(claim) = self.first_admin.get(FIRST_ADMIN).await? else { return Ok(()) };
        if self.users.get(&claim.user_id.to_string()).await?.is_none() {
            self.first_admin.remove_at(FIRST_ADMIN, claim.revision).await?;
        }
        Ok(())
    }

    fn check_domain(&self, email: &str) -> Result<()> {
        let domain = email.rsplit_once('@').map_or("", |(_, domain)| domain);
        let allowed = &self.rules.allowed_domains;
        if allowed.is_empty() || allowed.iter().any(|it| it.eq_ignore_ascii_case(domain)) {
            return Ok(());
        }
        Err(Error::Forbidden {
            code: "auth.domain.refused",
            message: "this e-mail domain may not register here",
        })
    }
}

pub(super) fn email_taken() -> Error {
    Error::Conflict {
        code: "auth.email.taken",
        message: "an account with this e-mail address exists already".into(),
    }
}
