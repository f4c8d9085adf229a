//! Which addresses a cluster may have.
//!
//! Users choose the server, and the host may stand where its cloud's metadata
//! service answers: that one hands out the machine's own credentials and is
//! never a cluster. Private addresses are allowed; most clusters have one.

use std::{
    future::Future,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    task::{Context, Poll},
};

use bowsprit_host_core::{
    address::AddressClass,
    error::{BoxError, Error, Result},
};
use http::Uri;
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use tower::Service;

/// A name resolved to nothing but addresses a cluster cannot have.
#[derive(Debug, thiserror::Error)]
#[error("the name resolves to a link-local or metadata address")]
pub(crate) struct RefusedAddress;

/// The server's URL, checked: http or https, a host that may be a cluster's,
/// no credentials. `field` is where it came from.
pub(crate) fn server(field: &str, text: &str) -> Result<Uri> {
    let invalid = |problem: &str| Error::invalid(field, problem);
    let uri: Uri = text
        .trim()
        .parse()
        .map_err(|_| invalid("must be a URL such as `https://10.0.0.1:6443`"))?;
    if !matches!(uri.scheme_str(), Some("https" | "http")) {
        return Err(invalid("must begin with `https://` or `http://`"));
    }
    let authority = uri.authority().map_or("", |it| it.as_str());
    if authority.contains('@') {
        return Err(invalid("must not hold a user name or password"));
    }
    let host = host(&uri);
    if host.is_empty() {
        return Err(invalid("must name a host"));
    }
    if uri.query().is_some() {
        return Err(invalid("must not have a query"));
    }
    if host.parse().is_ok_and(is_refused) {
        return Err(invalid("must not be a link-local or metadata address"));
    }
    Ok(uri)
}

/// The URL's host without the brackets of IPv6.
fn host(uri: &Uri) -> &str {
    uri.host().unwrap_or("").trim_start_matches('[').trim_end_matches(']')
}

/// Host and port for messages.
pub(crate) fn label(uri: &Uri) -> String {
    uri.authority().map_or_else(String::new, |it| it.as_str().to_owned())
}

/// Whether no cluster can be at `address`.
pub(crate) fn is_refused(address: IpAddr) -> bool {
    AddressClass::of(address) == AddressClass::Metadata
}

/// The system's resolver without the addresses we refuse.
///
/// Checking what is connected to, not what was looked up before, leaves no
/// gap for a name that changes its address in between.
#[derive(Clone)]
pub(crate) struct Resolver(GaiResolver);

impl Resolver {
    /// Looks names up as the system does.
    pub(crate) fn new() -> Self {
        Self(GaiResolver::new())
    }
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(context).map_err(BoxError::from)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let found = self.0.call(name);
        Box::pin(async move { Ok(permitted(found.await?)?.into_iter()) })
    }
}

fn permitted(found: impl Iterator<Item = SocketAddr>) -> Result<Vec<SocketAddr>, RefusedAddress> {
    let (refused, permitted): (Vec<_>, Vec<_>) = found.partition(|it| is_refused(it.ip()));
    if permitted.is_empty() && !refused.is_empty() { Err(RefusedAddress) } else { Ok(permitted) }
}

#[cfg(test)]
mod tests;
