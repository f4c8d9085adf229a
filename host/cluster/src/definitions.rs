//! The custom kinds a cluster's definitions make.
//!
//! Followed by an informer from the first question on, so that the next one is
//! answered from memory and a new definition is known at once.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, HashMap},
    sync::{Arc, Weak},
    time::Duration,
};

use bowsprit_host_core::{
    catalogues::Served as Definition,
    error::{Error, Result},
    kubernetes::{Change, Informer as _, InformerState, ObjectKey},
    node_types::Kind,
};
use kube::core::Version;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::{
    sync::{Mutex, broadcast},
    time::timeout,
};

use crate::{
    clients::Clients, discovery::Discovery, errors, informer::KubeInformer, informers::Informers,
    objects, paths, requests::CALL,
};

/// How long a definition that is there may take to be in force. The server
/// takes milliseconds; one whose names are taken stays as it is.
const IN_FORCE: Duration = Duration::from_secs(5);

/// What is known of a cluster's definitions.
#[derive(Default)]
pub(crate) struct Definitions {
    known: Mutex<Option<Known>>,
}

/// The kinds as an informer showed them.
struct Known {
    informer: Weak<KubeInformer>,
    changes: broadcast::Receiver<Change>,
    kinds: Arc<Vec<Definition>>,
    /// What was read, by name.
    read: HashMap<String, Read>,
}

/// A definition with what it makes, without schemas. A cluster may have
/// hundreds of large ones, and mostly one changes at a time.
struct Read {
    written: Arc<str>,
    makes: Vec<Definition>,
}

#[derive(Deserialize)]
struct Written<'a> {
    #[serde(borrow)]
    spec: Spec<'a>,
    #[serde(default)]
    status: Status,
}

#[derive(Deserialize)]
struct Spec<'a> {
    group: String,
    names: Names,
    scope: String,
    #[serde(borrow)]
    versions: Vec<WrittenVersion<'a>>,
}

#[derive(Deserialize)]
struct Names {
    plural: String,
    kind: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WrittenVersion<'a> {
    name: String,
    #[serde(default)]
    served: bool,
    #[serde(borrow, default)]
    schema: Option<Schema<'a>>,
    #[serde(borrow, default)]
    additional_printer_columns: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Schema<'a> {
    #[serde(borrow, default, rename = "openAPIV3Schema")]
    open_api: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct Status {
    #[serde(default)]
    conditions: Vec<Condition>,
}

#[derive(Deserialize)]
struct Condition {
    #[serde(rename = "type")]
    kind: String,
    status: String,
}

impl Definitions {
    /// Every version of every custom kind that is served, by group and kind,
    /// preferred versions first, without schemas.
    pub(crate) async fn kinds(
        &self,
        clients: &Clients,
        discovery: &Discovery,
        informers: &Informers,
    ) -> Result<Arc<Vec<Definition>>> {
        let informer = informer(clients, discovery, informers).await?;
        let mut known = self.known.lock().await;
        if let Some(known) = known.as_mut()
            && known.informer.ptr_eq(&Arc::downgrade(&informer))
            && matches!(known.changes.try_recv(), Err(broadcast::error::TryRecvError::Empty))
        {
            return Ok(Arc::clone(&known.kinds));
        }
        // Listened to before it is read, so that nothing is missed in between.
        let changes = informer.changes();
        let mut before = known.as_mut().map(|it| std::mem::take(&mut it.read)).unwrap_or_default();
        let read: HashMap<String, Read> = informer
            .objects()
            .iter()
            .map(|it| (it.name.clone(), Read::of(&it.json, before.remove(&it.name))))
            .collect();
        let mut kinds: Vec<Definition> = read.values().flat_map(|it| &it.makes).cloned().collect();
        kinds.sort_by_key(|it| {
            let Kind { group, version, kind } = &it.kind;
            (group.clone(), kind.clone(), Reverse(Version::parse(version).priority()))
        });
        if let Some(known) = known.as_ref() {
            forget_changed(discovery, &known.kinds, &kinds);
        }
        let kinds = Arc::new(kinds);
        let informer = Arc::downgrade(&informer);
        *known = Some(Known { informer, changes, kinds: Arc::clone(&kinds), read });
        Ok(kinds)
    }

