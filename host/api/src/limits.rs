//! Bounds at the edge, and what is counted against them.

use std::{sync::Arc, time::Duration};

use bowsprit_host_core::plugins::PluginCalls;
use ipnet::IpNet;

use crate::{
    metrics::Metrics,
    rate_limit::{Rate, RateLimits},
    streams::Streams,
};

/// Bounds on requests and connections.
#[derive(Debug, Clone)]
pub struct EdgeLimits {
    /// Bytes of a request body.
    pub body_bytes: usize,
    /// Bytes of a file that is uploaded as it is, such as a packed plugin.
    pub upload_bytes: usize,
    /// How deep a JSON body may be nested.
    pub json_depth: usize,
    /// Number of a request's headers.
    pub header_count: usize,
    /// Bytes of a request's headers, names and values.
    pub header_bytes: usize,
    /// How long a request's head may take, from its first byte (or from the
    /// connection) to its end; and how long its body may stand still.
    pub read_time: Duration,
    /// How long a whole body may take.
    pub body_time: Duration,
    /// How long a connection may be kept without a request.
    pub idle_time: Duration,
    /// Open connections. When one more comes, those idle longest are closed.
    pub connections: usize,
    /// Event streams one caller may have open.
    pub streams_per_caller: usize,
    /// Requests of one address.
    pub address_rate: Rate,
    /// Requests of one user.
    pub user_rate: Rate,
    /// Origins of browsers that may call; exact matches.
    pub allowed_origins: Vec<String>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// How long a run, save, archive or delete may keep its caller waiting.
    /// The web frontend gives up after 30 s.
    pub patience: Duration,
}

impl Default for EdgeLimits {
    fn default() -> Self {
        Self {
            body_bytes: 8 << 20,
            upload_bytes: 64 << 20,
            json_depth: 64,
            header_count: 100,
            header_bytes: 32 << 10,
            read_time: Duration::from_secs(15),
            body_time: Duration::from_secs(60),
            idle_time: Duration::from_secs(120),
            connections: 50_000,
            streams_per_caller: 100,
            address_rate: Rate::default(),
            user_rate: Rate::default(),
            allowed_origins: vec!["http://localhost:3001".into()],
            trusted_proxies: Vec::new(),
            patience: Duration::from_secs(25),
        }
    }
}

/// What the edge counts: requests, streams, connections.
#[derive(Clone)]
pub struct Edge(Arc<Parts>);

struct Parts {
    limits: Arc<EdgeLimits>,
    metrics: Metrics,
    rates: RateLimits,
    streams: Streams,
}

impl Edge {
    /// Counts nothing yet. Fails only if two figures had the same name.
    pub fn new(limits: Arc<EdgeLimits>) -> Result<Self, prometheus::Error> {
        let metrics = Metrics::new(&crate::routes())?;
        let rates = RateLimits::new(limits.address_rate, limits.user_rate);
        let streams = Streams::new(limits.streams_per_caller, metrics.streams().clone());
        Ok(Self(Arc::new(Parts { limits, metrics, rates, streams })))
    }

    /// Who counts the calls of plugins.
    pub fn plugin_calls(&self) -> Arc<dyn PluginCalls> {
        Arc::clone(self.metrics().plugins()) as _
    }

    /// The bounds it goes by.
    pub fn shared_limits(&self) -> Arc<EdgeLimits> {
        Arc::clone(&self.0.limits)
    }

    pub(crate) fn limits(&self) -> &EdgeLimits {
        &self.0.limits
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    pub(crate) fn rates(&self) -> &RateLimits {
        &self.0.rates
    }

    pub(crate) fn streams(&self) -> &Streams {
        &self.0.streams
    }
}
