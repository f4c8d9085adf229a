//! What the cluster said when it was asked.

use crate::RawObject;
use crate::bindings::bowsprit::plugin::types::Answer;
use crate::bindings::diagnostics::exports::bowsprit::plugin::diagnostics as wit;

/// The cluster's replies to the queries of a check.
///
/// They can be thousands of objects of which a check looks at two or three
/// members each, so nothing of them is parsed before it is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Snapshot<'a> {
    answers: &'a [Answer],
    /// RFC 3339; the only clock.
    pub taken_at: &'a str,
}

/// The objects of one reply, in the host's order.
#[derive(Debug, Clone, Copy)]
pub struct Objects<'a>(&'a [String]);

impl<'a> Snapshot<'a> {
    /// A snapshot as it arrives.
    pub fn new(snapshot: &'a wit::Snapshot) -> Self {
        Self { answers: &snapshot.answers, taken_at: &snapshot.taken_at }
    }

    /// The objects that answer a query.
    ///
    /// # Errors
    ///
    /// A sentence to skip a check with, when the cluster did not let us look or
    /// did not answer.
    pub fn objects(&self, query: usize) -> Result<Objects<'a>, String> {
        match self.answers.get(query) {
            Some(Answer::Objects(texts)) => Ok(Objects(texts)),
            Some(Answer::Forbidden(why)) => Err(format!("The cluster does not let us look: {why}")),
            Some(Answer::Unavailable(why)) => Err(format!("The cluster does not answer: {why}")),
            None => Err("The cluster was not asked.".into()),
        }
    }

    /// All objects of a kind in all answers, in their order.
    pub fn of_kind(&self, kind: &str) -> impl Iterator<Item = RawObject<'a>> {
        let objects = self.answers.iter().filter_map(|answer| match answer {
            Answer::Objects(texts) => Some(Objects(texts)),
            _ => None,
        });
        objects.flat_map(Objects::iter).filter(move |it| it.text_at(&["kind"]) == kind)
    }
}

impl<'a> Objects<'a> {
    /// Each object.
    pub fn iter(self) -> impl Iterator<Item = RawObject<'a>> {
        self.0.iter().map(|text| RawObject::new(text))
    }

    /// The first object.
    pub fn first(self) -> Option<RawObject<'a>> {
        self.iter().next()
    }

    /// How many there are.
    pub const fn len(self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }
}
