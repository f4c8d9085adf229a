//! What a workflow's runs left in a cluster: the only thing clean-up goes by.
//!
//! An entry is written before its object is, so that nothing is ever applied
//! that nobody remembers; the uid follows with the answer.

use serde::{Deserialize, Serialize};

use crate::{
    Result,
    id::Id,
    kubernetes::ObjectKey,
    node_types::{Kind, Prune},
    store::{Collection, Field, FieldKind, Record, Repository},
};

/// One object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The node that rendered it.
    pub node: String,
    /// Its key within the node.
    pub local_id: String,
    /// The cluster's record.
    pub cluster: Id,
    /// Its kind.
    pub kind: Kind,
    /// Its namespace, if its kind has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// Its uid; empty until the server answered.
    #[serde(default)]
    pub uid: String,
    /// SHA-256 of the manifest last applied, vault references in place of
    /// values; empty until it is in force. Tells that a field was *removed*,
    /// which the live object cannot.
    #[serde(default)]
    pub digest: String,
    /// Fields that were left to others, as JSON pointers: those of the manifest
    /// last applied, and earlier ones until a run finds that they are the
    /// host's alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub yielded: Vec<String>,
    /// What becomes of it when it is no longer rendered.
    pub prune: Prune,
    /// The run that last applied it.
    pub run: Id,
}

impl Entry {
    /// Names the object.
    pub fn key(&self) -> ObjectKey {
        ObjectKey {
            kind: self.kind.clone(),
            namespace: self.namespace.clone(),
            name: self.name.clone(),
        }
    }

    fn is_same_object(&self, other: &Self) -> bool {
        self.cluster == other.cluster
            && self.kind.group == other.kind.group
            && self.kind.kind == other.kind.kind
            && self.namespace == other.namespace
            && self.name == other.name
    }
}

/// All objects of one workflow; the document's id is the workflow's.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Inventory {
    /// The workflow.
    #[serde(skip)]
    pub workflow: Id,
    /// Its owner, for reading statuses at a start.
    pub owner: Id,
    /// The objects.
    pub entries: Vec<Entry>,
}

/// Where inventories are kept.
pub static INVENTORIES: Collection = Collection {
    name: "inventories",
    fields: &[Field { name: "owner", kind: FieldKind::Id }],
    indexes: &[],
    unique: &[],
    expiry: None,
};

impl Record for Inventory {
    const COLLECTION: &'static Collection = &INVENTORIES;

    fn key(&self) -> String {
        self.workflow.to_string()
    }

    fn restore_key(&mut self, id: &str) {
        self.workflow = id.parse().unwrap_or_default();
    }
}

impl Inventory {
    /// Adds `entry`, or updates the one for the same object. A known uid
    /// stays until a new one is known.
    pub fn put(&mut self, entry: Entry) {
        match self.entries.iter_mut().find(|it| it.is_same_object(&entry)) {
            Some(known) => {
                let uid = if entry.uid.is_empty() { known.uid.clone() } else { entry.uid.clone() };
                *known = Entry { uid, ..entry };
            }
            None => self.entries.push(entry),
        }
    }

    /// Forgets an object that is still known by this very entry.
    pub fn remove(&mut self, entry: &Entry) {
        self.entries.retain(|it| it != entry);
    }
}

/// What is known of a workflow's objects.
pub(crate) async fn of(kept: &Repository<Inventory>, workflow: Id) -> Result<Inventory> {
    Ok(kept.get(&workflow.to_string()).await?.map(|it| it.value).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, uid: &str) -> Entry {
        Entry {
            node: "n".into(),
            local_id: "main".into(),
            cluster: "64b000000000000000000001".parse().unwrap(),
            kind: Kind::parse("apps/v1", "Thing"),
            namespace: Some("default".into()),
            name: name.into(),
            uid: uid.into(),
            digest: String::new(),
            yielded: Vec::new(),
            prune: Prune::Delete,
            run: Id::new(),
        }
    }

    #[test]
    fn keeps_one_entry_an_object_and_its_uid() {
        let mut inventory = Inventory::default();
        inventory.put(entry("a", ""));
        inventory.put(entry("a", "u1"));
        inventory.put(entry("a", ""));
        inventory.put(entry("b", "u2"));
        assert_eq!(inventory.entries.len(), 2);
        assert_eq!(inventory.entries[0].uid, "u1");
        let known = inventory.entries[0].clone();
        inventory.put(entry("a", "u3"));
        inventory.remove(&known);
        assert_eq!(inventory.entries.len(), 2, "it was applied anew meanwhile");
        let known = inventory.entries[0].clone();
        inventory.remove(&known);
        assert_eq!(inventory.entries[0].name, "b");
    }
}
