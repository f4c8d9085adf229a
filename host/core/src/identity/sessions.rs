//! Server-side sessions: what makes a token count, and what ends it.

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    users::{User, UserView},
    watched::Watched,
};
use crate::{
    Error, Result,
    access::{Client, Role},
    id::Id,
    recent::{Before, Recent},
    store::{
        Collection, Direction, Documents, Expiry, Field, FieldKind, Filter, Patch, Query, Record,
        Repository, StoreError, Stored,
    },
    time::Timestamp,
};

/// How long a token is accepted after the last sign-in, refresh or profile
/// save of its session. The web frontend counts 24 h from the same moments on
/// its own clock and logs out on an earlier 401; ten minutes are for clocks
/// that differ.
pub const ACTIVE: Duration = Duration::from_secs(24 * 3600 + 600);
/// How long a checked session is believed without asking the store: what
/// another replica ends is over here within a second.
const TRUST: Duration = Duration::from_millis(500);
/// Tokens and users remembered at most: some megabytes.
const REMEMBERED: usize = 8_192;
/// Longer tokens are checked each time; bytes. Ours have 300 or so.
const REMEMBERED_TOKEN: usize = 1_024;
/// How exact the time of a session's last use is.
const USE: Duration = Duration::from_secs(300);
/// Sessions listed at most.
const LISTED: u32 = 200;
/// Bytes of a client's name that are kept.
const AGENT: usize = 200;

/// One sign-in of one user.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Session {
    /// Its id.
    #[serde(skip)]
    pub id: Id,
    /// Whose it is.
    pub user_id: Id,
    /// The user's epoch when it began.
    #[serde(default)]
    pub epoch: i64,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, to within five minutes.
    pub used_at: Timestamp,
    /// Where it began.
    pub address: String,
    /// What the client that began it calls itself.
    pub agent: String,
    /// Tokens count until then.
    pub active_until: Timestamp,
    /// Tokens can be refreshed until then.
    pub refresh_until: Timestamp,
    /// Number of the one refresh token that counts, in sessions that have
    /// such tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotation: Option<i64>,
    /// Set when it was ended. It is kept until its time is over, so that a
    /// token of the reference's shape cannot begin it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
}

