//! Figures for Prometheus, under the names the reference product uses
//! (contract R1), so that existing dashboards go on working.

mod runs;

use std::{collections::HashMap, time::Instant};

use axum::{
    Router,
    extract::{MatchedPath, Request, State},
    http::Method,
    middleware::{self, Next},
    response::Response,
};
use prometheus::{
    Encoder as _, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, Opts, Registry,
    TextEncoder, process_collector::ProcessCollector,
};

use crate::{Edge, table::Route};
pub(crate) use runs::RunFigures;

/// What the host counts. Each host has its own.
pub(crate) struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    durations: HistogramVec,
    in_flight: IntGauge,
    streams: IntGauge,
    connections: IntGauge,
    runs: RunFigures,
    /// Label of each route's pattern: `/v1/api/workflows/:id`.
    labels: HashMap<String, String>,
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
        let labels = routes.iter().map(|it| (it.path.clone(), label(&it.path))).collect();
        Ok(Self { registry, requests, durations, in_flight, streams, connections, runs, labels })
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

    /// Open connections.
    pub(crate) fn connections(&self) -> &IntGauge {
        &self.connections
    }

    /// What is counted of runs.
    pub(crate) fn runs(&self) -> &RunFigures {
        &self.runs
    }

    fn label(&self, request: &Request) -> &str {
        let matched = request.extensions().get::<MatchedPath>();
        matched.and_then(|it| self.labels.get(it.as_str())).map_or("unknown", String::as_str)
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

/// Counts every request that passes.
pub(crate) fn layer(router: Router, edge: Edge) -> Router {
    router.layer(middleware::from_fn_with_state(edge, count))
}

async fn count(State(edge): State<Edge>, request: Request, next: Next) -> Response {
    let metrics = edge.metrics();
    let path = metrics.label(&request);
    let method = method_label(request.method());
    let begun = Instant::now();
    let flying = Raised::new(&metrics.in_flight);
    let response = next.run(request).await;
    drop(flying);
    metrics.requests.with_label_values(&[method, path, response.status().as_str()]).inc();
    metrics.durations.with_label_values(&[method, path]).observe(begun.elapsed().as_secs_f64());
    response
}

/// Anybody can make up a method; nobody can make up a label.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
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
