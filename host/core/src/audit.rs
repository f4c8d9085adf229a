//! The audit log: who did what to which object, when and from where.
//!
//! Entries are numbered without a gap and chained: each carries the hash of
//! the one before it, so that a changed, removed or inserted entry breaks the
//! chain at its place. What the chain cannot show by itself is a cut at its
//! end; whoever needs that keeps the head that [`Audit::verify`] reports
//! somewhere else and gives it back at the next check.
//!
//! An entry never holds a secret: actions name objects and fields, not values.

mod action;
mod entry;

use std::{net::IpAddr, sync::Arc};

use serde::Serialize;
use tokio::sync::Mutex;

use crate::{
    Error, Result,
    access::{Caller, Client},
    id::Id,
    store::{Direction, Documents, Filter, Query, Repository, StoreError},
    time::Timestamp,
};
pub use action::{Action, Object};
pub use entry::{AUDIT_LOG, Entry};
use entry::{Content, GENESIS};

/// Entries read at a time when the chain is checked.
const PAGE: u32 = 500;
/// Other hosts on the same store may append meanwhile; each try loses only to
/// one that succeeded.
const TRIES: usize = 100;

/// Who did it: a user, or the host by itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Actor {
    /// The user; `None` for the host and for strangers.
    pub user: Option<Id>,
    /// Where the request came from.
    pub address: Option<IpAddr>,
}

impl Actor {
    /// A user who has just shown who they are.
    pub fn of(user: Id, client: &Client) -> Self {
        Self { user: Some(user), address: Some(client.address) }
    }

    /// A stranger.
    pub fn at(client: &Client) -> Self {
        Self { user: None, address: Some(client.address) }
    }
}

impl From<&Caller> for Actor {
    fn from(caller: &Caller) -> Self {
        Self { user: Some(caller.user), address: caller.address }
    }
}

/// Which entries are asked for; `None` asks for all.
#[derive(Debug, Default)]
pub struct AuditFilter {
    /// Done by this user.
    pub actor: Option<Id>,
    /// Of this kind; an [`Action`]'s name.
    pub action: Option<String>,
    /// Done to this object.
    pub object: Option<String>,
    /// Not before.
    pub since: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    /// With a number below this one: the next page.
    pub before: Option<i64>,
}

/// One page, newest first.
#[derive(Debug, Serialize)]
pub struct AuditPage {
    /// The entries.
    pub entries: Vec<Entry>,
    /// What to ask `before` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<i64>,
}

/// A chain without a break.
#[derive(Debug, PartialEq, Eq)]
pub struct Verified {
    /// How many entries it has.
    pub entries: i64,
    /// The hash of the newest one.
    pub head: String,
}

/// Why a chain is not what was written.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A number is missing or there twice.
    #[error("entry {0} is missing")]
    Missing(i64),
    /// An entry does not follow from the one before it.
    #[error("entry {0} does not follow from the one before it")]
    Unchained(i64),
    /// An entry's content is not what was hashed.
    #[error("entry {0} was changed")]
    Changed(i64),
    /// The head that was kept elsewhere is not in the chain.
    #[error("the chain does not contain the given head; its end was cut off or rewritten")]
    HeadUnknown,
}

#[derive(Clone)]
struct Head {
    number: i64,
    hash: String,
}

/// Appends to the log, reads it, checks it.
#[derive(Clone)]
pub struct Audit {
    stored: Repository<Entry>,
    /// The newest entry as far as this host knows. Appending holds the lock:
    /// an entry's hash needs the one before it.
    head: Arc<Mutex<Option<Head>>>,
}

impl Audit {
    /// The log in `store`.
    pub fn new(store: &Arc<dyn Documents>) -> Self {
        Self { stored: Repository::new(Arc::clone(store)), head: Arc::default() }
    }

