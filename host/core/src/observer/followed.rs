//! One workflow under observation.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::value::RawValue;

use crate::{
    id::Id,
    kubernetes::{Cluster, Informer, InformerState, ObjectKey, Observed},
    labels,
    node_types::{Answer, Kind, Node, NodeStatus, NodeType, Watch},
};

/// Live objects known before an informer has seen them: what the API server
/// answered to an apply.
pub type Seed = HashMap<ObjectKey, Arc<str>>;

/// A node with what its status needs.
pub(super) struct FollowedNode {
    pub(super) node: Node,
    pub(super) label: String,
    pub(super) namespace: String,
    pub(super) watches: Vec<Watch>,
}

/// A workflow whose nodes are watched.
pub(super) struct Followed {
    pub(super) workflow: Id,
    pub(super) owner: Id,
    pub(super) custom: Vec<NodeType>,
    pub(super) cluster_id: Id,
    pub(super) cluster: Arc<dyn Cluster>,
    pub(super) nodes: Vec<FollowedNode>,
    pub(super) seed: Mutex<Seed>,
    pub(super) informers: Mutex<HashMap<(Kind, String), Arc<dyn Informer>>>,
    /// Why there is no informer for a kind in a namespace.
    pub(super) unwatched: Mutex<HashMap<(Kind, String), String>>,
    /// The statuses told last.
    pub(super) told: Mutex<BTreeMap<String, NodeStatus>>,
}

impl Followed {
    /// Every (kind, namespace) that some node's status needs.
    pub(super) fn needs(&self) -> Vec<(Kind, String)> {
        let mut needs: Vec<_> = self
            .nodes
            .iter()
            .flat_map(|node| {
                node.watches.iter().flat_map(|watch| {
                    let namespace = watch.namespace.as_ref().unwrap_or(&node.namespace);
                    let pods = watch.with_pods.then(|| (Kind::pod(), namespace.clone()));
                    pods.into_iter().chain([(watch.kind.clone(), namespace.clone())])
                })
            })
            .collect();
        needs.sort();
        needs.dedup();
        needs
    }

    pub(super) fn informer(&self, kind: &Kind, namespace: &str) -> Option<Arc<dyn Informer>> {
        let informers = self.informers.lock().unwrap_or_else(PoisonError::into_inner);
        informers.get(&(kind.clone(), namespace.to_owned())).map(Arc::clone)
    }

    /// The answers to a node's watches from what is known now; `None` while
    /// nobody can tell yet whether an object that it names is there.
    pub(super) fn answers(&self, node: &FollowedNode) -> Option<Vec<Answer>> {
        node.watches.iter().map(|watch| self.answer(node, watch)).collect()
    }

    fn answer(&self, node: &FollowedNode, watch: &Watch) -> Option<Answer> {
        let namespace = watch.namespace.as_ref().unwrap_or(&node.namespace);
        let informer = self.informer(&watch.kind, namespace);
        let state = informer.as_ref().map(|it| it.state());
        let mut objects: Vec<Arc<str>> = Vec::new();
        if let Some(name) = &watch.name {
            // A kind has all of its objects in namespaces, or none.
            let named = |it: &Arc<dyn Informer>| {
                it.get(Some(namespace), name).or_else(|| it.get(None, name))
            };
            let seen = informer.as_ref().and_then(named);
            objects.extend(seen.map(|it| shown(&it, &watch.kind)));
        } else if let Some(informer) = &informer {
            let mine = informer.with_label(labels::NODE, &node.label);
            objects
                .extend(mine.iter().filter(|it| self.is_mine(it)).map(|it| shown(it, &watch.kind)));
        }
        if objects.is_empty() {
            match state {
                Some(InformerState::Forbidden(what)) => return Some(Answer::Forbidden(what)),
                // Known from the apply and not yet from the watch.
                None | Some(InformerState::Starting) => {
                    objects.extend(self.seeded(watch, namespace));
                    if objects.is_empty() {
                        let why = self.unwatched(&watch.kind, namespace);
                        if why.is_some() || watch.name.is_some() {
                            return why.map(Answer::Unavailable);
                        }
                    }
                }
                Some(InformerState::Unavailable(why)) => {
                    objects.extend(self.seeded(watch, namespace));
                    if objects.is_empty() {
                        return Some(Answer::Unavailable(why));
                    }
                }
                Some(InformerState::Live) => objects.extend(self.seeded(watch, namespace)),
            }
        }
        if watch.with_pods
            && let Some(pods) = self.informer(&Kind::pod(), namespace)
        {
            let mine = pods.with_label(labels::NODE, &node.label);
            objects
                .extend(mine.iter().filter(|it| self.is_mine(it)).map(|it| Arc::clone(&it.json)));
        }
        Some(Answer::Objects(objects))
    }

    fn unwatched(&self, kind: &Kind, namespace: &str) -> Option<String> {
        let unwatched = self.unwatched.lock().unwrap_or_else(PoisonError::into_inner);
        unwatched.get(&(kind.clone(), namespace.to_owned())).cloned()
    }

    fn seeded(&self, watch: &Watch, namespace: &str) -> Option<Arc<str>> {
        let mut key = ObjectKey {
            kind: watch.kind.clone(),
            namespace: Some(namespace.to_owned()),
            name: watch.name.clone()?,
        };
        let seed = self.seed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = seed.get(&key) {
            return Some(Arc::clone(found));
        }
        key.namespace = None;
        seed.get(&key).map(Arc::clone)
    }

    /// Once an informer has seen an object, its word counts, also that the
    /// object is gone.
    pub(super) fn unseed(&self, kind: &Kind, namespace: Option<&str>, name: &str) {
        let key = ObjectKey {
            kind: kind.clone(),
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
        };
        self.seed.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
    }

    fn is_mine(&self, object: &Observed) -> bool {
        object.labels.get(labels::WORKFLOW).is_some_and(|it| *it == self.workflow.to_string())
    }
}

/// An object as components may see it: a Secret without its values.
fn shown(object: &Observed, kind: &Kind) -> Arc<str> {
    if !kind.is_secret() {
        return Arc::clone(&object.json);
    }
    let Ok(mut fields) = serde_json::from_str::<BTreeMap<String, Box<RawValue>>>(&object.json)
    else {
        return "{}".into();
    };
    for key in ["data", "stringData"] {
        let Some(values) = fields.get(key) else { continue };
        let names: BTreeMap<String, &RawValue> =
            serde_json::from_str(values.get()).unwrap_or_default();
        let emptied: BTreeMap<&String, &str> = names.keys().map(|it| (it, "")).collect();
        if let Ok(emptied) = serde_json::value::to_raw_value(&emptied) {
            fields.insert(key.into(), emptied);
        }
    }
    serde_json::to_string(&fields).unwrap_or_default().into()
}
