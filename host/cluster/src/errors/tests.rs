//! What answers and failures mean. The answers are recorded from a
//! kube-apiserver 1.36.3.

use std::io;

use serde_json::{Value, json};

use super::*;

fn status(answer: Value) -> Status {
    serde_json::from_value(answer).unwrap()
}

fn told(error: &Error) -> (&'static str, String) {
    (error.code(), error.to_string())
}

fn of_status(answer: Value) -> (&'static str, String) {
    told(&status_error(&status(answer)))
}

fn of_network(error: impl std::error::Error + Send + Sync + 'static) -> (&'static str, String) {
    told(&network_error(&io::Error::other(error), "10.0.0.1:6443"))
}

#[test]
fn tells_refused_credentials_from_missing_rights() {
    let (code, message) = of_status(json!({"kind": "Status", "apiVersion": "v1", "metadata": {},
        "status": "Failure", "message": "Unauthorized", "reason": "Unauthorized", "code": 401}));
    assert_eq!(code, "cluster.unauthorized");
    assert_eq!(message, "the cluster does not accept the credentials");

    let sentence = r#"configmaps "c" is forbidden: User "restricted" cannot patch resource "configmaps" in API group "" in the namespace "default""#;
    let (code, message) = of_status(json!({"kind": "Status", "apiVersion": "v1", "metadata": {},
        "status": "Failure", "message": sentence, "reason": "Forbidden",
        "details": {"name": "c", "kind": "configmaps"}, "code": 403}));
    assert_eq!((code, message.as_str()), ("cluster.forbidden", sentence));
}

#[test]
fn tells_a_namespace_that_is_going_from_missing_rights() {
    let (code, message) = of_status(json!({"metadata": {}, "status": "Failure", "code": 403,
        "message": "configmaps \"c\" is forbidden: unable to create new content in namespace term because it is being terminated",
        "reason": "Forbidden", "details": {"name": "c", "kind": "configmaps", "causes": [
            {"reason": "NamespaceTerminating", "message": "namespace term is being terminated",
             "field": "metadata.namespace"}]}}));
    assert_eq!(code, "cluster.namespace-terminating");
    assert!(message.contains("being terminated"));
}

#[test]
fn tells_a_missing_object_from_a_missing_kind() {
    let (code, message) = of_status(json!({"metadata": {}, "status": "Failure", "code": 404,
        "message": "namespaces \"nope\" not found", "reason": "NotFound",
        "details": {"name": "nope", "kind": "namespaces"}}));
    assert_eq!((code, message.as_str()), ("cluster.not-found", "namespaces \"nope\" not found"));

    // `404 page not found`, which is no `Status`.
    let (code, _) = told(&status_error(&Status::default().with_code(404)));
    assert_eq!(code, "cluster.kind-not-served");
}

#[test]
fn calls_pressure_and_restarts_busy() {
    for code in [429, 503, 504] {
        assert_eq!(told(&status_error(&Status::default().with_code(code))).0, "cluster.busy");
    }
    let (code, message) = told(&status_error(&Status::default().with_code(502)));
    assert_eq!(code, "cluster.failed");
    assert_eq!(message, "the cluster answered 502 without giving a reason");
}

#[test]
fn cuts_endless_sentences() {
    let (_, message) = of_status(json!({"code": 500, "message": "ä".repeat(5000)}));
    assert_eq!(message.chars().count(), LONGEST + 1);
}

#[test]
fn finds_the_certificate_problem_under_everything_else() {
    let inner = rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
    let (code, message) = of_network(io::Error::other(inner));

    assert_eq!(code, "cluster.certificate");
    assert!(message.contains("issuer is unknown"), "{message}");
    assert!(message.contains("give the certificate authority"), "{message}");
    assert!(message.contains("insecure"), "{message}");
}

#[test]
fn calls_a_refused_client_certificate_unauthorized() {
    let inner = rustls::Error::AlertReceived(AlertDescription::CertificateUnknown);
    assert_eq!(of_network(inner).0, "cluster.unauthorized");
}

#[test]
fn puts_network_failures_into_words() {
    for (kind, words) in [
        (io::ErrorKind::ConnectionRefused, "refused"),
        (io::ErrorKind::ConnectionReset, "cut"),
        (io::ErrorKind::TimedOut, "no answer in time"),
        (io::ErrorKind::HostUnreachable, "no route"),
    ] {
        let (code, message) = of_network(io::Error::from(kind));
        assert_eq!(code, "cluster.unreachable");
        assert!(message.starts_with("the cluster at `10.0.0.1:6443` cannot be reached"));
        assert!(message.contains(words), "{message}");
    }
    let lookup =
        io::Error::other("failed to lookup address information: Name or service not known");
    assert!(of_network(lookup).1.contains("cannot be resolved"));
}

#[test]
fn says_when_a_name_leads_to_an_address_that_is_refused() {
    assert_eq!(of_network(RefusedAddress).0, "cluster.address-refused");
}
