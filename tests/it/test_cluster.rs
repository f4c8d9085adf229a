//! What tests expect of the cluster they run on, besides Kubernetes itself.

use bowsprit_tests::{Kube, Method, unique};
use serde_json::{Value, json};

#[tokio::test]
async fn claims_of_every_kind_are_bound_and_their_volumes_can_be_claimed_again() {
    let Some(kube) = Kube::connect() else { return };
    let namespace = format!("it-{}", unique());
    let made = json!({"metadata": {"name": namespace}});
    kube.send(Method::POST, "/api/v1/namespaces", &made).await;
    let claims = format!("/api/v1/namespaces/{namespace}/persistentvolumeclaims");
    let kinds = [
        ("Filesystem", "ReadWriteMany"),
        ("Block", "ReadWriteOnce"),
        ("Filesystem", "ReadWriteOncePod"),
    ];
    for (number, (mode, access)) in kinds.into_iter().enumerate() {
        let claim = json!({"metadata": {"name": format!("c-{number}")}, "spec": {
            "volumeMode": mode, "accessModes": [access],
            "resources": {"requests": {"storage": "10Gi"}},
        }});
        let (status, answer) = kube.send(Method::POST, &claims, &claim).await;
        assert_eq!(status, 201, "{answer}");
        let path = format!("{claims}/c-{number}");
        let is_bound =
            |it: &Option<Value>| it.as_ref().is_some_and(|it| it["status"]["phase"] == "Bound");
        let bound = kube.until(&path, is_bound).await.unwrap();
        let volume = bound["spec"]["volumeName"].as_str().unwrap();
        kube.send(Method::DELETE, &path, &json!({})).await;
        let is_free = |it: &Option<Value>| {
            it.as_ref().is_some_and(|it| it["spec"]["claimRef"]["uid"] != bound["metadata"]["uid"])
        };
        kube.until(&format!("/api/v1/persistentvolumes/{volume}"), is_free).await;
    }
    kube.send(Method::DELETE, &format!("/api/v1/namespaces/{namespace}"), &json!({})).await;
}