    /// A custom kind by its definition's name, in its preferred version.
    /// Memory follows the server, if not at once: what it does not have may
    /// have been made just now, and is then waited for.
    pub(crate) async fn named(
        &self,
        clients: &Clients,
        discovery: &Discovery,
        informers: &Informers,
        name: &str,
    ) -> Result<Option<Definition>> {
        // Listened to before anything is looked at, so that nothing is missed.
        let mut changes = informer(clients, discovery, informers).await?.changes();
        if let Some(found) = self.known(clients, discovery, informers, name).await? {
            return Ok(Some(found));
        }
        if paths::segment("metadata.name", name).is_err() {
            return Ok(None);
        }
        let key = ObjectKey { kind: definition_kind(), namespace: None, name: name.to_owned() };
        if objects::get(clients, discovery, &key).await?.is_none() {
            return Ok(None);
        }
        let shown = async {
            loop {
                if let Some(found) = self.known(clients, discovery, informers, name).await? {
                    return Ok(Some(found));
                }
                if let Err(broadcast::error::RecvError::Closed) = changes.recv().await {
                    return Err(not_in_force(name));
                }
            }
        };
        timeout(IN_FORCE, shown).await.unwrap_or_else(|_| Err(not_in_force(name)))
    }

    async fn known(
        &self,
        clients: &Clients,
        discovery: &Discovery,
        informers: &Informers,
        name: &str,
    ) -> Result<Option<Definition>> {
        let kinds = self.kinds(clients, discovery, informers).await?;
        let named = |it: &&Definition| format!("{}.{}", it.plural, it.kind.group) == name;
        match kinds.iter().find(named) {
            Some(found) => self.one(clients, discovery, informers, &found.kind).await,
            None => Ok(None),
        }
    }

