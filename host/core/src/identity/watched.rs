//! Sessions somebody waits for the end of: those of open streams.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

use super::{Identity, users::User};
use crate::{
    Result,
    id::Id,
    store::{Filter, Query},
    time::Timestamp,
};

/// Sessions asked for at once.
const ASKED: usize = 5_000;

/// Entries nobody waits at are looked for when there are twice as many entries
/// as after the last look, but not before there are so many.
const LOOK: usize = 64;

/// Tells those who wait that a session is over. Knows what ends on this host;
/// what others end is looked for, see [`Identity::notice_ended`].
#[derive(Clone, Default)]
pub(super) struct Watched {
    waiting: Arc<Mutex<Waiting>>,
}

#[derive(Default)]
struct Waiting {
    /// By session; with its user.
    sessions: HashMap<Id, (Id, watch::Sender<bool>)>,
    kept: usize,
}

impl Watched {
    /// Completes when the session ends.
    pub(super) fn ended(&self, session: Id, user: Id) -> impl Future<Output = ()> + Send + use<> {
        let mut waiting = self.lock();
        if waiting.sessions.len() >= (2 * waiting.kept).max(LOOK) {
            waiting.sessions.retain(|_, (_, over)| over.receiver_count() > 0);
            waiting.kept = waiting.sessions.len();
        }
        let entry = waiting.sessions.entry(session);
        let mut over = entry.or_insert_with(|| (user, watch::Sender::new(false))).1.subscribe();
        async move {
            // Fails only if the sender is gone, and with it the host.
            let _ = over.wait_for(|it| *it).await;
        }
    }

    /// A session has ended.
    pub(super) fn end(&self, session: Id) {
        if let Some((_, over)) = self.lock().sessions.remove(&session) {
            over.send_replace(true);
        }
    }

    /// All sessions of a user but `kept` have ended.
    pub(super) fn end_all(&self, user: Id, kept: Option<Id>) {
        self.lock().sessions.retain(|session, (owner, over)| {
            let ends = *owner == user && Some(*session) != kept;
            if ends {
                over.send_replace(true);
            }
            !ends
        });
    }

    /// The sessions somebody waits at, with their users.
    fn awaited(&self) -> Vec<(Id, Id)> {
        let waiting = self.lock();
        let awaited = waiting.sessions.iter().filter(|(_, (_, over))| over.receiver_count() > 0);
        awaited.map(|(session, (user, _))| (*session, *user)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Identity {
    /// Tells those who wait here for the end of a session that another host
    /// has ended. Two reads, however many wait.
    ///
    /// # Errors
    ///
    /// Those of the store; nobody is told anything then.
    pub async fn notice_ended(&self) -> Result<()> {
        for some in self.sessions.watched.awaited().chunks(ASKED) {
            self.notice_ended_of(some).await?;
        }
        Ok(())
    }

    async fn notice_ended_of(&self, awaited: &[(Id, Id)]) -> Result<()> {
        let users: HashSet<Id> = awaited.iter().map(|(_, user)| *user).collect();
        let page = |ids: Vec<String>| Query::new(Filter::Ids(ids), ASKED as u32);
        let users = page(users.iter().map(Id::to_string).collect());
        let users = self.users.find(&users).await?;
        let users: HashMap<Id, &User> = users.iter().map(|it| (it.id, &it.value)).collect();
        let sessions = page(awaited.iter().map(|(session, _)| session.to_string()).collect());
        let sessions = self.sessions.find(&sessions).await?;
        let (now, mut live) = (Timestamp::now(), HashSet::new());
        for session in sessions {
            let user = users.get(&session.user_id).filter(|it| it.is_active());
            if user.is_some_and(|it| session.belongs_to(it)) && session.refresh_until >= now {
                live.insert(session.id);
            }
        }
        let over = awaited.iter().filter(|(session, _)| !live.contains(session));
        over.for_each(|(session, _)| self.sessions.is_over(*session));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    fn is_over(wait: impl Future<Output = ()>) -> bool {
        wait.now_or_never().is_some()
    }

    #[test]
    fn those_who_wait_hear_of_it_and_no_others() {
        let watched = Watched::default();
        let (user, other) = (Id::new(), Id::new());
        let sessions: Vec<Id> = (0..4).map(|_| Id::new()).collect();
        let owner = |n: usize| if n == 3 { other } else { user };
        let waits = || -> Vec<_> {
            sessions.iter().enumerate().map(|(n, it)| watched.ended(*it, owner(n))).collect()
        };
        let over = |waits: Vec<_>| -> Vec<bool> { waits.into_iter().map(is_over).collect() };
        let (before, after) = (waits(), waits());
        assert_eq!(over(before), [false; 4]);
        watched.end_all(user, Some(sessions[1]));
        assert_eq!(over(after), [true, false, true, false]);
        let last = watched.ended(sessions[1], user);
        watched.end(sessions[1]);
        assert!(last.now_or_never().is_some());
    }

    #[test]
    fn forgets_whom_nobody_waits_for() {
        let watched = Watched::default();
        let user = Id::new();
        let kept = watched.ended(user, user);
        for _ in 0..1000 {
            drop(watched.ended(Id::new(), user));
        }
        assert!(watched.lock().sessions.len() <= LOOK);
        watched.end(user);
        assert!(kept.now_or_never().is_some());
    }
}
