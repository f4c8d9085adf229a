//! Looks over the shoulder of whoever publishes events.

use std::sync::Arc;

use serde::Deserialize;

use super::{Action, Actor, Audit, Object};
use crate::{
    events::{ErasedJson, EventId, Events, Subscription, Topic},
    tasks::Tasks,
};

/// Passes events on, and tells the log which plugin generations went live:
/// what the plugins' own package publishes is all that others see of it.
pub struct Witness {
    events: Arc<dyn Events>,
    audit: Audit,
    tasks: Arc<dyn Tasks>,
}

#[derive(Deserialize)]
struct Activated {
    id: String,
    #[serde(default)]
    generation: Option<String>,
}

impl Witness {
    /// Stands between a publisher and `events`.
    pub fn new(events: Arc<dyn Events>, audit: Audit, tasks: Arc<dyn Tasks>) -> Self {
        Self { events, audit, tasks }
    }
}

impl Events for Witness {
    fn publish(&self, topic: &Topic, name: &'static str, data: &dyn ErasedJson) {
        self.events.publish(topic, name, data);
        let activates = matches!(name, "plugin.generation.live" | "plugin.generation.rolled-back");
        if *topic != Topic::Plugins || !activates {
            return;
        }
        if let Ok(Activated { id, generation }) = serde_json::from_str(&data.to_json()) {
            let object = Object::new("plugin", id).detail(generation.unwrap_or_default());
            let audit = self.audit.clone();
            self.tasks.start("audit a plugin", async move {
                audit.record(Actor::default(), Action::PluginActivated, object).await;
            });
        }
    }

    fn subscribe(&self, topic: &Topic, after: Option<EventId>) -> Subscription {
        self.events.subscribe(topic, after)
    }
}
