//! What a component hands back, believed only after it is checked.
//!
//! The bytes of an answer are bounded before it gets here (`hostcall_fuel`);
//! shapes, list lengths and the kinds of objects are checked here.

use std::{cell::OnceCell, collections::HashSet};

use bowsprit_host_core::node_types as core;
use serde_json::Value;

use super::{
    manifests::Allowed,
    pointers::{is_pointer, resolved},
    shape::is_object,
};
use crate::{
    bindings::v0_1::{node_types as wit, types},
    fault::Fault,
};

pub(crate) type Checked<T> = Result<T, Fault>;

/// Checks answers of one call.
pub(crate) struct Answers<'a> {
    /// Longest list.
    list_entries: usize,
    /// The node the call is about.
    node: Option<&'a types::Node>,
    /// Its data, read when the first finding points into it.
    data: OnceCell<Option<Value>>,
}

impl<'a> Answers<'a> {
    /// For a call about `node`, if it is about one.
    pub(crate) fn new(list_entries: usize, node: Option<&'a types::Node>) -> Self {
        Self { list_entries, node, data: OnceCell::new() }
    }

    /// Converts each entry of a list that is not too long.
    pub(crate) fn list<A, B>(
        &self,
        what: &'static str,
        from: Vec<A>,
        each: impl FnMut(A) -> Checked<B>,
    ) -> Checked<Vec<B>> {
        if from.len() > self.list_entries {
            return Err(Fault::ListTooLong(what));
        }
        from.into_iter().map(each).collect()
    }

    /// Strings as they are, but not too many.
    pub(crate) fn strings(&self, what: &'static str, from: Vec<String>) -> Checked<Vec<String>> {
        self.list(what, from, Ok)
    }

    pub(crate) fn findings(&self, from: Vec<types::Finding>) -> Checked<Vec<core::Finding>> {
        self.list("the list of findings", from, |it| self.finding(it))
    }

    fn finding(&self, from: types::Finding) -> Checked<core::Finding> {
        if from.code.is_empty() || from.message.is_empty() {
            return Err(invalid("a finding without code or message"));
        }
        let at = from.at.map(|at| self.place(from.node.as_deref(), at)).transpose()?;
        Ok(core::Finding {
            code: from.code,
            severity: match from.severity {
                types::Severity::Info => core::Severity::Info,
                types::Severity::Warning => core::Severity::Warning,
                types::Severity::Error => core::Severity::Error,
                types::Severity::Blocker => core::Severity::Blocker,
            },
            message: from.message,
            node: from.node,
            at,
            suggestion: from.suggestion,
            fixes: self.strings("a finding's list of fixes", from.fixes)?,
        })
    }

    /// A pointer of a finding about `node`; one that leads nowhere is cut
    /// back to where it stops leading somewhere (docs/adr/0010).
    fn place(&self, node: Option<&str>, at: String) -> Checked<String> {
        pointer("a finding's `at`", &at)?;
        let own = self.node.filter(|own| node.is_none_or(|it| it == own.id));
        let Some(own) = own else { return Ok(at) };
        let data = self.data.get_or_init(|| serde_json::from_str(&own.data).ok());
        let Some(data) = data else { return Ok(at) };
        let place = resolved(&at, data);
        if place.len() < at.len() {
            tracing::warn!(node = own.id, ?at, place, "a finding points to nothing");
        }
        Ok(place.to_owned())
    }

    /// A node's objects; each is as `allowed`.
    pub(crate) fn rendered(
        &self,
        from: wit::Rendered,
        allowed: &Allowed<'_>,
    ) -> Checked<core::Rendered> {
        let mut ids = HashSet::new();
        let manifests = self.list("the list of manifests", from.manifests, |it| {
            let manifest = self.manifest(it, allowed)?;
            if !ids.insert(manifest.local_id.clone()) {
                return Err(invalid(format!(
                    "two manifests with local id `{}`",
                    manifest.local_id
                )));
            }
            Ok(manifest)
        })?;
        Ok(core::Rendered { manifests, findings: self.findings(from.findings)? })
    }

