//! Clusters: where workflows run. Credentials are sealed before they are
//! stored and never shown again.

mod record;
mod usage;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures::FutureExt as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Error, Result,
    access::Caller,
    audit::{Action, Audit, Object},
    id::Id,
    kubernetes::{Cluster, Kubernetes},
    parallel::in_order,
    secrets::{HoldsSecrets as _, KeyRing},
    store::{
        Collection, Direction, Documents, Filter, Query, Record, Repository, StoreError, Stored,
    },
    tasks::Tasks,
    time::Timestamp,
};
pub use record::{AuthType, CLUSTERS, ClusterRecord, ClusterStatus, ClusterView, GivenCredentials};
use record::{Metadata, SealedCredentials};
pub use usage::{Overview, ResourceRow};

/// A status older than this is shown as stale.
const STALE: Duration = Duration::from_secs(120);
/// Clusters per user.
const MOST: u32 = 1_000;

/// A request for a new cluster.
pub struct NewCluster {
    /// Unique for its owner.
    pub name: String,
    /// Shown name; `name` if empty.
    pub display_name: String,
    /// Shown description.
    pub description: String,
    /// `https://host:port`.
    pub server: String,
    /// How to enter it.
    pub auth_type: AuthType,
    /// With what.
    pub credentials: GivenCredentials,
    /// All workloads may run on control-plane nodes.
    pub single_node: bool,
    /// Free labels.
    pub labels: BTreeMap<String, String>,
}

/// What a user prefers; one document a user.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Preferences {
    #[serde(skip)]
    user: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    default_cluster: Option<Id>,
}

/// Where preferences are kept; a document's id is the user's.
pub static PREFERENCES: Collection =
    Collection { name: "user_preferences", fields: &[], indexes: &[], unique: &[], expiry: None };

impl Record for Preferences {
    const COLLECTION: &'static Collection = &PREFERENCES;

    fn key(&self) -> String {
        self.user.clone()
    }

    fn restore_key(&mut self, id: &str) {
        id.clone_into(&mut self.user);
    }
}

/// The state of a cluster as the last check left it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StatusView {
    cluster: String,
    status: ClusterStatus,
    last_check: Timestamp,
    is_stale: bool,
    is_online: bool,
}

/// All clusters of a caller.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ClusterList {
    clusters: Vec<ClusterView>,
    /// Id of the default cluster, or empty.
    default: String,
}

/// The cluster use-cases.
#[derive(Clone)]
pub struct Clusters {
    stored: Repository<ClusterRecord>,
    preferences: Repository<Preferences>,
    kubernetes: Arc<dyn Kubernetes>,
    keys: Arc<KeyRing>,
    tasks: Arc<dyn Tasks>,
    audit: Audit,
}

impl Clusters {
    /// Clusters in `store`, reached through `kubernetes`.
    pub fn new(
        store: &Arc<dyn Documents>,
        kubernetes: Arc<dyn Kubernetes>,
        keys: Arc<KeyRing>,
        tasks: Arc<dyn Tasks>,
        audit: Audit,
    ) -> Self {
        Self {
            stored: Repository::new(Arc::clone(store)),
            preferences: Repository::new(Arc::clone(store)),
            kubernetes,
            keys,
            tasks,
            audit,
        }
    }

