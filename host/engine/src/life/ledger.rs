//! What has happened, told to those who watch and to the memory, in order.
//!
//! Things happen under a lock that must not be held while a store writes, so
//! they are noted first and told afterwards.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bowsprit_host_core::{
    audit::Actor,
    events::{Events, Topic},
    plugins::{ActivationEntry, PluginMemory, PluginReport, Remembered},
};
use serde::Serialize;

/// Notes that are told in the order they were made.
pub(crate) struct Ledger {
    memory: Arc<dyn PluginMemory>,
    events: Arc<dyn Events>,
    notes: Mutex<Vec<Note>>,
    telling: tokio::sync::Mutex<()>,
    /// What the memory did not take, by plugin. It is tried again with
    /// whatever is told next.
    unkept: Mutex<BTreeMap<String, Remembered>>,
}

/// One thing that has happened.
#[derive(Default)]
pub(crate) struct Note {
    /// What to tell who watches.
    pub(crate) event: Option<Event>,
    /// What is remembered of the plugin from now on.
    pub(crate) book: Option<Remembered>,
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
    pub(crate) fn new(memory: Arc<dyn PluginMemory>, events: Arc<dyn Events>) -> Self {
        Self {
            memory,
            events,
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
    /// noted before, by whomever.
    pub(crate) async fn tell(&self) {
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
        books.extend(newer.into_iter().flatten().map(|it| (it.id.clone(), it)));
        for (id, book) in books {
            if let Err(error) = self.memory.keep(&book).await {
                // What serves is right; a restart would find it as it was.
                let error = &error as &dyn std::error::Error;
                tracing::error!(plugin = id, error, "plugin's generations not remembered");
                self.unkept().insert(id, book);
            }
        }
        for (by, entry) in entries.into_iter().flatten() {
            self.memory.record(by, entry).await;
        }
    }

    /// Whether all that was told of the plugin is remembered.
    pub(crate) fn is_kept(&self, id: &str) -> bool {
        !self.unkept().contains_key(id)
    }

    fn unkept(&self) -> MutexGuard<'_, BTreeMap<String, Remembered>> {
        self.unkept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
