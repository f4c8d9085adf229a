//! Putting a plan into force, wave by wave, and remembering what was done.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use futures::FutureExt as _;
use serde_json::Value;

use super::{
    diff::covers,
    fields::{identity, put, take},
    inventory::{Entry, Inventory},
    plan::Planned,
    record::AppliedObject,
    vault::Vault,
};
use crate::{
    Error, Result,
    id::Id,
    kubernetes::{Applied, Cluster, ObjectKey},
    labels,
    node_types::{Kind, OnImmutable},
    observer::Seed,
    parallel::in_order,
    store::{Repository, StoreError},
};

/// Applies under way at once: the knee of a small control plane's curve.
const PARALLEL: usize = 32;
/// Up to so many objects of one kind and namespace are asked for one by one;
/// more are listed.
const ASK_SINGLY: usize = 2;

/// Applies plans of one workflow to one cluster.
pub(super) struct Applier<'a> {
    pub(super) workflow: Id,
    pub(super) run: Id,
    pub(super) owner: Id,
    pub(super) cluster_id: Id,
    pub(super) cluster: &'a Arc<dyn Cluster>,
    pub(super) vault: &'a Vault,
    pub(super) inventories: &'a Repository<Inventory>,
}

/// What became of one object.
pub(super) struct Outcome {
    pub(super) node: String,
    pub(super) result: Result<AppliedObject, String>,
}

struct Done {
    entry: Entry,
    outcome: Outcome,
    live: Option<Value>,
}

