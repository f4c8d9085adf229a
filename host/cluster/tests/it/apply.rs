//! Server-side apply and each of its answers.

use std::time::{Duration, Instant};

use bowsprit_host_core::{
    error::Error,
    kubernetes::{Applied, ObjectKey},
    node_types::Kind,
};
use kube::{
    api::{Patch, PatchParams},
    config::Kubeconfig,
    core::{ApiResource, DynamicObject, GroupVersionKind},
};
use serde_json::{Value, json};

use crate::server::{Namespace, Server, applied, config_map, eventually, uid};

fn deployment(namespace: &Namespace, app: &str) -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": namespace.name},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": {"app": app}},
            "template": {
                "metadata": {"labels": {"app": app}},
                "spec": {"containers": [{"name": "c", "image": "nginx"}]},
            },
        },
    })
}

#[tokio::test]
async fn applying_the_same_again_changes_nothing() {
    let Some(server) = Server::from_env() else { return };
    let admin = server.admin().await;
    let namespace = Namespace::new(&admin).await;
    let object = namespace.config_map("a", json!({"k": "v"}));

    let first = applied(&admin, &object).await;
    let again = applied(&admin, &object).await;
    let changed = applied(&admin, &namespace.config_map("a", json!({"k": "w"}))).await;

    let version = |object: &Value| object["metadata"]["resourceVersion"].clone();
    assert_eq!(version(&first), version(&again));
    assert_ne!(version(&first), version(&changed));
    assert_eq!(first["metadata"]["managedFields"][0]["manager"], "bowsprit");
    namespace.remove().await;
}

#[tokio::test]
async fn a_field_of_somebody_elses_is_a_conflict_and_nothing_is_written() {
    let Some(server) = Server::from_env() else { return };
    let admin = server.admin().await;
    let namespace = Namespace::new(&admin).await;
    let object = namespace.config_map("a", json!({"mine": "1", "theirs": "1"}));
    apply_as("somebody", &server, &object).await;

    let outcome =
        admin.apply(&namespace.config_map("a", json!({"mine": "1", "theirs": "2"}))).await.unwrap();

    let Applied::Conflict(conflicts) = outcome else { panic!("{outcome:?}") };
    assert_eq!(conflicts.len(), 1);
    assert_eq!(
        (conflicts[0].manager.as_str(), conflicts[0].field.as_str()),
        ("somebody", ".data.theirs")
    );
    let now = admin.get(&namespace.key("a")).await.unwrap().unwrap();
    assert_eq!(now["data"]["theirs"], "1");
    namespace.remove().await;
}

#[tokio::test]
async fn a_field_that_is_handed_over_stays_when_it_is_left_out_and_can_be_taken_back() {
    let Some(server) = Server::from_env() else { return };
    let admin = server.admin().await;
    let namespace = Namespace::new(&admin).await;
    let with = |data: Value| namespace.config_map("a", data);
    applied(&admin, &with(json!({"mine": "1", "shared": "1", "kept": "1"}))).await;

    let handed = admin.hand_over(&with(json!({"shared": "1"}))).await.unwrap();
    assert!(matches!(handed, Applied::Done(_)), "{handed:?}");
    let left = applied(&admin, &with(json!({"mine": "1"}))).await;
    assert_eq!(left["data"], json!({"mine": "1", "shared": "1"}));

    // Nobody else has taken it: it is ours again.
    let back = applied(&admin, &with(json!({"mine": "1", "shared": "2"}))).await;
    assert_eq!(back["data"], json!({"mine": "1", "shared": "2"}));

    // Somebody else has: it is theirs, and handing over anything else says so.
    admin.hand_over(&with(json!({"shared": "2"}))).await.unwrap();
    applied(&admin, &with(json!({"mine": "1"}))).await;
    take_over(&server, &with(json!({"shared": "3"}))).await;
    let answers = [
        admin.apply(&with(json!({"mine": "1", "shared": "4"}))).await.unwrap(),
        admin.hand_over(&with(json!({"shared": "4"}))).await.unwrap(),
    ];
    for answer in answers {
        let Applied::Conflict(conflicts) = answer else { panic!("{answer:?}") };
        assert_eq!(conflicts[0].manager, "somebody");
    }
    namespace.remove().await;
}

/// Another program that takes fields by force.
async fn take_over(server: &Server, object: &Value) {
    apply_with(&PatchParams::apply("somebody").force(), server, object).await;
}

/// Another program that applies.
async fn apply_as(manager: &str, server: &Server, object: &Value) {
    apply_with(&PatchParams::apply(manager), server, object).await;
}

/// Applies through kube's own client.
async fn apply_with(params: &PatchParams, server: &Server, object: &Value) {
    let kubeconfig = Kubeconfig::from_yaml(&server.kubeconfig).unwrap();
    let client = kube::Client::try_from(kubeconfig).unwrap();
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", "ConfigMap"));
    let metadata = &object["metadata"];
    let namespace = metadata["namespace"].as_str().unwrap();
    let api = kube::Api::<DynamicObject>::namespaced_with(client, namespace, &resource);
    let name = metadata["name"].as_str().unwrap();
    api.patch(name, params, &Patch::Apply(object)).await.unwrap();
}

