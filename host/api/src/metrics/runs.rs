//! Figures of runs.

use std::time::Duration;

use bowsprit_host_core::runs::meter::{Ending, Meter};
use prometheus::{Histogram, HistogramOpts, IntCounter, IntCounterVec, Opts, Registry};

use crate::Edge;

/// Seconds: an unchanged drawing takes tenths, one that waits for a slow
/// cluster takes minutes.
const BUCKETS: [f64; 11] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0, 600.0];

/// What is counted of runs.
pub(crate) struct RunFigures {
    started: IntCounter,
    ended: IntCounterVec,
    took: Histogram,
}

impl RunFigures {
    /// Figures in `registry`. Every way to end is there from the start, so
    /// that a rate can be taken of the first one.
    pub(super) fn new(registry: &Registry) -> prometheus::Result<Self> {
        let started = IntCounter::new("bowsprit_runs_started_total", "Runs begun.")?;
        let ended = IntCounterVec::new(
            Opts::new("bowsprit_runs_ended_total", "Runs recorded as ended."),
            &["outcome"],
        )?;
        let took = Histogram::with_opts(
            HistogramOpts::new(
                "bowsprit_run_duration_seconds",
                "Time from the begin of a run to its end, unless it was interrupted.",
            )
            .buckets(BUCKETS.into()),
        )?;
        for ending in Ending::ALL {
            ended.with_label_values(&[ending.as_str()]);
        }
        registry.register(Box::new(started.clone()))?;
        registry.register(Box::new(ended.clone()))?;
        registry.register(Box::new(took.clone()))?;
        Ok(Self { started, ended, took })
    }
}

impl Meter for Edge {
    fn started(&self) {
        self.metrics().runs().started.inc();
    }

    fn ended(&self, ending: Ending, took: Duration) {
        let figures = self.metrics().runs();
        figures.ended.with_label_values(&[ending.as_str()]).inc();
        // How long nobody noticed that a host is dead says nothing.
        if ending != Ending::Interrupted {
            figures.took.observe(took.as_secs_f64());
        }
    }
}
