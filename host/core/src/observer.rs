//! Live statuses: follows the objects of workflows that have run, asks each
//! node's component what they mean, and tells who watches.
//!
//! One informer per kind serves all workflows of a cluster. A change names the
//! workflow and the node by its labels; only that node is asked again. Equal
//! statuses are told once.

mod followed;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::FutureExt as _;
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::{Notify, broadcast::error::RecvError};

use crate::{
    Result,
    events::{Envelope, Events, Topic},
    id::Id,
    kubernetes::{Change, Cluster, Informer},
    labels,
    node_types::{Catalogue, Kind, Node, NodeStatus, NodeType, NodeTypes, State, Watch},
    parallel::in_order,
    runs::plan::Prepared,
    statuses::Statuses,
    tasks::Tasks,
    time::Timestamp,
};
pub use followed::Seed;
use followed::{Followed, FollowedNode};

/// Nodes asked at once.
const PARALLEL: usize = 4;

/// The key of a node's data with printer columns; none of the user's is called
/// so.
const COLUMNS: &str = "$columns";

/// Which nodes have to be asked again.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Due {
    /// Every node of the workflow.
    All(Id),
    /// The node with this label value.
    Node(Id, String),
}

/// Follows workflows.
#[derive(Clone)]
pub struct Observer {
    shared: Arc<Shared>,
}

struct Shared {
    node_types: Arc<dyn NodeTypes>,
    statuses: Statuses,
    events: Arc<dyn Events>,
    tasks: Arc<dyn Tasks>,
    followed: Mutex<HashMap<Id, Arc<Followed>>>,
    /// Informers somebody listens to, by address.
    heard: Mutex<HashSet<usize>>,
    due: Mutex<HashSet<Due>>,
    wake: Notify,
}

/// What is needed to follow a workflow.
pub struct Subject {
    /// The workflow.
    pub workflow: Id,
    /// Whose it is, and who pays for its calls.
    pub owner: Id,
    /// Node types of the owner's own making among its nodes.
    pub custom: Vec<NodeType>,
    /// The cluster's record.
    pub cluster_id: Id,
    /// A client for it.
    pub cluster: Arc<dyn Cluster>,
    /// Its nodes, as planned.
    pub nodes: Vec<Prepared>,
    /// What an apply just answered.
    pub seed: Seed,
}

#[derive(Serialize)]
struct NodeUpdate<'a> {
    node_id: &'a str,
    #[serde(rename = "type")]
    type_name: &'a str,
    status: &'a RawValue,
}

