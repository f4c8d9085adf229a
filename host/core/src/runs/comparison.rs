//! What is wanted beside what is there.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use futures::FutureExt as _;
use serde_json::Value;

use super::{
    diff::covers,
    inventory::{Entry, Inventory},
    plan::Planned,
    vault::Vault,
};
use crate::{
    Result,
    id::Id,
    kubernetes::{Cluster, ObjectKey},
    labels,
    node_types::Kind,
    parallel::in_order,
};

/// Questions to the cluster under way at once: the knee of a small control
/// plane's curve.
pub(super) const PARALLEL: usize = 32;
/// Up to so many objects of one kind and namespace are asked for one by one;
/// more are listed.
const ASK_SINGLY: usize = 2;

/// Objects of one workflow in one cluster.
#[derive(Clone, Copy)]
pub(crate) struct Comparison<'a> {
    pub(crate) workflow: Id,
    pub(crate) cluster_id: Id,
    pub(crate) cluster: &'a Arc<dyn Cluster>,
    pub(crate) vault: &'a Vault,
}

impl Comparison<'_> {
    /// The object with its vault values, and with the values that others may
    /// own as they are.
    pub(super) fn wanted(&self, object: &Planned, live: Option<&Value>) -> Result<Value, String> {
        self.leaving(object, live, &object.yields)
    }

    /// The object with its vault values, and with these fields as they are.
    pub(super) fn leaving(
        &self,
        object: &Planned,
        live: Option<&Value>,
        fields: &[String],
    ) -> Result<Value, String> {
        let mut wanted = object.body.clone();
        self.vault.inject(&object.node, &mut wanted)?;
        for pointer in fields {
            let owned = live.and_then(|it| it.pointer(pointer)).cloned();
            if let (Some(owned), Some(place)) = (owned, wanted.pointer_mut(pointer)) {
                *place = owned;
            }
        }
        Ok(wanted)
    }

    /// Whether an apply would change nothing.
    pub(super) fn is_in_force(
        &self,
        object: &Planned,
        live: Option<&Value>,
        known: &Inventory,
    ) -> bool {
        let Some(live) = live else { return false };
        let entry = known.entries.iter().find(|it| self.is_entry_of(it, object));
        let same_manifest =
            entry.is_some_and(|it| it.digest == object.digest && it.uid == uid(live));
        same_manifest && self.wanted(object, Some(live)).is_ok_and(|wanted| covers(live, &wanted))
    }

    /// Whether an inventory's entry is about this object.
    pub(super) fn is_entry_of(&self, entry: &Entry, object: &Planned) -> bool {
        entry.cluster == self.cluster_id && entry.key() == object.key
    }

    /// Fields that were left to others and belong to the object again.
    pub(super) fn released(&self, object: &Planned, known: &Inventory) -> Vec<String> {
        let entry = known.entries.iter().find(|it| self.is_entry_of(it, object));
        let yielded = entry.map(|it| it.yielded.clone()).unwrap_or_default();
        yielded.into_iter().filter(|it| !object.yields.contains(it)).collect()
    }

    /// Says that a live object is not this workflow's, if it is not.
    pub(super) fn foreign(
        &self,
        object: &Planned,
        live: &Value,
        known: &Inventory,
    ) -> Option<String> {
        let ours =
            uid(live) == known_uid(known, object) || labels::is_of_workflow(live, self.workflow);
        (!ours).then(|| {
            format!(
                "{} exists already and does not belong to this workflow; rename the node or remove the object",
                described(&object.key)
            )
        })
    }

    /// What is there of some objects, a request or a list for each kind and
    /// namespace.
    pub(super) async fn live_objects(
        &self,
        objects: &[&Planned],
    ) -> Result<HashMap<ObjectKey, Value>> {
        let mut groups: BTreeMap<(&Kind, Option<&str>), Vec<&ObjectKey>> = BTreeMap::new();
        for object in objects {
            let group = (&object.key.kind, object.key.namespace.as_deref());
            groups.entry(group).or_default().push(&object.key);
        }
        let mut calls = Vec::with_capacity(groups.len());
        for ((kind, namespace), keys) in groups {
            calls.push(async move { self.live_group(kind, namespace, &keys).await }.boxed());
        }
        let mut live = HashMap::new();
        for group in in_order(calls, PARALLEL).await {
            live.extend(group?);
        }
        Ok(live)
    }

    async fn live_group(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
        keys: &[&ObjectKey],
    ) -> Result<Vec<(ObjectKey, Value)>> {
        if keys.len() <= ASK_SINGLY {
            let mut live = Vec::new();
            for key in keys {
                if let Some(object) = self.cluster.get(key).await? {
                    live.push(((*key).clone(), object));
                }
            }
            return Ok(live);
        }
        let objects = self.cluster.list(kind, namespace, "").await?;
        let by_name: HashMap<&str, &ObjectKey> =
            keys.iter().map(|key| (key.name.as_str(), *key)).collect();
        let named = |object: Value| {
            let name = object.pointer("/metadata/name").and_then(Value::as_str)?;
            Some(((*by_name.get(name)?).clone(), object))
        };
        Ok(objects.into_iter().filter_map(named).collect())
    }
}

fn known_uid(known: &Inventory, object: &Planned) -> String {
    let entry = known.entries.iter().find(|it| it.key() == object.key);
    entry.map(|it| it.uid.clone()).unwrap_or_default()
}

pub(crate) fn uid(object: &Value) -> String {
    object.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// `Kind namespace/name`.
pub(crate) fn described(key: &ObjectKey) -> String {
    match &key.namespace {
        Some(namespace) => format!("{} {namespace}/{}", key.kind.kind, key.name),
        None => format!("{} {}", key.kind.kind, key.name),
    }
}
