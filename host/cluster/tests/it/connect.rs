//! Credentials of every kind, and every way a connection can fail.

use std::{sync::Arc, time::Instant};

use bowsprit_host_cluster::KubeClusters;
use bowsprit_host_core::{
    error::Error,
    kubernetes::{Credentials, InformerState, Kubernetes, Target},
};

use crate::{
    proxy::Proxy,
    server::{Server, config_map},
};

async fn probe_error(target: &Target) -> (&'static str, String) {
    let cluster = KubeClusters::new().connect(target).await.unwrap();
    let error = cluster.probe().await.unwrap_err();
    (error.code(), error.to_string())
}

fn kubeconfig(server: &Server) -> Credentials {
    Credentials::Kubeconfig { yaml: server.kubeconfig.clone().into(), context: None }
}

#[tokio::test]
async fn every_kind_of_credentials_gets_in() {
    let Some(server) = Server::from_env() else { return };
    let clusters = KubeClusters::new();
    for credentials in [
        Credentials::Token(server.token.clone().into()),
        server.client_certificate(),
        kubeconfig(&server),
    ] {
        let target = server.target(credentials);
        let facts = clusters.connect(&target).await.unwrap().probe().await.unwrap();
        assert!(facts.version.starts_with('v'), "{facts:?}");
        assert!(facts.namespaces.contains(&"kube-system".to_owned()), "{facts:?}");
    }
}

#[tokio::test]
async fn a_kubeconfig_needs_neither_server_nor_authority_of_the_record() {
    let Some(server) = Server::from_env() else { return };
    let target =
        Target { server: String::new(), ca_pem: None, ..server.target(kubeconfig(&server)) };
    KubeClusters::new().connect(&target).await.unwrap().probe().await.unwrap();
}

#[tokio::test]
async fn a_probe_leaves_empty_what_the_user_may_not_see() {
    let Some(server) = Server::from_env() else { return };
    let facts = server.restricted().await.probe().await.unwrap();
    assert!(facts.version.starts_with('v'), "{facts:?}");
    assert!(facts.namespaces.is_empty(), "{facts:?}");
    assert_eq!(facts.node_count, 0);
}

#[tokio::test]
async fn a_wrong_authority_is_a_certificate_problem_unless_the_record_is_insecure() {
    let Some(server) = Server::from_env() else { return };
    let other = rcgen::generate_simple_self_signed(["kubernetes".to_owned()]).unwrap().cert.pem();
    let target = Target { ca_pem: Some(other), ..server.admin_target() };

    let (code, message) = probe_error(&target).await;
    assert_eq!(code, "cluster.certificate", "{message}");
    assert!(message.contains("give the certificate authority"), "{message}");

    let target = Target { insecure: true, generation: 2, ..target };
    KubeClusters::new().connect(&target).await.unwrap().probe().await.unwrap();
}

#[tokio::test]
async fn a_closed_port_is_unreachable_at_once() {
    let Some(server) = Server::from_env() else { return };
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let target = Target { server: format!("https://127.0.0.1:{port}"), ..server.admin_target() };
    let began = Instant::now();

    let (code, message) = probe_error(&target).await;

    assert_eq!(code, "cluster.unreachable", "{message}");
    assert!(message.contains("refused"), "{message}");
    assert!(!message.contains(&server.token));
    assert!(began.elapsed().as_secs() < 5);
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_unreachable() {
    let Some(server) = Server::from_env() else { return };
    let target = Target { server: "https://no-such-host.invalid".into(), ..server.admin_target() };
    let (code, message) = probe_error(&target).await;
    assert_eq!(code, "cluster.unreachable", "{message}");
    assert!(message.contains("cannot be resolved"), "{message}");
}

#[tokio::test]
async fn a_wrong_token_is_unauthorized() {
    let Some(server) = Server::from_env() else { return };
    let target = server.target(Credentials::Token("geheim".to_owned().into()));
    let (code, message) = probe_error(&target).await;
    assert_eq!(code, "cluster.unauthorized", "{message}");
    assert!(!message.contains("geheim"));
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_unauthorized() {
    let Some(server) = Server::from_env() else { return };
    let pair = rcgen::generate_simple_self_signed(["admin".to_owned()]).unwrap();
    let target = server.target(Credentials::Certificate {
        certificate_pem: pair.cert.pem().into(),
        key_pem: pair.signing_key.serialize_pem().into(),
    });
    let (code, message) = probe_error(&target).await;
    assert_eq!(code, "cluster.unauthorized", "{message}");
}

#[tokio::test]
async fn a_server_without_tls_is_not_mistaken_for_a_cluster() {
    let Some(server) = Server::from_env() else { return };
    let plain = server.url.replace("https://", "http://");
    let target = Target { server: plain, ..server.admin_target() };
    let cluster = KubeClusters::new().connect(&target).await.unwrap();
    assert!(matches!(cluster.probe().await, Err(Error::Cluster { .. })));
}

#[tokio::test]
async fn a_server_that_speaks_http_1_only_serves_everything() {
    let Some(server) = Server::from_env() else { return };
    let proxy = Proxy::start_plain(&server).await;
    let target = proxy.before(server.admin_target());
    let cluster = KubeClusters::new().connect(&target).await.unwrap();

    cluster.probe().await.unwrap();
    let informer = cluster.informer(&config_map(), "default", "it=yes").await.unwrap();

    assert_eq!(informer.ready().await, InformerState::Live);
}

#[tokio::test]
async fn connections_are_kept_until_the_credentials_change_or_the_cluster_is_forgotten() {
    let Some(server) = Server::from_env() else { return };
    let clusters = KubeClusters::new();
    let first = server.admin_target();
    let second = Target { generation: 2, ..first.clone() };

    let a = clusters.connect(&first).await.unwrap();
    assert!(Arc::ptr_eq(&a, &clusters.connect(&first).await.unwrap()));
    let informer = a.informer(&config_map(), "default", "it=yes").await.unwrap();
    assert_eq!(informer.ready().await, InformerState::Live);

    let b = clusters.connect(&second).await.unwrap();
    assert!(!Arc::ptr_eq(&a, &b));
    assert!(matches!(informer.state(), InformerState::Unavailable(_)));
    let stale = clusters.connect(&first).await.unwrap();
    assert!(!Arc::ptr_eq(&stale, &b));
    assert!(Arc::ptr_eq(&b, &clusters.connect(&second).await.unwrap()));

    clusters.forget(second.id).await;
    assert!(!Arc::ptr_eq(&b, &clusters.connect(&second).await.unwrap()));
}

#[tokio::test]
async fn a_connection_cut_between_two_requests_is_made_anew() {
    let Some(server) = Server::from_env() else { return };
    let proxy = Proxy::start(&server).await;
    let cluster = KubeClusters::new().connect(&proxy.before(server.admin_target())).await.unwrap();
    for _ in 0..5 {
        cluster.probe().await.unwrap();
        cluster.ensure_namespace("default").await.unwrap();
        proxy.cut();
    }
}
