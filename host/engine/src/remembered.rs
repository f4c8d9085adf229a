//! Answers that plugins gave before.
//!
//! A component sees no clock, no chance and nothing of earlier requests, so it
//! answers the same question the same way. A drawing is validated after each
//! change, and most of its nodes have not changed: their answers are taken
//! from here. What was answered belongs to one edition of the catalogue; any
//! plugin that comes, goes or changes makes a new one, and all is asked anew.

use std::{
    any::Any,
    hash::{Hash, Hasher},
    sync::Arc,
    time::Duration,
};

use bowsprit_host_core::node_types::{Context, Finding, Node, NodeType, Rendered, Watch};
use moka::sync::Cache;
use sha2::{Digest as _, Sha256};

/// For how long an answer is kept that nobody asks for.
const UNUSED: Duration = Duration::from_secs(600);

/// The answers of an engine's plugins.
pub(crate) struct Remembered(Option<Cache<Question, Kept>>);

/// What was asked. A digest, because a collision would be somebody else's
/// answer.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Question([u8; 32]);

#[derive(Clone)]
struct Kept {
    answer: Arc<dyn Any + Send + Sync>,
    bytes: u32,
}

impl Remembered {
    /// With so many bytes for answers; 0 remembers nothing.
    pub(crate) fn new(bytes: u64) -> Self {
        let cache = || {
            Cache::builder()
                .max_capacity(bytes)
                .weigher(|_: &Question, kept: &Kept| kept.bytes)
                .time_to_idle(UNUSED)
                .build()
        };
        Self((bytes > 0).then(cache))
    }

    /// Names a question, if answers are remembered; answers are checked
    /// against `node_type`.
    pub(crate) fn question(
        &self,
        (edition, function): (u64, &'static str),
        (node, context): (&Node, Option<&Context>),
        node_type: Option<&NodeType>,
    ) -> Option<Question> {
        self.0.as_ref()?;
        let allowed = node_type.map(|it| (&it.descriptor.produces, it.cluster_scoped));
        let mut sha = Sha(Sha256::new());
        (edition, function, node, context, allowed).hash(&mut sha);
        Some(Question(sha.0.finalize().into()))
    }

    /// The answer, if it was given before.
    pub(crate) fn answer<T: Answer>(&self, question: &Question) -> Option<T> {
        let kept = self.0.as_ref()?.get(question)?;
        kept.answer.downcast_ref::<T>().cloned()
    }

    /// Keeps an answer for as long as there is room for it.
    pub(crate) fn keep<T: Answer>(&self, question: Question, answer: &T) {
        let Some(cache) = &self.0 else { return };
        let bytes = u32::try_from(answer.bytes() + OWN).unwrap_or(u32::MAX);
        cache.insert(question, Kept { answer: Arc::new(answer.clone()), bytes });
    }
}

/// What keeping an answer takes besides it, roughly.
const OWN: usize = 256;

/// What can be remembered.
pub(crate) trait Answer: Any + Clone + Send + Sync {
    /// Bytes it takes, roughly.
    fn bytes(&self) -> usize;
}

impl Answer for String {
    fn bytes(&self) -> usize {
        self.len()
    }
}

impl Answer for Vec<Finding> {
    fn bytes(&self) -> usize {
        let text = |it: &Option<String>| it.as_ref().map_or(0, String::len);
        let bytes = |it: &Finding| {
            let fixes: usize = it.fixes.iter().map(String::len).sum();
            let texts = it.code.len() + it.message.len() + fixes;
            size_of::<Finding>() + texts + text(&it.node) + text(&it.at) + text(&it.suggestion)
        };
        self.iter().map(bytes).sum()
    }
}

impl Answer for (String, Vec<Finding>) {
    fn bytes(&self) -> usize {
        self.0.bytes() + self.1.bytes()
    }
}

impl Answer for Rendered {
    fn bytes(&self) -> usize {
        // A value takes about four times its text.
        let objects = self.manifests.iter().map(|it| 4 * it.body.to_string().len());
        objects.sum::<usize>() + self.findings.bytes()
    }
}

impl Answer for Vec<Watch> {
    fn bytes(&self) -> usize {
        self.len() * 2 * size_of::<Watch>()
    }
}

/// Digests what it is given.
struct Sha(Sha256);

impl Hasher for Sha {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Nobody asks: the digest is taken from within.
    fn finish(&self) -> u64 {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(data: &str) -> Node {
        Node { id: "a".into(), type_name: "echo".into(), data: data.into() }
    }

    fn asked(memory: &Remembered, edition: u64, data: &str, namespace: &str) -> Question {
        let context = Context { namespace: namespace.into(), ..Context::default() };
        memory.question((edition, "validate"), (&node(data), Some(&context)), None).unwrap()
    }

    #[test]
    fn the_same_question_has_its_answer() {
        let memory = Remembered::new(1 << 20);
        memory.keep(asked(&memory, 1, "{}", "a"), &"yes".to_owned());
        assert_eq!(memory.answer(&asked(&memory, 1, "{}", "a")), Some("yes".to_owned()));
        for other in [
            asked(&memory, 2, "{}", "a"),
            asked(&memory, 1, "{ }", "a"),
            asked(&memory, 1, "{}", "b"),
            memory.question((1, "validate"), (&node("{}"), None), None).unwrap(),
            memory.question((1, "render"), (&node("{}"), None), None).unwrap(),
        ] {
            assert_eq!(memory.answer::<String>(&other), None);
        }
    }

    #[test]
    fn parts_of_a_question_do_not_run_together() {
        let memory = Remembered::new(1 << 20);
        let of = |keys: &[&str]| {
            let environment_keys = keys.iter().map(|it| (*it).to_owned()).collect();
            let context = Context { environment_keys, ..Context::default() };
            memory.question((1, "validate"), (&node("{}"), Some(&context)), None)
        };
        assert!(of(&["ab", "c"]) != of(&["a", "bc"]) && of(&["a"]) != of(&["a", ""]));
    }

    #[test]
    fn no_more_is_kept_than_there_is_room_for() {
        let memory = Remembered::new(64 << 10);
        let large = "x".repeat(20 << 10);
        for n in 0..100 {
            memory.keep(asked(&memory, 1, &n.to_string(), "a"), &large);
        }
        let cache = memory.0.as_ref().unwrap();
        cache.run_pending_tasks();
        assert!((1..=64 << 10).contains(&cache.weighted_size()), "{}", cache.weighted_size());
        memory.keep(asked(&memory, 1, "{}", "a"), &"x".repeat(65 << 10));
        cache.run_pending_tasks();
        assert_eq!(memory.answer::<String>(&asked(&memory, 1, "{}", "a")), None);
    }

    #[test]
    fn without_room_nothing_is_named() {
        let memory = Remembered::new(0);
        assert!(memory.question((1, "validate"), (&node("{}"), None), None).is_none());
    }
}
