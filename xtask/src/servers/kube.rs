//! A real Kubernetes control plane: etcd, API server, controller manager and
//! scheduler, with kwok standing in for nodes and for what a cloud does.
//!
//! Pods become ready within a second and run nothing; their logs are a file of
//! ours and `exec` runs on this machine (as `nobody` when we are root). Claims
//! are bound to volumes made beforehand, load balancers and ingresses of the
//! class `nginx` get addresses, and every pod uses half of what it asks for.

mod api;
mod binaries;
mod files;
mod metrics;
mod pki;
mod seed;
mod stages;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use self::api::Api;
use self::binaries::Binaries;
use self::files::{Files, User};
use super::Environment;
use super::child::{Server, folder, free_port};
use crate::progress::Step;

/// How long the API server may take on a busy machine; usually it is 3 s.
const API_SERVER_LIMIT: Duration = Duration::from_secs(90);
/// How long the fake node may take to become ready.
const NODE_LIMIT: Duration = Duration::from_secs(60);

/// A control plane for tests: one of ours, or a cluster of the developer's.
pub(super) enum ControlPlane {
    /// Named by `BOWSPRIT_TEST_KUBECONFIG`; never started, never stopped.
    Given(PathBuf),
    /// Started by us.
    Own(Box<Own>),
}

/// A control plane that was started here.
///
/// The servers come first so that they are dead before their folder goes.
pub(super) struct Own {
    servers: Vec<Server>,
    server: String,
    files: Files,
}

impl ControlPlane {
    /// The developer's cluster if one is named, else a new one.
    pub(super) fn obtain() -> Result<Self> {
        if let Some(path) = std::env::var_os("BOWSPRIT_TEST_KUBECONFIG") {
            eprintln!("  kubernetes: using `BOWSPRIT_TEST_KUBECONFIG`");
            return Ok(Self::Given(path.into()));
        }
        let binaries = Binaries::obtain()?;
        let step = Step::start("starting Kubernetes");
        let own = Own::start(&binaries)?;
        step.done(&format!("ready at {}", own.server));
        Ok(Self::Own(Box::new(own)))
    }

    /// What tests are told about it.
    pub(super) fn environment(&self) -> Environment {
        match self {
            Self::Given(path) => Environment::from([(
                "BOWSPRIT_TEST_KUBECONFIG".to_owned(),
                path.to_string_lossy().into_owned(),
            )]),
            Self::Own(own) => own.environment(),
        }
    }

    /// Fails if one of its processes has ended.
    pub(super) fn check_alive(&mut self) -> Result<()> {
        match self {
            Self::Given(_) => Ok(()),
            Self::Own(own) => own.servers.iter_mut().try_for_each(Server::check_alive),
        }
    }
}

impl Own {
    fn start(binaries: &Binaries) -> Result<Self> {
        let (port, etcd_port, kubelet_port) = (free_port()?, free_port()?, free_port()?);
        let metrics_port = free_port()?;
        let server = format!("https://127.0.0.1:{port}");
        let folder = folder("kube")?;
        let files = Files::write(folder, &server)?;
        let folder = files.folder().to_owned();
        let links = binaries.link(&folder.join("bin"))?;

        let etcd = etcd(&links, &folder, etcd_port)?;
        let etcd = Server::start("etcd", etcd, &folder)?;
        let api_server = api_server(&links, &files, port, etcd_port);
        let mut api_server = Server::start("kube-apiserver", api_server, &folder)?;
        let api = Api::new(&server, &files.authority(), User::Admin.token());
        api_server.wait_until("starting the API server", API_SERVER_LIMIT, || api.is_ready())?;

        let controllers =
            Server::start("controllers", controller_manager(&links, &files), &folder)?;
        let scheduler = Server::start("scheduler", scheduler(&links, &files), &folder)?;
        let kwok = kwok(&binaries.kwok, &files, kubelet_port);
        let mut kwok = Server::start("kwok", kwok, &folder)?;
        let metrics = metrics::command(&binaries.metrics, &files, &server, metrics_port);
        let mut metrics = Server::start("metrics", metrics, &folder)?;
        seed::plant(&api).context("cannot prepare the cluster")?;
        metrics::register(&api, &files, metrics_port).context("cannot register the metrics")?;
        kwok.wait_until("the node's becoming ready", NODE_LIMIT, || seed::node_is_ready(&api))?;
        metrics.wait_until("serving metrics", NODE_LIMIT, || metrics::is_served(&api))?;
        let servers = vec![metrics, kwok, scheduler, controllers, api_server, etcd];
        Ok(Self { servers, server, files })
    }

