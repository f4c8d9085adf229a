//! What was looked up a moment ago and is believed without asking the store.
//!
//! Not `moka`, which has no way to refuse an answer: what is checked before a
//! change is kept could be kept after it, because its `invalidate_entries_if`
//! holds no lock that an insertion waits for. A generation in the key would do,
//! but forgets everybody's answers whenever anybody signs in or out.

use std::{
    borrow::Borrow,
    hash::Hash,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use dashmap::DashMap;

/// Answers kept for a moment. What changes on this host is forgotten at once;
/// what another replica changes is over here when the moment is.
pub(crate) struct Recent<K, V> {
    entries: DashMap<K, (V, Instant)>,
    /// Counts what was forgotten: an answer looked up before that is not kept.
    forgotten: AtomicU64,
    trust: Duration,
    most: usize,
}

/// When a lookup began.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Before(u64);

impl<K: Hash + Eq, V: Clone> Recent<K, V> {
    /// Believes an answer for `trust`, and keeps `most` of them at most.
    pub(crate) fn new(trust: Duration, most: usize) -> Self {
        Self { entries: DashMap::new(), forgotten: AtomicU64::new(0), trust, most }
    }

    /// The answer, if it is recent enough.
    pub(crate) fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let entry = self.entries.get(key)?;
        let (value, at) = entry.value();
        (at.elapsed() < self.trust).then(|| value.clone())
    }

    /// To be called before an answer is looked up that is to be kept.
    pub(crate) fn before(&self) -> Before {
        Before(self.forgotten.load(Ordering::SeqCst))
    }

    /// Keeps an answer, unless something was forgotten since it was looked up.
    pub(crate) fn keep(&self, key: K, value: V, before: Before) {
        if self.entries.len() >= self.most {
            self.entries.retain(|_, (_, at)| at.elapsed() < self.trust);
            if self.entries.len() >= self.most {
                self.entries.clear();
            }
        }
        // Whoever forgets counts first and removes then, which waits for this.
        let entry = self.entries.entry(key);
        if self.forgotten.load(Ordering::SeqCst) == before.0 {
            entry.insert((value, Instant::now()));
        }
    }

    /// Forgets the answers for which `about` holds.
    pub(crate) fn forget(&self, about: impl Fn(&K, &V) -> bool) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        self.entries.retain(|key, (value, _)| !about(key, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn an_answer_is_believed_for_its_time() {
        for (trust, found) in [(HOUR, Some(1)), (Duration::ZERO, None)] {
            let recent = Recent::new(trust, 10);
            recent.keep("one", 1, recent.before());
            assert_eq!(recent.get("one"), found);
        }
    }

    #[test]
    fn what_was_looked_up_before_a_change_is_not_kept_after_it() {
        let recent = Recent::new(HOUR, 10);
        let before = recent.before();
        recent.forget(|_, _| false);
        recent.keep("one", 1, before);
        assert_eq!(recent.get("one"), None);
        recent.keep("one", 1, recent.before());
        recent.forget(|_, value| *value == 1);
        assert_eq!(recent.get("one"), None);
    }

    #[test]
    fn no_more_are_kept_than_wanted() {
        let recent = Recent::new(HOUR, 10);
        for n in 0..100 {
            recent.keep(n, n, recent.before());
            assert_eq!(recent.get(&n), Some(n));
            assert!(recent.entries.len() <= 10);
        }
    }
}
