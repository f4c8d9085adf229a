//! What is drawn in workloads.

use bowsprit_tests::{Kube, Method};
use serde_json::{Value, json};

/// `count` nodes as the canvas saves them, about 380 bytes each, in a row.
pub(crate) fn drawing(count: usize) -> Value {
    let node = |n: usize| {
        json!({
            "id": format!("node-{n}"),
            "type": "deployment",
            "position": {"x": 120.5 * n as f64, "y": 80},
            "data": {
                "name": format!("service-{n}"), "namespace": "default", "image": "nginx:1.27",
                "replicas": 2, "port": 8080, "templateId": "core/deployment",
                "env": {"MODE": "production"}, "labels": {"tier": "backend"},
            },
            "width": 280, "height": 120, "selected": false, "dragging": false,
        })
    };
    let edge = |n: usize| json!({"id": format!("e{n}"), "source": format!("node-{}", n - 1), "target": format!("node-{n}")});
    let nodes: Vec<_> = (0..count).map(node).collect();
    let edges: Vec<_> = (1..count).map(edge).collect();
    json!({"nodes": nodes, "edges": edges})
}

/// `count` config maps in a namespace.
pub(crate) fn config_maps(namespace: &str, count: usize) -> Value {
    let node = |n: usize| {
        let data = json!({"name": format!("cm-{n}"), "namespace": namespace, "data": {"n": n.to_string()}});
        json!({"id": format!("cm{n}"), "type": "configmap", "position": {"x": 0, "y": 0}, "data": data})
    };
    json!({"nodes": (0..count).map(node).collect::<Vec<_>>(), "edges": []})
}

/// The real API server.
pub(crate) fn kube() -> Kube {
    let named = std::env::var_os("BOWSPRIT_TEST_KUBE_SERVER").is_some();
    assert!(named, "`BOWSPRIT_TEST_KUBE_SERVER` names no API server");
    Kube::connect().unwrap()
}

/// Takes a namespace off the API server; its end is not waited for.
pub(crate) async fn remove_namespace(kube: &Kube, namespace: &str) {
    kube.send(Method::DELETE, &format!("/api/v1/namespaces/{namespace}"), &json!({})).await;
}
