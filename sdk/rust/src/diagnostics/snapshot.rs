//! What the cluster said when it was asked.

use crate::bindings::diagnostics::exports::bowsprit::plugin::diagnostics as wit;
use crate::{Answer, Object};

/// The cluster's replies to the queries of a check.
#[derive(Debug, Clone)]
pub struct Snapshot<'a> {
    /// One for each query, in order.
    pub answers: Vec<Answer<'a>>,
    /// RFC 3339; the only clock.
    pub taken_at: &'a str,
}

impl<'a> Snapshot<'a> {
    /// Parses a snapshot as it arrives.
    pub fn parse(snapshot: &'a wit::Snapshot) -> Self {
        let answers = snapshot.answers.iter().map(Answer::parse).collect();
        Self { answers, taken_at: &snapshot.taken_at }
    }

    /// The objects that answer a query.
    ///
    /// # Errors
    ///
    /// A sentence to skip a check with, when the cluster did not let us look or
    /// did not answer.
    pub fn objects(&self, query: usize) -> Result<&[Object<'a>], String> {
        match self.answers.get(query) {
            Some(Answer::Objects(objects)) => Ok(objects),
            Some(Answer::Forbidden(why)) => Err(format!("The cluster does not let us look: {why}")),
            Some(Answer::Unavailable(why)) => Err(format!("The cluster does not answer: {why}")),
            None => Err("The cluster was not asked.".into()),
        }
    }

    /// All objects of a kind in all answers, in their order.
    pub fn of_kind<'s>(&'s self, kind: &'s str) -> impl Iterator<Item = &'s Object<'a>> {
        let objects = self.answers.iter().filter_map(|answer| match answer {
            Answer::Objects(objects) => Some(objects),
            _ => None,
        });
        objects.flatten().filter(move |it| it.text_at(&["kind"]) == kind)
    }
}
