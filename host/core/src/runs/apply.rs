//! Putting a plan into force, wave by wave, and remembering what was done.

use std::collections::HashMap;

use futures::FutureExt as _;
use serde_json::Value;

use super::{
    comparison::{Comparison, PARALLEL, described, uid},
    fields::{identity, is_named, owners, put, take},
    inventory::{self, Entry, Inventory},
    plan::{Plan, Planned},
    record::AppliedObject,
};
use crate::{
    Error, Result,
    id::Id,
    kubernetes::{Applied, FIELD_MANAGER, ObjectKey},
    node_types::OnImmutable,
    observer::Seed,
    parallel::in_order,
    store::{Repository, StoreError},
};

/// Applies plans of one workflow to one cluster.
pub(super) struct Applier<'a> {
    pub(super) comparison: Comparison<'a>,
    pub(super) run: Id,
    pub(super) owner: Id,
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
        let compared = &self.comparison;
        let known = inventory::of(self.inventories, compared.workflow).await?;
        let live = compared.live_objects(&wave.iter().collect::<Vec<_>>()).await?;
        let changes: Vec<(&Planned, bool)> = wave
            .iter()
            .map(|object| (object, compared.is_in_force(object, live.get(&object.key), &known)))
            .collect();
        let begun = changes.iter().filter(|(_, same)| !same);
        let entry = |it: &Planned| self.entry(it, None, compared.released(it, &known));
        self.journal(begun.map(|(it, _)| entry(it)).collect()).await?;
        self.create_namespaces(&changes, &live).await?;
        let mut calls = Vec::with_capacity(changes.len());
        for (object, same) in &changes {
            let live = live.get(&object.key);
            let foreign = live.and_then(|live| compared.foreign(object, live, &known));
            let released = compared.released(object, &known);
            let call = async move { self.one(object, live, *same, foreign, released).await };
            calls.push(call.boxed());
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

    /// Applies what was left to others and is not settled once more.
    pub(super) async fn released(&self, plan: &Plan, seed: &mut Seed) -> Result<Vec<Outcome>> {
        let compared = &self.comparison;
        let known = inventory::of(self.inventories, compared.workflow).await?;
        let all = plan.waves.iter().flatten();
        let released = all.filter(|it| !compared.released(it, &known).is_empty());
        let released: Vec<Planned> = released.cloned().collect();
        if released.is_empty() { Ok(Vec::new()) } else { self.wave(&released, seed).await }
    }

    async fn one(
        &self,
        object: &Planned,
        live: Option<&Value>,
        same: bool,
        foreign: Option<String>,
        mut released: Vec<String>,
    ) -> Done {
        let (result, live) = if same {
            let live = live.cloned().unwrap_or_default();
            // Whoever had it may write once more after it was taken back, until
            // they are removed. So only who finds it settled settles it.
            released.retain(|it| owners(&live, it) != [FIELD_MANAGER]);
            (Ok(applied(object, &live, "unchanged")), Some(live))
        } else {
            let outcome = match foreign {
                Some(reason) => Err(reason),
                None => self.apply(object, live, &released).await,
            };
            match outcome {
                Ok((operation, live)) => (Ok(applied(object, &live, operation)), Some(live)),
                Err(reason) => (Err(reason), None),
            }
        };
        let entry = self.entry(object, live.as_ref(), released);
        Done { entry, outcome: Outcome { node: object.node.clone(), result }, live }
    }

    async fn apply(
        &self,
        object: &Planned,
        live: Option<&Value>,
        released: &[String],
    ) -> Result<(&'static str, Value), String> {
        let wanted = self.comparison.wanted(object, live)?;
        let text = |error: Error| error.to_string();
        if !object.yields.is_empty() && live.is_some() {
            return Ok(("updated", self.yielding(object, &wanted, released).await?));
        }
        let operation = if live.is_some() { "updated" } else { "created" };
        match self.put_in_force(&wanted, released).await.map_err(text)? {
            Applied::Done(_) if !object.yields.is_empty() => {
                Ok((operation, self.yielding(object, &wanted, released).await?))
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
    async fn yielding(
        &self,
        object: &Planned,
        wanted: &Value,
        released: &[String],
    ) -> Result<Value, String> {
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
            let Applied::Conflict(theirs) =
                self.comparison.cluster.hand_over(&handed).await.map_err(text)?
            else {
                break;
            };
            let before = fields.len();
            fields.retain(|(it, _)| !theirs.iter().any(|its| is_named(&its.field, it)));
            if fields.len() == before {
                return Err(refusal(&object.key, Applied::Conflict(theirs)));
            }
        }
        match self.put_in_force(&kept, released).await.map_err(text)? {
            Applied::Done(live) => Ok(*live),
            other => Err(refusal(&object.key, other)),
        }
    }

    /// Applies an object. Fields that were left to others and are wanted again
    /// are taken from whoever has given them another value; if anything else is
    /// in the way, nothing is.
    async fn put_in_force(&self, wanted: &Value, released: &[String]) -> Result<Applied> {
        let answer = self.comparison.cluster.apply(wanted).await?;
        let Applied::Conflict(theirs) = &answer else { return Ok(answer) };
        let is_released = |field: &str| released.iter().any(|it| is_named(field, it));
        if !theirs.iter().all(|it| is_released(&it.field)) {
            return Ok(answer);
        }
        let mut fields = identity(wanted);
        for pointer in released {
            if let Some(value) = wanted.pointer(pointer) {
                put(&mut fields, pointer, value.clone());
            }
        }
        self.comparison.cluster.take_back(wanted, &fields).await
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
        self.comparison.cluster.delete(&object.key, &uid).await.map_err(text)?;
        match self.comparison.cluster.apply(wanted).await.map_err(text)? {
            Applied::Done(live) => Ok(("updated", *live)),
            other => Err(refusal(&object.key, other)),
        }
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
            match self.comparison.cluster.ensure_namespace(namespace).await {
                // Whoever may not create namespaces may still use them.
                Ok(_) | Err(Error::Cluster { code: "cluster.forbidden", .. }) => {}
                Err(other) => return Err(other),
            }
        }
        Ok(())
    }

    /// What to remember of an object, and of fields that are not its own alone.
    fn entry(&self, object: &Planned, live: Option<&Value>, released: Vec<String>) -> Entry {
        let yielded = object.yields.iter().cloned().chain(released).collect();
        Entry {
            node: object.node.clone(),
            local_id: object.local_id.clone(),
            cluster: self.comparison.cluster_id,
            kind: object.key.kind.clone(),
            namespace: object.key.namespace.clone(),
            name: object.key.name.clone(),
            uid: live.map(uid).unwrap_or_default(),
            digest: live.map(|_| object.digest.clone()).unwrap_or_default(),
            yielded,
            prune: object.prune,
            run: self.run,
        }
    }

    async fn journal(&self, entries: Vec<Entry>) -> Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        let put = |it: &mut Inventory| {
            entries.iter().for_each(|entry| it.put(entry.clone()));
            Ok::<_, Error>(())
        };
        let workflow = self.comparison.workflow;
        while self.inventories.update(&workflow.to_string(), put).await?.is_none() {
            let empty = Inventory { workflow, owner: self.owner, entries: Vec::new() };
            match self.inventories.insert(empty).await {
                Ok(_) | Err(StoreError::Taken(_)) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Ok(())
    }
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
