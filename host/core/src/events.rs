//! Live events: what happens is published under a topic, whoever watches the
//! topic gets it, and who was away for a moment can catch up.

mod hub;

use std::{fmt, pin::Pin};

use bytes::Bytes;
use futures::Stream;
use serde::Serialize;

use crate::{id::Id, time::Timestamp};
pub use hub::Hub;

/// What a stream is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Topic {
    /// Node statuses of a workflow.
    Workflow(Id),
    /// Notifications of a user.
    Notifications(Id),
    /// Lives of plugin generations.
    Plugins,
    /// What a plugin writes to its log.
    PluginLog(String),
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Workflow(id) => write!(f, "workflow:{id}"),
            Self::Notifications(id) => write!(f, "notifications:{id}"),
            Self::Plugins => f.write_str("plugins"),
            Self::PluginLog(id) => write!(f, "plugin-log:{id}"),
        }
    }
}

/// Position of an event in its topic. Positions of one process start only
/// compare with each other, so an id also says which start it is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventId {
    /// Which start of the process.
    pub epoch: u32,
    /// Counts from 1 within the topic.
    pub sequence: u64,
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}-{}", self.epoch, self.sequence)
    }
}

impl std::str::FromStr for EventId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (epoch, sequence) = text.split_once('-').ok_or(())?;
        Ok(Self {
            epoch: u32::from_str_radix(epoch, 16).map_err(drop)?,
            sequence: sequence.parse().map_err(drop)?,
        })
    }
}

/// What a subscriber receives.
#[derive(Debug, Clone, PartialEq)]
pub enum Delivery {
    /// An event, framed once for all subscribers (WHATWG HTML, "event stream
    /// interpretation").
    Event(Bytes),
    /// Events were missed that are no longer kept: show the current state.
    Resync,
    /// Nothing happened for a while; send a comment.
    Heartbeat,
    /// The host is stopping; nothing follows.
    Closed,
}

/// A subscriber's events, in order.
pub type Subscription = Pin<Box<dyn Stream<Item = Delivery> + Send>>;

/// Publishes and delivers events.
pub trait Events: Send + Sync {
    /// Delivers `data` under `name` to all who watch `topic`. Never blocks.
    fn publish(&self, topic: &Topic, name: &'static str, data: &dyn ErasedJson);

    /// Events of `topic` after `after`; without it, from now on.
    fn subscribe(&self, topic: &Topic, after: Option<EventId>) -> Subscription;
}

/// Anything that serialises to JSON, behind a pointer.
pub trait ErasedJson {
    /// The JSON text on one line.
    fn to_json(&self) -> String;
}

impl<T: Serialize> ErasedJson for T {
    fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|_| "null".into())
    }
}

/// The envelope of workflow events.
#[derive(Debug, Serialize)]
pub struct Envelope<T> {
    /// What kind of topic: `workflow`.
    #[serde(rename = "type")]
    pub topic_type: &'static str,
    /// The topic as text.
    pub stream_key: String,
    /// The event's name.
    pub event_type: &'static str,
    /// When it was published.
    pub timestamp: Timestamp,
    /// What happened.
    pub data: T,
}

impl<T> Envelope<T> {
    /// An envelope for an event of a workflow.
    pub fn of_workflow(id: Id, event_type: &'static str, data: T) -> Self {
        let stream_key = Topic::Workflow(id).to_string();
        Self { topic_type: "workflow", stream_key, event_type, timestamp: Timestamp::now(), data }
    }
}
