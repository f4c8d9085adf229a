//! What is read from a list of resources. How often the cluster is asked is
//! tested against a real one.

use serde_json::json;

use super::*;

#[test]
fn reads_kinds_and_leaves_out_subresources() {
    let list = json!({"kind": "APIResourceList", "groupVersion": "v1", "resources": [
        {"name": "pods", "kind": "Pod", "namespaced": true, "verbs": ["get"]},
        {"name": "pods/eviction", "kind": "Eviction", "namespaced": true},
        {"name": "nodes", "kind": "Node"},
        {"name": "nodes2", "kind": "Node"},
    ]});

    let kinds = kinds(serde_json::from_value(list).unwrap());

    assert_eq!(kinds.len(), 2);
    assert_eq!(kinds["Pod"], Served { plural: "pods".into(), namespaced: true });
    assert_eq!(kinds["Node"], Served { plural: "nodes".into(), namespaced: false });
}

#[test]
fn takes_no_path_from_a_cluster_that_would_lead_elsewhere() {
    let list = json!({"resources": [{"name": "../x", "kind": "X"}, {"name": "", "kind": "Y"}]});
    assert!(kinds(serde_json::from_value(list).unwrap()).is_empty());
}

#[test]
fn forgets_everything_rather_than_keep_any_number_of_groups() {
    let discovery = Discovery::default();
    for n in 0..=KEPT {
        discovery.slot(&Kind::parse(&format!("g{n}/v1"), "X"));
    }
    assert_eq!(lock(&discovery.known).len(), 1);
}
