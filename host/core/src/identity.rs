//! Who people are: registration, sign-in, sessions, profile, administration.

pub mod admin;
pub mod adoption;
pub mod invites;
mod login;
pub mod oauth;
pub mod passwords;
mod profile;
mod registration;
pub mod sessions;
pub mod throttle;
pub mod tokens;
pub mod users;
mod watched;

use std::{net::IpAddr, sync::Arc, time::Duration};

use secrecy::{ExposeSecret, SecretString};

use crate::{
    Error, Result,
    access::{Caller, Client},
    audit::{Action, Actor, Audit, Object},
    id::Id,
    store::{Collection, Documents, Filter, Repository},
    time::Timestamp,
};
use admin::Changes;
use invites::Invites;
pub use login::Login;
use passwords::Passwords;
use registration::FirstAdmin;
pub use registration::{CLAIM_LIFE, Registration};
use sessions::{Checked, Session, Sessions};
use throttle::{Throttle, ThrottleRules};
use tokens::{Access, SHORT, Tokens};
use users::{User, UserView};

/// Least code points of a password: what the web frontend asks for itself.
pub const PASSWORD_LEAST: usize = 6;

/// Limits and switches of built-in sign-in.
#[derive(Debug, Clone)]
pub struct IdentityRules {
    /// Sign-in with a password.
    pub builtin_enabled: bool,
    /// Registration with a password.
    pub signup_enabled: bool,
    /// E-mail domains that may register; empty = all.
    pub allowed_domains: Vec<String>,
    /// Least code points of a new password.
    pub password_min: usize,
    /// Most bytes of a password (bcrypt's limit, kept for imported accounts).
    pub password_max: usize,
    /// How long an invite code is good; `None` = until it is replaced.
    pub invite_life: Option<Duration>,
    /// How many wrong passwords are let pass.
    pub throttle: ThrottleRules,
    /// How long the claim to be the first user is left to a registration that
    /// does not end.
    pub claim_life: Duration,
}

impl Default for IdentityRules {
    fn default() -> Self {
        Self {
            builtin_enabled: true,
            signup_enabled: true,
            allowed_domains: Vec::new(),
            password_min: PASSWORD_LEAST,
            password_max: 72,
            invite_life: None,
            throttle: ThrottleRules::default(),
            claim_life: CLAIM_LIFE,
        }
    }
}

/// A signed-in user with their tokens.
#[derive(Debug)]
pub struct SignedIn {
    /// The bearer token.
    pub token: String,
    /// In sessions that have such tokens: what gets the next bearer token.
    pub refresh: Option<Renewal>,
    /// The user.
    pub user: UserView,
}

/// How to get the next bearer token.
#[derive(Debug)]
pub struct Renewal {
    /// The refresh token; good once.
    pub token: String,
    /// How long the bearer token counts.
    pub expires_in: Duration,
}

/// Documents whose id makes something unique.
pub static CLAIMS: Collection =
    Collection { name: "claims", fields: &[], indexes: &[], unique: &[], expiry: None };

/// The identity use-cases.
#[derive(Clone)]
pub struct Identity {
    users: Repository<User>,
    first_admin: Repository<FirstAdmin>,
    changes: Repository<Changes>,
    sessions: Sessions,
    invites: Invites,
    passwords: Passwords,
    throttle: Throttle,
    tokens: Arc<Tokens>,
    rules: Arc<IdentityRules>,
    audit: Audit,
}