    fn manifest(&self, from: wit::Manifest, allowed: &Allowed<'_>) -> Checked<core::Manifest> {
        if from.local_id.is_empty() {
            return Err(invalid("a manifest without local id"));
        }
        let order = order(from.order);
        let body = allowed.body(&from.local_id, &from.body, order)?;
        let yields = self.list("a manifest's list of fields", from.yields, |it| {
            pointer("a manifest's `yields`", &it)?;
            Ok(it)
        })?;
        Ok(core::Manifest {
            local_id: from.local_id,
            body,
            order,
            wait: match from.wait {
                wit::WaitFor::Nothing => core::WaitFor::Nothing,
                wit::WaitFor::Existence => core::WaitFor::Existence,
                wit::WaitFor::Readiness => core::WaitFor::Readiness,
                wit::WaitFor::Completion => core::WaitFor::Completion,
            },
            prune: match from.prune {
                wit::Prune::Delete => core::Prune::Delete,
                wit::Prune::Keep => core::Prune::Keep,
                wit::Prune::Ask => core::Prune::Ask,
            },
            on_immutable: match from.on_immutable {
                wit::OnImmutable::Ask => core::OnImmutable::Ask,
                wit::OnImmutable::Replace => core::OnImmutable::Replace,
                wit::OnImmutable::Skip => core::OnImmutable::Skip,
                wit::OnImmutable::NewName => core::OnImmutable::NewName,
            },
            yields,
        })
    }

    /// What a status wants to see: something named or something selected.
    pub(crate) fn watches(&self, from: Vec<wit::Watch>) -> Checked<Vec<core::Watch>> {
        self.list("the list of watches", from, |it| {
            if it.name.is_some() == it.selector.is_some() {
                return Err(invalid("a watch with both or neither of `name` and `selector`"));
            }
            Ok(core::Watch {
                kind: kind(it.kind),
                namespace: it.namespace,
                name: it.name,
                selector: it.selector,
                with_pods: it.with_pods,
                with_events: it.with_events,
            })
        })
    }

    pub(crate) fn status(&self, from: wit::NodeStatus) -> Checked<core::NodeStatus> {
        let marks: serde_json::Map<String, Value> =
            serde_json::from_str(&from.marks).map_err(|_| invalid("`marks` is no JSON object"))?;
        if let Some(key) = marks.keys().find(|it| !it.starts_with('_')) {
            return Err(invalid(format!("a mark `{key}` that does not start with `_`")));
        }
        Ok(core::NodeStatus {
            state: state(from.state),
            reason: from.reason,
            message: from.message,
            ready: from.ready,
            desired: from.desired,
            addresses: self.strings("the list of addresses", from.addresses)?,
            findings: self.findings(from.findings)?,
            card: object("`card`", from.card)?,
            marks: from.marks,
        })
    }
}

/// The text of a JSON object.
pub(crate) fn object(what: &str, text: String) -> Checked<core::Json> {
    if is_object(&text) { Ok(text) } else { Err(invalid(format!("{what} is no JSON object"))) }
}

pub(crate) fn kind(from: types::Kind) -> core::Kind {
    core::Kind { group: from.group, version: from.version, kind: from.kind }
}

pub(crate) fn invalid(what: impl Into<String>) -> Fault {
    Fault::InvalidOutput(what.into())
}

pub(crate) fn pointer(what: &str, text: &str) -> Checked<()> {
    if is_pointer(text) {
        Ok(())
    } else {
        Err(invalid(format!("{what} is `{text}`, which is no JSON pointer")))
    }
}

fn order(from: wit::Order) -> core::Order {
    match from {
        wit::Order::ClusterScope => core::Order::ClusterScope,
        wit::Order::Namespace => core::Order::Namespace,
        wit::Order::Configuration => core::Order::Configuration,
        wit::Order::Storage => core::Order::Storage,
        wit::Order::Workload => core::Order::Workload,
        wit::Order::Routing => core::Order::Routing,
        wit::Order::Policy => core::Order::Policy,
        wit::Order::Last => core::Order::Last,
    }
}

fn state(from: wit::State) -> core::State {
    match from {
        wit::State::Unknown => core::State::Unknown,
        wit::State::Pending => core::State::Pending,
        wit::State::Progressing => core::State::Progressing,
        wit::State::Healthy => core::State::Healthy,
        wit::State::Degraded => core::State::Degraded,
        wit::State::Failed => core::State::Failed,
        wit::State::Completed => core::State::Completed,
        wit::State::Suspended => core::State::Suspended,
        wit::State::Deleted => core::State::Deleted,
    }
}
