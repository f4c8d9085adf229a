//! From a cluster record to everything a connection needs, without asking
//! anybody. Every problem names the field it is in.

use base64::{Engine, engine::general_purpose::STANDARD};
use bowsprit_host_core::{
    error::{Error, Result},
    kubernetes::{Credentials, Target},
};
use http::{HeaderValue, Uri};
use kube::{
    Config,
    client::{ConfigExt, RustlsTlsError},
    config::AuthInfo,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use secrecy::{ExposeSecret, SecretString};

use crate::{address, kubeconfig};

/// Checked credentials, ready for building clients.
pub(crate) struct Access {
    /// Server and user, for kube's layers. Names no file and no program.
    pub(crate) config: Config,
    /// Trust and client certificate; ALPN not chosen yet.
    pub(crate) tls: rustls::ClientConfig,
}

/// Checks and converts the server and the credentials of a cluster record.
pub(crate) fn access(target: &Target) -> Result<Access> {
    match &target.credentials {
        Credentials::Token(token) => {
            let user = AuthInfo { token: Some(bearer(token)?), ..AuthInfo::default() };
            let server = address::server("server", &target.server)?;
            finish(target, server, None, user, &PLAIN)
        }
        Credentials::Certificate { certificate_pem, key_pem } => {
            let user = AuthInfo {
                client_certificate_data: Some(encode(certificate_pem)),
                client_key_data: Some(encode(key_pem).into()),
                ..AuthInfo::default()
            };
            check_pair(certificate_pem, key_pem, &PLAIN)?;
            let server = address::server("server", &target.server)?;
            finish(target, server, None, user, &PLAIN)
        }
        Credentials::Kubeconfig { yaml, context } => {
            from_kubeconfig(target, yaml, context.as_deref())
        }
    }
}

/// How the parts are called where the user entered them.
struct Names {
    token: fn(&str) -> Error,
    certificate: fn(&str) -> Error,
    key: fn(&str) -> Error,
    ca: fn(&str) -> Error,
}

const PLAIN: Names = Names {
    token: |problem| Error::invalid("credentials.token", problem),
    certificate: |problem| Error::invalid("credentials.clientCertData", problem),
    key: |problem| Error::invalid("credentials.clientKeyData", problem),
    ca: |problem| Error::invalid("credentials.caData", problem),
};

const IN_KUBECONFIG: Names = Names {
    token: |problem| kubeconfig::invalid(format!("has a `token` that {problem}")),
    certificate: |problem| {
        kubeconfig::invalid(format!("has a `client-certificate-data` that {problem}"))
    },
    key: |problem| kubeconfig::invalid(format!("has a `client-key-data` that {problem}")),
    ca: |problem| kubeconfig::invalid(format!("has a `certificate-authority-data` that {problem}")),
};

fn from_kubeconfig(target: &Target, yaml: &SecretString, context: Option<&str>) -> Result<Access> {
    let names = &IN_KUBECONFIG;
    let mut entry = kubeconfig::entry(yaml.expose_secret(), context)?;
    if let Some(token) = &entry.user.token {
        entry.user.token = Some(checked_token(token, names)?);
    }
    match (&entry.user.client_certificate_data, &entry.user.client_key_data) {
        (Some(certificate), Some(key)) => {
            let certificate = decode(certificate, names.certificate)?;
            let key = decode(key.expose_secret(), names.key)?;
            check_pair(&certificate, &key, names)?;
        }
        (Some(_), None) => {
            return Err(kubeconfig::invalid(
                "has `client-certificate-data` without `client-key-data`",
            ));
        }
        (None, Some(_)) => {
            return Err(kubeconfig::invalid(
                "has `client-key-data` without `client-certificate-data`",
            ));
        }
        (None, None) if !has_header(&entry.user) => {
            return Err(kubeconfig::invalid(
                "has no credentials in its user: a `token`, or `client-certificate-data` and `client-key-data`",
            ));
        }
        (None, None) => {}
    }
    let ca = match &entry.ca {
        Some(ca) => Some(authorities(decode(ca, names.ca)?.expose_secret(), names)?),
        None => None,
    };
    let mut access = finish(target, entry.server, ca, entry.user, names)?;
    access.config.tls_server_name = entry.tls_server_name;
    Ok(access)
}

fn has_header(user: &AuthInfo) -> bool {
    user.token.is_some() || (user.username.is_some() && user.password.is_some())
}

/// `ca` wins over the record's own authority.
fn finish(
    target: &Target,
    server: Uri,
    ca: Option<Vec<Vec<u8>>>,
    user: AuthInfo,
    names: &Names,
) -> Result<Access> {
    let plain_http = server.scheme_str() == Some("http");
    let mut config = Config::new(server);
    config.auth_info = user;
    // Only the record decides; a kubeconfig's `insecure-skip-tls-verify` has no say.
    config.accept_invalid_certs = target.insecure;
    config.root_cert = match (ca, &target.ca_pem) {
        // Nothing is verified, so the system's roots need not be there.
        _ if target.insecure || plain_http => Some(Vec::new()),
        (Some(ca), _) => Some(ca),
        (None, Some(pem)) => Some(authorities(pem, &PLAIN)?),
        (None, None) => None,
    };
    let tls = config.rustls_client_config().map_err(|error| tls_problem(error, names))?;
    config.auth_layer().map_err(|_| (names.token)("cannot be sent in a header"))?;
    config
        .extra_headers_layer()
        .map_err(|_| kubeconfig::invalid("has an `as…` key that cannot be sent in a header"))?;
    Ok(Access { config, tls })
}

fn tls_problem(error: kube::Error, names: &Names) -> Error {
    match error {
        kube::Error::RustlsTls(RustlsTlsError::AddRootCertificate(_)) => {
            (names.ca)("must be given as PEM: there is no usable certificate authority")
        }
        kube::Error::RustlsTls(RustlsTlsError::InvalidPrivateKey(_)) => {
            (names.key)("does not belong to the certificate")
        }
        kube::Error::RustlsTls(_) => (names.certificate)("cannot be used for TLS"),
        other => Error::internal(other),
    }
}

fn bearer(token: &SecretString) -> Result<SecretString> {
    if token.expose_secret().trim().is_empty() {
        return Err((PLAIN.token)("must not be empty"));
    }
    checked_token(token, &PLAIN)
}

fn checked_token(token: &SecretString, names: &Names) -> Result<SecretString> {
    let token = token.expose_secret().trim();
    if token.chars().any(char::is_whitespace) || HeaderValue::from_str(token).is_err() {
        return Err((names.token)("must be one word of visible characters"));
    }
    Ok(token.into())
}

/// The authorities in a PEM text, as DER.
fn authorities(pem: &str, names: &Names) -> Result<Vec<Vec<u8>>> {
    let found = CertificateDer::pem_slice_iter(pem.as_bytes())
        .map(|it| it.map(|der| der.as_ref().to_vec()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| (names.ca)("must be a certificate in PEM"))?;
    if found.is_empty() { Err((names.ca)("must be a certificate in PEM")) } else { Ok(found) }
}

fn check_pair(certificate: &SecretString, key: &SecretString, names: &Names) -> Result<()> {
    let certificates = CertificateDer::pem_slice_iter(certificate.expose_secret().as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .unwrap_or_default();
    if certificates.is_empty() {
        return Err((names.certificate)("must be a certificate in PEM"));
    }
    PrivateKeyDer::from_pem_slice(key.expose_secret().as_bytes())
        .map_err(|_| (names.key)("must be a private key in PEM, not encrypted"))?;
    Ok(())
}

fn encode(pem: &SecretString) -> String {
    STANDARD.encode(pem.expose_secret())
}

fn decode(base64: &str, problem: fn(&str) -> Error) -> Result<SecretString> {
    STANDARD
        .decode(base64.trim())
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .map(SecretString::from)
        .ok_or_else(|| problem("must be base64 of PEM"))
}

#[cfg(test)]
mod tests;
