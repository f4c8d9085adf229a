//! Where the calls of one generation are counted.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use bowsprit_host_core::plugins::{CallFigures, PluginCalls};

use crate::functions::NAMES;

/// The figures of a generation's functions, looked up when they are first
/// called.
pub(crate) struct Counted {
    plugin: String,
    calls: Option<Arc<dyn PluginCalls>>,
    functions: [OnceLock<Arc<dyn CallFigures>>; NAMES.len()],
}

impl Counted {
    /// Counts calls of `plugin` by `calls`, if that is anybody.
    pub(crate) fn new(plugin: &str, calls: Option<Arc<dyn PluginCalls>>) -> Self {
        let functions = std::array::from_fn(|_| OnceLock::new());
        Self { plugin: plugin.to_owned(), calls, functions }
    }

    /// Counts one call.
    pub(crate) fn count(&self, function: &'static str, outcome: &'static str, took: Duration) {
        let Some(calls) = &self.calls else { return };
        let mut functions = NAMES.iter().zip(&self.functions);
        if let Some((_, figures)) = functions.find(|(name, _)| **name == function) {
            figures.get_or_init(|| calls.figures(&self.plugin, function)).count(outcome, took);
        }
    }
}
