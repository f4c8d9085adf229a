//! One line of the log, as it is stored, shown and hashed.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Broken;
use crate::{
    id::Id,
    store::{Collection, Field, FieldKind, Record, Unique},
    time::Timestamp,
};

/// What the first entry follows.
pub(super) const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// What an entry tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// When.
    pub(crate) at: Timestamp,
    /// The user who did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) actor: Option<Id>,
    /// Where the request came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) address: Option<IpAddr>,
    /// What was done.
    pub(crate) action: String,
    /// To what kind of thing.
    pub(crate) kind: String,
    /// Its id or name.
    pub(crate) object: String,
    /// What else there is to say, without any secret.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) detail: String,
}

/// An entry in its place in the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Counts from 1 without a gap.
    pub number: i64,
    /// What it tells.
    #[serde(flatten)]
    pub content: Content,
    /// The hash of the entry before it.
    pub previous: String,
    /// SHA-256, hex: see [`hash`].
    pub hash: String,
}

/// Where the log is kept. Nothing in it is ever changed or removed.
pub static AUDIT_LOG: Collection = Collection {
    name: "audit_log",
    fields: &[
        Field { name: "number", kind: FieldKind::Int },
        Field { name: "at", kind: FieldKind::Time },
        Field { name: "actor", kind: FieldKind::Id },
        Field { name: "action", kind: FieldKind::Text },
        Field { name: "object", kind: FieldKind::Text },
    ],
    indexes: &[&["actor", "number"], &["action", "number"], &["object", "number"]],
    unique: &[Unique { name: "audit_number", fields: &["number"] }],
    expiry: None,
};

impl Record for Entry {
    const COLLECTION: &'static Collection = &AUDIT_LOG;

    fn key(&self) -> String {
        format!("{:020}", self.number)
    }

    fn restore_key(&mut self, _id: &str) {}
}

impl Entry {
    /// The entry that tells `content` after entry `number` with `hash`.
    pub(super) fn after(number: i64, hash: &str, content: Content) -> Self {
        let (number, previous) = (number + 1, hash.to_owned());
        Self { number, hash: digest(number, &previous, &content), content, previous }
    }

    /// Whether this is the one entry that can stand after entry `number` with
    /// `hash`.
    pub(super) fn follows(&self, number: i64, hash: &str) -> Result<(), Broken> {
        if self.number != number + 1 {
            return Err(Broken::Missing(number + 1));
        }
        if self.previous != hash {
            return Err(Broken::Unchained(self.number));
        }
        if self.hash != digest(self.number, &self.previous, &self.content) {
            return Err(Broken::Changed(self.number));
        }
        Ok(())
    }
}

/// SHA-256 over the number, the hash before it and the content, each part with
/// its length before it, so that no two entries read the same.
fn digest(number: i64, previous: &str, content: &Content) -> String {
    let mut hash = Sha256::new();
    hash.update(number.to_be_bytes());
    let Content { at, actor, address, action, kind, object, detail } = content;
    let parts = [
        previous.to_owned(),
        at.to_string(),
        actor.map(|it| it.to_string()).unwrap_or_default(),
        address.map(|it| it.to_string()).unwrap_or_default(),
        action.clone(),
        kind.clone(),
        object.clone(),
        detail.clone(),
    ];
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hex::encode(hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(object: &str) -> Content {
        Content {
            at: Timestamp::from_millis(1_800_000_000_000),
            actor: Some(Id::new()),
            address: Some(IpAddr::from([127, 0, 0, 1])),
            action: "cluster.add".into(),
            kind: "cluster".into(),
            object: object.into(),
            detail: String::new(),
        }
    }

    #[test]
    fn an_entry_follows_exactly_one_other() {
        let first = Entry::after(0, GENESIS, content("a"));
        let second = Entry::after(first.number, &first.hash, content("b"));
        assert_eq!(first.follows(0, GENESIS), Ok(()));
        assert_eq!(second.follows(1, &first.hash), Ok(()));
        assert_eq!(second.follows(0, GENESIS), Err(Broken::Missing(1)));
        assert_eq!(second.follows(1, GENESIS), Err(Broken::Unchained(2)));
        assert_eq!(first.follows(1, &first.hash), Err(Broken::Missing(2)));
    }

    #[test]
    fn every_field_is_part_of_the_hash() {
        let entry = Entry::after(0, GENESIS, content("a"));
        let changes: [fn(&mut Content); 7] = [
            |it| it.at = Timestamp::from_millis(1),
            |it| it.actor = None,
            |it| it.address = None,
            |it| it.action = "cluster.remove".into(),
            |it| it.kind = "user".into(),
            |it| it.object = "b".into(),
            |it| it.detail = "x".into(),
        ];
        for change in changes {
            let mut forged = entry.clone();
            change(&mut forged.content);
            assert_eq!(forged.follows(0, GENESIS), Err(Broken::Changed(1)), "{forged:?}");
        }
        // Text cannot wander from one field into the next.
        let mut moved = entry.clone();
        moved.content.kind = "clustera".into();
        moved.content.object = String::new();
        assert_eq!(moved.follows(0, GENESIS), Err(Broken::Changed(1)));
    }
}
