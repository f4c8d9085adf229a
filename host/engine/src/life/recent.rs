//! The last inputs a plugin was asked to render, for comparing generations.
//!
//! Secrets are absent by construction: components are given names of secrets,
//! never values. Inputs are bounded in number and bytes; now and then `shelf`
//! puts them where the next start finds them.

use std::{
    collections::{HashSet, VecDeque},
    hash::{BuildHasher, Hash, Hasher, RandomState},
    mem::size_of_val,
    sync::{Mutex, PoisonError},
};

use bowsprit_host_core::node_types::{Context, Node};
use serde::{Deserialize, Serialize};

/// One input of `render`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Input {
    pub(crate) node: Node,
    pub(crate) context: Context,
}

/// The last different inputs of one plugin, whichever generation got them.
#[derive(Debug)]
pub(crate) struct Recent {
    most: usize,
    most_bytes: usize,
    hashing: RandomState,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// Oldest first, with hash and size.
    inputs: VecDeque<(u64, usize, Input)>,
    hashes: HashSet<u64>,
    bytes: usize,
    /// Whether there are some that the shelf has not.
    changed: bool,
    /// Whether those of earlier starts are among them.
    recalled: bool,
}

impl Recent {
    pub(crate) fn new(most: usize, most_bytes: usize) -> Self {
        Self { most, most_bytes, hashing: RandomState::new(), kept: Mutex::default() }
    }

    /// Remembers an input, unless it is there already.
    pub(crate) fn note(&self, node: &Node, context: &Context) {
        let bytes = size(node, context);
        if self.most == 0 || bytes > self.most_bytes {
            return;
        }
        let hash = self.hash(node, context);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if !kept.hashes.insert(hash) {
            return;
        }
        kept.bytes += bytes;
        kept.changed = true;
        let input = Input { node: node.clone(), context: context.clone() };
        kept.inputs.push_back((hash, bytes, input));
        while kept.inputs.len() > self.most || kept.bytes > self.most_bytes {
            let Some((hash, bytes, _)) = kept.inputs.pop_front() else { break };
            kept.hashes.remove(&hash);
            kept.bytes -= bytes;
        }
    }

    /// Adds what was remembered before the host started, newest first, as far
    /// as there is room.
    pub(crate) fn recall(&self, older: Vec<Input>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::replace(&mut kept.recalled, true) {
            return;
        }
        for input in older {
            let bytes = size(&input.node, &input.context);
            let hash = self.hash(&input.node, &input.context);
            if kept.inputs.len() >= self.most || kept.bytes + bytes > self.most_bytes {
                return;
            }
            if kept.hashes.insert(hash) {
                kept.bytes += bytes;
                kept.inputs.push_front((hash, bytes, input));
            }
        }
    }

    /// Whether [`Self::recall`] is still to come.
    pub(crate) fn is_unrecalled(&self) -> bool {
        !self.kept.lock().unwrap_or_else(PoisonError::into_inner).recalled
    }

    /// Whether there are new ones since this was last asked.
    pub(crate) fn take_changed(&self) -> bool {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut kept.changed)
    }

    /// Has [`Self::take_changed`] say so again.
    pub(crate) fn set_changed(&self) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).changed = true;
    }

    /// Most bytes of all inputs.
    pub(crate) fn most_bytes(&self) -> usize {
        self.most_bytes
    }

    /// What is remembered, newest first.
    pub(crate) fn inputs(&self) -> Vec<Input> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.inputs.iter().rev().map(|(_, _, input)| input.clone()).collect()
    }

    fn hash(&self, node: &Node, context: &Context) -> u64 {
        let mut hasher = self.hashing.build_hasher();
        let Context {
            namespace,
            cluster,
            neighbours,
            names,
            environment_keys,
            secret_keys,
            pull_secrets,
            identity_labels,
            schemas,
        } = context;
        (node, namespace, cluster, neighbours, names).hash(&mut hasher);
        (environment_keys, secret_keys, pull_secrets, identity_labels).hash(&mut hasher);
        schemas.hash(&mut hasher);
        hasher.finish()
    }
}

/// About how many bytes an input takes.
fn size(node: &Node, context: &Context) -> usize {
    let texts = |all: &[String]| all.iter().map(|it| it.len() + size_of_val(it)).sum::<usize>();
    let neighbours = context.neighbours.iter().map(|it| size_of_val(it) + it.view.len());
    let schemas = context.schemas.iter().map(|it| size_of_val(it) + it.1.len());
    size_of_val(node)
        + size_of_val(context)
        + node.data.len()
        + context.cluster.as_ref().map_or(0, String::len)
        + neighbours.sum::<usize>()
        + schemas.sum::<usize>()
        + context.names.as_json().len()
        + texts(&context.environment_keys)
        + texts(&context.secret_keys)
        + texts(&context.pull_secrets)
        + context.identity_labels.iter().map(|it| size_of_val(it) + it.1.len()).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(id: &str, bytes: usize) -> Node {
        Node { id: id.into(), type_name: "t".into(), data: "x".repeat(bytes) }
    }

    fn ids(recent: &Recent) -> Vec<String> {
        recent.inputs().into_iter().map(|it| it.node.id).collect()
    }

    #[test]
    fn the_newest_different_inputs_stay() {
        let recent = Recent::new(2, 1 << 20);
        let context = Context::default();
        for id in ["a", "b", "b", "c"] {
            recent.note(&node(id, 1), &context);
        }
        assert_eq!(ids(&recent), ["c", "b"]);
        recent.note(&node("a", 1), &context);
        assert_eq!(ids(&recent), ["a", "c"], "what was forgotten is new again");
        let elsewhere = Context { namespace: "other".into(), ..Context::default() };
        recent.note(&node("a", 1), &elsewhere);
        assert_eq!(ids(&recent), ["a", "a"]);
    }

    #[test]
    fn what_is_recalled_is_older_and_takes_the_room_that_is_left() {
        let input = |id: &str| Input { node: node(id, 4_000), context: Context::default() };
        let recent = Recent::new(3, 1 << 20);
        assert!(recent.is_unrecalled() && !recent.take_changed());
        for id in ["y", "z"] {
            recent.note(&node(id, 4_000), &Context::default());
        }
        recent.recall(vec![input("y"), input("x"), input("w")]);
        assert_eq!(ids(&recent), ["z", "y", "x"]);
        recent.recall(vec![input("v")]);
        assert_eq!(ids(&recent), ["z", "y", "x"], "once");
        assert!(recent.take_changed() && !recent.take_changed());
        let small = Recent::new(3, 10_000);
        small.recall(vec![input("x"), input("w"), input("v")]);
        assert_eq!(ids(&small), ["x", "w"]);
        assert!(!small.take_changed(), "the shelf has them");
    }

    #[test]
    fn bytes_are_bounded() {
        let recent = Recent::new(100, 10_000);
        let context = Context::default();
        recent.note(&node("large", 10_000), &context);
        assert!(ids(&recent).is_empty());
        for id in ["a", "b", "c", "d"] {
            recent.note(&node(id, 4_000), &context);
        }
        assert_eq!(ids(&recent), ["d", "c"]);
        let none = Recent::new(0, 10_000);
        none.note(&node("a", 1), &context);
        assert!(ids(&none).is_empty());
    }
}