impl Applier<'_> {
    /// Applies one wave. All of it is tried; the answer says what became of
    /// each object, in the order of the wave. `seed` gets the live objects.
    pub(super) async fn wave(&self, wave: &[Planned], seed: &mut Seed) -> Result<Vec<Outcome>> {
        let known = self.inventory().await?;
        let live = self.live_objects(wave).await?;
        let changes: Vec<(&Planned, bool)> = wave
            .iter()
            .map(|object| (object, self.is_in_force(object, live.get(&object.key), &known)))
            .collect();
        self.journal(
            changes.iter().filter(|(_, same)| !same).map(|(it, _)| self.entry(it, None)).collect(),
        )
        .await?;
        self.create_namespaces(&changes, &live).await?;
        let mut calls = Vec::with_capacity(changes.len());
        for (object, same) in &changes {
            let (live, uid) = (live.get(&object.key), known_uid(&known, object));
            calls.push(async move { self.one(object, live, *same, &uid).await }.boxed());
        }
        let done: Vec<Done> = in_order(calls, PARALLEL).await;
        let finished = done.iter().filter(|it| it.outcome.result.is_ok());
        self.journal(finished.map(|it| it.entry.clone()).collect()).await?;
        for it in &done {
            if let Some(live) = &it.live {
                seed.insert(it.entry.key(), live.to_string().into());
            }
        }
        Ok(done.into_iter().map(|it| it.outcome).collect())
    }

    async fn one(&self, object: &Planned, live: Option<&Value>, same: bool, uid: &str) -> Done {
        let (result, live) = if same {
            let live = live.cloned().unwrap_or_default();
            (Ok(applied(object, &live, "unchanged")), Some(live))
        } else {
            match self.apply(object, live, uid).await {
                Ok((operation, live)) => (Ok(applied(object, &live, operation)), Some(live)),
                Err(reason) => (Err(reason), None),
            }
        };
        let entry = self.entry(object, live.as_ref());
        Done { entry, outcome: Outcome { node: object.node.clone(), result }, live }
    }

    async fn apply(
        &self,
        object: &Planned,
        live: Option<&Value>,
        known_uid: &str,
    ) -> Result<(&'static str, Value), String> {
        if let Some(live) = live
            && uid(live) != known_uid
            && !labels::is_of_workflow(live, self.workflow)
        {
            return Err(format!(
                "{} exists already and does not belong to this workflow; rename the node or remove the object",
                described(&object.key)
            ));
        }
        let wanted = self.wanted(object, live)?;
        let text = |error: Error| error.to_string();
        if !object.yields.is_empty() && live.is_some() {
            return Ok(("updated", self.yielding(object, &wanted).await?));
        }
        let operation = if live.is_some() { "updated" } else { "created" };
        match self.cluster.apply(&wanted).await.map_err(text)? {
            Applied::Done(_) if !object.yields.is_empty() => {
                Ok((operation, self.yielding(object, &wanted).await?))
            }
            Applied::Done(live) => Ok((operation, *live)),
            Applied::Immutable(_) if object.on_immutable == OnImmutable::Replace => {
                self.replace(object, &wanted, live).await
            }
            other => Err(refusal(&object.key, other)),
        }
    }

    /// Applies an object without the fields that others may own. Leaving a
    /// field out removes it if nobody else has it: so it is handed over first,
    /// with the value of `wanted`. If somebody has given it another one
    /// meanwhile, it is theirs already.
    async fn yielding(&self, object: &Planned, wanted: &Value) -> Result<Value, String> {
        let text = |error: Error| error.to_string();
        let mut kept = wanted.clone();
        let mut fields: Vec<(&str, Value)> = object
            .yields
            .iter()
            .filter_map(|it| Some((it.as_str(), take(&mut kept, it)?)))
            .collect();
        while !fields.is_empty() {
            let mut handed = identity(wanted);
            for (pointer, value) in &fields {
                put(&mut handed, pointer, value.clone());
            }
            let Applied::Conflict(theirs) = self.cluster.hand_over(&handed).await.map_err(text)?
            else {
                break;
            };
            let before = fields.len();
            fields.retain(|(it, _)| !theirs.iter().any(|its| its.field == it.replace('/', ".")));
            if fields.len() == before {
                return Err(refusal(&object.key, Applied::Conflict(theirs)));
            }
        }
        match self.cluster.apply(&kept).await.map_err(text)? {
            Applied::Done(live) => Ok(*live),
            other => Err(refusal(&object.key, other)),
        }
    }

    /// Deletes and creates anew.
    async fn replace(
        &self,
        object: &Planned,
        wanted: &Value,
        live: Option<&Value>,
    ) -> Result<(&'static str, Value), String> {
        let text = |error: Error| error.to_string();
        let uid = live.map(uid).unwrap_or_default();
        self.cluster.delete(&object.key, &uid).await.map_err(text)?;
        match self.cluster.apply(wanted).await.map_err(text)? {
            Applied::Done(live) => Ok(("updated", *live)),
            other => Err(refusal(&object.key, other)),
        }
    }

    /// The object with its vault values, and with the values that others may
    /// own as they are.
    fn wanted(&self, object: &Planned, live: Option<&Value>) -> Result<Value, String> {
        let mut wanted = object.body.clone();
        self.vault.inject(&object.node, &mut wanted)?;
        for pointer in &object.yields {
            let owned = live.and_then(|it| it.pointer(pointer)).cloned();
            if let (Some(owned), Some(place)) = (owned, wanted.pointer_mut(pointer)) {
                *place = owned;
            }
        }
        Ok(wanted)
    }

    fn is_in_force(&self, object: &Planned, live: Option<&Value>, known: &Inventory) -> bool {
        let Some(live) = live else { return false };
        let entry = known.entries.iter().find(|it| self.is_entry_of(it, object));
        let same_manifest =
            entry.is_some_and(|it| it.digest == object.digest && it.uid == uid(live));
        same_manifest && self.wanted(object, Some(live)).is_ok_and(|wanted| covers(live, &wanted))
    }

    fn is_entry_of(&self, entry: &Entry, object: &Planned) -> bool {
        entry.cluster == self.cluster_id && entry.key() == object.key
    }

    /// What is there of a wave's objects, a request or a list for each kind
    /// and namespace.
    async fn live_objects(&self, wave: &[Planned]) -> Result<HashMap<ObjectKey, Value>> {
        let mut groups: BTreeMap<(&Kind, Option<&str>), Vec<&ObjectKey>> = BTreeMap::new();
        for object in wave {
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

    async fn create_namespaces(
        &self,
        changes: &[(&Planned, bool)],
        live: &HashMap<ObjectKey, Value>,
    ) -> Result<()> {
        // Where an object of ours lives, the namespace exists.
        let inhabited: Vec<_> = live.keys().filter_map(|it| it.namespace.as_deref()).collect();
        let mut missing: Vec<&str> = changes
            .iter()
            .filter(|(_, same)| !same)
            .filter_map(|(object, _)| object.key.namespace.as_deref())
            .filter(|namespace| *namespace != "default" && !inhabited.contains(namespace))
            .collect();
        missing.sort_unstable();
        missing.dedup();
        for namespace in missing {
            match self.cluster.ensure_namespace(namespace).await {
                // Whoever may not create namespaces may still use them.
                Ok(_) | Err(Error::Cluster { code: "cluster.forbidden", .. }) => {}
                Err(other) => return Err(other),
            }
        }
        Ok(())
    }

    fn entry(&self, object: &Planned, live: Option<&Value>) -> Entry {
        Entry {
            node: object.node.clone(),
            local_id: object.local_id.clone(),
            cluster: self.cluster_id,
            kind: object.key.kind.clone(),
            namespace: object.key.namespace.clone(),
            name: object.key.name.clone(),
            uid: live.map(uid).unwrap_or_default(),
            digest: live.map(|_| object.digest.clone()).unwrap_or_default(),
            prune: object.prune,
            run: self.run,
        }
    }

    async fn inventory(&self) -> Result<Inventory> {
        let stored = self.inventories.get(&self.workflow.to_string()).await?;
        Ok(stored.map(|it| it.value).unwrap_or_default())
    }

    async fn journal(&self, entries: Vec<Entry>) -> Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        let put = |it: &mut Inventory| {
            entries.iter().for_each(|entry| it.put(entry.clone()));
            Ok::<_, Error>(())
        };
        while self.inventories.update(&self.workflow.to_string(), put).await?.is_none() {
            let empty =
                Inventory { workflow: self.workflow, owner: self.owner, entries: Vec::new() };
            match self.inventories.insert(empty).await {
                Ok(_) | Err(StoreError::Taken(_)) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Ok(())
    }
}

fn known_uid(known: &Inventory, object: &Planned) -> String {
    let entry = known.entries.iter().find(|it| it.key() == object.key);
    entry.map(|it| it.uid.clone()).unwrap_or_default()
}

pub(crate) fn uid(object: &Value) -> String {
    object.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn applied(object: &Planned, live: &Value, operation: &str) -> AppliedObject {
    AppliedObject {
        kind: object.key.kind.kind.clone(),
        name: object.key.name.clone(),
        namespace: object.key.namespace.clone(),
        operation: operation.into(),
        uid: uid(live),
    }
}

/// `Kind namespace/name`.
pub(crate) fn described(key: &ObjectKey) -> String {
    match &key.namespace {
        Some(namespace) => format!("{} {namespace}/{}", key.kind.kind, key.name),
        None => format!("{} {}", key.kind.kind, key.name),
    }
}

/// Why an object was not applied.
pub(crate) fn refusal(key: &ObjectKey, answer: Applied) -> String {
    let object = described(key);
    match answer {
        Applied::Done(_) => object,
        Applied::Conflict(conflicts) => {
            let fields: Vec<_> = conflicts
                .iter()
                .map(|it| format!("`{}` is owned by `{}`", it.field, it.manager))
                .collect();
            format!("{object} was not changed: {}", fields.join(", "))
        }
        Applied::Immutable(why) => format!("{object} cannot be changed in place: {why}"),
        Applied::Invalid(why) => format!("{object} was refused by the cluster: {why}"),
    }
}
