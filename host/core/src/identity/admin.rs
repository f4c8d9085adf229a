//! Administrators' view of the users: roles, shutting accounts.
//!
//! The last active administrator stays one. That is a statement about many
//! documents, and the store has no transactions, so that one document decides:
//! every change is first written into it as the one that is under way, at the
//! revision at which the administrators were counted. Whoever finds a change
//! under way carries it out before counting. Nothing waits for a lock, and a
//! host that dies in between leaves work that the next one finishes.
//!
//! A change has a number, and a user takes only a higher one than it has had:
//! a host that carries out a change long after another did so changes nothing.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    CLAIMS, Identity,
    users::{AccountView, RoleSource, User},
};
use crate::{
    Error, Result,
    access::{Caller, Role},
    audit::{Action, Object},
    id::Id,
    store::{Collection, Direction, Filter, Patch, Query, Record, StoreError, Stored},
    time::Timestamp,
};

const CHANGES: &str = "account-changes";

/// What an administrator does to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountChange {
    /// Gives another role.
    Role(Role),
    /// Gives the role that the groups of an identity provider ask for, unless
    /// somebody gave one by hand.
    RoleOfGroups(Role),
    /// Shuts the account and ends its sessions.
    Deactivate,
    /// Opens the account again.
    Reactivate,
}

impl AccountChange {
    pub(super) fn action(self) -> Action {
        match self {
            Self::Role(_) | Self::RoleOfGroups(_) => Action::RoleChanged,
            Self::Deactivate => Action::Deactivated,
            Self::Reactivate => Action::Reactivated,
        }
    }

    pub(super) fn told_of(self, user: Id) -> Object {
        let object = Object::new("user", user);
        match self {
            Self::Role(role) | Self::RoleOfGroups(role) => {
                object.detail(format!("now {role:?}").to_lowercase())
            }
            Self::Deactivate | Self::Reactivate => object,
        }
    }

    fn ends_an_admin(self) -> bool {
        matches!(self, Self::Role(Role::User) | Self::RoleOfGroups(Role::User) | Self::Deactivate)
    }

    fn is_done(self, user: &User) -> bool {
        match self {
            Self::Role(role) => user.role == role,
            Self::RoleOfGroups(role) => user.role == role || user.role_source == RoleSource::Manual,
            Self::Deactivate => user.deactivated_at.is_some(),
            Self::Reactivate => user.deactivated_at.is_none(),
        }
    }

    fn patch(self, number: i64) -> Patch {
        let now = Timestamp::now();
        let mut patch = Patch::default();
        patch.set.insert("change".into(), number.into());
        patch.set.insert("updated_at".into(), json!(now));
        match self {
            Self::Role(role) => {
                patch.set.insert("role".into(), json!(role));
                // A role given by hand is no identity provider's to change.
                patch.set.insert("role_source".into(), json!("manual"));
            }
            Self::RoleOfGroups(role) => {
                patch.set.insert("role".into(), json!(role));
            }
            Self::Deactivate => {
                patch.set.insert("deactivated_at".into(), json!(now));
                patch.set.insert("sessions_from".into(), json!(now));
                patch.unset.push("kept_session");
                patch.increment.push(("epoch", 1));
            }
            Self::Reactivate => patch.unset.push("deactivated_at"),
        }
        patch
    }
}

/// The document that decides which change is next.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Changes {
    /// Number of the last change.
    number: i64,
    /// The one under way.
    pending: Option<Pending>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Pending {
    user_id: Id,
    change: AccountChange,
}

impl Record for Changes {
    const COLLECTION: &'static Collection = &CLAIMS;

    fn key(&self) -> String {
        CHANGES.into()
    }

    fn restore_key(&mut self, _id: &str) {}
}

/// Which users are listed.
#[derive(Debug, Clone, Default)]
pub struct UserQuery {
    /// Of this role.
    pub role: Option<Role>,
    /// Whose accounts can be used, or cannot.
    pub active: Option<bool>,
    /// With this e-mail address, in any case.
    pub email: Option<String>,
    /// At most so many.
    pub limit: u32,
    /// Without the first ones.
    pub offset: u64,
}

