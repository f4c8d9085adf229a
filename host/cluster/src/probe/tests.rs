//! What is read from a node.

use serde_json::json;

use super::*;

#[test]
fn reads_platform_and_provider_from_labels() {
    let node = json!({"metadata": {"labels": {
        "kubernetes.io/os": "linux", "kubernetes.io/cloud-provider": "hetzner"}}});
    assert_eq!((platform(&node), provider(&node)), ("linux".into(), "hetzner".into()));
}

#[test]
fn falls_back_to_what_kubelet_and_cloud_controller_report() {
    let node = json!({"spec": {"providerID": "aws:///eu-central-1a/i-0"},
        "status": {"nodeInfo": {"operatingSystem": "windows"}}});
    assert_eq!((platform(&node), provider(&node)), ("windows".into(), "aws".into()));
}

#[test]
fn knows_nothing_of_a_bare_node() {
    let node = json!({"metadata": {"name": "n"}});
    assert_eq!((platform(&node), provider(&node)), (String::new(), String::new()));
}
