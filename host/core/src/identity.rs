//! Who people are: registration, sign-in, sessions, profile.

pub mod adoption;
pub mod invites;
pub mod passwords;
pub mod sessions;
pub mod tokens;
pub mod users;

use std::{sync::Arc, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::{
    Error, Result,
    access::{Caller, Role},
    id::Id,
    store::{Collection, Documents, Filter, Record, Repository, StoreError, Stored},
    time::Timestamp,
};
use invites::Invites;
use passwords::Passwords;
use sessions::{Checked, Sessions};
use tokens::Tokens;
use users::{User, UserView, is_email};

/// Limits and switches of built-in sign-in.
#[derive(Debug, Clone)]
pub struct IdentityRules {
    /// Sign-in with a password.
    pub builtin_enabled: bool,
    /// Registration with a password.
    pub signup_enabled: bool,
    /// E-mail domains that may register; empty = all.
    pub allowed_domains: Vec<String>,
    /// Least code points of a password.
    pub password_min: usize,
    /// Most bytes of a password (bcrypt's limit, kept for imported accounts).
    pub password_max: usize,
}

impl Default for IdentityRules {
    fn default() -> Self {
        Self {
            builtin_enabled: true,
            signup_enabled: true,
            allowed_domains: Vec::new(),
            password_min: 6,
            password_max: 72,
        }
    }
}

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

/// A signed-in user with their token.
#[derive(Debug)]
pub struct SignedIn {
    /// The bearer token.
    pub token: String,
    /// The user.
    pub user: UserView,
}

/// Marks the one user who became administrator by being first.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct FirstAdmin {
    user_id: Id,
    at: Timestamp,
}

/// Documents whose id makes something unique.
pub static CLAIMS: Collection =
    Collection { name: "claims", fields: &[], indexes: &[], unique: &[], expiry: None };

const FIRST_ADMIN: &str = "first-admin";
/// A claim whose user is still missing after this long belongs to a
/// registration that died between its two writes.
const ABANDONED: Duration = Duration::from_secs(30);

impl Record for FirstAdmin {
    const COLLECTION: &'static Collection = &CLAIMS;

    fn key(&self) -> String {
        FIRST_ADMIN.into()
    }

    fn restore_key(&mut self, _id: &str) {}
}

/// The identity use-cases.
#[derive(Clone)]
pub struct Identity {
    users: Repository<User>,
    first_admin: Repository<FirstAdmin>,
    sessions: Sessions,
    invites: Invites,
    passwords: Passwords,
    tokens: Arc<Tokens>,
    rules: Arc<IdentityRules>,
}

impl Identity {
    /// Identity over `store`.
    pub fn new(
        store: &Arc<dyn Documents>,
        sessions: Sessions,
        passwords: Passwords,
        tokens: Tokens,
        rules: IdentityRules,
    ) -> Self {
        Self {
            users: Repository::new(Arc::clone(store)),
            first_admin: Repository::new(Arc::clone(store)),
            sessions,
            invites: Invites::new(Arc::clone(store)),
            passwords,
            tokens: Arc::new(tokens),
            rules: Arc::new(rules),
        }
    }

    /// The switches, for the sign-in form.
    pub fn rules(&self) -> &IdentityRules {
        &self.rules
    }

    /// The invite settings.
    pub fn invites(&self) -> &Invites {
        &self.invites
    }

    /// Adds a user and signs them in. The first one becomes administrator,
    /// exactly one however many ask at once.
    pub async fn register(&self, registration: Registration) -> Result<SignedIn> {
        if !self.rules.builtin_enabled || !self.rules.signup_enabled {
            return Err(Error::Forbidden {
                code: "auth.signup.disabled",
                message: "registration is switched off",
            });
        }
        let email = registration.email.trim().to_owned();
        if !is_email(&email) {
            return Err(Error::invalid("email", "must be an e-mail address"));
        }
        self.check_password("password", &registration.password)?;
        let name = registration.name.trim().to_owned();
        if name.is_empty() {
            return Err(Error::invalid("name", "must not be empty"));
        }
        self.check_domain(&email)?;
        let email_key = email.to_lowercase();
        if self.by_email(&email_key).await?.is_some() {
            return Err(email_taken());
        }
        let id = Id::new();
        let first = self.claim_first_admin(id).await?;
        let added = self.add(id, first, email, email_key, name, registration).await;
        if first && added.is_err() {
            self.first_admin.remove(FIRST_ADMIN).await?;
        }
        let user = added?;
        let session = self.sessions.begin(user.id).await?;
        self.signed_in(&user, session)
    }

    async fn add(
        &self,
        id: Id,
        first: bool,
        email: String,
        email_key: String,
        name: String,
        registration: Registration,
    ) -> Result<User> {
        // Hashed before the code is used: a busy host must not eat a code.
        let password = self.passwords.hash(registration.password).await?;
        if !first {
            self.invites.redeem(registration.invite_code.as_deref()).await?;
        }
        let now = Timestamp::now();
        let user = User {
            id,
            email,
            email_key,
            name,
            password,
            role: if first { Role::Admin } else { Role::User },
            auth_provider: None,
            created_at: now,
            updated_at: now,
            deleted_at: None,
        };
        match self.users.insert(user).await {
            Ok(stored) => Ok(stored.value),
            Err(StoreError::Taken("users_email")) => Err(email_taken()),
            Err(other) => Err(other.into()),
        }
    }

