//! The API server the tests run against, and what all of them need.

use std::{env, fs, sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use bowsprit_host_cluster::KubeClusters;
use bowsprit_host_core::{
    id::Id,
    kubernetes::{Applied, Cluster, Credentials, Kubernetes, ObjectKey, Target},
    node_types::Kind,
};
use kube::config::Kubeconfig;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

/// A real API server.
pub(crate) struct Server {
    /// `BOWSPRIT_TEST_KUBE_SERVER`.
    pub(crate) url: String,
    /// `BOWSPRIT_TEST_KUBE_TOKEN`: may do everything.
    pub(crate) token: String,
    /// The text of `BOWSPRIT_TEST_KUBE_CA`.
    pub(crate) ca: String,
    /// The text of `BOWSPRIT_TEST_KUBECONFIG`.
    pub(crate) kubeconfig: String,
    /// `BOWSPRIT_TEST_KUBE_RESTRICTED_TOKEN`: may do next to nothing.
    pub(crate) restricted: String,
}

impl Server {
    /// The server, or `None` and a word about it.
    pub(crate) fn from_env() -> Option<Self> {
        let Ok(url) = env::var("BOWSPRIT_TEST_KUBE_SERVER") else {
            assert!(
                env::var("CI").as_deref() != Ok("true"),
                "CI must provide an API server: `cargo xtask servers up`"
            );
            println!("skipped: no `BOWSPRIT_TEST_KUBE_SERVER`; see `cargo xtask servers`");
            return None;
        };
        let text = |name| fs::read_to_string(env::var(name).expect(name)).expect(name);
        Some(Self {
            url,
            token: env::var("BOWSPRIT_TEST_KUBE_TOKEN").unwrap(),
            ca: text("BOWSPRIT_TEST_KUBE_CA"),
            kubeconfig: text("BOWSPRIT_TEST_KUBECONFIG"),
            restricted: env::var("BOWSPRIT_TEST_KUBE_RESTRICTED_TOKEN").unwrap(),
        })
    }

    /// A cluster record with these credentials.
    pub(crate) fn target(&self, credentials: Credentials) -> Target {
        Target {
            id: Id::new(),
            generation: 1,
            server: self.url.clone(),
            credentials,
            ca_pem: Some(self.ca.clone()),
            insecure: false,
        }
    }

    /// The administrator's record.
    pub(crate) fn admin_target(&self) -> Target {
        self.target(Credentials::Token(self.token.clone().into()))
    }

    /// The administrator's client certificate and key: the files of
    /// `BOWSPRIT_TEST_KUBE_CLIENT_CERT` and `…_KEY`, else the kubeconfig's.
    pub(crate) fn client_certificate(&self) -> Credentials {
        let file = |name| Some(fs::read_to_string(env::var(name).ok()?).unwrap());
        let pem = |base64: String| String::from_utf8(STANDARD.decode(base64).unwrap()).unwrap();
        let config = Kubeconfig::from_yaml(&self.kubeconfig).unwrap();
        let user = config.auth_infos.into_iter().find_map(|it| it.auth_info).unwrap();
        let key = user.client_key_data.map(|it| it.expose_secret().to_owned());
        let certificate = file("BOWSPRIT_TEST_KUBE_CLIENT_CERT")
            .or_else(|| user.client_certificate_data.map(pem))
            .expect("a client certificate");
        let key = file("BOWSPRIT_TEST_KUBE_CLIENT_KEY").or_else(|| key.map(pem)).expect("its key");
        Credentials::Certificate { certificate_pem: certificate.into(), key_pem: key.into() }
    }

    /// The administrator.
    pub(crate) async fn admin(&self) -> Arc<dyn Cluster> {
        KubeClusters::new().connect(&self.admin_target()).await.unwrap()
    }

    /// The user with next to no rights.
    pub(crate) async fn restricted(&self) -> Arc<dyn Cluster> {
        let target = self.target(Credentials::Token(self.restricted.clone().into()));
        KubeClusters::new().connect(&target).await.unwrap()
    }
}

/// A namespace of a test's own.
pub(crate) struct Namespace {
    pub(crate) name: String,
    admin: Arc<dyn Cluster>,
}

impl Namespace {
    /// Creates one.
    pub(crate) async fn new(admin: &Arc<dyn Cluster>) -> Self {
        let name = format!("it-{}", Id::new());
        assert!(admin.ensure_namespace(&name).await.unwrap());
        Self { name, admin: admin.clone() }
    }

    /// A config map in it, labelled `it=yes`.
    pub(crate) fn config_map(&self, name: &str, data: Value) -> Value {
        json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": name, "namespace": self.name, "labels": {"it": "yes"}},
            "data": data,
        })
    }

    /// Names a config map in it.
    pub(crate) fn key(&self, name: &str) -> ObjectKey {
        ObjectKey { kind: config_map(), namespace: Some(self.name.clone()), name: name.into() }
    }

    /// Lets every user read config maps in it.
    pub(crate) async fn open_to_everybody(&self) {
        let metadata = json!({"name": "readers", "namespace": self.name});
        applied(&self.admin, &json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": metadata,
            "rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"]}],
        }))
        .await;
        applied(&self.admin, &json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": metadata,
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "readers"},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:authenticated"}],
        }))
        .await;
    }

    /// Has it removed; the server takes its time for it.
    pub(crate) async fn remove(self) {
        let kind = Kind::parse("v1", "Namespace");
        let key = ObjectKey { kind, namespace: None, name: self.name.clone() };
        let object = self.admin.get(&key).await.unwrap().unwrap();
        assert!(self.admin.delete(&key, uid(&object)).await.unwrap());
    }
}

/// The kind most tests use.
pub(crate) fn config_map() -> Kind {
    Kind::parse("v1", "ConfigMap")
}

/// Applies what must be accepted.
pub(crate) async fn applied(cluster: &Arc<dyn Cluster>, object: &Value) -> Value {
    match cluster.apply(object).await.unwrap() {
        Applied::Done(object) => *object,
        other => panic!("{other:?}"),
    }
}

/// An object's uid.
pub(crate) fn uid(object: &Value) -> &str {
    object.pointer("/metadata/uid").and_then(Value::as_str).unwrap()
}

/// Asks until the answer is yes; fails after 20 s.
pub(crate) async fn eventually<F: Future<Output = bool>>(what: &str, check: impl Fn() -> F) {
    let asking = async {
        while !check().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let outcome = tokio::time::timeout(Duration::from_secs(20), asking).await;
    assert!(outcome.is_ok(), "never happened: {what}");
}