    /// Adds a cluster; whether it answers is found out in the background.
    pub async fn create(&self, caller: &Caller, new: NewCluster) -> Result<ClusterView> {
        let name = new.name.trim().to_owned();
        check_name(&name)?;
        let id = Id::new();
        let now = Timestamp::now();
        let display_name =
            if new.display_name.is_empty() { name.clone() } else { new.display_name };
        let record = ClusterRecord {
            id,
            name,
            display_name,
            description: new.description,
            server: new.server.trim().trim_end_matches('/').to_owned(),
            auth_type: new.auth_type,
            credentials: SealedCredentials::seal(new.credentials, id, &self.keys)?,
            generation: 1,
            status: ClusterStatus::Unknown,
            last_check: Timestamp::NEVER,
            single_node: new.single_node,
            labels: new.labels,
            metadata: Metadata::default(),
            user_id: caller.user,
            created_at: now,
            updated_at: now,
        };
        // Finds malformed credentials before anything is stored.
        self.kubernetes.connect(&record.target(&self.keys)?).await?;
        let record = match self.stored.insert(record).await {
            Err(StoreError::Taken("cluster_name")) => {
                return Err(Error::Conflict {
                    code: "cluster.name.taken",
                    message: "you have a cluster of this name already".into(),
                });
            }
            other => other?.value,
        };
        let object = Object::new("cluster", record.id).detail(format!(
            "`{}` at {} with {:?} credentials",
            record.name, record.server, record.auth_type
        ));
        self.audit.record(caller, Action::ClusterAdded, object).await;
        let (this, probed) = (self.clone(), record.clone());
        self.tasks.start("probe a new cluster", async move {
            if let Err(error) = this.probe(&probed).await {
                tracing::info!(cluster = %probed.id, %error, "new cluster does not answer");
            }
        });
        let default = self.default_id(caller).await?;
        Ok(ClusterView::new(record, default))
    }

    /// The caller's clusters, newest first.
    pub async fn list(&self, caller: &Caller) -> Result<ClusterList> {
        let default = self.default_id(caller).await?;
        let query = Query::new(Filter::Eq("user_id", caller.user.into()), MOST)
            .sorted("created_at", Direction::Descending);
        let found = self.stored.find(&query).await?;
        let mine = |id: &Id| found.iter().any(|it| it.id == *id);
        let default = default.filter(mine);
        Ok(ClusterList {
            default: default.map(|id| id.to_string()).unwrap_or_default(),
            clusters: found.into_iter().map(|it| ClusterView::new(it.value, default)).collect(),
        })
    }

    /// One of the caller's clusters.
    pub async fn get(&self, caller: &Caller, name: &str) -> Result<ClusterView> {
        let record = self.mine(caller, name).await?.value;
        Ok(ClusterView::new(record, self.default_id(caller).await?))
    }

    /// The caller's default cluster.
    pub async fn default(&self, caller: &Caller) -> Result<ClusterView> {
        let none = || Error::not_found("cluster", "default");
        let id = self.default_id(caller).await?.ok_or_else(none)?;
        let record = self.stored.get(&id.to_string()).await?.ok_or_else(none)?;
        caller.require_owner(record.user_id, "cluster", "default")?;
        Ok(ClusterView::new(record.value, Some(id)))
    }