    /// Whether `user` is the first one. A unique document decides.
    async fn claim_first_admin(&self, user: Id) -> Result<bool> {
        let claim = FirstAdmin { user_id: user, at: Timestamp::now() };
        let Some(existing) = self.first_admin.get(FIRST_ADMIN).await? else {
            return match self.first_admin.insert(claim).await {
                Ok(_) => Ok(true),
                Err(StoreError::Taken(_)) => Ok(false),
                Err(other) => Err(other.into()),
            };
        };
        let abandoned = Timestamp::now().since(existing.at) > ABANDONED
            && self.users.get(&existing.user_id.to_string()).await?.is_none();
        if !abandoned {
            return Ok(false);
        }
        let taken_over = Stored { value: claim, revision: existing.revision };
        match self.first_admin.replace(taken_over).await {
            Ok(_) => Ok(true),
            Err(StoreError::Stale(_) | StoreError::Missing) => Ok(false),
            Err(other) => Err(other.into()),
        }
    }

    /// Signs in with a password. Takes as long for an unknown address as for a
    /// wrong password.
    pub async fn login(&self, email: &str, password: SecretString) -> Result<SignedIn> {
        if !self.rules.builtin_enabled {
            return Err(Error::Forbidden {
                code: "auth.builtin.disabled",
                message: "sign-in with a password is switched off",
            });
        }
        let email = email.trim();
        if !is_email(email) {
            return Err(Error::invalid("email", "must be an e-mail address"));
        }
        self.check_password("password", &password)?;
        let user = self.by_email(&email.to_lowercase()).await?;
        let hash = user.as_ref().map(|it| it.password.clone()).filter(|it| !it.is_empty());
        if !self.passwords.verify(password, hash).await? {
            return Err(Error::Unauthenticated {
                code: "auth.login.wrong",
                message: "wrong e-mail address or password",
            });
        }
        let user = user.ok_or_else(sessions::over)?;
        let session = self.sessions.begin(user.id).await?;
        self.signed_in(&user, session)
    }

    /// A new token for the session of `token`, which may be past its time but
    /// not past its refresh time. `token` itself stays good.
    pub async fn refresh(&self, token: &str) -> Result<SignedIn> {
        let claims = self.tokens.verify(token)?;
        let session = self.sessions.get(claims.sid).await?.ok_or_else(sessions::over)?;
        if session.refresh_until < Timestamp::now() || session.user_id != claims.user_id {
            return Err(sessions::over());
        }
        let user = self.user(claims.user_id).await?;
        self.sessions.prolong(session.id).await?;
        self.signed_in(&user, session.id)
    }

    /// The caller behind a bearer token.
    pub async fn authenticate(&self, token: &str) -> Result<Caller> {
        let claims = self.tokens.verify(token)?;
        let checked = match self.sessions.remembered(claims.sid) {
            Some(checked) => checked,
            None => self.check_session(claims.sid, claims.user_id).await?,
        };
        if checked.active_until < Timestamp::now() {
            return Err(Error::Unauthenticated {
                code: "auth.token.expired",
                message: "the token has expired; refresh it or sign in again",
            });
        }
        Ok(Caller { user: claims.user_id, role: checked.role, session: claims.sid })
    }

    async fn check_session(&self, session: Id, user: Id) -> Result<Checked> {
        let session = self.sessions.get(session).await?.ok_or_else(sessions::over)?;
        if session.user_id != user {
            return Err(sessions::over());
        }
        let stored = self.users.get(&user.to_string()).await?;
        let user = stored.filter(|it| it.deleted_at.is_none()).ok_or_else(sessions::over)?;
        let checked = Checked { active_until: session.active_until, role: user.role };
        self.sessions.remember(session.id, checked);
        Ok(checked)
    }

    /// Ends the caller's session.
    pub async fn logout(&self, caller: &Caller) -> Result<()> {
        self.sessions.end(caller.session).await
    }

    /// The caller's account.
    pub async fn profile(&self, caller: &Caller) -> Result<UserView> {
        self.user(caller.user).await.map(|user| UserView::from(&user))
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
        self.sessions.prolong(caller.session).await?;
        Ok(UserView::from(&renamed.value))
    }

    async fn user(&self, id: Id) -> Result<User> {
        let stored = self.users.get(&id.to_string()).await?;
        let user = stored.filter(|it| it.deleted_at.is_none());
        user.map(|it| it.value).ok_or_else(|| Error::not_found("user", id))
    }

    async fn by_email(&self, key: &str) -> Result<Option<User>> {
        let found = self.users.find_one(Filter::Eq("email_key", key.into())).await?;
        Ok(found.map(|it| it.value).filter(|it| it.deleted_at.is_none()))
    }

    fn signed_in(&self, user: &User, session: Id) -> Result<SignedIn> {
        let token = self.tokens.sign(user.id, &user.email, user.role, session)?;
        Ok(SignedIn { token, user: UserView::from(user) })
    }

    fn check_password(&self, field: &str, password: &SecretString) -> Result<()> {
        let text = password.expose_secret();
        let (least, most) = (self.rules.password_min, self.rules.password_max);
        if text.chars().count() < least {
            return Err(Error::invalid(field, format!("must have at least {least} characters")));
        }
        if text.len() > most {
            return Err(Error::invalid(field, format!("must have at most {most} bytes")));
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

fn email_taken() -> Error {
    Error::Conflict {
        code: "auth.email.taken",
        message: "an account with this e-mail address exists already".into(),
    }
}
