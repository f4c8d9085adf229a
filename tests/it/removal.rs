//! What a save removes from a cluster, and what it must leave there.

use bowsprit_host_core::runs::inventory::INVENTORIES;
use bowsprit_tests::{Kube, Store, TestHost, unique};
use serde_json::{Value, json};

use crate::runs::node;

fn drawn(namespace: &str, names: &[&str]) -> Value {
    let map = |name: &&str| {
        node(name, "configmap", json!({"name": name, "namespace": namespace, "data": {"a": "b"}}))
    };
    json!({"nodes": names.iter().map(map).collect::<Vec<_>>(), "edges": []})
}

async fn a_slow_removal_spares_what_was_drawn_and_run_meanwhile(store: Store) {
    let Some(kube) = Kube::connect() else { return };
    let Some(host) = TestHost::on(store).await else { return };
    let user = host.admin().await;
    kube.add_to(&user, "lab").await;
    let namespace = format!("it-{}", unique());
    let object = |name: &str| format!("/api/v1/namespaces/{namespace}/configmaps/{name}");
    let id = user.workflow("w", "lab").await;
    user.save(&id, &drawn(&namespace, &["one", "two"])).await;
    user.run(&id, &json!({})).await.expect(200);

    let mut held = host.holds(&INVENTORIES);
    let (saving, path) = (user.clone(), id.clone());
    let smaller = drawn(&namespace, &["one"]);
    let slow = tokio::spawn(async move { saving.save(&path, &smaller).await });
    held.reached().await;
    user.save(&id, &drawn(&namespace, &["one", "three"])).await;
    user.post(&format!("/workflows/{id}/run"), &json!({})).await.expect(200);
    drop(held);
    slow.await.unwrap();

    kube.until_gone(&object("two")).await;
    assert!(kube.get(&object("one")).await.is_some());
    assert!(kube.get(&object("three")).await.is_some(), "it is drawn");
    host.finish().await;
}

#[tokio::test]
async fn a_slow_removal_spares_what_was_drawn_and_run_meanwhile_embedded() {
    a_slow_removal_spares_what_was_drawn_and_run_meanwhile(Store::Embedded).await;
}

#[tokio::test]
async fn a_slow_removal_spares_what_was_drawn_and_run_meanwhile_mongo() {
    a_slow_removal_spares_what_was_drawn_and_run_meanwhile(Store::Mongo).await;
}