impl Observer {
    /// An observer that follows nothing yet.
    pub fn new(
        node_types: Arc<dyn NodeTypes>,
        statuses: Statuses,
        events: Arc<dyn Events>,
        tasks: Arc<dyn Tasks>,
    ) -> Self {
        let shared = Shared {
            node_types,
            statuses,
            events,
            tasks,
            followed: Mutex::default(),
            heard: Mutex::default(),
            due: Mutex::default(),
            wake: Notify::new(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Asks nodes again as changes come in; runs until dropped.
    pub async fn run(&self) {
        loop {
            let due = std::mem::take(&mut *lock(&self.shared.due));
            if due.is_empty() {
                self.shared.wake.notified().await;
                continue;
            }
            let mut by_workflow: HashMap<Id, Option<HashSet<String>>> = HashMap::new();
            for it in due {
                match it {
                    Due::All(workflow) => drop(by_workflow.insert(workflow, None)),
                    Due::Node(workflow, label) => {
                        if let Some(labels) =
                            by_workflow.entry(workflow).or_insert_with(|| Some(HashSet::new()))
                        {
                            labels.insert(label);
                        }
                    }
                }
            }
            for (workflow, labels) in by_workflow {
                let followed = lock(&self.shared.followed).get(&workflow).map(Arc::clone);
                if let Some(followed) = followed {
                    let catalogue = self.catalogue(followed.owner, &followed.custom);
                    self.ask(&followed, &catalogue, |it| {
                        labels.as_ref().is_none_or(|labels| labels.contains(&it.label))
                    })
                    .await;
                }
            }
        }
    }

    /// Follows a workflow from now on, in place of what was followed of it
    /// before. Answers when the first status of every node is told whose
    /// objects are known from the seed; that of others follows the informers.
    pub async fn follow(&self, subject: Subject) {
        let catalogue = self.catalogue(subject.owner, &subject.custom);
        let Subject { workflow, owner, custom, cluster_id, cluster, nodes, seed } = subject;
        let calls = nodes.into_iter().map(|it| followed_node(&catalogue, it).boxed()).collect();
        let nodes = in_order(calls, PARALLEL).await.into_iter().flatten().collect();
        let told = self.shared.statuses.of(workflow).await.unwrap_or_default();
        let followed = Arc::new(Followed {
            workflow,
            owner,
            custom,
            cluster_id,
            cluster,
            nodes,
            seed: Mutex::new(seed),
            informers: Mutex::default(),
            unwatched: Mutex::default(),
            told: Mutex::new(told),
        });
        self.ask(&followed, &catalogue, |_| true).await;
        lock(&self.shared.followed).insert(workflow, Arc::clone(&followed));
        let this = self.clone();
        self.shared.tasks.keep("start informers", async move { this.listen(followed).await });
    }

    /// Stops following a workflow and forgets its statuses.
    pub async fn unfollow(&self, workflow: Id) -> Result<()> {
        lock(&self.shared.followed).remove(&workflow);
        self.shared.statuses.clear(workflow).await
    }

    /// Stops following what is in a cluster that is gone.
    pub fn unfollow_cluster(&self, cluster: Id) {
        lock(&self.shared.followed).retain(|_, it| it.cluster_id != cluster);
    }

    /// Whether a workflow is being followed.
    pub fn follows(&self, workflow: Id) -> bool {
        lock(&self.shared.followed).contains_key(&workflow)
    }

    /// Tells that a node's objects could not be applied.
    pub fn tell_error(&self, workflow: Id, node: &str, type_name: &str, message: &str) {
        #[derive(Serialize)]
        struct Failure<'a> {
            node_id: &'a str,
            #[serde(rename = "type")]
            type_name: &'a str,
            status: BTreeMap<&'static str, &'a str>,
        }
        let status = BTreeMap::from([("state", "error"), ("message", message)]);
        let data = Failure { node_id: node, type_name, status };
        self.publish(workflow, &data);
    }

    /// What nodes are asked of, as it is now.
    fn catalogue(&self, owner: Id, custom: &[NodeType]) -> Arc<dyn Catalogue> {
        let catalogue = self.shared.node_types.catalogue_for(owner);
        if custom.is_empty() { catalogue } else { catalogue.with(custom.to_vec()) }
    }

    fn publish<T: Serialize>(&self, workflow: Id, data: &T) {
        let envelope = Envelope::of_workflow(workflow, "node_update", data);
        self.shared.events.publish(&Topic::Workflow(workflow), "node_update", &envelope);
    }

    /// Asks the chosen nodes how they are, and tells what is new.
    async fn ask(
        &self,
        followed: &Followed,
        catalogue: &Arc<dyn Catalogue>,
        chosen: impl Fn(&FollowedNode) -> bool + Send,
    ) {
        let now = Timestamp::now().to_string();
        let mut calls = Vec::new();
        for it in followed.nodes.iter().filter(|it| chosen(it)) {
            let Some(answers) = followed.answers(it) else { continue };
            let previous = lock(&followed.told).get(&it.node.id).cloned();
            let now = &now;
            let call = async move {
                (it, catalogue.status(&it.node, &answers, now, previous.as_ref()).await)
            };
            calls.push(call.boxed());
        }
        let answers = in_order(calls, PARALLEL).await;
        let mut changed = BTreeMap::new();
        let mut news = Vec::new();
        for (it, status) in answers {
            let status = status.unwrap_or_else(|error| unknown(&error));
            let mut told = lock(&followed.told);
            if told.get(&it.node.id) == Some(&status) {
                continue;
            }
            told.insert(it.node.id.clone(), status.clone());
            drop(told);
            if let Ok(card) = RawValue::from_string(status.card.clone()) {
                news.push((it, card));
            }
            changed.insert(it.node.id.clone(), status);
        }
        if changed.is_empty() {
            return;
        }
        // Stored before it is told: whoever subscribes in between reads it.
        let known = |node: &str| followed.nodes.iter().any(|it| it.node.id == node);
        if let Err(error) = self.shared.statuses.put(followed.workflow, changed, known).await {
            tracing::warn!(workflow = %followed.workflow, %error, "statuses were not stored");
        }
        for (it, card) in news {
            let (node_id, type_name) = (&*it.node.id, &*it.node.type_name);
            self.publish(followed.workflow, &NodeUpdate { node_id, type_name, status: &card });
        }
    }

    /// Starts the informers a workflow needs and looks again when they are
    /// ready.
    async fn listen(&self, followed: Arc<Followed>) {
        for (kind, namespace) in followed.needs() {
            let informer = followed.cluster.informer(&kind, &namespace, labels::WORKFLOW).await;
            match informer {
                Ok(informer) => {
                    self.hear(&kind, &informer);
                    informer.ready().await;
                    lock(&followed.informers).insert((kind, namespace), informer);
                }
                Err(error) => {
                    let workflow = followed.workflow;
                    tracing::info!(%workflow, kind = kind.kind, %error, "objects cannot be watched");
                    lock(&followed.unwatched).insert((kind, namespace), error.to_string());
                }
            }
        }
        self.mark(Due::All(followed.workflow));
    }

    /// Listens to an informer, once for all workflows.
    fn hear(&self, kind: &Kind, informer: &Arc<dyn Informer>) {
        let address = Arc::as_ptr(informer).cast::<()>() as usize;
        if !lock(&self.shared.heard).insert(address) {
            return;
        }
        let mut changes = informer.changes();
        let (this, kind) = (self.clone(), kind.clone());
        // Holding the informer keeps its address from being used again.
        let held = Arc::clone(informer);
        self.shared.tasks.keep("hear an informer", async move {
            loop {
                match changes.recv().await {
                    Ok(Change::Object(object)) => this.changed(&kind, &object),
                    Ok(Change::Relisted) | Err(RecvError::Lagged(_)) => {
                        let all: Vec<Id> = lock(&this.shared.followed).keys().copied().collect();
                        all.into_iter().for_each(|id| this.mark(Due::All(id)));
                    }
                    Err(RecvError::Closed) => break,
                }
            }
            lock(&this.shared.heard).remove(&address);
            drop(held);
        });
    }

    fn changed(&self, kind: &Kind, object: &crate::kubernetes::Observed) {
        let label = |key: &str| object.labels.get(key);
        let workflow = label(labels::WORKFLOW).and_then(|it| it.parse::<Id>().ok());
        let (Some(workflow), Some(node)) = (workflow, label(labels::NODE)) else { return };
        let followed = lock(&self.shared.followed).get(&workflow).map(Arc::clone);
        if let Some(followed) = followed {
            followed.unseed(kind, object.namespace.as_deref(), &object.name);
            self.mark(Due::Node(workflow, node.clone()));
        }
    }

    fn mark(&self, due: Due) {
        lock(&self.shared.due).insert(due);
        self.shared.wake.notify_one();
    }
}

async fn followed_node(catalogue: &Arc<dyn Catalogue>, it: Prepared) -> Option<FollowedNode> {
    match catalogue.observe(&it.node, &it.context).await {
        Ok(watches) => Some(FollowedNode {
            label: labels::node_value(&it.node.id),
            namespace: namespace_of(&it),
            node: with_columns(it, watches.first()),
            watches,
        }),
        Err(error) => {
            tracing::info!(node = it.node.id, %error, "node cannot be observed");
            None
        }
    }
}

/// The node as its status is asked for: with the printer columns of the kind
/// that it shows first, under [`COLUMNS`].
fn with_columns(it: Prepared, shown: Option<&Watch>) -> Node {
    let columns = shown.and_then(|shown| it.columns.iter().find(|(kind, _)| *kind == shown.kind));
    let Some((_, columns)) = columns.filter(|(_, columns)| columns != "[]") else {
        return it.node;
    };
    let data: Option<BTreeMap<String, Box<RawValue>>> = serde_json::from_str(&it.node.data).ok();
    let columns = RawValue::from_string(columns.clone()).ok();
    let Some((mut data, columns)) = data.zip(columns) else { return it.node };
    data.insert(COLUMNS.into(), columns);
    match serde_json::to_string(&data) {
        Ok(data) => Node { data, ..it.node },
        Err(_) => it.node,
    }
}

fn namespace_of(it: &Prepared) -> String {
    #[derive(serde::Deserialize)]
    struct Named {
        #[serde(default)]
        namespace: Option<String>,
    }
    let named: Option<Named> = serde_json::from_str(&it.node.data).ok();
    named
        .and_then(|it| it.namespace)
        .filter(|it| !it.is_empty())
        .unwrap_or_else(|| it.context.namespace.clone())
}

/// What a node shows when its component could not say.
fn unknown(error: &crate::node_types::CallError) -> NodeStatus {
    let message = error.to_string();
    let card = serde_json::json!({ "state": "error", "message": message }).to_string();
    NodeStatus {
        state: State::Unknown,
        reason: "StatusFailed".into(),
        message,
        ready: None,
        desired: None,
        addresses: Vec::new(),
        findings: Vec::new(),
        card,
        marks: "{}".into(),
    }
}

/// A poisoned lock is still a lock: no state here is left half-changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
