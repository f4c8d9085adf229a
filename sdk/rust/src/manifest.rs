//! Objects to apply.

use std::borrow::Cow;

use crate::bindings::exports::bowsprit::plugin::node_types as wit;
use crate::{Json, Kind, Object, OnImmutable, Order, Prune, WaitFor};

/// One object to apply, and how.
///
/// Starts as: applied with the workloads, waiting for nothing, deleted when it
/// is no longer rendered, asking when a field cannot be changed.
#[derive(Debug, Clone)]
pub struct Manifest<'a> {
    local_id: Cow<'a, str>,
    body: Object<'a>,
    order: Order,
    wait: WaitFor,
    prune: Prune,
    on_immutable: OnImmutable,
    yields: Vec<String>,
}

impl<'a> Manifest<'a> {
    /// An object of `kind`. `local_id` is its key within the node and has to
    /// stay the same for ever.
    pub fn new(local_id: impl Into<Cow<'a, str>>, kind: &Kind, metadata: Object<'a>) -> Self {
        let body = Object::new()
            .with("apiVersion", api_version(kind))
            .with("kind", kind.kind.clone())
            .with("metadata", metadata);
        Self::from_body(local_id, body)
    }

    /// An object that is already whole: with `apiVersion`, `kind` and
    /// `metadata.name`.
    pub fn from_body(local_id: impl Into<Cow<'a, str>>, body: Object<'a>) -> Self {
        Self {
            local_id: local_id.into(),
            body,
            order: Order::Workload,
            wait: WaitFor::Nothing,
            prune: Prune::Delete,
            on_immutable: OnImmutable::Ask,
            yields: Vec::new(),
        }
    }

    /// Adds a top-level member, such as `spec`.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl Into<Json<'a>>) -> Self {
        self.body.set(key, value);
        self
    }

    /// Adds a top-level member, unless it is empty or none.
    #[must_use]
    pub fn with_some(mut self, key: &'static str, value: Option<impl Into<Json<'a>>>) -> Self {
        if let Some(value) = value {
            self.body.set(key, value);
        }
        self
    }

    /// When it is applied relative to others.
    #[must_use]
    pub fn order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }

    /// What has to hold before objects that depend on it are applied.
    #[must_use]
    pub fn wait(mut self, wait: WaitFor) -> Self {
        self.wait = wait;
        self
    }

    /// What becomes of it when it is no longer rendered.
    #[must_use]
    pub fn prune(mut self, prune: Prune) -> Self {
        self.prune = prune;
        self
    }

    /// What to do when a changed field is immutable.
    #[must_use]
    pub fn on_immutable(mut self, on_immutable: OnImmutable) -> Self {
        self.on_immutable = on_immutable;
        self
    }

    /// Lets others own a field once the object exists.
    #[must_use]
    pub fn yields(mut self, pointer: impl Into<String>) -> Self {
        self.yields.push(pointer.into());
        self
    }

    pub(crate) fn into_wit(self) -> wit::Manifest {
        wit::Manifest {
            local_id: self.local_id.into_owned(),
            body: self.body.to_text(),
            order: self.order,
            wait: self.wait,
            prune: self.prune,
            on_immutable: self.on_immutable,
            yields: self.yields,
        }
    }
}

/// A kind by its API group (`""` for the core group), version and name.
pub fn kind(group: &str, version: &str, kind: &str) -> Kind {
    Kind { group: group.into(), version: version.into(), kind: kind.into() }
}

/// What objects of a kind have as `apiVersion`.
pub fn api_version(kind: &Kind) -> String {
    match kind.group.as_str() {
        "" => kind.version.clone(),
        group => format!("{group}/{}", kind.version),
    }
}
