//! The connections to one cluster.
//!
//! Applies go over HTTP/1.1, lists and watches over HTTP/2 where the server
//! offers it: there a watch is a stream in a shared connection instead of a
//! TLS connection of its own. Both are kube's layers on a connector of ours,
//! which refuses addresses no cluster has and disables Nagle's algorithm
//! (46 ms per HTTP/2 request otherwise).

use std::{
    sync::{Arc, Mutex, Weak},
    time::Duration,
};

use bowsprit_host_core::error::{Error, Result};
use hyper_rustls::{FixedServerNameResolver, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client as HttpClient, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use kube::{
    Client, Config,
    client::{Body, ClientBuilder, ConfigExt},
};
use rustls::pki_types::ServerName;
use tower::{BoxError, ServiceBuilder, timeout::TimeoutLayer};

use crate::{
    address::{self, Resolver},
    credentials::Access,
    kubeconfig, lock,
    requests::Link,
};

/// How long a TCP connection may take to be made.
const CONNECT: Duration = Duration::from_secs(4);

/// How long the head of an answer may take; bodies of watches have no end.
const HEAD: Duration = Duration::from_secs(30);

/// How often a silent connection is checked, and how long the answer may take.
const KEEP_ALIVE: (Duration, Duration) = (Duration::from_secs(20), Duration::from_secs(10));

/// Watches in one HTTP/2 connection. API servers take 100 streams per
/// connection (`--http2-max-streams-per-connection`); more would wait for ever.
const WATCHES_PER_CONNECTION: usize = 80;

/// The clients of one cluster.
pub(crate) struct Clients {
    access: Access,
    server: Arc<str>,
    writes: Link,
    reads: Link,
    lanes: Mutex<Vec<OpenLane>>,
}

struct OpenLane {
    client: Client,
    taken: Weak<()>,
}

/// A place for one watch in a connection that others share.
pub(crate) struct Lane {
    /// Sends the watch's requests; at most one at a time.
    pub(crate) client: Client,
    _seat: Arc<()>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Http1,
    /// One connection for all requests, even for those that begin while it is
    /// being made.
    Http2,
    /// HTTP/2 if the server agrees to it, else HTTP/1.1. Until it has agreed,
    /// every request makes a connection of its own.
    Best,
}

impl Clients {
    /// Prepares connections; none is made yet.
    pub(crate) fn new(access: Access) -> Result<Self> {
        let server: Arc<str> = address::label(&access.config.cluster_url).into();
        let writes = Link::new(client(&access, Protocol::Http1)?, server.clone());
        let reads = Link::new(client(&access, Protocol::Best)?, server.clone());
        Ok(Self { access, server, writes, reads, lanes: Mutex::default() })
    }

    /// For applies, deletions and single objects.
    pub(crate) fn writes(&self) -> &Link {
        &self.writes
    }

    /// For lists and discovery.
    pub(crate) fn reads(&self) -> &Link {
        &self.reads
    }

    /// Host and port, for messages.
    pub(crate) fn server(&self) -> Arc<str> {
        self.server.clone()
    }

    /// A place for a watch, given back when it is dropped. Which protocol it
    /// speaks follows from what was read before.
    pub(crate) fn lane(&self) -> Result<Lane> {
        let mut lanes = lock(&self.lanes);
        lanes.retain(|it| it.taken.strong_count() > 0);
        for lane in lanes.iter() {
            if lane.taken.strong_count() < WATCHES_PER_CONNECTION
                && let Some(seat) = lane.taken.upgrade()
            {
                return Ok(Lane { client: lane.client.clone(), _seat: seat });
            }
        }
        let protocol = if self.reads.speaks_http2() { Protocol::Http2 } else { Protocol::Http1 };
        let client = client(&self.access, protocol)?;
        let seat = Arc::new(());
        lanes.push(OpenLane { client: client.clone(), taken: Arc::downgrade(&seat) });
        Ok(Lane { client, _seat: seat })
    }
}

fn client(access: &Access, protocol: Protocol) -> Result<Client> {
    let config = &access.config;
    let http: HttpClient<_, Body> = HttpClient::builder(TokioExecutor::new())
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .http2_only(protocol == Protocol::Http2)
        .http2_keep_alive_interval(KEEP_ALIVE.0)
        .http2_keep_alive_timeout(KEEP_ALIVE.1)
        .build(connector(config, access.tls.clone(), protocol)?);
    let layers = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .option_layer(config.auth_layer().map_err(Error::internal)?)
        .layer(config.extra_headers_layer().map_err(Error::internal)?)
        .layer(TimeoutLayer::new(HEAD))
        .map_err(BoxError::from)
        .service(http);
    Ok(ClientBuilder::new(layers, config.default_namespace.clone()).build())
}

fn connector(
    config: &Config,
    tls: rustls::ClientConfig,
    protocol: Protocol,
) -> Result<HttpsConnector<HttpConnector<Resolver>>> {
    let mut tcp = HttpConnector::new_with_resolver(Resolver::new());
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT));
    tcp.set_keepalive(Some(KEEP_ALIVE.0));
    tcp.set_keepalive_interval(Some(KEEP_ALIVE.1));
    let mut builder = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http();
    if let Some(name) = &config.tls_server_name {
        let name = ServerName::try_from(name.clone())
            .map_err(|_| kubeconfig::invalid("has a `tls-server-name` that is not a host name"))?;
        builder = builder.with_server_name_resolver(FixedServerNameResolver::new(name));
    }
    Ok(match protocol {
        Protocol::Http1 => builder.enable_http1().wrap_connector(tcp),
        Protocol::Http2 => builder.enable_http2().wrap_connector(tcp),
        Protocol::Best => builder.enable_all_versions().wrap_connector(tcp),
    })
}
