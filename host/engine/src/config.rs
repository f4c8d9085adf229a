//! What the engine can be told, with defaults that need no telling.

use std::{path::PathBuf, time::Duration};

use bowsprit_host_core::budgets::Budgets;

use crate::limits::{Caps, Limits};

/// Settings of a [`crate::PluginEngine`].
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// Folders whose sub-folders are plugins. Of two plugins with one id the
    /// one in the later folder counts. Default: none.
    pub dirs: Vec<PathBuf>,
    /// Where compiled code is kept between starts. Created with mode 0700 if
    /// absent; refused if anybody else could write to it. Default: nowhere.
    pub cache_dir: Option<PathBuf>,
    /// What a call may use if its plugin asks for nothing.
    pub limits: Limits,
    /// The most a plugin may ask for in `plugin.toml`.
    pub caps: Caps,
    /// What users may have. Default: no bound.
    pub budgets: Budgets,
    /// How long a folder must be quiet before it is read, and again before
    /// the second reading that has to find the same bytes. Default: 20 ms, so
    /// that bytes known already serve within 50.
    pub debounce: Duration,
    /// How often names, sizes and times of all files are compared, for file
    /// systems that send no events. Default: 2 s.
    pub poll: Duration,
    /// Whether to ask the file system for events. Default: true.
    pub events: bool,
    /// Components compiled at the same time; each uses several threads.
    /// Default: 2.
    pub compile_workers: usize,
    /// Earlier generations of a plugin kept for a rollback. Default: 5.
    pub kept_generations: usize,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            dirs: Vec::new(),
            cache_dir: None,
            limits: Limits::default(),
            caps: Caps::default(),
            budgets: Budgets::default(),
            debounce: Duration::from_millis(20),
            poll: Duration::from_secs(2),
            events: true,
            compile_workers: 2,
            kept_generations: 5,
        }
    }
}
