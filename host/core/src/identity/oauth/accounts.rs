//! The accounts of people who come from a provider.

use super::{
    Provider,
    claims::{Person, unverified},
};
use crate::{
    Error, Result,
    access::{Client, Role},
    audit::Actor,
    id::Id,
    identity::{
        Identity, SignedIn,
        admin::AccountChange,
        registration::{FIRST_ADMIN, email_taken},
        users::{RoleSource, User},
    },
    store::{Filter, StoreError, Stored},
    time::Timestamp,
};

/// How often to look again when another sign-in of the same person got in
/// between; each time, one of them has made progress.
const TRIES: usize = 4;

impl Identity {
    /// The account of `person`: the one they used before, else the one with
    /// their verified e-mail address, else a new one.
    pub(super) async fn admit(&self, provider: &Provider, person: &Person) -> Result<Id> {
        for _ in 0..TRIES {
            if let Some(user) = self.by_provider(&provider.name, &person.subject).await? {
                return self.recognise(provider, person, user.value).await;
            }
            let key = person.email.to_lowercase();
            let admitted = match self.by_email(&key).await? {
                Some(user) => self.link(provider, person, user).await?,
                None => self.create(provider, person).await?,
            };
            if let Some(user) = admitted {
                return Ok(user);
            }
        }
        Err(email_taken())
    }

    /// Signs in a user whose identity is settled; `None` if they are gone.
    pub(super) async fn enter(&self, user: Id, client: &Client) -> Result<Option<SignedIn>> {
        let user = match self.user(user).await {
            Err(Error::NotFound { .. }) => return Ok(None),
            other => other?,
        };
        self.begin(&user, client, false).await.map(Some)
    }

    async fn by_provider(&self, provider: &str, subject: &str) -> Result<Option<Stored<User>>> {
        let filter = Filter::And(vec![
            Filter::Eq("auth_provider", provider.into()),
            Filter::Eq("provider_user_id", subject.into()),
        ]);
        Ok(self.users.find_one(filter).await?)
    }

    /// A person who has an account here. Their groups decide about their role
    /// unless somebody gave it to them by hand.
    async fn recognise(&self, provider: &Provider, person: &Person, user: User) -> Result<Id> {
        if !user.is_active() {
            return Err(closed());
        }
        let role = person.role;
        let follows = user.role_source == RoleSource::Provider && user.role != role;
        if provider.rules.groups.is_some() && follows {
            match self.apply_change(user.id, AccountChange::RoleOfGroups(role)).await {
                Ok(()) => {
                    let change = AccountChange::RoleOfGroups(role);
                    let object = change.told_of(user.id);
                    self.audit.record(Actor::default(), change.action(), object).await;
                }
                // Whoever else might let people in is better than nobody.
                Err(error @ Error::Conflict { .. }) => {
                    tracing::warn!(user = %user.id, %error, "role does not follow groups");
                }
                Err(other) => return Err(other),
            }
        }
        Ok(user.id)
    }

    /// Ties an account to the person, if the address proves that it is theirs.
    /// The account keeps its password and its role. `None`: look again.
    async fn link(&self, provider: &Provider, person: &Person, user: User) -> Result<Option<Id>> {
        let is_theirs = |it: &User| {
            it.auth_provider.as_ref() == Some(&provider.name)
                && it.provider_user_id.as_ref() == Some(&person.subject)
        };
        if is_theirs(&user) {
            // Made by another sign-in of theirs a moment ago.
            return Ok(None);
        }
        if !person.email_verified {
            return Err(unverified());
        }
        if !user.is_active() {
            return Err(closed());
        }
        let id = user.id.to_string();
        let linked = self.users.update(&id, |it| {
            if is_theirs(it) {
                return Ok(());
            }
            if let Some(other) = it.auth_provider.as_deref().filter(|it| !it.is_empty()) {
                return Err(Linking::Refused(other_provider(other)));
            }
            it.auth_provider = Some(provider.name.clone());
            it.provider_user_id = Some(person.subject.clone());
            it.updated_at = Timestamp::now();
            Ok(())
        });
        match linked.await {
            Ok(Some(_)) => {
                self.sessions.forget_user(user.id);
                tracing::info!(user = %user.id, provider = provider.name, "account linked");
                Ok(Some(user.id))
            }
            Ok(None) | Err(Linking::Store(StoreError::Taken(_))) => Ok(None),
            Err(Linking::Store(other)) => Err(other.into()),
            Err(Linking::Refused(error)) => Err(error),
        }
    }

    /// A new account; the first of the host is an administrator's. `None`:
    /// look again.
    async fn create(&self, provider: &Provider, person: &Person) -> Result<Option<Id>> {
        let id = Id::new();
        let first = self.claim_first_admin(id).await?;
        if !first && !provider.rules.signup_enabled {
            return Err(Error::Forbidden {
                code: "auth.signup.disabled",
                message: "there is no account with this e-mail address, and new ones are not made",
            });
        }
        let role = if first { Role::Admin } else { person.role };
        let user = User {
            role_source: if first { RoleSource::Manual } else { RoleSource::Provider },
            auth_provider: Some(provider.name.clone()),
            provider_user_id: Some(person.subject.clone()),
            ..User::new(id, person.email.clone(), person.name.clone(), role)
        };
        match self.users.insert(user).await {
            Ok(_) => Ok(Some(id)),
            Err(error) => {
                if first {
                    self.pass_on_first_admin(provider, person).await?;
                }
                if matches!(error, StoreError::Taken(_)) { Ok(None) } else { Err(error.into()) }
            }
        }
    }

    /// Passes the claim to be first on to the account that another sign-in of
    /// the same person has made meanwhile; without one, gives it back.
    async fn pass_on_first_admin(&self, provider: &Provider, person: &Person) -> Result<()> {
        let Some(user) = self.by_provider(&provider.name, &person.subject).await? else {
            self.first_admin.remove(FIRST_ADMIN).await?;
            return Ok(());
        };
        // In this order a crash in between leaves a host with an administrator.
        let id = user.id.to_string();
        let promoted = self.users.update(&id, |it| {
            it.role = Role::Admin;
            it.role_source = RoleSource::Manual;
            Ok::<_, Error>(())
        });
        promoted.await?;
        self.sessions.forget_user(user.id);
        let passed_on = self.first_admin.update(FIRST_ADMIN, |it| {
            it.user_id = user.id;
            Ok::<_, Error>(())
        });
        passed_on.await?;
        Ok(())
    }
}

/// Why an account was not linked.
enum Linking {
    Refused(Error),
    Store(StoreError),
}

impl From<StoreError> for Linking {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

fn other_provider(name: &str) -> Error {
    Error::Conflict {
        code: "auth.email.other-provider",
        message: format!("the account with this e-mail address signs in through `{name}`"),
    }
}

fn closed() -> Error {
    Error::Forbidden {
        code: "auth.account.closed",
        message: "this account is closed; ask an administrator",
    }
}