impl UserQuery {
    fn filter(&self) -> Filter {
        let mut all = vec![Filter::Absent("deleted_at")];
        all.extend(self.role.map(of_role));
        all.extend(self.active.map(|active| match active {
            true => Filter::Absent("deactivated_at"),
            false => Filter::AtLeast("deactivated_at", Timestamp::from_millis(0).into()),
        }));
        let email = self.email.as_ref().map(|it| it.trim().to_lowercase());
        all.extend(email.map(|it| Filter::Eq("email_key", it.into())));
        Filter::And(all)
    }
}

fn of_role(role: Role) -> Filter {
    let name = match role {
        Role::Admin => "admin",
        Role::User => "user",
    };
    Filter::Eq("role", name.into())
}

impl Identity {
    /// One page of the users, oldest first, and how many match. Admins only.
    pub async fn users(
        &self,
        caller: &Caller,
        asked: &UserQuery,
    ) -> Result<(Vec<AccountView>, u64)> {
        caller.require_admin()?;
        let filter = asked.filter();
        let total = self.users.count(&filter).await?;
        let page = Query::new(filter, asked.limit)
            .sorted("created_at", Direction::Ascending)
            .skipping(asked.offset);
        let found = self.users.find(&page).await?;
        Ok((found.iter().map(|it| AccountView::from(&it.value)).collect(), total))
    }

    /// Changes an account. Admins only.
    pub async fn change_account(
        &self,
        caller: &Caller,
        user: Id,
        change: AccountChange,
    ) -> Result<AccountView> {
        caller.require_admin()?;
        self.apply_change(user, change).await?;
        self.audit.record(caller, change.action(), change.told_of(user)).await;
        Ok(AccountView::from(&self.user(user).await?))
    }

    /// Changes an account, unless that would leave no active administrator.
    pub(super) async fn apply_change(&self, id: Id, change: AccountChange) -> Result<()> {
        loop {
            let mut changes = self.changes().await?;
            if changes.pending.is_some() {
                self.finish(changes).await?;
                continue;
            }
            let user = self.user(id).await?;
            if change.is_done(&user) {
                return Ok(());
            }
            let is_admin = user.role == Role::Admin && user.is_active();
            if is_admin && change.ends_an_admin() && self.active_admins().await? < 2 {
                return Err(Error::Conflict {
                    code: "auth.last-admin",
                    message: "the last active administrator must stay; make another one first"
                        .into(),
                });
            }
            changes.value.number += 1;
            changes.value.pending = Some(Pending { user_id: id, change });
            match self.changes.replace(changes).await {
                Ok(written) => return self.finish(written).await,
                // Somebody else's change came first: count again.
                Err(StoreError::Stale(_)) => {}
                Err(other) => return Err(other.into()),
            }
        }
    }

    /// Carries out what a host left under way when it died.
    pub async fn finish_changes(&self) -> Result<()> {
        let changes = self.changes().await?;
        self.finish(changes).await
    }

    async fn finish(&self, mut changes: Stored<Changes>) -> Result<()> {
        let Some(pending) = changes.value.pending.take() else { return Ok(()) };
        let number = changes.number;
        let earlier =
            Filter::Or(vec![Filter::Absent("change"), Filter::Less("change", number.into())]);
        let patch = pending.change.patch(number);
        match self.users.patch(&pending.user_id.to_string(), None, &earlier, &patch).await {
            // Stale: another host has carried it out. Missing: nothing to do.
            Ok(_) | Err(StoreError::Stale(_) | StoreError::Missing) => {}
            Err(other) => return Err(other.into()),
        }
        match pending.change {
            AccountChange::Deactivate => self.sessions.ended_all(pending.user_id, None),
            _ => self.sessions.forget_user(pending.user_id),
        }
        match self.changes.replace(changes).await {
            Ok(_) | Err(StoreError::Stale(_)) => Ok(()),
            Err(other) => Err(other.into()),
        }
    }

    async fn changes(&self) -> Result<Stored<Changes>> {
        loop {
            if let Some(changes) = self.changes.get(CHANGES).await? {
                return Ok(changes);
            }
            match self.changes.insert(Changes::default()).await {
                Ok(changes) => return Ok(changes),
                Err(StoreError::Taken(_)) => {}
                Err(other) => return Err(other.into()),
            }
        }
    }

    async fn active_admins(&self) -> Result<u64> {
        let admins =
            UserQuery { role: Some(Role::Admin), active: Some(true), ..UserQuery::default() };
        Ok(self.users.count(&admins.filter()).await?)
    }
}