#[tokio::test]
async fn a_selector_cannot_be_changed() {
    let Some(server) = Server::from_env() else { return };
    let admin = server.admin().await;
    let namespace = Namespace::new(&admin).await;
    applied(&admin, &deployment(&namespace, "a")).await;

    let outcome = admin.apply(&deployment(&namespace, "b")).await.unwrap();

    let Applied::Immutable(sentence) = outcome else { panic!("{outcome:?}") };
    assert!(sentence.contains("`spec.selector`"), "{sentence}");
    namespace.remove().await;
}

#[tokio::test]
async fn wrong_objects_are_invalid_in_the_servers_words() {
    let Some(server) = Server::from_env() else { return };
    let admin = server.admin().await;
    let namespace = Namespace::new(&admin).await;
    let mut unknown = namespace.config_map("a", json!({}));
    unknown["dat"] = json!({});
    let mut deep = deployment(&namespace, "a");
    deep["spec"]["template"]["spec"]["containers"][0]["imag"] = json!("x");
    let mut nowhere = namespace.config_map("a", json!({}));
    nowhere["metadata"].as_object_mut().unwrap().remove("namespace");

    for (object, word) in [
        (namespace.config_map("Bad_Name", json!({})), "RFC 1123"),
        (namespace.config_map("a", json!({"k": 1})), "expected string"),
        (unknown, "dat"),
        (deep, "imag"),
        (nowhere, "metadata.namespace"),
        (json!({"kind": "ConfigMap"}), "apiVersion"),
    ] {
        let outcome = admin.apply(&object).await.unwrap();
        let Applied::Invalid(sentence) = outcome else { panic!("{outcome:?}") };
        assert!(sentence.contains(word), "{sentence}");
    }
    namespace.remove().await;
}

#[tokio::test]
async fn what_no_object_can_help_is_an_error() {
    let Some(server) = Server::from_env() else { return };
    let admin = server.admin().await;
    let namespace = Namespace::new(&admin).await;
    let object = namespace.config_map("a", json!({}));
    let mut unserved = object.clone();
    unserved["apiVersion"] = json!("example.invalid/v1");
    let mut nowhere = object.clone();
    nowhere["metadata"]["namespace"] = json!("it-no-such-namespace");
    let mut escaping = object.clone();
    escaping["metadata"]["name"] = json!("../../secrets/x");

    let forbidden = server.restricted().await.apply(&object).await.unwrap_err();
    assert_eq!(forbidden.code(), "cluster.forbidden");
    assert_eq!(admin.apply(&unserved).await.unwrap_err().code(), "cluster.kind-not-served");
    assert_eq!(admin.apply(&nowhere).await.unwrap_err().code(), "cluster.not-found");
    assert!(matches!(admin.apply(&escaping).await, Err(Error::Invalid { .. })));
    namespace.remove().await;
}

#[tokio::test]
async fn a_kind_is_served_soon_after_its_definition_is_applied() {
    let Some(server) = Server::from_env() else { return };
    let admin = server.admin().await;
    let namespace = Namespace::new(&admin).await;
    let group = format!("{}.example.com", namespace.name);
    let kind = Kind::parse(&format!("{group}/v1"), "Boat");
    assert_eq!(admin.served(&kind).await.unwrap(), None);

    let definition = applied(&admin, &json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("boats.{group}")},
        "spec": {
            "group": group, "scope": "Namespaced",
            "names": {"kind": "Boat", "plural": "boats", "singular": "boat"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {
                "openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}],
        },
    }))
    .await;
    // Somebody else sees it: then who asks from now on sees it, too.
    let other = server.admin().await;
    eventually("the kind is served", || async {
        other.served_since(&kind, Instant::now()).await.unwrap().is_some()
    })
    .await;
    assert!(admin.served_since(&kind, Instant::now()).await.unwrap().is_some());

    let served = admin.served(&kind).await.unwrap().unwrap();
    assert_eq!((served.plural.as_str(), served.namespaced), ("boats", true));
    let boat = json!({"apiVersion": kind.api_version(), "kind": "Boat",
        "metadata": {"name": "b", "namespace": namespace.name}});
    applied(&admin, &boat).await;
    let key = ObjectKey {
        kind: Kind::parse("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
        namespace: None,
        name: format!("boats.{group}"),
    };
    assert!(admin.delete(&key, uid(&definition)).await.unwrap());
    assert!(admin.served(&config_map()).await.unwrap().is_some());
    namespace.remove().await;
}

#[tokio::test]
async fn the_server_is_not_asked_more_often_by_those_who_do_not_believe_it() {
    let Some(server) = Server::from_env() else { return };
    let admin = server.admin().await;
    let kind = Kind::parse("nothing.example.com/v1", "Boat");
    let begun = Instant::now();
    for _ in 0..3 {
        assert_eq!(admin.served_since(&kind, Instant::now()).await.unwrap(), None);
    }
    assert!(begun.elapsed() >= Duration::from_millis(400), "{:?}", begun.elapsed());

    // Many at once wait for one answer.
    let begun = Instant::now();
    let asking = (0..50).map(|_| admin.served_since(&kind, begun));
    let answers = futures::future::join_all(asking).await;
    assert!(answers.into_iter().all(|it| it.unwrap().is_none()));
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}
