//! The invite code that lets people register.

use std::{sync::Arc, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use crate::{
    Error, Result,
    access::Caller,
    audit::{Action, Audit, Object},
    store::{Collection, Documents, Record, Repository, StoreError, Stored},
    time::Timestamp,
};

/// The one stored invite document.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Invite {
    /// Six decimal digits; empty until first asked for.
    code: String,
    /// A new code after each registration that used it.
    regenerate_after_signup: bool,
    /// When the code was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    made_at: Option<Timestamp>,
}

impl Invite {
    fn renew(&mut self) {
        self.code = format!("{:06}", rand::random_range(0..1_000_000));
        self.made_at = Some(Timestamp::now());
    }

    fn expires_at(&self, life: Option<Duration>) -> Option<Timestamp> {
        Some(self.made_at? + life?)
    }

    fn is_usable(&self, life: Option<Duration>) -> bool {
        let expired = self.expires_at(life).is_some_and(|it| it < Timestamp::now());
        !self.code.is_empty() && !expired
    }
}

/// Settings of the host that users change through the API.
pub static SETTINGS: Collection =
    Collection { name: "settings", fields: &[], indexes: &[], unique: &[], expiry: None };

const INVITE: &str = "invite";

impl Record for Invite {
    const COLLECTION: &'static Collection = &SETTINGS;

    fn key(&self) -> String {
        INVITE.into()
    }

    fn restore_key(&mut self, _id: &str) {}
}

/// The invite settings as an administrator sees them.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InviteView {
    /// Whether a code is good for one registration only.
    pub regenerate_after_signup: bool,
    /// The code.
    pub invite_code: String,
    /// When it stops being good, if ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// Reads, checks and renews the invite code.
#[derive(Clone)]
pub struct Invites {
    stored: Repository<Invite>,
    life: Option<Duration>,
    audit: Audit,
}

impl Invites {
    /// Invites in `store` that are good for `life`, or until they are
    /// replaced.
    pub fn new(store: Arc<dyn Documents>, life: Option<Duration>, audit: Audit) -> Self {
        Self { stored: Repository::new(store), life, audit }
    }

    /// The settings; makes a code if there is no good one. Admins only.
    pub async fn view(&self, caller: &Caller) -> Result<InviteView> {
        caller.require_admin()?;
        let view = self.change(|invite| {
            if !invite.is_usable(self.life) {
                invite.renew();
            }
        });
        let view = view.await?;
        self.tell(caller, Action::InviteRevealed).await;
        Ok(view)
    }

    async fn tell(&self, caller: &Caller, action: Action) {
        self.audit.record(caller, action, Object::new("invite", "code")).await;
    }

    /// Replaces the code. Admins only.
    pub async fn renew(&self, caller: &Caller) -> Result<InviteView> {
        caller.require_admin()?;
        let view = self.change(Invite::renew).await?;
        self.tell(caller, Action::InviteChanged).await;
        Ok(view)
    }

    /// Sets whether a code is good for one registration only. Admins only.
    pub async fn set_regenerate(&self, caller: &Caller, on: bool) -> Result<InviteView> {
        caller.require_admin()?;
        let view = self.change(|invite| invite.regenerate_after_signup = on).await?;
        self.tell(caller, Action::InviteChanged).await;
        Ok(view)
    }

    /// Whether `code` is good now, without using it.
    pub async fn check(&self, code: Option<&str>) -> Result<()> {
        self.good(code).await.map(drop)
    }

    async fn good(&self, code: Option<&str>) -> Result<Stored<Invite>> {
        let invite = self.stored.get(INVITE).await?.ok_or_else(wrong_code)?;
        let given = code.unwrap_or_default();
        let matches: bool = invite.code.as_bytes().ct_eq(given.as_bytes()).into();
        if matches && invite.is_usable(self.life) { Ok(invite) } else { Err(wrong_code()) }
    }

    /// Uses `code` for one registration. With regeneration on, one code lets
    /// exactly one registration through, however many ask at once: whoever
    /// replaces the code has used it.
    pub async fn redeem(&self, code: Option<&str>) -> Result<()> {
        loop {
            let mut invite = self.good(code).await?;
            if !invite.regenerate_after_signup {
                return Ok(());
            }
            invite.value.renew();
            match self.stored.replace(invite).await {
                Err(StoreError::Stale(_) | StoreError::Missing) => {}
                other => return other.map(drop).map_err(Error::from),
            }
        }
    }

    async fn change(&self, change: impl Fn(&mut Invite)) -> Result<InviteView> {
        loop {
            let stored = match self.stored.get(INVITE).await? {
                Some(stored) => stored,
                None => match self.stored.insert(Invite::default()).await {
                    Err(StoreError::Taken(_)) => continue,
                    other => other?,
                },
            };
            let mut next = stored.clone();
            change(&mut next.value);
            match self.stored.replace(next).await {
                Err(StoreError::Stale(_) | StoreError::Missing) => {}
                Err(other) => return Err(other.into()),
                Ok(invite) => {
                    return Ok(InviteView {
                        regenerate_after_signup: invite.regenerate_after_signup,
                        expires_at: invite.expires_at(self.life),
                        invite_code: invite.value.code,
                    });
                }
            }
        }
    }
}

impl Invites {
    /// Puts down what the host was configured with, unless there are settings
    /// already: from then on administrators decide.
    pub async fn seed(&self, code: &str, regenerate_after_signup: bool) -> Result<()> {
        let code = code.to_owned();
        let made_at = (!code.is_empty()).then(Timestamp::now);
        let seeded = Invite { code, regenerate_after_signup, made_at };
        match self.stored.insert(seeded).await {
            Err(StoreError::Taken(_)) => Ok(()),
            other => other.map(drop).map_err(Error::from),
        }
    }
}

fn wrong_code() -> Error {
    Error::Forbidden {
        code: "auth.invite.wrong",
        message: "a valid invite code is needed to register",
    }
}
