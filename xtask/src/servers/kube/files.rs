//! The files a control plane is started with, in its temporary folder.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::json;
use tempfile::TempDir;

use super::{pki, stages};

/// Who may log in by token. The control plane's own parts have names of their
/// own, so that the audit log can leave them out.
#[derive(Clone, Copy)]
pub(super) enum User {
    /// May do everything; what tests use.
    Admin,
    /// May work in one namespace only; for *forbidden*.
    Restricted,
    /// The controller manager.
    Controllers,
    /// The scheduler.
    Scheduler,
    /// kwok, which plays the nodes.
    Nodes,
}

impl User {
    const ALL: [Self; 5] =
        [Self::Admin, Self::Restricted, Self::Controllers, Self::Scheduler, Self::Nodes];

    /// The name in roles and in the audit log.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Restricted => "restricted",
            Self::Controllers => "internal-controllers",
            Self::Scheduler => "internal-scheduler",
            Self::Nodes => "internal-nodes",
        }
    }

    /// The bearer token. Not a secret: the cluster listens on the loopback
    /// address and lives as long as a test run.
    pub(super) fn token(self) -> &'static str {
        match self {
            Self::Admin => "bowsprit-test-admin",
            Self::Restricted => "bowsprit-test-restricted",
            Self::Controllers => "bowsprit-test-controllers",
            Self::Scheduler => "bowsprit-test-scheduler",
            Self::Nodes => "bowsprit-test-nodes",
        }
    }

    fn group(self) -> &'static str {
        match self {
            Self::Restricted => "restricted",
            _ => "system:masters",
        }
    }
}

/// The folder with everything in it; dropping this removes it.
pub(super) struct Files {
    folder: TempDir,
}

impl Files {
    /// Writes all files for a cluster that will answer at `server`.
    pub(super) fn write(folder: TempDir, server: &str) -> Result<Self> {
        let files = Self { folder };
        pki::write(files.folder())?;
        fs::write(files.tokens(), tokens())?;
        fs::write(files.audit_policy(), audit_policy())?;
        fs::write(files.audit_log(), "")?;
        fs::write(files.pod_log(), POD_LOG)?;
        fs::write(files.kwok(), files.kwok_configuration())?;
        for user in User::ALL {
            fs::write(files.kubeconfig(user), files.kubeconfig_of(user, server)?)?;
        }
        Ok(files)
    }

    /// The folder itself.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    /// The certificate authority, of servers and of clients.
    pub(super) fn authority(&self) -> PathBuf {
        self.path("ca.crt")
    }

    /// The API server's certificate, also used for the fake kubelet.
    pub(super) fn server_certificate(&self) -> PathBuf {
        self.path("server.crt")
    }

    /// The key of [`Self::server_certificate`].
    pub(super) fn server_key(&self) -> PathBuf {
        self.path("server.key")
    }

    /// An administrator's certificate, to log in without a token.
    pub(super) fn client_certificate(&self) -> PathBuf {
        self.path("client.crt")
    }

    /// The key of [`Self::client_certificate`].
    pub(super) fn client_key(&self) -> PathBuf {
        self.path("client.key")
    }

    /// Signs service-account tokens.
    pub(super) fn account_key(&self) -> PathBuf {
        self.path("account.key")
    }

    /// Checks service-account tokens.
    pub(super) fn account_public_key(&self) -> PathBuf {
        self.path("account.pub")
    }

    /// The table of [`User`]s.
    pub(super) fn tokens(&self) -> PathBuf {
        self.path("tokens.csv")
    }

    /// What the API server writes down.
    pub(super) fn audit_policy(&self) -> PathBuf {
        self.path("audit-policy.json")
    }

    /// Where it writes it: one JSON object per line, one line per write.
    pub(super) fn audit_log(&self) -> PathBuf {
        self.path("audit.log")
    }

    /// What every container "says", in the CRI log format; may be appended to.
    pub(super) fn pod_log(&self) -> PathBuf {
        self.path("pod.log")
    }

    /// The node simulator's configuration.
    pub(super) fn kwok(&self) -> PathBuf {
        self.path("kwok.yaml")
    }

    /// A kubeconfig for one user.
    pub(super) fn kubeconfig(&self, user: User) -> PathBuf {
        self.path(&format!("{}.kubeconfig", user.name()))
    }

    /// JSON, which is YAML too; the authority is inlined so that the file can
    /// be handed to somebody else.
    fn kubeconfig_of(&self, user: User, server: &str) -> Result<String> {
        let authority = fs::read(self.authority())?;
        let named = user.name();
        let value = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{ "name": "bowsprit-test", "cluster": {
                "server": server,
                "certificate-authority-data": base64(&authority),
            } }],
            "users": [{ "name": named, "user": { "token": user.token() } }],
            "contexts": [{ "name": "bowsprit-test", "context": {
                "cluster": "bowsprit-test", "user": named,
            } }],
            "current-context": "bowsprit-test",
        });
        Ok(serde_json::to_string_pretty(&value)?)
    }

    /// Logs come from [`Self::pod_log`], `exec` runs here, and stages play
    /// what else a cluster does.
    fn kwok_configuration(&self) -> String {
        let logs = json!({
            "apiVersion": "kwok.x-k8s.io/v1alpha1",
            "kind": "ClusterLogs",
            "metadata": { "name": "all" },
            "spec": { "logs": [{ "logsFile": self.pod_log(), "follow": true }] },
        });
        let nobody = json!({ "runAsUser": NOBODY, "runAsGroup": NOBODY });
        let user = if is_root() { nobody } else { json!(null) };
        let exec = json!({
            "apiVersion": "kwok.x-k8s.io/v1alpha1",
            "kind": "ClusterExec",
            "metadata": { "name": "all" },
            "spec": { "execs": [{ "local": { "workDir": "/tmp", "securityContext": user } }] },
        });
        let documents = [logs, exec].into_iter().chain(stages::all());
        documents.map(|it| format!("{it}\n---\n")).collect()
    }
}

/// The user who owns nothing, on every Linux.
const NOBODY: u32 = 65534;

const POD_LOG: &str = "\
2026-01-01T00:00:00.000000001Z stdout F starting
2026-01-01T00:00:01.000000002Z stdout F listening on port 8080
2026-01-01T00:00:02.000000003Z stderr F a warning on the other stream
";

fn tokens() -> String {
    let line =
        |user: User| format!("{},{},{},{}\n", user.token(), user.name(), user.name(), user.group());
    User::ALL.map(line).concat()
}

/// Writes only, with who and what but without bodies, and not by the control
/// plane itself: what is left is what the tested program did.
fn audit_policy() -> String {
    let internal = [User::Controllers, User::Scheduler, User::Nodes].map(User::name);
    json!({
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived"],
        "rules": [
            { "level": "None", "users": internal },
            { "level": "None", "users": ["system:apiserver"] },
            { "level": "Metadata",
              "verbs": ["create", "update", "patch", "delete", "deletecollection"] },
        ],
    })
    .to_string()
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").is_ok_and(|it| it.uid() == 0)
}

/// Standard base64, which kubeconfigs want for certificates.
pub(super) fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
