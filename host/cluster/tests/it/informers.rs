//! Informers: what they see, what they say when they cannot, what they cost.

use std::{collections::BTreeMap, sync::Arc};

use bowsprit_host_cluster::KubeClusters;
use bowsprit_host_core::{
    kubernetes::{Change, Informer, InformerState, Kubernetes, Observed},
    node_types::Kind,
};
use futures::future::join_all;
use serde_json::{Value, json};
use tokio::sync::broadcast;

use crate::{
    proxy::Proxy,
    server::{Namespace, Server, applied, config_map, eventually, uid},
};

fn find(informer: &Arc<dyn Informer>, namespace: &Namespace, name: &str) -> Option<Arc<Observed>> {
    let own = |it: &Arc<Observed>| {
        it.namespace.as_deref() == Some(namespace.name.as_str()) && it.name == name
    };
    informer.objects().into_iter().find(own)
}

/// The next change of an object in this namespace; others' are passed over.
async fn next_of(
    changes: &mut broadcast::Receiver<Change>,
    namespace: &Namespace,
) -> Arc<Observed> {
    let wait = async {
        loop {
            if let Change::Object(it) = changes.recv().await.unwrap()
                && it.namespace.as_deref() == Some(namespace.name.as_str())
            {
                return it;
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), wait).await.expect("a change")
}

#[tokio::test]
async fn an_informer_sees_objects_come_change_and_go() {
    let Some(server) = Server::from_env() else { return };
    let admin = server.admin().await;
    let namespace = Namespace::new(&admin).await;
    let first = applied(&admin, &namespace.config_map("first", json!({}))).await;
    let informer = admin.informer(&config_map(), &namespace.name, "it=yes").await.unwrap();
    assert_eq!(informer.ready().await, InformerState::Live);
    assert!(find(&informer, &namespace, "first").is_some());
    let mut changes = informer.changes();

    let mut object = namespace.config_map("a", json!({"k": "1"}));
    object["metadata"]["ownerReferences"] =
        json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "first", "uid": uid(&first)}]);
    let created = applied(&admin, &object).await;
    let seen = next_of(&mut changes, &namespace).await;
    assert_eq!((seen.name.as_str(), seen.uid.as_str()), ("a", uid(&created)));
    assert_eq!(seen.owners, [uid(&first)]);
    assert_eq!(seen.labels, BTreeMap::from([("it".to_owned(), "yes".to_owned())]));
    let json: Value = serde_json::from_str(&seen.json).unwrap();
    assert_eq!((&json["apiVersion"], &json["kind"]), (&json!("v1"), &json!("ConfigMap")));
    assert_eq!(json["data"]["k"], "1");
    assert!(json["metadata"].get("managedFields").is_none());

    object["data"]["k"] = json!("2");
    applied(&admin, &object).await;
    assert!(next_of(&mut changes, &namespace).await.json.contains(r#""k":"2""#));

    admin.delete(&namespace.key("a"), uid(&created)).await.unwrap();
    assert_eq!(next_of(&mut changes, &namespace).await.name, "a");
    assert!(find(&informer, &namespace, "a").is_none());

    // Objects without the label are none of its business.
    let mut other = namespace.config_map("other", json!({}));
    other["metadata"]["labels"] = json!({});
    applied(&admin, &other).await;
    applied(&admin, &namespace.config_map("z", json!({}))).await;
    assert_eq!(next_of(&mut changes, &namespace).await.name, "z");
    namespace.remove().await;
}

#[tokio::test]
async fn an_informer_is_shared_across_namespaces_and_ordered() {
    let Some(server) = Server::from_env() else { return };
    let admin = server.admin().await;
    let a = admin.informer(&config_map(), "a", "it=yes").await.unwrap();
    let b = admin.informer(&config_map(), "b", "it=yes").await.unwrap();
    let other = admin.informer(&config_map(), "a", "it=no").await.unwrap();
    assert!(Arc::ptr_eq(&a, &b));
    assert!(!Arc::ptr_eq(&a, &other));

    a.ready().await;
    let names: Vec<_> =
        a.objects().iter().map(|it| (it.namespace.clone(), it.name.clone())).collect();
    assert!(names.is_sorted());

    let nodes = admin.informer(&Kind::parse("v1", "Node"), "a", "").await.unwrap();
    assert_eq!(nodes.ready().await, InformerState::Live);
    let error = admin.informer(&Kind::parse("example.invalid/v1", "X"), "a", "").await;
    assert_eq!(error.map(|_| ()).unwrap_err().code(), "cluster.kind-not-served");
}

#[tokio::test]
async fn a_cut_connection_goes_unnoticed_and_a_longer_outage_is_told() {
    let Some(server) = Server::from_env() else { return };
    let admin = server.admin().await;
    let namespace = Namespace::new(&admin).await;
    let proxy = Proxy::start(&server).await;
    let cluster = KubeClusters::new().connect(&proxy.before(server.admin_target())).await.unwrap();
    let informer = cluster.informer(&config_map(), &namespace.name, "it=yes").await.unwrap();
    assert_eq!(informer.ready().await, InformerState::Live);

    proxy.cut();
    applied(&admin, &namespace.config_map("while-cut", json!({}))).await;
    eventually("the object made meanwhile is seen", || async {
        assert_eq!(informer.state(), InformerState::Live);
        find(&informer, &namespace, "while-cut").is_some()
    })
    .await;

    let mut changes = informer.changes();
    proxy.refuse(true);
    eventually("the outage is told", || async {
        matches!(informer.state(), InformerState::Unavailable(_))
    })
    .await;
    assert!(find(&informer, &namespace, "while-cut").is_some(), "the last known objects stay");
    let told = async { while !matches!(changes.recv().await.unwrap(), Change::Relisted) {} };
    tokio::time::timeout(std::time::Duration::from_secs(5), told)
        .await
        .expect("listeners are told");

    proxy.refuse(false);
    eventually("it is live again", || async { informer.state() == InformerState::Live }).await;
    namespace.remove().await;
}

#[tokio::test]
async fn a_user_of_one_namespace_gets_an_informer_for_that_one() {
    let Some(server) = Server::from_env() else { return };
    let admin = server.admin().await;
    let open = Namespace::new(&admin).await;
    let closed = Namespace::new(&admin).await;
    open.open_to_everybody().await;
    applied(&admin, &open.config_map("a", json!({}))).await;
    let restricted = server.restricted().await;
    eventually("the rights are in force", || async {
        restricted.list(&config_map(), Some(&open.name), "").await.is_ok()
    })
    .await;

    let informer = restricted.informer(&config_map(), &open.name, "it=yes").await.unwrap();
    assert_eq!(informer.ready().await, InformerState::Live);
    assert_eq!(informer.objects().len(), 1);
    let mut changes = informer.changes();
    applied(&admin, &open.config_map("b", json!({}))).await;
    assert_eq!(next_of(&mut changes, &open).await.name, "b");

    let blind = restricted.informer(&config_map(), &closed.name, "it=yes").await.unwrap();
    let state = blind.ready().await;
    let InformerState::Forbidden(sentence) = state else { panic!("{state:?}") };
    assert!(sentence.contains("cannot list resource"), "{sentence}");

    closed.open_to_everybody().await;
    eventually("new rights are noticed", || async { blind.state() == InformerState::Live }).await;
    open.remove().await;
    closed.remove().await;
}

#[tokio::test]
async fn a_hundred_informers_share_a_few_connections() {
    let Some(server) = Server::from_env() else { return };
    let proxy = Proxy::start(&server).await;
    let cluster = KubeClusters::new().connect(&proxy.before(server.admin_target())).await.unwrap();
    let selectors: Vec<_> = (0..100).map(|n| format!("it=hundred-{n}")).collect();

    let kind = config_map();
    let informers =
        join_all(selectors.iter().map(|it| cluster.informer(&kind, "default", it))).await;
    for informer in &informers {
        assert_eq!(informer.as_ref().unwrap().ready().await, InformerState::Live);
    }
    // Watches are streams that stay open: reads still get through beside them.
    cluster.probe().await.unwrap();

    let taken = proxy.accepted();
    assert!(taken <= 4, "{taken} connections");
}
