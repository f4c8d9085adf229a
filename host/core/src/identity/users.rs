//! Users as they are stored and as they are shown.

use md5::{Digest as _, Md5};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    access::Role,
    id::Id,
    store::{Collection, Field, FieldKind, Record, Unique},
    time::Timestamp,
};

/// A user account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct User {
    /// Its id.
    #[serde(skip)]
    pub id: Id,
    /// As the user wrote it.
    pub email: String,
    /// Lower-cased: what is unique.
    pub email_key: String,
    /// Shown name.
    pub name: String,
    /// Password hash, PHC format; empty for accounts without a password.
    #[serde(default)]
    pub password: String,
    /// Their role.
    pub role: Role,
    /// Who decides about the role. A role given by hand is `Manual`.
    #[serde(default)]
    pub role_source: RoleSource,
    /// The identity provider they sign in through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_provider: Option<String>,
    /// That provider's own id of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_user_id: Option<String>,
    /// Sessions count only with this number in them: one write ends them all.
    #[serde(default)]
    pub epoch: i64,
    /// The one earlier session that outlived the last change of `epoch`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_session: Option<Id>,
    /// When `epoch` was last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sessions_from: Option<Timestamp>,
    /// Number of the last change by an administrator; see [`super::admin`].
    #[serde(default)]
    pub change: i64,
    /// Set while an administrator has shut the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deactivated_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Set on accounts that were removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Timestamp>,
}

/// Who decides about a user's role.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RoleSource {
    /// People: nothing else changes the role.
    #[default]
    Manual,
    /// The groups of the user's identity provider, at each sign-in.
    Provider,
}

/// Where users are kept.
pub static USERS: Collection = Collection {
    name: "users",
    fields: &[
        Field { name: "email_key", kind: FieldKind::Text },
        Field { name: "auth_provider", kind: FieldKind::Text },
        Field { name: "provider_user_id", kind: FieldKind::Text },
        Field { name: "role", kind: FieldKind::Text },
        Field { name: "epoch", kind: FieldKind::Int },
        Field { name: "change", kind: FieldKind::Int },
        Field { name: "deactivated_at", kind: FieldKind::Time },
        Field { name: "created_at", kind: FieldKind::Time },
        Field { name: "updated_at", kind: FieldKind::Time },
        Field { name: "deleted_at", kind: FieldKind::Time },
    ],
    indexes: &[&["role"], &["created_at"]],
    unique: &[
        Unique { name: "users_email", fields: &["email_key"] },
        Unique { name: "users_provider", fields: &["auth_provider", "provider_user_id"] },
    ],
    expiry: None,
};

impl Record for User {
    const COLLECTION: &'static Collection = &USERS;

    fn key(&self) -> String {
        self.id.to_string()
    }

    fn restore_key(&mut self, id: &str) {
        self.id = id.parse().unwrap_or_default();
    }

    /// The reference product keeps only the address as it was written.
    fn complete(body: &mut Map<String, Value>) {
        if let Some(email) = body.get("email").and_then(Value::as_str) {
            let key = email.trim().to_lowercase();
            body.entry("email_key").or_insert(key.into());
        }
        body.entry("name").or_insert("".into());
    }
}

impl User {
    /// An account that was just made, with no way to sign in yet.
    pub(super) fn new(id: Id, email: String, name: String, role: Role) -> Self {
        let now = Timestamp::now();
        Self {
            id,
            email_key: email.to_lowercase(),
            email,
            name,
            password: String::new(),
            role,
            role_source: RoleSource::Manual,
            auth_provider: None,
            provider_user_id: None,
            epoch: 0,
            kept_session: None,
            sessions_from: None,
            change: 0,
            deactivated_at: None,
            created_at: now,
            updated_at: now,
            deleted_at: None,
        }
    }

    /// Whether the account can be used.
    pub fn is_active(&self) -> bool {
        self.deleted_at.is_none() && self.deactivated_at.is_none()
    }

    /// Ends every session but `kept`, and every token that has none yet.
    pub fn end_sessions(&mut self, kept: Option<Id>) {
        self.epoch += 1;
        self.kept_session = kept;
        self.sessions_from = Some(Timestamp::now());
    }
}

/// A user as the API shows it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserView {
    /// Its id.
    pub id: Id,
    /// E-mail address.
    pub email: String,
    /// Shown name.
    pub name: String,
    /// Role.
    pub role: Role,
    /// Picture by e-mail address.
    pub avatar_url: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Only for accounts without a password: the frontend hides the password
    /// form when this is not empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_provider: Option<String>,
}

impl From<&User> for UserView {
    fn from(user: &User) -> Self {
        // Gravatar's documented scheme: MD5 of the trimmed, lower-cased address.
        let digest = hex::encode(Md5::digest(user.email.trim().to_lowercase().as_bytes()));
        Self {
            id: user.id,
            email: user.email.clone(),
            name: user.name.clone(),
            role: user.role,
            avatar_url: format!("https://www.gravatar.com/avatar/{digest}?s=200&d=identicon"),
            created_at: user.created_at,
            auth_provider: user.auth_provider.clone(),
        }
    }
}

/// A user as administrators see it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountView {
    /// What everyone sees.
    #[serde(flatten)]
    pub user: UserView,
    /// Whether the account can be used.
    pub active: bool,
    /// When it was shut.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deactivated_at: Option<Timestamp>,
}

impl From<&User> for AccountView {
    fn from(user: &User) -> Self {
        Self { user: user.into(), active: user.is_active(), deactivated_at: user.deactivated_at }
    }
}

/// Checks an e-mail address: one `@`, something on both sides, a dot-free or
/// dotted domain without blanks; at most 254 bytes (RFC 5321 §4.5.3.1.3).
pub fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let plain =
        |part: &str| !part.is_empty() && !part.chars().any(|c| c.is_whitespace() || c.is_control());
    text.len() <= 254
        && plain(local)
        && !local.contains('@')
        && plain(domain)
        && domain.contains('.')
        && !domain.starts_with('.')
        && !domain.ends_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_addresses_from_other_text() {
        for good in ["a@b.c", "first.last+tag@example.com", "ü@example.org"] {
            assert!(is_email(good), "{good}");
        }
        for bad in ["", "a", "a@", "@b.c", "a b@c.d", "a@b", "a@@b.c", "a@.b", "a@b.", "not-a-mail"]
        {
            assert!(!is_email(bad), "{bad}");
        }
    }
}