/// Where sessions are kept.
pub static SESSIONS: Collection = Collection {
    name: "sessions",
    fields: &[
        Field { name: "user_id", kind: FieldKind::Id },
        Field { name: "created_at", kind: FieldKind::Time },
        Field { name: "used_at", kind: FieldKind::Time },
        Field { name: "active_until", kind: FieldKind::Time },
        Field { name: "refresh_until", kind: FieldKind::Time },
        Field { name: "ended_at", kind: FieldKind::Time },
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

impl Session {
    /// A session that begins now.
    fn new(id: Id, user: &User, client: &Client) -> Self {
        let now = Timestamp::now();
        let mut agent = client.agent.clone();
        agent.truncate(agent.floor_char_boundary(AGENT));
        Self {
            id,
            user_id: user.id,
            epoch: user.epoch,
            created_at: now,
            used_at: now,
            address: client.address.to_string(),
            agent,
            active_until: now,
            refresh_until: now,
            rotation: None,
            ended_at: None,
        }
    }

    /// Whether `user` is still signed in by it.
    pub fn belongs_to(&self, user: &User) -> bool {
        let current = self.epoch == user.epoch || user.kept_session == Some(self.id);
        self.user_id == user.id && current && self.ended_at.is_none()
    }
}

/// A session as its user sees it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionView {
    /// Its id.
    pub id: Id,
    /// What the client calls itself.
    pub user_agent: String,
    /// Where it began.
    pub address: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, to within five minutes.
    pub last_used_at: Timestamp,
    /// When it ends unless it is used.
    pub expires_at: Timestamp,
    /// Whether the request came with it.
    pub current: bool,
}

/// A checked session with the role its user has now.
#[derive(Debug, Clone, Copy)]
pub struct Checked {
    /// The session.
    pub session: Id,
    /// Whose it is.
    pub user: Id,
    /// Tokens count until then.
    pub active_until: Timestamp,
    /// The user's role.
    pub role: Role,
}

/// Begins, prolongs, checks and ends sessions.
#[derive(Clone)]
pub struct Sessions {
    stored: Repository<Session>,
    /// By token.
    remembered: Arc<Recent<Box<str>, Checked>>,
    /// Users as they see themselves.
    users: Arc<Recent<Id, Arc<UserView>>>,
    pub(super) watched: Watched,
    refresh: Duration,
}

impl Sessions {
    /// Sessions that can be refreshed for `refresh` after they were last
    /// active.
    pub fn new(store: Arc<dyn Documents>, refresh: Duration) -> Self {
        let remembered = Arc::new(Recent::new(TRUST, REMEMBERED));
        let users = Arc::new(Recent::new(TRUST, REMEMBERED));
        let (stored, watched) = (Repository::new(store), Watched::default());
        Self { stored, remembered, users, watched, refresh }
    }

    /// Begins a session; with `rotation` one that has refresh tokens.
    pub async fn begin(&self, user: &User, client: &Client, rotation: bool) -> Result<Session> {
        let mut session = Session::new(Id::new(), user, client);
        self.extend(&mut session);
        session.rotation = rotation.then_some(1);
        Ok(self.stored.insert(session).await?.value)
    }

    /// Begins the session `id` of a token that has none and counts until
    /// `until`; the one that is there if another request was faster.
    pub async fn adopt(
        &self,
        id: Id,
        user: &User,
        client: &Client,
        until: Timestamp,
    ) -> Result<Session> {
        let mut session = Session::new(id, user, client);
        session.active_until = until.min(session.created_at + ACTIVE);
        session.refresh_until = session.active_until + self.refresh;
        if session.refresh_until < session.created_at {
            return Err(over());
        }
        match self.stored.insert(session).await {
            Ok(stored) => Ok(stored.value),
            Err(StoreError::Taken(_)) => Ok(self.get(id).await?.ok_or_else(over)?.value),
            Err(other) => Err(other.into()),
        }
    }

    /// Starts the 24 hours of a session again; fails if it was ended.
    pub async fn prolong(&self, id: Id) -> Result<()> {
        let now = Timestamp::now();
        let refresh_until = now + ACTIVE + self.refresh;
        self.set(
            id,
            [("used_at", now), ("active_until", now + ACTIVE), ("refresh_until", refresh_until)],
        )
        .await?;
        self.forget(id);
        Ok(())
    }

    /// Starts the 24 hours again and makes the next refresh token the one that
    /// counts. False if another request did so first.
    pub async fn rotate(&self, mut stored: Stored<Session>, next: i64) -> Result<Option<Session>> {
        self.extend(&mut stored.value);
        stored.value.used_at = Timestamp::now();
        stored.value.rotation = Some(next);
        let id = stored.value.id;
        match self.stored.replace(stored).await {
            Ok(stored) => {
                self.forget(id);
                Ok(Some(stored.value))
            }
            Err(StoreError::Stale(_)) => Ok(None),
            Err(StoreError::Missing) => Err(over()),
            Err(other) => Err(other.into()),
        }
    }

    fn extend(&self, session: &mut Session) {
        session.active_until = Timestamp::now() + ACTIVE;
        session.refresh_until = session.active_until + self.refresh;
    }

    /// Notes that a session is in use. Not worth failing a request for.
    pub async fn touch(&self, session: &Session) {
        let now = Timestamp::now();
        if now.since(session.used_at) < USE {
            return;
        }
        if let Err(error) = self.set(session.id, [("used_at", now)]).await {
            tracing::debug!(%error, "the use of a session was not noted");
        }
    }

    /// Sets times of a session that was not ended.
    async fn set<const N: usize>(&self, id: Id, times: [(&str, Timestamp); N]) -> Result<()> {
        let mut patch = Patch::default();
        patch.set.extend(times.map(|(key, time)| (key.to_owned(), time.to_string().into())));
        let unless_ended = Filter::Absent("ended_at");
        match self.stored.patch(&id.to_string(), None, &unless_ended, &patch).await {
            Ok(_) => Ok(()),
            Err(StoreError::Stale(_) | StoreError::Missing) => Err(over()),
            Err(other) => Err(other.into()),
        }
    }

    /// The session, from the store, also if it is over.
    pub async fn get(&self, id: Id) -> Result<Option<Stored<Session>>> {
        Ok(self.stored.get(&id.to_string()).await?)
    }

    /// The sessions `user` is signed in by, last used first.
    pub async fn of(&self, user: &User) -> Result<Vec<Session>> {
        let live = Filter::And(vec![
            Filter::Eq("user_id", user.id.into()),
            Filter::AtLeast("refresh_until", Timestamp::now().into()),
            Filter::Absent("ended_at"),
        ]);
        let query = Query::new(live, LISTED).sorted("used_at", Direction::Descending);
        let found = self.stored.find(&query).await?;
        Ok(found.into_iter().map(|it| it.value).filter(|it| it.belongs_to(user)).collect())
    }

    /// What was found out about a token a moment ago.
    pub fn remembered(&self, token: &str) -> Option<Checked> {
        self.remembered.get(token)
    }

    /// A user who was seen a moment ago, as they see themselves.
    pub fn seen(&self, user: Id) -> Option<Arc<UserView>> {
        self.users.get(&user)
    }

    /// A page of sessions, also of those that are over.
    pub(super) async fn find(&self, query: &Query) -> Result<Vec<Session>> {
        Ok(self.stored.find(query).await?.into_iter().map(|it| it.value).collect())
    }

    /// A session was found to be over.
    pub(super) fn is_over(&self, id: Id) {
        self.forget(id);
        self.watched.end(id);
    }

    /// To be called before a token, or a user, is checked.
    pub(super) fn before(&self) -> (Before, Before) {
        (self.remembered.before(), self.users.before())
    }

    /// Keeps what was found out for a moment.
    pub(super) fn remember(&self, token: &str, checked: Checked, before: Before) {
        if token.len() <= REMEMBERED_TOKEN {
            self.remembered.keep(token.into(), checked, before);
        }
    }

    /// Keeps how a user sees themselves for a moment.
    pub(super) fn see(&self, user: &User, before: Before) -> Arc<UserView> {
        let view = Arc::new(UserView::from(user));
        self.users.keep(user.id, Arc::clone(&view), before);
        view
    }

    fn forget(&self, id: Id) {
        self.remembered.forget(|_, checked| checked.session == id);
    }

    /// Has `user`, and every session of theirs, looked up anew.
    pub fn forget_user(&self, user: Id) {
        self.remembered.forget(|_, checked| checked.user == user);
        self.users.forget(|id, _| *id == user);
    }

    /// All sessions of `user` but `kept` were ended by a change of the user.
    pub fn ended_all(&self, user: Id, kept: Option<Id>) {
        self.forget_user(user);
        self.watched.end_all(user, kept);
    }

    /// Completes when the session ends on this host.
    pub fn ended(&self, session: Id, user: Id) -> impl Future<Output = ()> + Send + use<> {
        self.watched.ended(session, user)
    }

    /// Ends a session: its tokens stop counting at once.
    pub async fn end(&self, id: Id) -> Result<()> {
        let ended = self.set(id, [("ended_at", Timestamp::now())]).await;
        self.is_over(id);
        match ended {
            // It was over already.
            Err(Error::Unauthenticated { .. }) => Ok(()),
            other => other,
        }
    }
}

/// The answer to a token whose session is over.
pub fn over() -> Error {
    Error::Unauthenticated {
        code: "auth.session.over",
        message: "the session is over; sign in again",
    }
}
