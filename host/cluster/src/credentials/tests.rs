//! Credentials: what is taken, and which field is blamed for what is not.

use bowsprit_host_core::id::Id;
use rcgen::{CertifiedKey, KeyPair};

use super::*;

fn target(credentials: Credentials) -> Target {
    Target {
        id: Id::new(),
        generation: 1,
        server: "https://10.0.0.1:6443".into(),
        credentials,
        ca_pem: Some(pair().0),
        insecure: false,
    }
}

/// A certificate and its key, PEM.
fn pair() -> (String, String) {
    let CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["kubernetes".to_owned()]).unwrap();
    (cert.pem(), signing_key.serialize_pem())
}

fn token() -> Credentials {
    Credentials::Token("geheim".to_owned().into())
}

fn certificate(certificate: &str, key: &str) -> Credentials {
    Credentials::Certificate {
        certificate_pem: certificate.to_owned().into(),
        key_pem: key.to_owned().into(),
    }
}

fn kubeconfig(user: &str, cluster: &str) -> Credentials {
    let yaml = format!(
        "{{current-context: x, clusters: [{{name: c, cluster: {{server: 'https://h:1'{cluster}}}}}], \
         contexts: [{{name: x, context: {{cluster: c, user: u}}}}], \
         users: [{{name: u, user: {{{user}}}}}]}}"
    );
    Credentials::Kubeconfig { yaml: yaml.into(), context: None }
}

fn open(target: &Target) -> Result<Access> {
    rustls::crypto::ring::default_provider().install_default().ok();
    access(target)
}

/// The field and the problem.
fn refusal(target: &Target) -> (String, String) {
    match open(target).map(|_| ()).unwrap_err() {
        Error::Invalid { field, problem } => (field, problem),
        other => panic!("{other:?}"),
    }
}

#[test]
fn takes_every_kind_of_credentials() {
    let (cert, key) = pair();
    let data = format!(
        "client-certificate-data: {}, client-key-data: {}",
        STANDARD.encode(&cert),
        STANDARD.encode(&key)
    );
    for credentials in [
        token(),
        certificate(&cert, &key),
        kubeconfig("token: t", ""),
        kubeconfig(&data, &format!(", certificate-authority-data: {}", STANDARD.encode(&cert))),
    ] {
        open(&target(credentials)).map(|_| ()).unwrap();
    }
}

#[test]
fn trims_a_token_and_refuses_one_that_cannot_be_sent() {
    open(&target(Credentials::Token(" geheim\n".to_owned().into()))).map(|_| ()).unwrap();

    for wrong in ["", "  ", "two words", "a\nb", "a\u{7f}b"] {
        let (field, problem) = refusal(&target(Credentials::Token(wrong.to_owned().into())));
        assert_eq!(field, "credentials.token", "{wrong:?}");
        assert!(problem.starts_with("must"), "{problem}");
    }
    assert_eq!(refusal(&target(kubeconfig("token: 'two words'", ""))).0, "credentials.kubeconfig");
}

#[test]
fn names_the_half_of_a_pair_that_is_wrong() {
    let (cert, key) = pair();
    let other = KeyPair::generate().unwrap().serialize_pem();
    for (credentials, field) in [
        (certificate("", &key), "credentials.clientCertData"),
        (certificate("nonsense", &key), "credentials.clientCertData"),
        (certificate(&cert, ""), "credentials.clientKeyData"),
        (certificate(&cert, &cert), "credentials.clientKeyData"),
        (certificate(&cert, &other), "credentials.clientKeyData"),
    ] {
        assert_eq!(refusal(&target(credentials)).0, field);
    }
}

#[test]
fn names_the_key_of_a_kubeconfig_that_is_wrong() {
    let (cert, _) = pair();
    let cert = STANDARD.encode(cert);
    for (user, cluster, word) in [
        ("", "", "no credentials"),
        ("username: u", "", "no credentials"),
        (&*format!("client-certificate-data: {cert}"), "", "without `client-key-data`"),
        ("client-certificate-data: '%', client-key-data: '%'", "", "`client-certificate-data`"),
        ("token: t", ", certificate-authority-data: '%'", "`certificate-authority-data`"),
        ("token: t", ", certificate-authority-data: Q0E=", "`certificate-authority-data`"),
    ] {
        let (field, problem) = refusal(&target(kubeconfig(user, cluster)));
        assert_eq!(field, "credentials.kubeconfig");
        assert!(problem.contains(word), "{problem}");
    }
}

#[test]
fn refuses_an_authority_that_is_no_certificate() {
    for wrong in ["", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
    {
        let target = Target { ca_pem: Some(wrong.into()), ..target(token()) };
        assert_eq!(refusal(&target).0, "credentials.caData", "{wrong}");
    }
}

#[test]
fn lets_only_the_record_switch_verification_off() {
    let credentials = kubeconfig("token: t", ", insecure-skip-tls-verify: true");
    let trusting = Target { insecure: true, ..target(credentials.clone()) };

    assert!(!open(&target(credentials)).unwrap().config.accept_invalid_certs);
    assert!(open(&trusting).unwrap().config.accept_invalid_certs);
}

#[test]
fn takes_the_server_of_the_kubeconfig() {
    assert_eq!(
        open(&target(kubeconfig("token: t", ""))).unwrap().config.cluster_url,
        "https://h:1"
    );
}

#[test]
fn refuses_a_metadata_address() {
    let target = Target { server: "http://169.254.169.254".into(), ..target(token()) };
    assert_eq!(refusal(&target).0, "server");
}
