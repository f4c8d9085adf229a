//! The port to Kubernetes clusters: mechanics only, no kind has a meaning here.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use async_trait::async_trait;
use secrecy::SecretString;
use serde_json::Value;

use crate::{catalogues, error::Result, id::Id, node_types::Kind};

/// The field manager the host applies as.
pub const FIELD_MANAGER: &str = "bowsprit";

/// How to reach and enter a cluster.
#[derive(Debug, Clone)]
pub struct Target {
    /// The cluster record.
    pub id: Id,
    /// Changes whenever server or credentials do; connections are cached by
    /// (id, generation).
    pub generation: i64,
    /// `https://host:port`; for kubeconfig credentials the file's own.
    pub server: String,
    /// How to authenticate.
    pub credentials: Credentials,
    /// PEM of the certificate authority; `None` = the system's roots.
    pub ca_pem: Option<String>,
    /// Skip verification of the server's certificate: only when the record
    /// says so.
    pub insecure: bool,
}

/// A way to authenticate. Secrets cannot be printed.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// A bearer token.
    Token(SecretString),
    /// A client certificate and key, PEM.
    Certificate {
        /// The certificate chain.
        certificate_pem: SecretString,
        /// The private key.
        key_pem: SecretString,
    },
    /// A kubeconfig, YAML. `exec`, auth providers and file references are
    /// refused.
    Kubeconfig {
        /// The whole text.
        yaml: SecretString,
        /// The context to use; `None` = the current one.
        context: Option<String>,
    },
}

/// What a probe learned.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ClusterFacts {
    /// `gitVersion`, e.g. `v1.36.3`.
    pub version: String,
    /// The nodes' operating system.
    pub platform: String,
    /// The nodes' cloud provider, or empty.
    pub provider: String,
    /// How many nodes.
    pub node_count: u32,
    /// Names of all namespaces that may be listed.
    pub namespaces: Vec<String>,
    /// Names of all storage classes.
    pub storage_classes: Vec<String>,
}

/// Names one object.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectKey {
    /// Its kind.
    pub kind: Kind,
    /// Its namespace; `None` for cluster-scoped kinds.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

/// A served kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// Plural, lower case.
    pub plural: String,
    /// Whether objects live in namespaces.
    pub namespaced: bool,
}

/// One field another manager owns with another value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldConflict {
    /// Who owns it.
    pub manager: String,
    /// Which field, in the server's notation.
    pub field: String,
}

/// What server-side apply came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Applied {
    /// It is in force; the object as the server answered it.
    Done(Box<Value>),
    /// Other managers own fields with other values; nothing was written.
    Conflict(Vec<FieldConflict>),
    /// A field that cannot be changed; the server's sentence.
    Immutable(String),
    /// The server refuses the object; its sentence.
    Invalid(String),
}

/// What the server says to an object that it is only shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trial {
    /// It would be in force.
    Fine,
    /// It would not.
    Refused {
        /// Whether all that is wrong is that fields cannot be changed.
        immutable: bool,
        /// At least one.
        why: Vec<Objection>,
    },
    /// Somebody whom the server asks says no, and may have looked at what else
    /// is there: objects that the same run applies may be what is missing.
    Denied(Vec<Objection>),
    /// Nobody can say before it is applied: its kind or its namespace is not
    /// there yet, or somebody who has a say takes no part in trials.
    Unknown,
}

/// One thing the server has against an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection {
    /// RFC 6901 pointer into the object, where the server names a field.
    pub at: Option<String>,
    /// The server's words, with the field.
    pub message: String,
}

/// Connects to clusters and caches the connections.
#[async_trait]
pub trait Kubernetes: Send + Sync {
    /// A client for `target`. Parses credentials (`Error::Invalid` names the
    /// field); talks to nobody yet.
    async fn connect(&self, target: &Target) -> Result<Arc<dyn Cluster>>;

    /// Drops cached connections and informers of a cluster.
    async fn forget(&self, id: Id);
}

/// One cluster. Every call has a time limit of its own.
#[async_trait]
pub trait Cluster: Send + Sync {
    /// Asks for the version and what else there is to know.
    async fn probe(&self) -> Result<ClusterFacts>;

    /// Whether and how a kind is served. Cached, "not served" for a few seconds.
    async fn served(&self, kind: &Kind) -> Result<Option<Served>>;

    /// The same, but "not served" is an answer that the server gave after
    /// `since`. However many ask, it is asked at most a few times a second; who
    /// comes in between waits.
    async fn served_since(&self, kind: &Kind, since: Instant) -> Result<Option<Served>>;

    /// Every version of every custom kind that the cluster serves, ordered by
    /// group and kind, preferred versions first, without schemas and columns.
    /// From memory, which follows the cluster: the same list, as long as nothing
    /// has changed.
    ///
    /// Fails with `cluster.forbidden` if definitions may not be read.
    async fn custom_kinds(&self) -> Result<Arc<Vec<catalogues::Served>>>;

    /// A custom kind with all that its definition says; `None` if no definition
    /// makes it. Fails as [`Cluster::custom_kinds`] does.
    async fn definition(&self, kind: &Kind) -> Result<Option<catalogues::Served>>;

