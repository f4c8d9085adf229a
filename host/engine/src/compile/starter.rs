//! What instances are started from. Its code may become better while it
//! serves; an instance keeps the code it was started with.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use arc_swap::ArcSwap;
use wasmtime::component::InstancePre;

use crate::{
    cache::Compiled,
    instance::{Exports, State},
    package::Digest,
    world::World,
};

/// How well code was compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tier {
    /// Without optimising, to serve soon.
    Quick,
    Optimised,
}

/// A linked component, and where its exports are.
pub(crate) struct Start {
    pub(crate) pre: InstancePre<State>,
    pub(crate) exports: Exports,
    pub(crate) tier: Tier,
    pub(crate) compiled: Compiled,
}

/// The code that the next instance is started with.
pub(crate) struct Starter(ArcSwap<Start>);

impl Starter {
    /// As it is now.
    pub(crate) fn now(&self) -> Arc<Start> {
        self.0.load_full()
    }

    /// How well its code is compiled.
    pub(crate) fn tier(&self) -> Tier {
        self.0.load().tier
    }

    pub(super) fn improve(&self, start: Start) {
        self.0.store(Arc::new(start));
    }
}

/// Those that something holds: a thousand plugins made of twenty components
/// take the memory of twenty.
#[derive(Default)]
pub(super) struct Starters(Mutex<BTreeMap<(Digest, World), Weak<Starter>>>);

impl Starters {
    pub(super) fn find(&self, key: (Digest, World)) -> Option<Arc<Starter>> {
        self.all().get(&key)?.upgrade()
    }

    /// Keeps one for as long as somebody holds it. Of two that were made at
    /// once the first stays.
    pub(super) fn keep(&self, key: (Digest, World), start: Start) -> Arc<Starter> {
        let mut all = self.all();
        all.retain(|_, it| it.strong_count() > 0);
        if let Some(first) = all.get(&key).and_then(Weak::upgrade) {
            return first;
        }
        let starter = Arc::new(Starter(ArcSwap::from_pointee(start)));
        all.insert(key, Arc::downgrade(&starter));
        starter
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<(Digest, World), Weak<Starter>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