    fn environment(&self) -> Environment {
        let path = |path: PathBuf| path.to_string_lossy().into_owned();
        let entries = [
            ("BOWSPRIT_TEST_KUBECONFIG", path(self.files.kubeconfig(User::Admin))),
            ("BOWSPRIT_TEST_KUBE_SERVER", self.server.clone()),
            ("BOWSPRIT_TEST_KUBE_TOKEN", User::Admin.token().to_owned()),
            ("BOWSPRIT_TEST_KUBE_CA", path(self.files.authority())),
            ("BOWSPRIT_TEST_KUBE_CLIENT_CERT", path(self.files.client_certificate())),
            ("BOWSPRIT_TEST_KUBE_CLIENT_KEY", path(self.files.client_key())),
            ("BOWSPRIT_TEST_KUBE_RESTRICTED_TOKEN", User::Restricted.token().to_owned()),
            ("BOWSPRIT_TEST_KUBE_RESTRICTED_NAMESPACE", seed::RESTRICTED_NAMESPACE.to_owned()),
            ("BOWSPRIT_TEST_KUBE_AUDIT_LOG", path(self.files.audit_log())),
            ("BOWSPRIT_TEST_KUBE_POD_LOG", path(self.files.pod_log())),
        ];
        entries.map(|(name, value)| (name.to_owned(), value)).into()
    }
}

fn etcd(links: &Path, folder: &Path, port: u16) -> Result<Command> {
    let client = format!("http://127.0.0.1:{port}");
    let peer = format!("http://127.0.0.1:{}", free_port()?);
    let mut command = Command::new(links.join("etcd"));
    command
        .arg("--unsafe-no-fsync")
        .arg("--data-dir")
        .arg(folder.join("etcd"))
        .args(["--listen-client-urls", &client, "--advertise-client-urls", &client])
        .args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer])
        .args(["--initial-cluster", &format!("default={peer}"), "--log-level", "warn"]);
    Ok(command)
}

fn api_server(links: &Path, files: &Files, port: u16, etcd: u16) -> Command {
    let mut command = Command::new(links.join("kube-apiserver"));
    let file = |flag: &str, path: PathBuf| format!("--{flag}={}", path.display());
    command
        .arg(format!("--etcd-servers=http://127.0.0.1:{etcd}"))
        .args(["--bind-address=127.0.0.1", "--advertise-address=127.0.0.1"])
        // There is nobody to whom the API server must announce itself, and
        // announcing a loopback address is refused.
        .arg("--endpoint-reconciler-type=none")
        .arg(format!("--secure-port={port}"))
        .arg(file("tls-cert-file", files.server_certificate()))
        .arg(file("tls-private-key-file", files.server_key()))
        .arg(file("client-ca-file", files.authority()))
        .arg(file("token-auth-file", files.tokens()))
        .arg(file("service-account-key-file", files.account_public_key()))
        .arg(file("service-account-signing-key-file", files.account_key()))
        .arg("--service-account-issuer=https://kubernetes.default.svc")
        .arg("--authorization-mode=RBAC")
        .arg("--service-cluster-ip-range=10.96.0.0/16")
        .arg("--allow-privileged")
        // Pods need no credentials: nothing runs in them.
        .arg("--disable-admission-plugins=ServiceAccount")
        .arg("--kubelet-preferred-address-types=InternalIP")
        .arg(file("audit-policy-file", files.audit_policy()))
        .arg(file("audit-log-path", files.audit_log()))
        // A line is in the file before the client has its answer.
        .arg("--audit-log-mode=blocking-strict");
    command
}

fn controller_manager(links: &Path, files: &Files) -> Command {
    let mut command = Command::new(links.join("kube-controller-manager"));
    command
        .arg("--kubeconfig")
        .arg(files.kubeconfig(User::Controllers))
        .arg("--service-account-private-key-file")
        .arg(files.account_key())
        .arg("--root-ca-file")
        .arg(files.authority())
        .args(["--leader-elect=false", "--secure-port=0"])
        // The defaults protect big clusters and only slow tests down.
        .args(["--kube-api-qps=500", "--kube-api-burst=1000"])
        .args(["--concurrent-namespace-syncs=20", "--namespace-sync-period=10s"])
        // An autoscaler is looked at for the first time after one period.
        .arg("--horizontal-pod-autoscaler-sync-period=1s");
    command
}

fn scheduler(links: &Path, files: &Files) -> Command {
    let mut command = Command::new(links.join("kube-scheduler"));
    command
        .arg("--kubeconfig")
        .arg(files.kubeconfig(User::Scheduler))
        .args(["--leader-elect=false", "--secure-port=0"])
        .args(["--kube-api-qps=500", "--kube-api-burst=1000"]);
    command
}

fn kwok(program: &Path, files: &Files, port: u16) -> Command {
    let mut command = Command::new(program);
    command
        .arg("--kubeconfig")
        .arg(files.kubeconfig(User::Nodes))
        .arg("--config")
        .arg(files.kwok())
        .args(["--manage-all-nodes=true", "--node-ip=127.0.0.1"])
        // The node's status names this port, so the API server finds it.
        .arg(format!("--node-port={port}"))
        .arg(format!("--server-address=127.0.0.1:{port}"))
        // Without leases the node is taken for dead every few minutes.
        .arg("--node-lease-duration-seconds=40")
        .arg("--tls-cert-file")
        .arg(files.server_certificate())
        .arg("--tls-private-key-file")
        .arg(files.server_key())
        // kwok would read the developer's own configuration from there.
        .env("HOME", files.folder());
    command
}
