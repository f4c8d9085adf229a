//! Server-side sessions: what makes a token count, and what ends it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use crate::{
    Error, Result,
    access::Role,
    id::Id,
    store::{Collection, Documents, Expiry, Field, FieldKind, Filter, Patch, Record, Repository},
    time::Timestamp,
};

/// How long a token is accepted after the last sign-in, refresh or profile
/// save of its session. The web frontend counts 24 h from the same moments on
/// its own clock and logs out on an earlier 401; ten minutes are for clocks
/// that differ.
pub const ACTIVE: Duration = Duration::from_secs(24 * 3600 + 600);
/// How long a checked session is believed without asking the store.
const TRUST: Duration = Duration::from_secs(5);
/// Sessions remembered at most.
const REMEMBERED: usize = 20_000;

/// One sign-in of one user.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Session {
    /// Its id.
    #[serde(skip)]
    pub id: Id,
    /// Whose it is.
    pub user_id: Id,
    /// When it began.
    pub created_at: Timestamp,
    /// Tokens count until then.
    pub active_until: Timestamp,
    /// Tokens can be refreshed until then.
    pub refresh_until: Timestamp,
}

/// Where sessions are kept.
pub static SESSIONS: Collection = Collection {
    name: "sessions",
    fields: &[
        Field { name: "user_id", kind: FieldKind::Id },
        Field { name: "created_at", kind: FieldKind::Time },
        Field { name: "active_until", kind: FieldKind::Time },
        Field { name: "refresh_until", kind: FieldKind::Time },
    ],
    indexes: &[&["user_id"]],
    unique: &[],
    expiry: Some(Expiry { field: "refresh_until", after_seconds: 3600, only_if: None }),
};

impl Record for Session {
    const COLLECTION: &'static Collection = &SESSIONS;

    fn key(&self) -> String {
        self.id.to_string()
    }

    fn restore_key(&mut self, id: &str) {
        self.id = id.parse().unwrap_or_default();
    }
}

/// A checked session with the role its user has now.
#[derive(Debug, Clone, Copy)]
pub struct Checked {
    /// Tokens count until then.
    pub active_until: Timestamp,
    /// The user's role.
    pub role: Role,
}

/// Begins, prolongs, checks and ends sessions.
#[derive(Clone)]
pub struct Sessions {
    stored: Repository<Session>,
    remembered: Arc<Mutex<HashMap<Id, (Checked, Instant)>>>,
    refresh: Duration,
}

impl Sessions {
    /// Sessions that can be refreshed for `refresh` after they were last
    /// active.
    pub fn new(store: Arc<dyn Documents>, refresh: Duration) -> Self {
        Self { stored: Repository::new(store), remembered: Arc::default(), refresh }
    }

    /// Begins a session.
    pub async fn begin(&self, user: Id) -> Result<Id> {
        let now = Timestamp::now();
        let session = Session {
            id: Id::new(),
            user_id: user,
            created_at: now,
            active_until: now + ACTIVE,
            refresh_until: now + ACTIVE + self.refresh,
        };
        Ok(self.stored.insert(session).await?.id)
    }

    /// Starts the 24 hours again.
    pub async fn prolong(&self, id: Id) -> Result<()> {
        let now = Timestamp::now();
        let mut patch = Patch::default();
        patch.set.insert("active_until".into(), (now + ACTIVE).to_string().into());
        let refresh_until = now + ACTIVE + self.refresh;
        patch.set.insert("refresh_until".into(), refresh_until.to_string().into());
        self.stored.patch(&id.to_string(), None, &Filter::All, &patch).await?;
        self.forget(id);
        Ok(())
    }

    /// The session, from the store.
    pub async fn get(&self, id: Id) -> Result<Option<Session>> {
        Ok(self.stored.get(&id.to_string()).await?.map(|it| it.value))
    }

    /// What was found out about a session a moment ago.
    pub fn remembered(&self, id: Id) -> Option<Checked> {
        let remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        remembered.get(&id).filter(|(_, at)| at.elapsed() < TRUST).map(|(checked, _)| *checked)
    }

    /// Keeps what was found out for a moment.
    pub fn remember(&self, id: Id, checked: Checked) {
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= REMEMBERED {
            remembered.retain(|_, (_, at)| at.elapsed() < TRUST);
            if remembered.len() >= REMEMBERED {
                remembered.clear();
            }
        }
        remembered.insert(id, (checked, Instant::now()));
    }

    fn forget(&self, id: Id) {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }

    /// Ends a session: its tokens stop counting at once.
    pub async fn end(&self, id: Id) -> Result<()> {
        self.stored.remove(&id.to_string()).await?;
        self.forget(id);
        Ok(())
    }
}

/// The answer to a token whose session is over.
pub fn over() -> Error {
    Error::Unauthenticated {
        code: "auth.session.over",
        message: "the session is over; sign in again",
    }
}
