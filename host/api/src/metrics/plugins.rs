//! Figures of plugin calls.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use bowsprit_host_core::plugins::{CALL_OUTCOMES, CallFigures, PluginCalls};
use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, Registry,
};

/// Plugins with figures of their own. Ids come from folders, and each costs
/// memory for good: further ones are counted together.
const PLUGINS: usize = 200;
/// What those are called.
const OTHERS: &str = "others";
/// Seconds. A call takes some 50 µs; its deadline is 100 ms by default.
const BUCKETS: [f64; 10] = [25e-6, 50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 5e-3, 20e-3, 100e-3, 1.0];

/// Calls by plugin, function and outcome, and how long they take.
pub(crate) struct PluginFigures {
    calls: IntCounterVec,
    durations: HistogramVec,
    named: Mutex<HashSet<String>>,
}

impl PluginFigures {
    pub(super) fn new(registry: &Registry) -> prometheus::Result<Self> {
        let calls = IntCounterVec::new(
            Opts::new("bowsprit_plugin_calls_total", "Calls of plugins."),
            &["plugin", "function", "outcome"],
        )?;
        let durations = HistogramVec::new(
            HistogramOpts::new(
                "bowsprit_plugin_call_duration_seconds",
                "Time of a call of a plugin, its wait for a turn included.",
            )
            .buckets(BUCKETS.to_vec()),
            &["plugin", "function"],
        )?;
        registry.register(Box::new(calls.clone()))?;
        registry.register(Box::new(durations.clone()))?;
        Ok(Self { calls, durations, named: Mutex::default() })
    }

    /// What a plugin is called.
    fn label<'a>(&self, plugin: &'a str) -> &'a str {
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        if named.contains(plugin) {
            return plugin;
        }
        if named.len() >= PLUGINS {
            return OTHERS;
        }
        named.insert(plugin.to_owned());
        plugin
    }
}

impl PluginCalls for PluginFigures {
    fn figures(&self, plugin: &str, function: &'static str) -> Arc<dyn CallFigures> {
        let plugin = self.label(plugin);
        Arc::new(FunctionFigures {
            plugin: plugin.to_owned(),
            function,
            duration: self.durations.with_label_values(&[plugin, function]),
            outcomes: std::array::from_fn(|_| OnceLock::new()),
            calls: self.calls.clone(),
        })
    }
}

struct FunctionFigures {
    plugin: String,
    function: &'static str,
    duration: Histogram,
    /// Those that came up, in the order of [`CALL_OUTCOMES`].
    outcomes: [OnceLock<IntCounter>; CALL_OUTCOMES.len()],
    calls: IntCounterVec,
}

impl CallFigures for FunctionFigures {
    fn count(&self, outcome: &'static str, took: Duration) {
        self.duration.observe(took.as_secs_f64());
        let mut outcomes = CALL_OUTCOMES.iter().zip(&self.outcomes);
        if let Some((_, counter)) = outcomes.find(|(name, _)| **name == outcome) {
            let labels = [self.plugin.as_str(), self.function, outcome];
            counter.get_or_init(|| self.calls.with_label_values(&labels)).inc();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_many_plugins_come_their_figures_are_bounded() {
        let figures = PluginFigures::new(&Registry::new()).unwrap();
        for n in 0..2 * PLUGINS {
            let calls = figures.figures(&format!("plugin-{n}"), "render");
            calls.count("ok", Duration::from_micros(50));
            calls.count("an outcome nobody knows", Duration::ZERO);
        }
        let of = |plugin| figures.calls.with_label_values(&[plugin, "render", "ok"]).get();
        assert_eq!(of("plugin-0"), 1);
        assert_eq!(of(OTHERS), PLUGINS as u64);
        let families = prometheus::core::Collector::collect(&figures.calls);
        let series: usize = families.iter().map(|it| it.get_metric().len()).sum();
        assert_eq!(series, PLUGINS + 1);
    }
}
