//! The caller's own account.

use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};

use super::{Identity, users::UserView};
use crate::{
    Error, Result,
    access::{Caller, Client},
    audit::{Action, Object},
    time::Timestamp,
};

impl Identity {
    /// The caller's account. What another replica changed shows within half a
    /// second.
    pub async fn profile(&self, caller: &Caller) -> Result<Arc<UserView>> {
        if let Some(seen) = self.sessions.seen(caller.user) {
            return Ok(seen);
        }
        let (_, before) = self.sessions.before();
        let user = self.user(caller.user).await?;
        Ok(self.sessions.see(&user, before))
    }

    /// Renames the caller. Starts the session's 24 hours again, as the web
    /// frontend assumes.
    pub async fn rename(&self, caller: &Caller, name: &str) -> Result<UserView> {
        let name = name.trim();
        if name.is_empty() {
            return Err(Error::invalid("name", "must not be empty"));
        }
        let renamed = self
            .users
            .update(&caller.user.to_string(), |user| {
                name.clone_into(&mut user.name);
                user.updated_at = Timestamp::now();
                Ok::<_, Error>(())
            })
            .await?
            .ok_or_else(|| Error::not_found("user", caller.user))?;
        self.sessions.forget_user(caller.user);
        self.sessions.prolong(caller.session).await?;
        Ok(UserView::from(&renamed.value))
    }

    /// Sets another password and ends the caller's other sessions, in one
    /// write. Never unauthenticated: the web frontend would sign the user out.
    pub async fn change_password(
        &self,
        caller: &Caller,
        client: &Client,
        current: SecretString,
        new: SecretString,
    ) -> Result<()> {
        if current.expose_secret().is_empty() {
            return Err(Error::invalid("currentPassword", "must not be empty"));
        }
        self.check_password("newPassword", &new)?;
        let user = self.user(caller.user).await?;
        if user.password.is_empty() {
            return Err(Error::Refused {
                code: "auth.password.none",
                message: "this account signs in through an identity provider and has no password"
                    .into(),
            });
        }
        self.throttle.admit(&user.email_key, client)?;
        let matches = self.passwords.verify(current, Some(user.password.clone())).await?;
        self.throttle.settle(&user.email_key, client, matches)?;
        if !matches {
            return Err(Error::invalid("currentPassword", "is wrong"));
        }
        let hash = self.passwords.hash(new).await?;
        let id = caller.user.to_string();
        let changed = self.users.update(&id, |stored| {
            if stored.password != user.password {
                return Err(Error::Conflict {
                    code: "auth.password.changed",
                    message: "the password was changed by another request".into(),
                });
            }
            stored.password.clone_from(&hash);
            stored.end_sessions(Some(caller.session));
            stored.updated_at = Timestamp::now();
            Ok(())
        });
        changed.await?;
        self.sessions.ended_all(caller.user, Some(caller.session));
        let object = Object::new("user", caller.user).detail("other sessions ended");
        self.audit.record(caller, Action::PasswordChanged, object).await;
        Ok(())
    }
}