    /// Makes a cluster the caller's default.
    pub async fn set_default(&self, caller: &Caller, name: &str) -> Result<()> {
        let cluster = self.mine(caller, name).await?;
        let user = caller.user.to_string();
        let set = |it: &mut Preferences| {
            it.default_cluster = Some(cluster.id);
            Ok::<_, Error>(())
        };
        while self.preferences.update(&user, set).await?.is_none() {
            let new = Preferences { user: user.clone(), default_cluster: Some(cluster.id) };
            match self.preferences.insert(new).await {
                Ok(_) => return Ok(()),
                Err(StoreError::Taken(_)) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Ok(())
    }

    /// How the cluster did at its last check.
    pub async fn status(&self, caller: &Caller, name: &str) -> Result<StatusView> {
        let record = self.mine(caller, name).await?.value;
        Ok(StatusView {
            cluster: record.name,
            status: record.status,
            last_check: record.last_check,
            is_stale: Timestamp::now().since(record.last_check) > STALE,
            is_online: record.status == ClusterStatus::Connected,
        })
    }

    /// Asks the cluster now.
    pub async fn test(&self, caller: &Caller, name: &str) -> Result<()> {
        let record = self.mine(caller, name).await?.value;
        self.probe(&record).await
    }

    /// Removes a cluster. Objects in it stay. A preference for it goes last: a
    /// default that is not there counts as none.
    pub async fn delete(&self, caller: &Caller, name: &str) -> Result<()> {
        let record = self.mine(caller, name).await?.value;
        self.stored.remove(&record.id.to_string()).await?;
        if self.default_id(caller).await? == Some(record.id) {
            let unset = |it: &mut Preferences| {
                it.default_cluster.take_if(|it| *it == record.id);
                Ok::<_, Error>(())
            };
            self.preferences.update(&caller.user.to_string(), unset).await?;
        }
        self.kubernetes.forget(record.id).await;
        let object = Object::new("cluster", record.id).detail(format!("`{}`", record.name));
        self.audit.record(caller, Action::ClusterRemoved, object).await;
        Ok(())
    }

    /// The record of one of the caller's clusters. There is no falling back
    /// to another one.
    pub async fn mine(&self, caller: &Caller, name: &str) -> Result<Stored<ClusterRecord>> {
        let this = Filter::And(vec![
            Filter::Eq("user_id", caller.user.into()),
            Filter::Eq("name", name.into()),
        ]);
        self.stored.find_one(this).await?.ok_or_else(|| Error::not_found("cluster", name))
    }

    /// The record under an id, for work in the background.
    pub async fn by_id(&self, id: Id) -> Result<Option<ClusterRecord>> {
        Ok(self.stored.get(&id.to_string()).await?.map(|it| it.value))
    }

    /// A client for a cluster.
    pub async fn connect(&self, record: &ClusterRecord) -> Result<Arc<dyn Cluster>> {
        self.kubernetes.connect(&record.target(&self.keys)?).await
    }

    /// Probes every cluster whose last check is older than `age`, a few at a
    /// time.
    pub async fn check_all(&self, age: Duration) -> Result<()> {
        let due = Filter::Less("last_check", (Timestamp::now() - age).into());
        let found = self.stored.find(&Query::new(due, MOST)).await?;
        let mut probes = Vec::with_capacity(found.len());
        for record in found {
            let probe = async move {
                if let Err(error) = self.probe(&record).await {
                    tracing::debug!(cluster = %record.id, %error, "cluster does not answer");
                }
            };
            probes.push(probe.boxed());
        }
        in_order(probes, 5).await;
        Ok(())
    }

    /// Asks a cluster and records what it said.
    async fn probe(&self, record: &ClusterRecord) -> Result<()> {
        let outcome = match self.connect(record).await {
            Ok(cluster) => cluster.probe().await,
            Err(error) => Err(error),
        };
        let now = Timestamp::now();
        let status = match (&outcome, record.status) {
            (Ok(_), _) => ClusterStatus::Connected,
            (Err(_), ClusterStatus::Connected | ClusterStatus::Disconnected) => {
                ClusterStatus::Disconnected
            }
            (Err(_), _) => ClusterStatus::Error,
        };
        let facts = outcome.as_ref().ok().cloned();
        self.stored
            .update(&record.id.to_string(), |it| {
                it.status = status;
                it.last_check = now;
                // What cannot be opened is told by the probe itself.
                if let Err(error) = it.seal_foreign(&self.keys) {
                    tracing::warn!(cluster = %it.id, %error, "credentials stay as they were");
                }
                if let Some(facts) = facts.clone() {
                    it.metadata = Metadata::new(facts, now);
                }
                Ok::<_, Error>(())
            })
            .await?;
        outcome.map(drop)
    }

    async fn default_id(&self, caller: &Caller) -> Result<Option<Id>> {
        let stored = self.preferences.get(&caller.user.to_string()).await?;
        Ok(stored.and_then(|it| it.default_cluster))
    }
}

/// Names stand in URLs: no slash, no control characters, not too long.
fn check_name(name: &str) -> Result<()> {
    let plain = |c: char| !c.is_control() && !matches!(c, '/' | '\\' | '?' | '#' | '%');
    if name.is_empty() || name.len() > 253 || !name.chars().all(plain) || name == "default" {
        return Err(Error::invalid(
            "name",
            "must be 1 to 253 characters without `/ \\ ? # %`, and not `default`",
        ));
    }
    Ok(())
}