    /// Appends an entry. What it tells of has happened already, so a log that
    /// cannot be written does not fail the caller: the entry then goes to the
    /// process's own log as an error.
    pub async fn record(&self, actor: impl Into<Actor>, action: Action, object: Object) {
        let actor: Actor = actor.into();
        let content = Content {
            at: Timestamp::now(),
            actor: actor.user,
            address: actor.address,
            action: action.name().to_owned(),
            kind: object.kind.to_owned(),
            object: object.id,
            detail: object.detail,
        };
        if let Err(error) = self.append(&content).await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                entry = ?content,
                "audit entry was not stored"
            );
        }
    }

    async fn append(&self, content: &Content) -> Result<()> {
        let mut head = self.head.lock().await;
        for _ in 0..TRIES {
            let last = match head.take() {
                Some(known) => known,
                None => self.newest().await?,
            };
            let entry = Entry::after(last.number, &last.hash, content.clone());
            let next = Head { number: entry.number, hash: entry.hash.clone() };
            match self.stored.insert(entry).await {
                Ok(_) => {
                    *head = Some(next);
                    return Ok(());
                }
                // Another host was first: look again.
                Err(StoreError::Taken(_)) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Err(Error::internal("the audit log is appended to faster than this host can follow"))
    }

    async fn newest(&self) -> Result<Head> {
        let query = Query::new(Filter::All, 1).sorted("number", Direction::Descending);
        let newest = self.stored.find(&query).await?.pop().map(|it| it.value);
        Ok(newest.map_or_else(
            || Head { number: 0, hash: GENESIS.to_owned() },
            |it| Head { number: it.number, hash: it.hash },
        ))
    }

    /// A page of entries, newest first, for administrators.
    pub async fn page(
        &self,
        caller: &Caller,
        filter: AuditFilter,
        limit: u32,
    ) -> Result<AuditPage> {
        caller.require_admin()?;
        let AuditFilter { actor, action, object, since, until, before } = filter;
        let mut all = Vec::new();
        all.extend(actor.map(|it| Filter::Eq("actor", it.into())));
        all.extend(action.map(|it| Filter::Eq("action", it.into())));
        all.extend(object.map(|it| Filter::Eq("object", it.into())));
        all.extend(since.map(|it| Filter::AtLeast("at", it.into())));
        all.extend(until.map(|it| Filter::Less("at", it.into())));
        all.extend(before.map(|it| Filter::Less("number", it.into())));
        let query = Query::new(Filter::And(all), limit.saturating_add(1))
            .sorted("number", Direction::Descending);
        let found = self.stored.find(&query).await?;
        let more = found.len() > limit as usize;
        let entries: Vec<Entry> =
            found.into_iter().take(limit as usize).map(|it| it.value).collect();
        let next = entries.last().filter(|_| more).map(|it| it.number);
        Ok(AuditPage { entries, next })
    }

    /// Walks the whole chain. With `head`, that hash must be in it.
    ///
    /// # Errors
    ///
    /// The outer error if the log cannot be read, the inner one if it is not
    /// what was written.
    pub async fn verify(&self, head: Option<&str>) -> Result<Result<Verified, Broken>> {
        let mut last = Head { number: 0, hash: GENESIS.to_owned() };
        let mut head_seen = head.is_none_or(|it| it == GENESIS);
        loop {
            let next = Filter::AtLeast("number", (last.number + 1).into());
            let query = Query::new(next, PAGE).sorted("number", Direction::Ascending);
            let page = self.stored.find(&query).await?;
            if page.is_empty() {
                break;
            }
            for entry in page {
                if let Err(broken) = entry.follows(last.number, &last.hash) {
                    return Ok(Err(broken));
                }
                head_seen |= head == Some(entry.hash.as_str());
                last = Head { number: entry.number, hash: entry.value.hash };
            }
        }
        if !head_seen {
            return Ok(Err(Broken::HeadUnknown));
        }
        Ok(Ok(Verified { entries: last.number, head: last.hash }))
    }
}
