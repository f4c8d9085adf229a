//! The metrics API: what autoscalers go by, from a server of ours that says
//! that every pod uses half of what it asks for.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::api::Api;
use super::files::{Files, User, base64};
use crate::servers::tools;
use crate::{json, paths, process};

/// Where the API server looks it up.
const NAMESPACE: &str = "kube-system";
const SERVICE: &str = "metrics";
/// The name the API server expects in its certificate.
pub(super) const HOST: &str = "metrics.kube-system.svc";
const API: &str = "v1beta1.metrics.k8s.io";

/// The program, kept by what its sources say.
pub(super) fn program() -> Result<PathBuf> {
    let source = paths::root().join("tests/servers/metrics");
    let mut digest = Sha256::new();
    for file in ["main.go", "go.sum"] {
        digest.update(fs::read(source.join(file))?);
    }
    let digest = hex::encode(digest.finalize());
    let version = digest.get(..16).context("a digest is longer")?;
    let folder = tools::tool("metrics", version, |folder, _| build(&source, folder))?;
    Ok(folder.join("metrics"))
}

fn build(source: &Path, folder: &Path) -> Result<()> {
    let mut command = tools::go()?;
    command.current_dir(source).env("CGO_ENABLED", "0");
    command.args(["build", "-trimpath", "-ldflags", "-s -w", "-o"]);
    command.arg(folder.join("metrics")).arg(".");
    process::run("`go build` of the metrics API", command)
}

/// The command that serves it at `port`, about the pods of the API server.
pub(super) fn command(program: &Path, files: &Files, server: &str, port: u16) -> Command {
    let mut command = Command::new(program);
    command
        .args(["-listen", &format!("127.0.0.1:{port}"), "-server", server])
        .args(["-token", User::Nodes.token()])
        .arg("-authority")
        .arg(files.authority())
        .arg("-certificate")
        .arg(files.server_certificate())
        .arg("-key")
        .arg(files.server_key());
    command
}

/// Registers it with the API server, which asks it at `port` from now on.
pub(super) fn register(api: &Api, files: &Files, port: u16) -> Result<()> {
    let services = format!("/api/v1/namespaces/{NAMESPACE}/services");
    api.create(&services, &service())?;
    let authority = base64(&fs::read(files.authority())?);
    api.create("/apis/apiregistration.k8s.io/v1/apiservices", &registration(&authority, port))
}

/// Whether the API server hands requests on to it.
pub(super) fn is_served(api: &Api) -> bool {
    let path = format!("/apis/apiregistration.k8s.io/v1/apiservices/{API}");
    let Ok(registered) = api.get(&path) else { return false };
    json::list(&registered, "/status/conditions").iter().any(|condition| {
        let said = |pointer| json::text(condition, pointer);
        said("/type") == Some("Available") && said("/status") == Some("True")
    })
}

/// An API server goes to the address itself of a Service that is outside of
/// the cluster; endpoints may not be loopback addresses.
fn service() -> Value {
    json!({
        "metadata": { "name": SERVICE },
        "spec": { "type": "ExternalName", "externalName": "127.0.0.1" },
    })
}

fn registration(authority: &str, port: u16) -> Value {
    json!({
        "metadata": { "name": API },
        "spec": {
            "group": "metrics.k8s.io",
            "version": "v1beta1",
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
            "caBundle": authority,
            "service": { "namespace": NAMESPACE, "name": SERVICE, "port": port },
        },
    })
}
