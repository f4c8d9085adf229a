//! What a fresh cluster needs before anything can run on it.

use anyhow::Result;
use serde_json::{Value, json};

use super::api::Api;
use super::files::User;
use super::stages;
use crate::json;

/// The only namespace the restricted user may touch.
pub(super) const RESTRICTED_NAMESPACE: &str = "restricted";
/// The fake node.
const NODE: &str = "node-1";
/// Volumes that claims can be bound to, by what only some claims ask for;
/// nothing is stored.
const VOLUMES: [(&str, &str, &[&str], usize); 3] = [
    ("volume", "Filesystem", &["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany"], 64),
    ("block", "Block", &["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany"], 4),
    // A volume of one pod's is of nobody else's.
    ("single", "Filesystem", &["ReadWriteOncePod"], 4),
];

/// Creates a node, storage, a class of ingresses, and the restricted user's
/// rights.
pub(super) fn plant(api: &Api) -> Result<()> {
    api.create("/api/v1/nodes", &node())?;
    api.create("/api/v1/namespaces", &json!({ "metadata": { "name": RESTRICTED_NAMESPACE } }))?;
    let roles = format!("/apis/rbac.authorization.k8s.io/v1/namespaces/{RESTRICTED_NAMESPACE}");
    api.create(&format!("{roles}/roles"), &role())?;
    api.create(&format!("{roles}/rolebindings"), &role_binding())?;
    api.create("/apis/storage.k8s.io/v1/storageclasses", &storage_class())?;
    api.create("/apis/networking.k8s.io/v1/ingressclasses", &ingress_class())?;
    for (prefix, mode, access, count) in VOLUMES {
        for number in 1..=count {
            let volume = volume(&format!("{prefix}-{number:02}"), mode, access);
            api.create("/api/v1/persistentvolumes", &volume)?;
        }
    }
    Ok(())
}

/// Whether pods can be scheduled.
pub(super) fn node_is_ready(api: &Api) -> bool {
    let Ok(node) = api.get(&format!("/api/v1/nodes/{NODE}")) else { return false };
    let ready = json::list(&node, "/status/conditions").iter().any(|condition| {
        let said = |pointer| json::text(condition, pointer);
        said("/type") == Some("Ready") && said("/status") == Some("True")
    });
    // The controllers taint a node until they have seen it ready.
    ready && json::list(&node, "/spec/taints").is_empty()
}

fn node() -> Value {
    json!({
        "metadata": {
            "name": NODE,
            "annotations": { "kwok.x-k8s.io/node": "fake" },
            "labels": {
                "type": "kwok",
                "kubernetes.io/hostname": NODE,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
            },
        },
    })
}

fn role() -> Value {
    json!({
        "metadata": { "name": "everything-here" },
        "rules": [{ "apiGroups": ["*"], "resources": ["*"], "verbs": ["*"] }],
    })
}

fn role_binding() -> Value {
    json!({
        "metadata": { "name": "everything-here" },
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "everything-here",
        },
        "subjects": [{
            "apiGroup": "rbac.authorization.k8s.io", "kind": "User",
            "name": User::Restricted.name(),
        }],
    })
}

fn storage_class() -> Value {
    json!({
        "metadata": {
            "name": "standard",
            "annotations": { "storageclass.kubernetes.io/is-default-class": "true" },
        },
        "provisioner": "kubernetes.io/no-provisioner",
        "reclaimPolicy": "Retain",
    })
}

fn ingress_class() -> Value {
    json!({
        "metadata": { "name": stages::INGRESS_CLASS },
        "spec": { "controller": "k8s.io/ingress-nginx" },
    })
}

fn volume(name: &str, mode: &str, access: &[&str]) -> Value {
    json!({
        "metadata": { "name": name },
        "spec": {
            "capacity": { "storage": "100Ti" },
            "volumeMode": mode,
            "accessModes": access,
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": "standard",
            // Never mounted: a fake node starts no containers.
            "hostPath": { "path": "/nonexistent" },
        },
    })
}