    /// A custom kind by its definition's name (`<plural>.<group>`), in its
    /// preferred version. Before it says `None` it asks the server, and waits a
    /// few seconds for a definition that was just made.
    ///
    /// Fails as [`Cluster::custom_kinds`] does, and with
    /// `cluster.kind-not-served` if the definition is there and not in force.
    async fn definition_named(&self, name: &str) -> Result<Option<catalogues::Served>>;

    /// Server-side apply as field manager `bowsprit`, not forced.
    async fn apply(&self, object: &Value) -> Result<Applied>;

    /// What [`Cluster::apply`] would come to; nothing is written.
    async fn try_out(&self, object: &Value) -> Result<Trial>;

    /// Server-side apply as a field manager that only holds fields until
    /// somebody else takes them over: an apply that leaves them out afterwards
    /// does not remove them. Whatever it holds, [`Cluster::apply`] may take
    /// back.
    async fn hand_over(&self, fields: &Value) -> Result<Applied>;

    /// Applies an object as [`Cluster::apply`] does, after it has taken `fields`,
    /// a part of it, from whoever owns them. Every other field that somebody
    /// else owns is as much of a conflict as before.
    async fn take_back(&self, object: &Value, fields: &Value) -> Result<Applied>;

    /// Changes exactly these fields of an object that is there, as field
    /// manager `bowsprit`, not forced. What this manager applied to it
    /// before and `fields` does not mention stays; a plain apply would drop
    /// it. With `trial` the server checks everything and writes nothing.
    ///
    /// Fails with `cluster.not-found` if the object is not there.
    async fn amend(&self, fields: &Value, trial: bool) -> Result<Applied>;

    /// The object, or `None`.
    async fn get(&self, key: &ObjectKey) -> Result<Option<Value>>;

    /// All objects of a kind that match a label selector.
    async fn list(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
        selector: &str,
    ) -> Result<Vec<Value>>;

    /// The first objects of a kind that match a label selector, up to `limit`.
    async fn some(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
        selector: &str,
        limit: u32,
    ) -> Result<Vec<Value>>;

    /// The events about the object with this uid, newest first, up to `limit`.
    async fn events(&self, namespace: &str, uid: &str, limit: u32) -> Result<Vec<Value>>;

    /// The last lines that a container of a pod has logged, oldest first, up
    /// to `lines`; what is not UTF-8 is replaced.
    async fn log_tail(
        &self,
        (namespace, pod): (&str, &str),
        container: &str,
        lines: u32,
    ) -> Result<Vec<String>>;

    /// Deletes in the background of the server, only if the uid is still this
    /// one. False if it was gone or is another object.
    async fn delete(&self, key: &ObjectKey, uid: &str) -> Result<bool>;

    /// Creates a namespace unless it exists; true if it was created.
    async fn ensure_namespace(&self, name: &str) -> Result<bool>;

    /// The shared informer for objects of `kind` that carry the label
    /// `selector`, covering at least `namespace`. The same informer for all
    /// namespaces if the cluster lets us watch cluster-wide. Starts it.
    async fn informer(
        &self,
        kind: &Kind,
        namespace: &str,
        selector: &str,
    ) -> Result<Arc<dyn Informer>>;
}

/// What an informer knows of its kind right now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InformerState {
    /// First list not finished.
    Starting,
    /// Following changes.
    Live,
    /// Not allowed; says what.
    Forbidden(String),
    /// No answer at present; says why. Objects are the last known.
    Unavailable(String),
}

/// A live object in an informer.
#[derive(Debug, Clone)]
pub struct Observed {
    /// Its namespace, if it has one.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
    /// Uids of its owners.
    pub owners: Vec<String>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// The object as JSON text, `managedFields` removed.
    pub json: Arc<str>,
}

/// A change an informer saw.
#[derive(Debug, Clone)]
pub enum Change {
    /// The object was added, changed, or deleted (its last state).
    Object(Arc<Observed>),
    /// The list was made anew or the informer's state changed: look again at
    /// everything.
    Relisted,
}

/// A cache of one kind's objects that follows the server.
#[async_trait]
pub trait Informer: Send + Sync {
    /// Resolves when the first list is in, or cannot be had.
    async fn ready(&self) -> InformerState;

    /// How it is doing now.
    fn state(&self) -> InformerState;

    /// All objects, ordered by namespace and name.
    fn objects(&self) -> Vec<Arc<Observed>>;

    /// One object by name.
    fn get(&self, namespace: Option<&str>, name: &str) -> Option<Arc<Observed>> {
        let same = |it: &Arc<Observed>| it.name == name && it.namespace.as_deref() == namespace;
        self.objects().into_iter().find(same)
    }

    /// The objects that carry a label with this value.
    fn with_label(&self, key: &str, value: &str) -> Vec<Arc<Observed>> {
        let mut objects = self.objects();
        objects.retain(|it| it.labels.get(key).is_some_and(|it| it == value));
        objects
    }

    /// Changes from now on. A receiver that lags gets
    /// `RecvError::Lagged`: treat it like [`Change::Relisted`].
    fn changes(&self) -> tokio::sync::broadcast::Receiver<Change>;
}
