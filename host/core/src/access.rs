//! Who is asking, and what that lets them do.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Error, Result, id::Id};

/// What a user may do beyond their own things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Own things only.
    User,
    /// Also the settings of the host.
    Admin,
}

/// The authenticated user behind a request. Every use-case takes one: there
/// is no query by id alone.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The user.
    pub user: Id,
    /// Their role, as the store has it now.
    pub role: Role,
    /// The session of the token.
    pub session: Id,
    /// Where the request came from, for the audit log.
    pub address: Option<IpAddr>,
}

impl Caller {
    /// Refuses everyone but admins.
    pub fn require_admin(&self) -> Result<()> {
        match self.role {
            Role::Admin => Ok(()),
            Role::User => Err(Error::Forbidden {
                code: "auth.admin-only",
                message: "only an administrator may do this",
            }),
        }
    }

    /// The one rule of ownership: what belongs to someone else is not there.
    pub fn require_owner(&self, owner: Id, kind: &'static str, id: impl ToString) -> Result<()> {
        if owner == self.user { Ok(()) } else { Err(Error::not_found(kind, id)) }
    }
}
