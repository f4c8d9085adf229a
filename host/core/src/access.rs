//! Who is asking, and what that lets them do.

use std::net::{IpAddr, Ipv6Addr};

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

/// Whoever sends a request, signed in or not.
#[derive(Debug, Clone)]
pub struct Client {
    /// Where the request came from.
    pub address: IpAddr,
    /// What the program calls itself; shown to the user beside their sessions.
    pub agent: String,
}

impl Client {
    /// What one client cannot change at will: an IPv4 address, or the /64 an
    /// IPv6 host usually has to itself (RFC 6177 §2).
    pub fn network(&self) -> IpAddr {
        match self.address {
            IpAddr::V4(_) => self.address,
            IpAddr::V6(it) => Ipv6Addr::from_bits(it.to_bits() & !u128::from(u64::MAX)).into(),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_host_is_its_network() {
        let network = |text: &str| {
            let client = Client { address: text.parse().unwrap(), agent: String::new() };
            client.network().to_string()
        };
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(network("192.0.2.7"), "192.0.2.7");
    }
}
