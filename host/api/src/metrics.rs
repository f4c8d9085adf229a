//! Figures for Prometheus, under the names the reference product uses
//! (contract R1), so that existing dashboards go on working.

mod plugins;
mod runs;

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
    time::Duration,
};

use axum::http::{Method, StatusCode};
use prometheus::{
    Encoder as _, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    Opts, Registry, TextEncoder, process_collector::ProcessCollector,
};

use self::plugins::PluginFigures;
pub(crate) use self::runs::RunFigures;
use crate::table::Route;

/// Methods that are labels of their own. Anybody can make up a method; nobody
/// can make up a label.
const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
/// Statuses whose counters are kept at hand.
const STATUSES: [u16; 20] = [
    200, 201, 202, 204, 302, 304, 400, 401, 403, 404, 405, 409, 412, 413, 422, 429, 431, 500, 502,
    503,
];

/// What the host counts. Each host has its own.
pub(crate) struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    durations: HistogramVec,
    in_flight: IntGauge,
    streams: IntGauge,
    connections: IntGauge,
    routes: HashMap<String, RouteFigures>,
    unknown: RouteFigures,
    plugins: Arc<PluginFigures>,
    runs: RunFigures,
}

/// The figures of one path. Handles are looked up by their labels once.
pub(crate) struct RouteFigures {
    /// As the router has it: `/v1/api/workflows/{id}`.
    pub(crate) pattern: String,
    /// As dashboards have it: `/v1/api/workflows/:id`.
    label: String,
    /// Whether it is counted at all, and costs a part of the caller's rate.
    pub(crate) metered: bool,
    methods: [MethodSlot; METHODS.len()],
    other: MethodSlot,
}

/// Empty until the method is used.
type MethodSlot = OnceLock<Box<MethodFigures>>;

/// The figures of one path and method.
pub(crate) struct MethodFigures {
    labels: (&'static str, String),
    duration: Histogram,
    statuses: [OnceLock<IntCounter>; STATUSES.len()],
}

impl Metrics {
    pub(crate) fn new(routes: &[Route]) -> prometheus::Result<Self> {
        let gauge = |name: &str, help: &str| IntGauge::new(name, help);
        let requests = IntCounterVec::new(
            Opts::new("http_requests_total", "Requests answered."),
            &["method", "path", "status"],
        )?;
        let durations = HistogramVec::new(
            HistogramOpts::new(
                "http_request_duration_seconds",
                "Time from a request to the head of its answer.",
            ),
            &["method", "path"],
        )?;
        let in_flight = gauge("http_requests_in_flight", "Requests without an answer yet.")?;
        let streams = gauge("bowsprit_event_streams", "Open event streams.")?;
        let connections = gauge("bowsprit_connections", "Open connections.")?;
        let registry = Registry::new();
        registry.register(Box::new(requests.clone()))?;
        registry.register(Box::new(durations.clone()))?;
        for it in [&in_flight, &streams, &connections] {
            registry.register(Box::new(it.clone()))?;
        }
        let runs = RunFigures::new(&registry)?;
        registry.register(Box::new(ProcessCollector::for_self()))?;
        let plugins = Arc::new(PluginFigures::new(&registry)?);
        let known = |it: &Route| (it.path.clone(), RouteFigures::new(&it.path, it.metered));
        let routes = routes.iter().map(known).collect();
        let unknown = RouteFigures::new("unknown", true);
        Ok(Self {
            registry,
            requests,
            durations,
            in_flight,
            streams,
            connections,
            routes,
            unknown,
            plugins,
            runs,
        })
    }

    /// Everything in Prometheus' text format.
    pub(crate) fn to_text(&self) -> prometheus::Result<Vec<u8>> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }

    /// Open event streams.
    pub(crate) fn streams(&self) -> &IntGauge {
        &self.streams
    }

    /// Calls of plugins.
    pub(crate) fn plugins(&self) -> &Arc<PluginFigures> {
        &self.plugins
    }

    /// Open connections.
    pub(crate) fn connections(&self) -> &IntGauge {
        &self.connections
    }

    /// Requests without an answer yet.
    pub(crate) fn in_flight(&self) -> &IntGauge {
        &self.in_flight
    }

    /// What is counted of runs.
    pub(crate) fn runs(&self) -> &RunFigures {
        &self.runs
    }

    /// The figures of the route with this pattern, or of everything unknown.
    pub(crate) fn of(&self, pattern: Option<&str>) -> &RouteFigures {
        pattern.and_then(|it| self.routes.get(it)).unwrap_or(&self.unknown)
    }
}

impl RouteFigures {
    fn new(pattern: &str, metered: bool) -> Self {
        let methods = std::array::from_fn(|_| OnceLock::new());
        let (pattern, label) = (pattern.to_owned(), label(pattern));
        Self { pattern, label, metered, methods, other: OnceLock::new() }
    }

    /// The figures of this path and `method`; they appear at their first use.
    pub(crate) fn method(&self, metrics: &Metrics, method: &Method) -> &MethodFigures {
        let mut known = METHODS.iter().zip(&self.methods);
        let known = known.find(|(name, _)| **name == method.as_str());
        let (name, slot) = known.map_or(("other", &self.other), |(name, slot)| (*name, slot));
        slot.get_or_init(|| {
            Box::new(MethodFigures {
                labels: (name, self.label.clone()),
                duration: metrics.durations.with_label_values(&[name, self.label.as_str()]),
                statuses: std::array::from_fn(|_| OnceLock::new()),
            })
        })
    }
}

impl MethodFigures {
    /// Counts an answer.
    pub(crate) fn count(&self, metrics: &Metrics, status: StatusCode, took: Duration) {
        self.duration.observe(took.as_secs_f64());
        let (method, path) = &self.labels;
        let counter =
            || metrics.requests.with_label_values(&[method, path.as_str(), status.as_str()]);
        let kept = STATUSES.iter().position(|it| *it == status.as_u16());
        match kept.and_then(|it| self.statuses.get(it)) {
            Some(kept) => kept.get_or_init(counter).inc(),
            None => counter().inc(),
        }
    }
}

/// `/v1/api/workflows/{id}` becomes `/v1/api/workflows/:id`.
fn label(path: &str) -> String {
    let segments =
        path.split('/').map(|it| match it.strip_prefix('{').and_then(|it| it.strip_suffix('}')) {
            Some(name) if name.starts_with('*') => name.to_owned(),
            Some(name) => format!(":{name}"),
            None => it.to_owned(),
        });
    segments.collect::<Vec<_>>().join("/")
}

/// A gauge that is one higher as long as this lives.
pub(crate) struct Raised(IntGauge);

impl Raised {
    pub(crate) fn new(gauge: &IntGauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Raised {
    fn drop(&mut self) {
        self.0.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_those_of_the_reference() {
        assert_eq!(label("/v1/api/workflows/{id}"), "/v1/api/workflows/:id");
        assert_eq!(label("/v1"), "/v1");
        assert_eq!(label("/files/{*path}"), "/files/*path");
    }
}
