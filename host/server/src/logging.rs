//! Log lines on standard error, as text or JSON, and traces to an
//! OpenTelemetry collector if one is configured.

use anyhow::{Context as _, anyhow};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use tracing_subscriber::{
    EnvFilter, Layer as _,
    filter::{LevelFilter, Targets},
    layer::SubscriberExt as _,
    registry,
    util::SubscriberInitExt as _,
};

use crate::settings::{LogFormat, Settings};

/// Whose spans are traces: those of requests.
const TRACED: &str = "bowsprit::request";

/// What has to be told that the end is near.
#[must_use]
pub(crate) struct Telemetry(Option<SdkTracerProvider>);

impl Telemetry {
    /// Sends what is still waiting. Outside of the async runtime.
    pub(crate) fn end(self) {
        if let Some(Err(error)) = self.0.map(|it| it.shutdown()) {
            eprintln!("bowsprit: the last traces are lost: {error}");
        }
    }
}

/// Starts logging and tracing. Outside of the async runtime: the exporter has
/// a thread of its own.
pub(crate) fn start(settings: &Settings) -> anyhow::Result<Telemetry> {
    let filter = filter(&settings.log_level)?;
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match settings.log_format {
        LogFormat::Text => lines.with_ansi(false).with_filter(filter).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_filter(filter).boxed(),
    };
    let provider = settings.otel.endpoint.as_deref().map(exporter).transpose()?;
    let traces = provider.as_ref().map(|it| {
        let layer = tracing_opentelemetry::layer().with_tracer(it.tracer("bowsprit"));
        layer.with_filter(Targets::new().with_target(TRACED, LevelFilter::DEBUG))
    });
    let started = registry().with(lines).with(traces).try_init();
    started.map_err(|error| anyhow!("logging does not start: {error}"))?;
    Ok(Telemetry(provider))
}

/// What is logged. The watcher of folders tells of each watch that is over;
/// whoever wants to know says so.
fn filter(level: &str) -> anyhow::Result<EnvFilter> {
    let wrong = |_| anyhow!("setting `log_level`: not a level or a filter");
    let filter = EnvFilter::try_new(level).map_err(wrong)?;
    if filter.max_level_hint().is_some_and(|it| it < LevelFilter::INFO) {
        return Ok(filter);
    }
    EnvFilter::try_new(format!("notify=warn,{level}")).map_err(wrong)
}

/// OTLP over HTTP with JSON bodies.
fn exporter(endpoint: &str) -> anyhow::Result<SdkTracerProvider> {
    let address = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpJson)
        .with_endpoint(address)
        .build()
        .context("setting `otel.endpoint`")?;
    let resource = Resource::builder().with_service_name("bowsprit").build();
    Ok(SdkTracerProvider::builder().with_resource(resource).with_batch_exporter(exporter).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_watcher_of_folders_is_quiet_unless_it_is_asked_for() {
        let shown = |level: &str| filter(level).unwrap().to_string();
        assert!(shown("info").contains("notify=warn"));
        assert!(shown("debug,bowsprit=trace").contains("notify=warn"));
        assert!(shown("info,notify=trace").contains("notify=trace"));
        assert!(!shown("info,notify=trace").contains("notify=warn"));
        assert!(!shown("error").contains("notify"));
        assert!(filter("a=b=c").is_err());
    }
}