impl Identity {
    /// Identity over `store`.
    pub fn new(
        store: &Arc<dyn Documents>,
        sessions: Sessions,
        passwords: Passwords,
        tokens: Tokens,
        rules: IdentityRules,
        audit: Audit,
    ) -> Self {
        Self {
            users: Repository::new(Arc::clone(store)),
            first_admin: Repository::new(Arc::clone(store)),
            changes: Repository::new(Arc::clone(store)),
            sessions,
            invites: Invites::new(Arc::clone(store), rules.invite_life, audit.clone()),
            passwords,
            throttle: Throttle::new(rules.throttle),
            tokens: Arc::new(tokens),
            rules: Arc::new(rules),
            audit,
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

    /// Completes when this session of `user` ends on this host: what a stream
    /// that it opened ends with.
    pub fn ended(&self, session: Id, user: Id) -> impl Future<Output = ()> + Send + use<> {
        self.sessions.ended(session, user)
    }

    /// The caller behind a bearer token that was checked a moment ago, who now
    /// sends from `address`; `None` if it has to be checked anew.
    pub fn known(&self, token: &str, address: IpAddr) -> Option<Result<Caller>> {
        self.sessions.remembered(token).map(|it| caller(it, address))
    }

    /// The caller behind a bearer token.
    pub async fn authenticate(&self, token: &str, client: &Client) -> Result<Caller> {
        let (before, users_before) = self.sessions.before();
        let access = self.tokens.verify(token)?;
        let (user, session) = self.session_of(&access, client).await?;
        let checked = Checked {
            session: session.id,
            user: user.id,
            active_until: session.active_until,
            role: user.role,
        };
        self.sessions.remember(token, checked, before);
        self.sessions.see(&user, users_before);
        self.sessions.touch(&session).await;
        caller(checked, client.address)
    }

    /// The live session of a token with its user. One of the reference's shape
    /// gets a session when it is first used, unless it was signed before its
    /// user ended all sessions.
    async fn session_of(&self, token: &Access, client: &Client) -> Result<(User, Session)> {
        let user = self.active_user(token.user).await?;
        let session = match (self.sessions.get(token.session).await?, token.reference_until) {
            (Some(stored), _) => stored.value,
            (None, Some(until)) if user.sessions_from.is_none_or(|it| it < token.issued_at) => {
                self.sessions.adopt(token.session, &user, client, until).await?
            }
            (None, _) => return Err(sessions::over()),
        };
        if session.belongs_to(&user) { Ok((user, session)) } else { Err(sessions::over()) }
    }

    /// The user of a token, if the account can be used.
    async fn active_user(&self, id: Id) -> Result<User> {
        let stored = self.users.get(&id.to_string()).await?.map(|it| it.value);
        stored.filter(User::is_active).ok_or_else(sessions::over)
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

    /// Signs `user` in, however they showed who they are.
    async fn begin(&self, user: &User, client: &Client, rotation: bool) -> Result<SignedIn> {
        if user.deactivated_at.is_some() {
            return Err(Error::Forbidden {
                code: "auth.account.deactivated",
                message: "this account was deactivated by an administrator",
            });
        }
        let session = self.sessions.begin(user, client, rotation).await?;
        let object = Object::new("user", user.id).detail(format!("session {}", session.id));
        self.audit.record(Actor::of(user.id, client), Action::SignedIn, object).await;
        self.signed_in(user, &session)
    }

    fn signed_in(&self, user: &User, session: &Session) -> Result<SignedIn> {
        let token = self.tokens.sign(user, session)?;
        let refresh = self.tokens.sign_refresh(session)?;
        let refresh = refresh.map(|token| Renewal { token, expires_in: SHORT });
        Ok(SignedIn { token, refresh, user: UserView::from(user) })
    }

    /// Checks a password that is to be set.
    fn check_password(&self, field: &str, password: &SecretString) -> Result<()> {
        self.check_length(field, password, self.rules.password_min)
    }

    /// Checks a password that is to be verified: a policy that became stricter
    /// must not keep people out.
    fn check_length(&self, field: &str, password: &SecretString, least: usize) -> Result<()> {
        let text = password.expose_secret();
        let most = self.rules.password_max;
        if text.chars().count() < least {
            return Err(Error::invalid(field, format!("must have at least {least} characters")));
        }
        if text.len() > most {
            return Err(Error::invalid(field, format!("must have at most {most} bytes")));
        }
        Ok(())
    }
}

/// The caller of a checked session, unless its time is over.
fn caller(checked: Checked, address: IpAddr) -> Result<Caller> {
    let Checked { session, user, active_until, role } = checked;
    if active_until < Timestamp::now() {
        return Err(Error::Unauthenticated {
            code: "auth.token.expired",
            message: "the token has expired; refresh it or sign in again",
        });
    }
    Ok(Caller { user, role, session, address: Some(address) })
}
