//! What the settings say about the edge.

use std::{num::NonZeroU32, time::Duration};

use bowsprit_host_api::{EdgeLimits, Rate};
use serde::Deserialize;

use super::Settings;

/// How often somebody may call.
#[derive(Debug, Clone, Deserialize)]
pub struct RateLimit {
    /// Requests per second of one address.
    pub rps: NonZeroU32,
    /// Requests of one address at once.
    pub burst: NonZeroU32,
    /// Requests per second of one user; as one address if absent.
    pub user_rps: Option<NonZeroU32>,
    /// Requests of one user at once; as one address if absent.
    pub user_burst: Option<NonZeroU32>,
}

/// Descriptors kept for the store, clusters and files.
const RESERVED: usize = 256;

/// Descriptors this process may have.
fn descriptors() -> usize {
    let limit = rlimit::getrlimit(rlimit::Resource::NOFILE).map_or(1024, |it| it.0);
    usize::try_from(limit).unwrap_or(usize::MAX)
}

impl Settings {
    /// The bounds at the edge.
    pub(crate) fn edge_limits(&self) -> EdgeLimits {
        let (rate, limits) = (&self.rate_limit, &self.limits);
        EdgeLimits {
            body_bytes: limits.body_bytes,
            upload_bytes: limits.upload_bytes,
            json_depth: limits.json_depth,
            header_count: limits.headers,
            header_bytes: limits.header_bytes,
            read_time: Duration::from_secs(limits.read_seconds),
            body_time: Duration::from_secs(limits.body_seconds),
            idle_time: Duration::from_secs(limits.idle_seconds),
            connections: limits.connections.min(descriptors().saturating_sub(RESERVED)),
            streams_per_caller: limits.streams_per_user,
            address_rate: Rate { per_second: rate.rps, burst: rate.burst },
            user_rate: Rate {
                per_second: rate.user_rps.unwrap_or(rate.rps),
                burst: rate.user_burst.unwrap_or(rate.burst),
            },
            allowed_origins: self.cors_allowed_origins.clone(),
            trusted_proxies: self.trusted_proxies.clone(),
            ..EdgeLimits::default()
        }
    }
}
