//! What a fresh cluster needs before anything can run on it.

use anyhow::Result;
use serde_json::{Value, json};

use super::api::Api;
use super::files::User;
use crate::json;

/// The only namespace the restricted user may touch.
pub(super) const RESTRICTED_NAMESPACE: &str = "restricted";
/// The fake node.
const NODE: &str = "node-1";
/// How many claims for storage can be bound; nothing is stored.
const VOLUMES: usize = 24;

/// Creates a node, storage, and the restricted user's rights.
pub(super) fn plant(api: &Api) -> Result<()> {
    api.create("/api/v1/nodes", &node())?;
    api.create("/api/v1/namespaces", &json!({ "metadata": { "name": RESTRICTED_NAMESPACE } }))?;
    let roles = format!("/apis/rbac.authorization.k8s.io/v1/namespaces/{RESTRICTED_NAMESPACE}");
    api.create(&format!("{roles}/roles"), &role())?;
    api.create(&format!("{roles}/rolebindings"), &role_binding())?;
    api.create("/apis/storage.k8s.io/v1/storageclasses", &storage_class())?;
    (1..=VOLUMES).try_for_each(|number| api.create("/api/v1/persistentvolumes", &volume(number)))
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

fn volume(number: usize) -> Value {
    json!({
        "metadata": { "name": format!("volume-{number:02}") },
        "spec": {
            "capacity": { "storage": "100Ti" },
            "accessModes": ["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany"],
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": "standard",
            // Never mounted: a fake node starts no containers.
            "hostPath": { "path": "/nonexistent" },
        },
    })
}
