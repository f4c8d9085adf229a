//! How a node is doing: what is asked, what is seen, what is said.

use std::borrow::Cow;

use crate::bindings::exports::bowsprit::plugin::node_types as wit;
use crate::{Finding, Kind, NodeStatus, Object, State, Watch};

/// The cluster's reply to one [`Watch`], parsed.
#[derive(Debug, Clone)]
pub enum Answer<'a> {
    /// The objects: those asked for, then those a watch added.
    Objects(Vec<Object<'a>>),
    /// The host may not look; says who forbade what.
    Forbidden(&'a str),
    /// The cluster did not answer; says why.
    Unavailable(&'a str),
}

impl<'a> Answer<'a> {
    /// Parses an answer as it arrives. Objects that cannot be read are left
    /// out.
    pub(crate) fn parse(answer: &'a wit::Answer) -> Self {
        match answer {
            wit::Answer::Objects(texts) => {
                Self::Objects(texts.iter().filter_map(|it| Object::parse(it).ok()).collect())
            }
            wit::Answer::Forbidden(reason) => Self::Forbidden(reason),
            wit::Answer::Unavailable(reason) => Self::Unavailable(reason),
        }
    }
}

/// What a status is made from.
#[derive(Debug, Clone)]
pub struct Observation<'a> {
    /// One answer per watch, in the order of the watches.
    pub answers: Vec<Answer<'a>>,
    /// The time, RFC 3339; the only clock.
    pub at: &'a str,
    /// The status before this one.
    pub previous: Option<&'a NodeStatus>,
}

impl<'a> Observation<'a> {
    /// Parses answers as they arrive.
    pub fn parse(
        answers: &'a [wit::Answer],
        at: &'a str,
        previous: Option<&'a NodeStatus>,
    ) -> Self {
        Self { answers: answers.iter().map(Answer::parse).collect(), at, previous }
    }

    /// The objects in the first answer, or the status to give when there are
    /// none to look at: `unknown` when the cluster did not let us look,
    /// `deleted` or `pending` when there is no object of `kind`.
    ///
    /// # Errors
    ///
    /// That status, boxed because it is large.
    pub fn main_object(&self, kind: &str) -> Result<(&Object<'a>, &[Object<'a>]), Box<Status>> {
        match self.answers.first() {
            Some(Answer::Objects(objects)) => {
                let own = objects.iter().position(|it| it.text_at(&["kind"]) == kind);
                let own = own.and_then(|index| Some((objects.get(index)?, objects.as_slice())));
                own.ok_or_else(|| Box::new(self.absent()))
            }
            Some(Answer::Forbidden(reason)) => Err(Box::new(
                self.blind("Forbidden", format!("The cluster does not let us look: {reason}")),
            )),
            Some(Answer::Unavailable(reason)) => Err(Box::new(
                self.blind("Unavailable", format!("The cluster does not answer: {reason}")),
            )),
            None => Err(Box::new(self.blind("NotObserved", "Nothing was observed yet.".into()))),
        }
    }

    fn absent(&self) -> Status {
        let was_there =
            self.previous.is_some_and(|it| !matches!(it.state, State::Unknown | State::Pending));
        if was_there {
            Status::new(State::Deleted, "Deleted", "It is no longer in the cluster.", "deleted")
        } else {
            Status::new(State::Pending, "NotCreated", "It is not in the cluster yet.", "pending")
        }
    }

    /// Says that nothing can be said, and leaves the card as it was.
    fn blind(&self, reason: &'static str, message: String) -> Status {
        let mut status = Status::new(State::Unknown, reason, message, "unknown");
        if let Some(previous) = self.previous {
            status.ready = previous.ready;
            status.desired = previous.desired;
            status.addresses = previous.addresses.clone();
            status.kept_card = Some(previous.card.clone());
            status.kept_marks = Some(previous.marks.clone());
        }
        status
    }
}

/// How a node is doing. Findings are added by the [`Report`](crate::Report)
/// of the call.
#[derive(Debug, Clone)]
pub struct Status {
    state: State,
    reason: String,
    message: String,
    /// Replicas that are ready.
    pub ready: Option<u32>,
    /// Replicas that are wanted.
    pub desired: Option<u32>,
    /// Where the node can be reached.
    pub addresses: Vec<String>,
    card: Object<'static>,
    marks: Object<'static>,
    kept_card: Option<String>,
    kept_marks: Option<String>,
}

impl Status {
    /// A status. `card_state` is the state word of the canvas card, which has
    /// its own vocabulary; the card also shows the message.
    pub fn new(
        state: State,
        reason: impl Into<String>,
        message: impl Into<String>,
        card_state: impl Into<Cow<'static, str>>,
    ) -> Self {
        let message = message.into();
        let card = Object::new().with("message", message.clone()).with("state", card_state.into());
        Self {
            state,
            reason: reason.into(),
            message,
            ready: None,
            desired: None,
            addresses: Vec::new(),
            card,
            marks: Object::new(),
            kept_card: None,
            kept_marks: None,
        }
    }

    /// Whether this is the state.
    pub fn is(&self, state: State) -> bool {
        self.state == state
    }

    /// Adds something to the card.
    #[must_use]
    pub fn card(
        mut self,
        key: impl Into<Cow<'static, str>>,
        value: impl Into<crate::Json<'static>>,
    ) -> Self {
        self.card.set(key, value);
        self
    }

    /// Lays a key over the node's data; its name starts with `_`.
    #[must_use]
    pub fn mark(mut self, key: &'static str, value: impl Into<crate::Json<'static>>) -> Self {
        self.marks.set(key, value);
        self
    }

    pub(crate) fn into_wit(self, findings: Vec<Finding>) -> NodeStatus {
        NodeStatus {
            state: self.state,
            reason: self.reason,
            message: self.message,
            ready: self.ready,
            desired: self.desired,
            addresses: self.addresses,
            findings,
            card: self.kept_card.unwrap_or_else(|| self.card.to_text()),
            marks: self.kept_marks.unwrap_or_else(|| self.marks.to_text()),
        }
    }
}

/// Watches one object by name, in the node's namespace or a given one.
pub fn watch(kind: Kind, namespace: Option<String>, name: impl Into<String>) -> Watch {
    Watch {
        kind,
        namespace,
        name: Some(name.into()),
        selector: None,
        with_pods: false,
        with_events: false,
    }
}

/// Watches the objects of a kind that a label selector matches, among those
/// that carry the node's labels.
pub fn watch_selected(kind: Kind, namespace: Option<String>, selector: String) -> Watch {
    let selector = Some(selector);
    Watch { kind, namespace, name: None, selector, with_pods: false, with_events: false }
}

/// A message of the cluster as the end of a sentence, on one line and short.
pub fn sentence(message: &str) -> String {
    const LONGEST: usize = 300;
    let line: String = message.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut line: String = line.chars().take(LONGEST).collect();
    if line.is_empty() {
        line.push_str("the cluster gives no reason");
    }
    if !line.ends_with('.') {
        line.push('.');
    }
    line
}
