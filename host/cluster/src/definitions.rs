//! The custom kinds a cluster's definitions make.
//!
//! Followed by an informer from the first question on, so that the next one is
//! answered from memory and a new definition is known at once.

use std::{
    cmp::Reverse,
    collections::BTreeSet,
    sync::{Arc, Weak},
};

use bowsprit_host_core::{
    catalogues::Served as Definition,
    error::{Error, Result},
    kubernetes::{Change, Informer as _, InformerState, Observed},
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
    requests::CALL,
};

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
        let mut kinds: Vec<Definition> =
            informer.objects().iter().flat_map(|it| served(it, false)).collect();
        kinds.sort_by_key(|it| {
            let Kind { group, version, kind } = &it.kind;
            (group.clone(), kind.clone(), Reverse(Version::parse(version).priority()))
        });
        if let Some(known) = known.as_ref() {
            forget_changed(discovery, &known.kinds, &kinds);
        }
        let kinds = Arc::new(kinds);
        let informer = Arc::downgrade(&informer);
        *known = Some(Known { informer, changes, kinds: Arc::clone(&kinds) });
        Ok(kinds)
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
        let mut versions = written.iter().flat_map(|it| served(it, true));
        Ok(versions.find(|it| it.kind == *kind))
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
    let kind = Kind::parse("apiextensions.k8s.io/v1", "CustomResourceDefinition");
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
fn served(object: &Observed, with_schemas: bool) -> Vec<Definition> {
    let Ok(written) = serde_json::from_str::<Written<'_>>(&object.json) else { return Vec::new() };
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
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    fn observed(established: &str) -> Observed {
        let json = json!({
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
        Observed {
            namespace: None,
            name: "notes.example.dev".into(),
            uid: "u".into(),
            owners: Vec::new(),
            labels: BTreeMap::new(),
            json: json.to_string().into(),
        }
    }

    #[test]
    fn only_what_is_served_and_established_counts() {
        assert!(served(&observed("False"), true).is_empty());
        let all = served(&observed("True"), true);
        let versions: Vec<_> = all.iter().map(|it| it.kind.version.as_str()).collect();
        assert_eq!(versions, ["v1beta1", "v1"]);
        assert_eq!(all[1].schema.as_deref(), Some(r#"{"type":"object"}"#));
        assert_eq!(all[1].columns, r#"[{"name":"Age","type":"date"}]"#);
        let names = served(&observed("True"), false);
        assert_eq!((&names[1].schema, names[1].columns.as_str()), (&None, "[]"));
    }
}
