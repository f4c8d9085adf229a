//! What the cluster's answers and the network's failures mean to the host.
//!
//! Messages are for people: the cluster's own sentence where it is one, never
//! a driver's words, a URL or a credential.

use bowsprit_host_core::error::Error;
use kube::core::{Status, response::reason};
use rustls::{AlertDescription, CertificateError};

use crate::address::RefusedAddress;

/// Longer sentences of a cluster are cut; characters.
const LONGEST: usize = 2000;

/// What a refusal means, whatever was asked for.
pub(crate) fn status_error(status: &Status) -> Error {
    let (code, message) = match status.code {
        401 => ("cluster.unauthorized", "the cluster does not accept the credentials".to_owned()),
        403 if has_cause(status, "NamespaceTerminating") => {
            ("cluster.namespace-terminating", sentence(status))
        }
        403 => ("cluster.forbidden", sentence(status)),
        404 if names_an_object(status) => ("cluster.not-found", sentence(status)),
        404 => ("cluster.kind-not-served", "the cluster does not serve this kind".to_owned()),
        400 | 409 | 413 | 422 => ("cluster.refused", sentence(status)),
        _ if is_busy(status) => {
            ("cluster.busy", "the cluster is busy or about to restart; try again later".to_owned())
        }
        _ => ("cluster.failed", sentence(status)),
    };
    Error::Cluster { code, message }
}

/// Whether the same request may work in a moment.
pub(crate) fn is_busy(status: &Status) -> bool {
    matches!(status.code, 429 | 503 | 504)
}

/// The kind is not, or no longer, served.
pub(crate) fn kind_not_served(api_version: &str, kind: &str) -> Error {
    Error::Cluster {
        code: "cluster.kind-not-served",
        message: format!("the cluster does not serve `{kind}` of `{api_version}`"),
    }
}

/// What answers is not a Kubernetes API.
pub(crate) fn not_kubernetes(server: &str) -> Error {
    Error::Cluster {
        code: "cluster.not-kubernetes",
        message: format!("what answers at `{server}` is not a Kubernetes API"),
    }
}

/// No answer within the time a call has.
pub(crate) fn timed_out(server: &str, seconds: u64) -> Error {
    unreachable(server, &format!("no answer within {seconds} s"))
}

/// A failure below HTTP, or an answer kube could not read.
pub(crate) fn transport_error(error: &kube::Error, server: &str) -> Error {
    match error {
        kube::Error::Api(status) => status_error(status),
        kube::Error::SerdeError(_) | kube::Error::FromUtf8(_) => not_kubernetes(server),
        kube::Error::Service(error) => network_error(error.as_ref(), server),
        kube::Error::HyperError(error) => network_error(error, server),
        other => network_error(other, server),
    }
}

/// Whether a connection that stood was ended before the answer was in, so that
/// a new one may do. API servers end HTTP/2 connections on their own
/// (`--goaway-chance`, after refused credentials, when they restart).
pub(crate) fn is_cut(error: &(dyn std::error::Error + 'static)) -> bool {
    let chain = causes(error);
    let stood = |it: &hyper_util::client::legacy::Error| !it.is_connect();
    !chain.iter().any(|it| it.is::<rustls::Error>())
        && chain.iter().any(|it| it.downcast_ref().is_some_and(stood))
}

/// A failure of the network, found somewhere in the chain of causes.
pub(crate) fn network_error(error: &(dyn std::error::Error + 'static), server: &str) -> Error {
    let chain = causes(error);
    if chain.iter().any(|it| it.is::<RefusedAddress>()) {
        return Error::Cluster {
            code: "cluster.address-refused",
            message: format!(
                "`{server}` is at a link-local or metadata address, where no cluster can be"
            ),
        };
    }
    if let Some(error) = chain.iter().find_map(|it| it.downcast_ref::<rustls::Error>()) {
        return tls_error(error, server);
    }
    if chain.iter().any(|it| it.is::<tower::timeout::error::Elapsed>()) {
        return unreachable(server, "no answer in time");
    }
    let io = chain.iter().rev().find_map(|it| it.downcast_ref::<std::io::Error>());
    unreachable(server, io.map_or("the connection failed", io_words))
}

fn unreachable(server: &str, why: &str) -> Error {
    Error::Cluster {
        code: "cluster.unreachable",
        message: format!("the cluster at `{server}` cannot be reached: {why}"),
    }
}

fn io_words(error: &std::io::Error) -> &'static str {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::ConnectionRefused => "the connection was refused",
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => {
            "the connection was cut"
        }
        ErrorKind::UnexpectedEof => "the connection was closed early",
        ErrorKind::TimedOut => "no answer in time",
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => "there is no route to it",
        // What the resolver fails with has no kind of its own.
        _ if error.to_string().contains("lookup address") => "its name cannot be resolved",
        _ => "the connection failed",
    }
}

fn tls_error(error: &rustls::Error, server: &str) -> Error {
    match error {
        rustls::Error::InvalidCertificate(error) => Error::Cluster {
            code: "cluster.certificate",
            message: format!(
                "the certificate of `{server}` cannot be trusted: {}; give the certificate authority (`caData`), or mark the cluster as insecure",
                certificate_words(error)
            ),
        },
        rustls::Error::AlertReceived(
            AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied,
        ) => Error::Cluster {
            code: "cluster.unauthorized",
            message: "the cluster does not accept the client certificate".into(),
        },
        rustls::Error::InvalidMessage(_) => unreachable(server, "it does not speak TLS"),
        _ => unreachable(server, "no TLS connection could be agreed upon"),
    }
}

fn certificate_words(error: &CertificateError) -> &'static str {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet"
        }
        CertificateError::Revoked => "it was revoked",
        CertificateError::UnknownIssuer => "its issuer is unknown",
        CertificateError::BadSignature => "its signature is wrong",
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it was made for another name"
        }
        _ => "it is not valid",
    }
}

/// The error and everything that caused it. `io::Error` hides the error it was
/// made from: its `source` is that one's source.
fn causes<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> Vec<&'a (dyn std::error::Error + 'static)> {
    let mut found = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        found.push(error);
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        next = match inner {
            Some(inner) => Some(inner as &(dyn std::error::Error + 'static)),
            None => error.source(),
        };
    }
    found
}

fn has_cause(status: &Status, reason: &str) -> bool {
    status.details.iter().flat_map(|it| &it.causes).any(|it| it.reason == reason)
}

/// Tells "no such object" from "no such path".
pub(crate) fn names_an_object(status: &Status) -> bool {
    status.reason == reason::NOT_FOUND
        && status.details.as_ref().is_some_and(|it| !it.name.is_empty())
}

/// The cluster's own words, cut to a readable length. An answer that is not a
/// `Status` has none: what some other server says is not passed on.
pub(crate) fn sentence(status: &Status) -> String {
    if status.message.is_empty() {
        return format!("the cluster answered {} without giving a reason", status.code);
    }
    cut(&status.message)
}

/// At most [`LONGEST`] characters.
pub(crate) fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
