//! Single objects, lists, deletion, namespaces.

use bowsprit_host_core::{kubernetes::ObjectKey, node_types::Kind};
use futures::{StreamExt, TryStreamExt};
use serde_json::json;

use crate::server::{Namespace, Server, applied, config_map, eventually, uid};

#[tokio::test]
async fn only_the_very_object_is_deleted() {
    let Some(server) = Server::from_env() else { return };
    let admin = server.admin().await;
    let namespace = Namespace::new(&admin).await;
    let key = namespace.key("a");
    let object = applied(&admin, &namespace.config_map("a", json!({}))).await;

    assert!(!admin.delete(&key, "00000000-0000-0000-0000-000000000000").await.unwrap());
    assert!(admin.get(&key).await.unwrap().is_some());
    assert!(admin.delete(&key, uid(&object)).await.unwrap());
    assert!(admin.get(&key).await.unwrap().is_none());
    assert!(!admin.delete(&key, uid(&object)).await.unwrap());
    namespace.remove().await;
}

#[tokio::test]
async fn nothing_of_a_kind_that_is_not_served_is_there() {
    let Some(server) = Server::from_env() else { return };
    let admin = server.admin().await;
    let kind = Kind::parse("example.invalid/v1", "X");
    let key = ObjectKey { kind: kind.clone(), namespace: Some("default".into()), name: "x".into() };

    assert!(admin.get(&key).await.unwrap().is_none());
    assert!(!admin.delete(&key, "x").await.unwrap());
    let listed = admin.list(&kind, None, "").await.unwrap_err();
    assert_eq!(listed.code(), "cluster.kind-not-served");
}

#[tokio::test]
async fn a_list_goes_on_over_pages_and_follows_the_selector() {
    let Some(server) = Server::from_env() else { return };
    let admin = server.admin().await;
    let namespace = Namespace::new(&admin).await;
    futures::stream::iter(0..520)
        .map(|n| {
            let mut object = namespace.config_map(&format!("c{n}"), json!({}));
            object["metadata"]["labels"]["odd"] = json!((n % 2).to_string());
            let admin = admin.clone();
            async move { admin.apply(&object).await }
        })
        .buffer_unordered(16)
        .try_for_each(|_| async { Ok(()) })
        .await
        .unwrap();

    let all = admin.list(&config_map(), Some(&namespace.name), "it=yes").await.unwrap();
    let odd = admin.list(&config_map(), None, "it=yes,odd=1").await.unwrap();

    assert_eq!(all.len(), 520);
    assert_eq!((&all[0]["apiVersion"], &all[0]["kind"]), (&json!("v1"), &json!("ConfigMap")));
    assert_eq!(odd.iter().filter(|it| it["metadata"]["namespace"] == *namespace.name).count(), 260);
    namespace.remove().await;
}

#[tokio::test]
async fn reading_what_one_may_not_is_forbidden() {
    let Some(server) = Server::from_env() else { return };
    let admin = server.admin().await;
    let namespace = Namespace::new(&admin).await;
    let restricted = server.restricted().await;

    let listed = restricted.list(&config_map(), Some(&namespace.name), "").await.unwrap_err();
    let got = restricted.get(&namespace.key("a")).await.unwrap_err();

    assert_eq!((listed.code(), got.code()), ("cluster.forbidden", "cluster.forbidden"));
    assert!(listed.to_string().contains("cannot list resource"), "{listed}");
    namespace.remove().await;
}

#[tokio::test]
async fn a_namespace_is_created_once_and_then_left_alone() {
    let Some(server) = Server::from_env() else { return };
    let admin = server.admin().await;
    let namespace = Namespace::new(&admin).await;
    let key = ObjectKey {
        kind: Kind::parse("v1", "Namespace"),
        namespace: None,
        name: namespace.name.clone(),
    };

    assert!(!admin.ensure_namespace(&namespace.name).await.unwrap());
    assert!(!admin.ensure_namespace("kube-system").await.unwrap());
    // Neither seen nor created: taken to be given.
    assert!(!server.restricted().await.ensure_namespace(&namespace.name).await.unwrap());

    let own = admin.get(&key).await.unwrap().unwrap();
    assert_eq!(own["metadata"]["labels"]["app.kubernetes.io/managed-by"], "bowsprit");
    let system =
        admin.get(&ObjectKey { name: "kube-system".into(), ..key }).await.unwrap().unwrap();
    assert!(system["metadata"]["labels"].get("app.kubernetes.io/managed-by").is_none());
    namespace.remove().await;
}

#[tokio::test]
async fn a_namespace_that_is_going_takes_nothing_new() {
    let Some(server) = Server::from_env() else { return };
    let admin = server.admin().await;
    let namespace = Namespace::new(&admin).await;
    let name = namespace.name.clone();
    let mut held = namespace.config_map("held", json!({}));
    held["metadata"]["finalizers"] = json!(["example.com/held"]);
    applied(&admin, &held).await;
    let refused = namespace.config_map("new", json!({}));
    namespace.remove().await;

    assert_eq!(
        admin.ensure_namespace(&name).await.unwrap_err().code(),
        "cluster.namespace-terminating"
    );
    assert_eq!(admin.apply(&refused).await.unwrap_err().code(), "cluster.namespace-terminating");

    held["metadata"]["finalizers"] = json!([]);
    applied(&admin, &held).await;
    let key = ObjectKey { kind: Kind::parse("v1", "Namespace"), namespace: None, name };
    eventually("the namespace is gone", || async { admin.get(&key).await.unwrap().is_none() })
        .await;
}
