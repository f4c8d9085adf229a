//! The memory of plugins in the store, and their activation log in the audit
//! log, whose chain it shares.

use std::sync::Arc;

use async_trait::async_trait;

use super::{ActivationEntry, Happening, PluginMemory, Remembered, Successor};
use crate::{
    Result,
    audit::{Action, Actor, Audit, Object},
    store::{
        Collection, Direction, Documents, Field, FieldKind, Filter, Query, Record, Repository,
        StoreError, Unique,
    },
};

/// Plugins read at a time.
const PAGE: u32 = 500;

/// Where it is kept.
pub static PLUGINS: Collection = Collection {
    name: "plugin_generations",
    fields: &[Field { name: "plugin", kind: FieldKind::Text }],
    indexes: &[],
    unique: &[Unique { name: "plugin_id", fields: &["plugin"] }],
    expiry: None,
};

impl Record for Remembered {
    const COLLECTION: &'static Collection = &PLUGINS;

    fn key(&self) -> String {
        self.id.clone()
    }

    fn restore_key(&mut self, id: &str) {
        id.clone_into(&mut self.id);
    }
}

/// Remembers in a store.
#[derive(Clone)]
pub struct StoredMemory {
    stored: Repository<Remembered>,
    audit: Audit,
}

impl StoredMemory {
    /// The memory in `store`, with its log in `audit`.
    pub fn new(store: &Arc<dyn Documents>, audit: Audit) -> Self {
        Self { stored: Repository::new(Arc::clone(store)), audit }
    }
}

#[async_trait]
impl PluginMemory for StoredMemory {
    async fn recall(&self) -> Result<Vec<Remembered>> {
        let mut all: Vec<Remembered> = Vec::new();
        loop {
            let last = all.pop().map(|it| it.id);
            let filter = last.map_or(Filter::All, |id| Filter::AtLeast("plugin", id.into()));
            let query = Query::new(filter, PAGE).sorted("plugin", Direction::Ascending);
            let page = self.stored.find(&query).await?;
            let more = page.len() == PAGE as usize;
            all.extend(page.into_iter().map(|it| it.value));
            if !more {
                return Ok(all);
            }
        }
    }

    async fn keep(&self, id: &str, change: &Successor<'_>) -> Result<Remembered> {
        loop {
            let kept = self.stored.update(id, |it| {
                *it = change(it.clone());
                Ok::<(), StoreError>(())
            });
            if let Some(kept) = kept.await? {
                return Ok(kept.value);
            }
            match self.stored.insert(change(Remembered::new(id))).await {
                // Another host on the same store was first.
                Err(StoreError::Taken(_)) => {}
                other => return Ok(other?.value),
            }
        }
    }

    async fn record(&self, by: Actor, entry: ActivationEntry) {
        let detail = serde_json::to_string(&entry).unwrap_or_default();
        let object = Object::new("plugin", &entry.plugin).detail(detail);
        self.audit.record(by, action(entry.what), object).await;
    }
}

fn action(what: Happening) -> Action {
    match what {
        Happening::Activated => Action::PluginActivated,
        Happening::Held => Action::PluginHeld,
        Happening::Refused => Action::PluginRefused,
        Happening::RolledBack => Action::PluginRolledBack,
        Happening::Enabled => Action::PluginEnabled,
        Happening::Disabled => Action::PluginDisabled,
        Happening::PolicySet => Action::PluginPolicySet,
        Happening::Reloaded => Action::PluginReloaded,
        Happening::Removed => Action::PluginRemoved,
    }
}
