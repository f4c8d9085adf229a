//! Signing in, staying signed in, signing out.

use secrecy::SecretString;

use super::{
    Identity, PASSWORD_LEAST, SignedIn,
    sessions::{self, SessionView},
    users::{User, is_email},
};
use crate::{
    Error, Result,
    access::{Caller, Client},
    audit::{Action, Actor, Object},
    id::Id,
    store::StoreError,
    time::Timestamp,
};

/// A request to sign in with a password.
pub struct Login {
    /// E-mail address.
    pub email: String,
    /// Password.
    pub password: SecretString,
    /// Whether the client wants short bearer tokens and a refresh token that
    /// is replaced at each use.
    pub refresh_token: bool,
}

impl Identity {
    /// Signs in with a password. Takes as long for an unknown address as for a
    /// wrong password.
    pub async fn login(&self, login: Login, client: &Client) -> Result<SignedIn> {
        if !self.rules.builtin_enabled {
            return Err(Error::Forbidden {
                code: "auth.builtin.disabled",
                message: "sign-in with a password is switched off",
            });
        }
        let email = login.email.trim();
        if !is_email(email) {
            return Err(Error::invalid("email", "must be an e-mail address"));
        }
        self.check_length("password", &login.password, PASSWORD_LEAST)?;
        let key = email.to_lowercase();
        self.throttle.admit(&key, client)?;
        let user = self.by_email(&key).await?;
        let hash = user.as_ref().map(|it| it.password.clone()).filter(|it| !it.is_empty());
        let matches = self.passwords.verify(login.password.clone(), hash).await?;
        self.throttle.settle(&key, client, matches)?;
        let Some(user) = user.filter(|_| matches) else {
            let object = Object::new("user", key);
            self.audit.record(Actor::at(client), Action::SignInRefused, object).await;
            return Err(Error::Unauthenticated {
                code: "auth.login.wrong",
                message: "wrong e-mail address or password",
            });
        };
        if self.passwords.is_outdated(&user.password) {
            self.upgrade(&user, login.password).await;
        }
        self.begin(&user, client, login.refresh_token).await
    }

    /// Hashes a password that was just verified as we would today. What goes
    /// wrong with it is for the next sign-in.
    async fn upgrade(&self, user: &User, password: SecretString) {
        let hashed = match self.passwords.hash(password).await {
            Ok(hashed) => hashed,
            Err(error) => return tracing::debug!(%error, "a password was not hashed anew"),
        };
        let id = user.id.to_string();
        let replaced = self.users.update(&id, |stored| {
            if stored.password == user.password {
                stored.password.clone_from(&hashed);
            }
            Ok::<_, StoreError>(())
        });
        if let Err(error) = replaced.await {
            tracing::debug!(%error, "a password's new hash was not kept");
        }
    }

    /// A new token for the session of `token`, which may be past its time but
    /// not past its refresh time. `token` itself stays good.
    pub async fn refresh(&self, token: &str, client: &Client) -> Result<SignedIn> {
        let token = self.tokens.verify(token)?;
        let (user, session) = self.session_of(&token, client).await?;
        if session.refresh_until < Timestamp::now() {
            return Err(sessions::over());
        }
        if session.rotation.is_some() {
            return Err(Error::Unauthenticated {
                code: "auth.refresh.separate",
                message: "this session is refreshed by its refresh token only",
            });
        }
        self.sessions.prolong(session.id).await?;
        self.signed_in(&user, &session)
    }

    /// A new bearer token and the next refresh token. One that was used before
    /// has been in two hands: nobody can tell whose, so the session ends
    /// (RFC 9700 §4.14.2).
    pub async fn rotate(&self, token: &str) -> Result<SignedIn> {
        let token = self.tokens.verify_refresh(token)?;
        loop {
            let user = self.active_user(token.user).await?;
            let stored = self.sessions.get(token.session).await?;
            let stored = stored.filter(|it| it.belongs_to(&user)).ok_or_else(sessions::over)?;
            if stored.rotation != Some(token.number) {
                tracing::warn!(user = %user.id, "a refresh token was used twice; its session ends");
                self.sessions.end(stored.id).await?;
                return Err(Error::Unauthenticated {
                    code: "auth.refresh.reused",
                    message: "the refresh token was used before; sign in again",
                });
            }
            if let Some(session) = self.sessions.rotate(stored, token.number + 1).await? {
                return self.signed_in(&user, &session);
            }
        }
    }

    /// Ends the caller's session.
    pub async fn logout(&self, caller: &Caller) -> Result<()> {
        self.sessions.end(caller.session).await?;
        self.tell_ended(caller, "this session").await;
        Ok(())
    }

    async fn tell_ended(&self, caller: &Caller, which: &str) {
        let object = Object::new("user", caller.user).detail(which);
        self.audit.record(caller, Action::SignedOut, object).await;
    }

    /// Ends every session of the caller.
    pub async fn logout_all(&self, caller: &Caller) -> Result<()> {
        self.end_sessions(caller, None).await
    }

    /// Ends every session of the caller but this one.
    pub async fn logout_others(&self, caller: &Caller) -> Result<()> {
        self.end_sessions(caller, Some(caller.session)).await
    }

    async fn end_sessions(&self, caller: &Caller, kept: Option<Id>) -> Result<()> {
        let id = caller.user.to_string();
        let ended = self.users.update(&id, |user| {
            user.end_sessions(kept);
            Ok::<_, Error>(())
        });
        ended.await?;
        self.sessions.ended_all(caller.user, kept);
        let which = if kept.is_some() { "all sessions but this one" } else { "all sessions" };
        self.tell_ended(caller, which).await;
        Ok(())
    }

    /// The sessions the caller is signed in by, last used first.
    pub async fn sessions(&self, caller: &Caller) -> Result<Vec<SessionView>> {
        let user = self.user(caller.user).await?;
        let sessions = self.sessions.of(&user).await?;
        let views = sessions.into_iter().map(|it| SessionView {
            current: it.id == caller.session,
            id: it.id,
            user_agent: it.agent,
            address: it.address,
            created_at: it.created_at,
            last_used_at: it.used_at,
            expires_at: it.refresh_until,
        });
        Ok(views.collect())
    }

    /// Ends one session of the caller.
    pub async fn end_session(&self, caller: &Caller, id: Id) -> Result<()> {
        let user = self.user(caller.user).await?;
        let session = self.sessions.get(id).await?;
        if !session.is_some_and(|it| it.belongs_to(&user)) {
            return Err(Error::not_found("session", id));
        }
        self.sessions.end(id).await?;
        self.tell_ended(caller, &format!("session {id}")).await;
        Ok(())
    }
}
