//! Which handles a new edge can end at.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::Candidate;
use crate::{
    drawing::Parts,
    node_types::{Descriptor, EdgeDirection, Handle},
};

/// The edges that are there.
pub(super) struct Drawn<'a> {
    /// Both ends, the smaller first.
    pairs: HashSet<(&'a str, &'a str)>,
    /// Edges by node and handle.
    used: HashMap<(&'a str, &'a str), u32>,
}

/// Whether a type has a handle that edges of this role start at.
pub(super) fn starts(descriptor: &Descriptor, role: &str) -> bool {
    of(descriptor, EdgeDirection::Outgoing, role).next().is_some()
}

fn of<'d>(
    descriptor: &'d Descriptor,
    direction: EdgeDirection,
    role: &str,
) -> impl Iterator<Item = &'d Handle> {
    let fits =
        move |it: &&Handle| it.direction == direction && it.roles.iter().any(|it| it == role);
    descriptor.handles.iter().filter(fits)
}

impl<'a> Drawn<'a> {
    pub(super) fn of(parts: &'a Parts<'a>) -> Self {
        let mut this = Self { pairs: HashSet::new(), used: HashMap::new() };
        for it in &parts.edges {
            let (a, b) = (it.source.as_ref(), it.target.as_ref());
            this.pairs.insert((a.min(b), a.max(b)));
            let ends = [(a, it.source_handle.as_deref()), (b, it.target_handle.as_deref())];
            for (node, handle) in ends {
                *this.used.entry((node, handle.unwrap_or_default())).or_default() += 1;
            }
        }
        this
    }

    /// Whether an edge is drawn between two nodes.
    pub(super) fn connects(&self, a: &str, b: &str) -> bool {
        self.pairs.contains(&(a.min(b), a.max(b)))
    }

    /// The handle an edge of this role to `name` starts at. `Some(None)` where
    /// it need not be named; `None` if no handle is free.
    pub(super) fn source_handle(
        &self,
        node: &Candidate<'_>,
        name: &str,
        role: &str,
    ) -> Option<Option<String>> {
        let descriptor = node.end.descriptor;
        let mut handles = of(descriptor, EdgeDirection::Outgoing, role).peekable();
        if handles.peek().is_none() {
            return Some(None);
        }
        handles.find_map(|it| match &it.per_item {
            None => self.plain(node, it),
            Some(list) => self.of_item(node, it, list, name).map(Some),
        })
    }

    /// The same for where it ends.
    pub(super) fn target_handle(&self, node: &Candidate<'_>, role: &str) -> Option<Option<String>> {
        let mut handles = of(node.end.descriptor, EdgeDirection::Incoming, role).peekable();
        if handles.peek().is_none() {
            return Some(None);
        }
        handles.find_map(|it| self.plain(node, it))
    }

    fn plain(&self, node: &Candidate<'_>, handle: &Handle) -> Option<Option<String>> {
        if !self.is_free(node.id, &handle.id, handle) {
            return None;
        }
        let same = |it: &&Handle| it.direction == handle.direction;
        let is_only = node.end.descriptor.handles.iter().filter(same).count() == 1;
        Some((!is_only).then(|| handle.id.clone()))
    }

    /// The handle of the item that names the other node, else of the first one
    /// without an edge.
    fn of_item(
        &self,
        node: &Candidate<'_>,
        handle: &Handle,
        list: &str,
        name: &str,
    ) -> Option<String> {
        let items = node.clues.data.pointer(list).and_then(Value::as_array)?;
        let id_of = |item: &Value| {
            let id = item.get("id")?.as_str()?;
            let prefixed = || format!("{}{id}", handle.id);
            Some(if id.starts_with(&handle.id) { id.to_owned() } else { prefixed() })
        };
        let names_it = |item: &&Value| {
            item.as_object().is_some_and(|it| it.values().any(|it| it.as_str() == Some(name)))
        };
        let named = items.iter().filter(names_it);
        let ids = named.chain(items.iter()).filter_map(id_of);
        ids.into_iter().find(|id| self.is_free(node.id, id, handle))
    }

    fn is_free(&self, node: &str, id: &str, handle: &Handle) -> bool {
        let used = self.used.get(&(node, id)).copied().unwrap_or_default();
        handle.at_most.is_none_or(|most| used < most)
    }
}
