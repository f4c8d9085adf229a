//! What has happened, told to those who watch and to the memory, in order.
//!
//! Things happen under a lock that must not be held while a store writes, so
//! they are noted first and told afterwards.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bowsprit_host_core::{
    audit::Actor,
    events::{Events, Topic},
    plugins::{ActivationEntry, PluginMemory, PluginReport, Remembered},
};
use serde::Serialize;

use super::change::Change;

/// Notes that are told in the order they were made.
pub(crate) struct Ledger {
    memory: Arc<dyn PluginMemory>,
    events: Arc<dyn Events>,
    notes: Mutex<Vec<Note>>,
    telling: tokio::sync::Mutex<()>,
    /// What the memory did not take, by plugin. It is tried again with
    /// whatever is told next.
    unkept: Mutex<BTreeMap<String, Change>>,
    /// Earlier generations that are remembered of a plugin.
    generations: usize,
}

/// One thing that has happened.
#[derive(Default)]
pub(crate) struct Note {
    /// What to tell who watches.
    pub(crate) event: Option<Event>,
    /// What has changed in what is remembered of the plugin.
    pub(crate) book: Option<Change>,
    /// What to log, and on whose account.
    pub(crate) entry: Option<(Actor, ActivationEntry)>,
}

/// What is told to those who watch.
pub(crate) enum Event {
    /// A plugin changed.
    Report(&'static str, Box<PluginReport>),
    /// A plugin is gone.
    Removed(String),
}

#[derive(Serialize)]
struct Removed<'a> {
    id: &'a str,
}

impl Ledger {
    /// `generations` earlier ones of a plugin are remembered.
    pub(crate) fn new(
        memory: Arc<dyn PluginMemory>,
        events: Arc<dyn Events>,
        generations: usize,
    ) -> Self {
        Self {
            memory,
            events,
            generations,
            notes: Mutex::default(),
            telling: tokio::sync::Mutex::default(),
            unkept: Mutex::default(),
        }
    }

    /// Everything that was remembered.
    pub(crate) async fn recall(&self) -> bowsprit_host_core::Result<Vec<Remembered>> {
        self.memory.recall().await
    }

    /// Notes something. To be called under the lock that orders things.
    pub(crate) fn note(&self, note: Note) {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).push(note);
    }

    /// Tells everything noted so far. When this is done, so is whatever was
    /// noted before, by whomever. Answers what the memory took, each with what
    /// it holds now: other hosts write to it too.
    pub(crate) async fn tell(&self) -> Vec<(Change, Remembered)> {
        let _in_order = self.telling.lock().await;
        let notes = std::mem::take(&mut *self.notes.lock().unwrap_or_else(PoisonError::into_inner));
        for note in &notes {
            match &note.event {
                Some(Event::Report(name, report)) => {
                    self.events.publish(&Topic::Plugins, name, &**report);
                }
                Some(Event::Removed(id)) => {
                    self.events.publish(&Topic::Plugins, "plugin.removed", &Removed { id });
                }
                None => {}
            }
        }
        let mut books = std::mem::take(&mut *self.unkept());
        let (newer, entries): (Vec<_>, Vec<_>) =
            notes.into_iter().map(|it| (it.book, it.entry)).unzip();
        for newer in newer.into_iter().flatten() {
            match books.entry(newer.after.id.clone()) {
                Entry::Vacant(it) => drop(it.insert(newer)),
                Entry::Occupied(mut it) => it.get_mut().after = newer.after,
            }
        }
        let mut taken = Vec::with_capacity(books.len());
        for (id, change) in books {
            let successor = |now| change.applied_to(now, self.generations);
            match self.memory.keep(&id, &successor).await {
                Ok(kept) => taken.push((change, kept)),
                Err(error) => {
                    // What serves is right; a restart would find it as it was.
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(plugin = id, error, "plugin's generations not remembered");
                    self.unkept().insert(id, change);
                }
            }
        }
        for (by, entry) in entries.into_iter().flatten() {
            self.memory.record(by, entry).await;
        }
        taken
    }

    /// Whether all that was told of the plugin is remembered.
    pub(crate) fn is_kept(&self, id: &str) -> bool {
        !self.unkept().contains_key(id)
    }

    fn unkept(&self) -> MutexGuard<'_, BTreeMap<String, Change>> {
        self.unkept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