    /// A custom kind with its schema; `None` if no definition makes it.
    pub(crate) async fn one(
        &self,
        clients: &Clients,
        discovery: &Discovery,
        informers: &Informers,
        kind: &Kind,
    ) -> Result<Option<Definition>> {
        let kinds = self.kinds(clients, discovery, informers).await?;
        let Some(found) = kinds.iter().find(|it| it.kind == *kind) else { return Ok(None) };
        let name = format!("{}.{}", found.plural, kind.group);
        let informer = informer(clients, discovery, informers).await?;
        let written = informer.get(None, &name);
        let mut versions = written.iter().flat_map(|it| served(&it.json, true));
        Ok(versions.find(|it| it.kind == *kind))
    }
}

impl Read {
    /// Reads a definition, unless it is as it was before.
    fn of(written: &Arc<str>, before: Option<Self>) -> Self {
        match before {
            Some(read) if read.written == *written => read,
            _ => Self { written: Arc::clone(written), makes: served(written, false) },
        }
    }
}

/// What kinds are made by.
fn definition_kind() -> Kind {
    Kind::parse("apiextensions.k8s.io/v1", "CustomResourceDefinition")
}

fn not_in_force(name: &str) -> Error {
    Error::Cluster {
        code: "cluster.kind-not-served",
        message: format!("the cluster has the definition `{name}`, but does not serve it yet"),
    }
}

/// What discovery believes of kinds that came or went is not true any more.
fn forget_changed(discovery: &Discovery, before: &[Definition], now: &[Definition]) {
    let of = |all: &[Definition]| all.iter().map(|it| it.kind.clone()).collect::<BTreeSet<Kind>>();
    let (before, now) = (of(before), of(now));
    before.symmetric_difference(&now).for_each(|it| discovery.forget(it));
}

/// What follows the definitions, when its first list is in.
async fn informer(
    clients: &Clients,
    discovery: &Discovery,
    informers: &Informers,
) -> Result<Arc<KubeInformer>> {
    let kind = definition_kind();
    let served = discovery.required(clients.reads(), &kind).await?;
    let informer = informers.get(clients, &kind, &served, "", "").await?;
    let state = timeout(CALL, informer.ready()).await.unwrap_or(InformerState::Starting);
    match state {
        InformerState::Live => Ok(informer),
        InformerState::Starting => Err(errors::timed_out(&clients.server(), CALL.as_secs())),
        InformerState::Forbidden(message) => {
            Err(Error::Cluster { code: "cluster.forbidden", message })
        }
        InformerState::Unavailable(message) => {
            Err(Error::Cluster { code: "cluster.unreachable", message })
        }
    }
}

/// The versions a definition makes. One that is not established makes none.
fn served(written: &str, with_schemas: bool) -> Vec<Definition> {
    let Ok(written) = serde_json::from_str::<Written<'_>>(written) else { return Vec::new() };
    let Written { spec, status } = written;
    let established =
        status.conditions.iter().any(|it| it.kind == "Established" && it.status == "True");
    let served = spec.versions.into_iter().filter(|it| it.served && established);
    let definition = |it: WrittenVersion<'_>| {
        let schema = it.schema.and_then(|it| it.open_api).filter(|_| with_schemas);
        let columns = it.additional_printer_columns.filter(|_| with_schemas);
        Definition {
            kind: Kind {
                group: spec.group.clone(),
                version: it.name,
                kind: spec.names.kind.clone(),
            },
            plural: spec.names.plural.clone(),
            namespaced: spec.scope == "Namespaced",
            schema: schema.map(|it| it.get().to_owned()),
            columns: columns.map_or("[]", RawValue::get).to_owned(),
        }
    };
    served.map(definition).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn written(established: &str) -> Arc<str> {
        let written = json!({
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": "notes.example.dev"},
            "spec": {
                "group": "example.dev",
                "names": {"plural": "notes", "kind": "Note", "listKind": "NoteList"},
                "scope": "Namespaced",
                "versions": [
                    {"name": "v1beta1", "served": true, "storage": false},
                    {"name": "v1alpha1", "served": false, "storage": false},
                    {"name": "v1", "served": true, "storage": true,
                     "schema": {"openAPIV3Schema": {"type": "object"}},
                     "additionalPrinterColumns": [{"name": "Age", "type": "date"}]},
                ],
            },
            "status": {"conditions": [{"type": "Established", "status": established}]},
        });
        written.to_string().into()
    }

    #[test]
    fn only_what_is_served_and_established_counts() {
        assert!(served(&written("False"), true).is_empty());
        let all = served(&written("True"), true);
        let versions: Vec<_> = all.iter().map(|it| it.kind.version.as_str()).collect();
        assert_eq!(versions, ["v1beta1", "v1"]);
        assert_eq!(all[1].schema.as_deref(), Some(r#"{"type":"object"}"#));
        assert_eq!(all[1].columns, r#"[{"name":"Age","type":"date"}]"#);
        let names = served(&written("True"), false);
        assert_eq!((&names[1].schema, names[1].columns.as_str()), (&None, "[]"));
    }

    #[test]
    fn only_what_has_changed_is_read_again() {
        let first = Read::of(&written("True"), None);
        assert_eq!(first.makes.len(), 2);
        let marked = Read { makes: Vec::new(), ..first };
        let same = Read::of(&written("True"), Some(marked));
        assert!(same.makes.is_empty(), "the same text is not read again");
        let other = Read::of(&written("False"), Some(same));
        assert!(other.makes.is_empty());
        assert_eq!(Read::of(&written("True"), Some(other)).makes.len(), 2);
    }
}
